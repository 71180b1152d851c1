"""One connection of an MTA as a conversation: packets in, actions out. What may follow what, and what we answer to it.

Promises: an MTA hears DISCARD or ACCEPT of a mail with a recipient of ours only after ``settle`` was told what became of it;
nothing is asked for that was not offered; nothing is answered where it was agreed that no answer comes; a packet out of its
order, or one that does not hold, ends the conversation. ABORT forgets the transaction and keeps who it is; QUIT_NC forgets who
it is and keeps what was agreed. Knows no socket, no clock and no log: the same packets give the same actions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar

from bouncesink.config.words import MilterMode
from bouncesink.core.mail import Envelope, Peer, Via, Whole
from bouncesink.core.reply import NO_ROOM, Reply
from bouncesink.fronts.content import NoRoomError
from bouncesink.fronts.milter import wire
from bouncesink.fronts.milter.transaction import Terms, Transaction
from bouncesink.fronts.milter.wire import Answer, Can, Command, Fault, Offer, Packet, Stage, Step

MAX_FACT = 255  # characters kept of a name that somebody gave; RFC 5321 section 4.5.3.1.2
CONTINUE = wire.spell(Answer.CONTINUE)
ACCEPT = wire.spell(Answer.ACCEPT)
DISCARD = wire.spell(Answer.DISCARD)
SKIP = wire.spell(Answer.SKIP)
PROGRESS = wire.spell(Answer.PROGRESS)

# All that we ask for, as far as it is offered: not to be asked where we would always say CONTINUE.
WANTED_STEPS = (
    Step.NO_UNKNOWN
    | Step.SKIP
    | Step.HEADER_LEADING_SPACE
    | Step.NO_REPLY_TO_CONNECT
    | Step.NO_REPLY_TO_HELO
    | Step.NO_REPLY_TO_MAIL
    | Step.NO_REPLY_TO_HEADER
    | Step.NO_REPLY_TO_END_OF_HEADERS
)
WANTED_MACROS: Mapping[Stage, str] = {
    Stage.CONNECT: "{client_addr}",
    Stage.HELO: "{tls_version}",
    Stage.MAIL: "i",
    Stage.END_OF_MESSAGE: "i",
}


class _Phase(Enum):
    START = auto()  # nothing is agreed
    READY = auto()  # no transaction is open
    ENVELOPE = auto()
    HEADERS = auto()
    BODY = auto()


_IN_CONTENT = frozenset({_Phase.ENVELOPE, _Phase.HEADERS, _Phase.BODY})
# Where a command may stand; one that is not here may stand everywhere but at the start: after a refusal many an MTA leaves out
# ABORT, and begins anew.
_PLACES: Mapping[Command, frozenset[_Phase]] = {
    Command.NEGOTIATE: frozenset({_Phase.START, _Phase.READY}),
    Command.QUIT: frozenset(_Phase),
    Command.RCPT: frozenset({_Phase.ENVELOPE}),
    Command.DATA: frozenset({_Phase.ENVELOPE}),
    Command.HEADER: frozenset({_Phase.ENVELOPE, _Phase.HEADERS}),
    Command.END_OF_HEADERS: frozenset({_Phase.ENVELOPE, _Phase.HEADERS}),
    Command.BODY: _IN_CONTENT,
    Command.END_OF_MESSAGE: _IN_CONTENT,
}
_ELSEWHERE = frozenset(_Phase) - {_Phase.START}


@dataclass(frozen=True, slots=True)
class Say:
    """Send this."""

    wire: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """Hand this to the way through, and tell ``settle`` what came of it; no packet may be obeyed until then."""

    envelope: Envelope
    content: bytes
    peer: Peer
    whole: Whole | None = None  # what ``content`` is an excerpt of
    is_spooled: bool = False  # it lay in a file until it was complete


@dataclass(frozen=True, slots=True)
class Refuse:
    """For the log: recipients that were let in, of a content that was not."""

    forward_paths: tuple[str, ...]
    reply: Reply
    peer: Peer


@dataclass(frozen=True, slots=True)
class Leave:
    """Close. ``fault`` is None where the MTA said goodbye."""

    fault: Fault | None = None


Action = Say | Record | Refuse | Leave


class MilterDialog:
    """``obey`` one packet after the other, and ``settle`` after each Record."""

    __slots__ = ("_address", "_answer", "_helo", "_phase", "_queue_id", "_steps", "_terms", "_tls", "_transaction")

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._phase = _Phase.START
        self._steps = 0
        self._address = self._helo = self._tls = self._queue_id = ""
        self._transaction: Transaction | None = None
        self._answer: bytes | None = None  # what is decided of the transaction, and said again however it goes on

    @property
    def is_open(self) -> bool:
        """Whether a transaction is open of which nothing is decided."""
        return self._transaction is not None and self._answer is None

    @property
    def peer(self) -> Peer:
        """Who brings the mail to the MTA, and what number the MTA gave the mail."""
        return Peer(Via.MILTER, self._address, self._helo, self._tls, self._queue_id)

    def obey(self, packet: Packet) -> tuple[Action, ...]:
        """What to do about one packet, in this order."""
        if self._phase not in _PLACES.get(packet.command, _ELSEWHERE):
            return (Leave(Fault.OUT_OF_ORDER),)
        return self._COMMANDS[packet.command](self, packet.data)

    def settle(self, reply: Reply) -> Say:
        """The answer to a mail that was handed over, of which ``reply`` came. The transaction is over."""
        self._end_transaction()
        if self._terms.mode is MilterMode.CONSUME:
            return Say(DISCARD if reply.accepted else wire.spell_reply(reply))
        return Say(wire.spell_reply(reply) if reply.temporary else ACCEPT)

    def close(self) -> None:
        """Give back what an open transaction holds."""
        if self._transaction is not None:
            self._transaction.content.close()

    def _end_transaction(self) -> None:
        self._phase = _Phase.READY
        self.close()
        self._transaction = self._answer = None
        self._queue_id = ""

    def _unless(self, step: Step) -> tuple[Action, ...]:
        """What there is to say, where it was not agreed that nothing is said."""
        return () if self._steps & step else (self._say_so_far(),)

    def _negotiate(self, data: bytes) -> tuple[Action, ...]:
        offer = wire.parse_offer(data)
        if offer is None or offer.version < wire.OLDEST:
            return (Leave(Fault.TOO_OLD if offer else Fault.MALFORMED),)
        agreed = Offer(min(offer.version, wire.NEWEST), Can.SET_MACROS & offer.actions, WANTED_STEPS & offer.steps)
        self._phase, self._steps = _Phase.READY, agreed.steps
        return (Say(wire.spell_offer(agreed, WANTED_MACROS if agreed.actions else {})),)

    def _macro(self, data: bytes) -> tuple[Action, ...]:
        macros = wire.parse_macros(data)
        if macros is None:
            return (Leave(Fault.MALFORMED),)
        self._queue_id = _fact(macros.get("i", self._queue_id))
        self._tls = _fact(macros.get("tls_version", self._tls))
        self._address = _fact(wire.plain_address(macros.get("client_addr", self._address)))
        return ()

    def _connect(self, data: bytes) -> tuple[Action, ...]:
        connection = wire.parse_connection(data)
        if connection is None:
            return (Leave(Fault.MALFORMED),)
        self._end_transaction()
        self._address = _fact(connection.address) or self._address
        return self._unless(Step.NO_REPLY_TO_CONNECT)

    def _greet(self, data: bytes) -> tuple[Action, ...]:
        names = wire.parse_strings(data)
        if names is None:
            return (Leave(Fault.MALFORMED),)
        self._end_transaction()
        self._helo = _fact(names[0].decode("utf-8", "surrogateescape"))
        return self._unless(Step.NO_REPLY_TO_HELO)

    def _mail(self, data: bytes) -> tuple[Action, ...]:
        arguments = wire.parse_strings(data)
        if arguments is None:
            return (Leave(Fault.MALFORMED),)
        self.close()
        self._transaction, self._answer = Transaction(self._terms, arguments[0]), None
        self._phase = _Phase.ENVELOPE
        return self._unless(Step.NO_REPLY_TO_MAIL)

    def _rcpt(self, data: bytes) -> tuple[Action, ...]:
        arguments = wire.parse_strings(data)
        if arguments is None:
            return (Leave(Fault.MALFORMED),)
        reply = self._open.name(arguments[0], self.peer)
        return (Say(CONTINUE if reply is None else wire.spell_reply(reply)),)

    def _data(self, data: bytes) -> tuple[Action, ...]:  # noqa: ARG002 - it has none
        self._begin_content()
        return (self._say_so_far(),)

    def _header(self, data: bytes) -> tuple[Action, ...]:
        header = wire.parse_header(data)
        if header is None:
            return (Leave(Fault.MALFORMED),)
        self._begin_content()
        lines = wire.header_lines(*header, spaced=bool(self._steps & Step.HEADER_LEADING_SPACE))
        return (*self._gather(lines), *self._unless(Step.NO_REPLY_TO_HEADER))

    def _end_headers(self, data: bytes) -> tuple[Action, ...]:  # noqa: ARG002 - it has none
        self._begin_content()
        return (*self._begin_body(), *self._unless(Step.NO_REPLY_TO_END_OF_HEADERS))

    def _body(self, data: bytes) -> tuple[Action, ...]:
        self._begin_content()
        refused = (*self._begin_body(), *self._gather(data))
        if self._answer is None and self._open.is_full and self._steps & Step.SKIP:
            return (*refused, Say(SKIP))
        return (*refused, self._say_so_far())

    def _end_message(self, data: bytes) -> tuple[Action, ...]:
        self._begin_content()
        refused = (*self._begin_body(), *self._gather(data)) if data else ()
        if self._answer is None:
            content = self._open.content
            try:
                octets = content.take() or b""
            except NoRoomError:
                return (*refused, *self._no_room())
            return (Record(self._open.envelope(), octets, self.peer, content.whole, content.is_spooled),)
        said = self._say_so_far()
        self._end_transaction()
        return (*refused, said)

    def _no_room(self) -> tuple[Action, ...]:
        """The content is complete and cannot be had: in both modes the MTA keeps the mail."""
        refusal = Refuse(self._open.forward_paths, NO_ROOM, self.peer)
        self._end_transaction()
        return refusal, Say(wire.spell_reply(NO_ROOM))

    @property
    def _open(self) -> Transaction:
        assert self._transaction is not None, "_PLACES has no such command outside of one"
        return self._transaction

    def _say_so_far(self) -> Say:
        return Say(self._answer or CONTINUE)

    def _begin_content(self) -> None:
        """Nobody else is named from here on: a mail with no recipient of ours need not be seen any further."""
        if self._phase is _Phase.ENVELOPE:
            self._phase = _Phase.HEADERS
            if not self._open.forward_paths:
                self._answer = ACCEPT

    def _begin_body(self) -> tuple[Action, ...]:
        if self._phase is _Phase.BODY:
            return ()
        self._phase = _Phase.BODY
        return self._gather(b"\r\n")

    def _gather(self, octets: bytes) -> tuple[Action, ...]:
        reply = self._open.gather(octets) if self._answer is None else None
        if reply is None:
            return ()
        self._answer = wire.spell_reply(reply)
        return (Refuse(self._open.forward_paths, reply, self.peer),)

    def _abort(self, data: bytes) -> tuple[Action, ...]:  # noqa: ARG002 - it has none
        self._end_transaction()
        return ()

    def _quit_for_another(self, data: bytes) -> tuple[Action, ...]:  # noqa: ARG002 - it has none
        self._end_transaction()
        self._address = self._helo = self._tls = ""
        return ()

    def _quit(self, data: bytes) -> tuple[Action, ...]:  # noqa: ARG002 - it has none
        return (Leave(),)

    def _unknown(self, data: bytes) -> tuple[Action, ...]:  # noqa: ARG002 - whatever it was
        return self._unless(Step.NO_UNKNOWN)

    _COMMANDS: ClassVar[Mapping[Command, "Callable[[MilterDialog, bytes], tuple[Action, ...]]"]] = {
        Command.NEGOTIATE: _negotiate,
        Command.MACRO: _macro,
        Command.CONNECT: _connect,
        Command.HELO: _greet,
        Command.MAIL: _mail,
        Command.RCPT: _rcpt,
        Command.DATA: _data,
        Command.HEADER: _header,
        Command.END_OF_HEADERS: _end_headers,
        Command.BODY: _body,
        Command.END_OF_MESSAGE: _end_message,
        Command.ABORT: _abort,
        Command.QUIT_NEW_CONNECTION: _quit_for_another,
        Command.QUIT: _quit,
        Command.UNKNOWN: _unknown,
    }


def _fact(text: str) -> str:
    """A name that somebody gave, fit for the log and the record."""
    return "".join(char if char.isprintable() else "?" for char in text[:MAX_FACT])
