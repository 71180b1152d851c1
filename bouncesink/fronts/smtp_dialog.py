"""The conversation: which verb may follow which, and what is answered (RFC 5321 sections 4.1.1 and 4.1.4).

One SmtpDialog for each session: it holds who said HELO and the transaction that is open, asks ``admit`` at RCPT and builds the
Mail. It decides and returns a Line; nothing is written here. Extensions of MAIL and RCPT that we do not offer are tolerated
(RET, ENVID, NOTIFY, ORCPT, AUTH, MT-PRIORITY and whatever comes): refusing one with 555 would lose a bounce to keep a form.

Knows no socket and no clock but the one that dates a mail.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from bouncesink.core.excerpt import octets_kept
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via, Whole
from bouncesink.core.reply import Reply, reply_to
from bouncesink.fronts import smtp_replies as say
from bouncesink.fronts.certificates import Certificates
from bouncesink.fronts.content import Room
from bouncesink.fronts.memory import Memory
from bouncesink.fronts.offences import Offences
from bouncesink.fronts.proxy import Network
from bouncesink.fronts.smtp_address import after_keyword, parse_parameters, split_forward_path, split_reverse_path
from bouncesink.fronts.smtp_replies import Line
from bouncesink.fronts.way_through import Space, WayThrough
from bouncesink.observe import log

DEFAULT_MEMORY = 134_217_728
MAX_HELO = 255  # RFC 5321 section 4.5.3.1.2
_BODIES = frozenset({"7BIT", "8BITMIME", "BINARYMIME"})


@dataclass(frozen=True, slots=True)
class Terms:
    """What every session of an endpoint shares: the way through, the limits, and the answers that bear our name.

    ``tls_first``: TLS is spoken from the first octet on, and there are ``certificates``.
    """

    pipeline: WayThrough
    hostname: str
    size_limit: int
    max_recipients: int
    via: Via = Via.SMTP
    certificates: Certificates | None = None
    kept: int = octets_kept(0)
    memory: Memory = field(default_factory=lambda: Memory(DEFAULT_MEMORY))
    space: Space | None = None
    offences: Offences | None = None  # of former connections, where they are remembered
    proxies: tuple[Network, ...] = ()
    tls_first: bool = False
    room: Room = field(init=False)
    greeting: Line = field(init=False)
    helo: Line = field(init=False)
    ehlo: Line = field(init=False)
    ehlo_in_tls: Line = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "room", Room(self.size_limit, self.kept, self.memory))
        object.__setattr__(self, "greeting", say.greeting(self.hostname, self.via))
        object.__setattr__(self, "helo", say.answer_to_helo(self.hostname))
        in_tls = say.answer_to_ehlo(self.hostname, self.size_limit)
        offering = say.answer_to_ehlo(self.hostname, self.size_limit, starttls=True)
        object.__setattr__(self, "ehlo_in_tls", in_tls)
        object.__setattr__(self, "ehlo", in_tls if self.certificates is None else offering)


class SmtpDialog:
    """``answer`` one command after the other; after 354, ``mail`` makes what was gathered a Mail."""

    __slots__ = ("_address", "_admitted", "_peer", "_reverse_path", "_terms", "_tls")

    def __init__(self, terms: Terms, address: str, tls: str = "") -> None:
        self._terms = terms
        self._address = address
        self._tls = tls
        self._peer: Peer | None = None
        self._reverse_path: str | None = None
        self._admitted: dict[str, Admitted] = {}

    @property
    def is_open(self) -> bool:
        """Whether a transaction is open: MAIL was accepted, and neither its end nor RSET came."""
        return self._reverse_path is not None

    @property
    def has_recipients(self) -> bool:
        return bool(self._admitted)

    @property
    def peer(self) -> Peer:
        return self._peer or Peer(self._terms.via, self._address, tls=self._tls)

    @property
    def _offers(self) -> Line:
        return self._terms.ehlo_in_tls if self._tls else self._terms.ehlo

    def answer(self, verb: bytes, argument: str) -> Line | None:
        """The answer to one command, or None where this dialog has no such verb."""
        obey = self.VERBS.get(verb)
        return obey(self, argument) if obey is not None else None

    def mail(self, content: bytes, whole: Whole | None = None) -> Mail:
        """The transaction with its content, or with an excerpt of ``whole``."""
        assert self._reverse_path is not None
        envelope = Envelope(self._reverse_path, tuple(self._admitted.values()))
        return Mail(envelope, content, datetime.now(UTC), self.peer, whole)

    def spell(self, reply: Reply) -> Line:
        """What is said of a content once it is complete."""
        return say.spell(reply)

    def refuse_content(self, reply: Reply) -> None:
        """The content was refused by us without asking the way through: it is in the log for each recipient."""
        for forward_path in self._admitted:
            log.mail_refused(peer=self.peer, forward_path=forward_path, reply=reply)

    def reset(self) -> None:
        """Forget the transaction, keep who it is (RFC 5321 section 4.1.1.5)."""
        self._reverse_path = None
        self._admitted = {}

    def _greet(self, hostname: str, answer: Line) -> Line:
        self.reset()
        name = "".join(char if char.isprintable() else "?" for char in hostname[:MAX_HELO])
        self._peer = Peer(self._terms.via, self._address, name, self._tls)
        return answer

    def _ehlo(self, argument: str) -> Line:
        return self._greet(argument, self._offers) if argument else say.EHLO_SYNTAX

    def _helo(self, argument: str) -> Line:
        return self._greet(argument, self._terms.helo) if argument else say.HELO_SYNTAX

    def _mail(self, argument: str) -> Line:
        if self._peer is None or self._reverse_path is not None:
            return self._WHO_FIRST if self._peer is None else say.NESTED_MAIL
        text = after_keyword(argument, "FROM")
        if not text:
            return say.MAIL_SYNTAX
        found = split_reverse_path(text)
        if found is None:
            return say.BAD_REVERSE_PATH
        if found[1]:
            trouble = self._check_mail_parameters(parse_parameters(found[1]))
            if trouble is not None:
                return trouble
        if self._terms.space is not None and self._terms.space.is_low:
            return say.NO_ROOM
        self._reverse_path = found[0]
        return say.REVERSE_PATH_OK

    def _check_mail_parameters(self, parameters: Mapping[str, str] | None) -> Line | None:
        """RFC 1870 section 6.1, RFC 6152 section 2, RFC 6531 section 3.4; every other parameter is no matter of ours."""
        if parameters is None or parameters.get("SMTPUTF8"):
            return say.BAD_PARAMETERS
        if parameters.get("BODY", "7BIT").upper() not in _BODIES:
            return say.BAD_PARAMETERS
        size = parameters.get("SIZE", "0")
        if not (size.isascii() and size.isdecimal()):
            return say.BAD_PARAMETERS
        return say.TOO_BIG if int(size) > self._terms.size_limit else None

    def _rcpt(self, argument: str) -> Line:
        if self._reverse_path is None:
            return self._out_of_order()
        text = after_keyword(argument, "TO")
        if not text:
            return say.RCPT_SYNTAX
        found = split_forward_path(text)
        if found is None:
            return say.BAD_ADDRESS
        forward_path, parameters = found
        if parameters and parse_parameters(parameters) is None:
            return say.BAD_PARAMETERS
        return self._admit(forward_path)

    def _admit(self, forward_path: str) -> Line:
        if forward_path in self._admitted:
            return say.RECIPIENT_OK
        if len(self._admitted) >= self._terms.max_recipients:
            return say.TOO_MANY_RECIPIENTS
        try:
            answer = self._terms.pipeline.admit(forward_path, peer=self.peer)
        except Exception as error:  # noqa: BLE001 - a bug of ours must never cost a bounce: told as 451, kept in the log
            log.bug("admit", error)
            return say.spell(reply_to(error))
        if isinstance(answer, Admitted):
            self._admitted[forward_path] = answer
            return say.RECIPIENT_OK
        return say.spell(answer)

    def _data(self, argument: str) -> Line:
        if argument:
            return say.NO_ARGUMENT_WANTED
        return say.START_CONTENT if self._admitted else self._out_of_order()

    def _out_of_order(self) -> Line:
        """RFC 5321 section 4.1.4: what is missing."""
        if self._peer is None:
            return self._WHO_FIRST
        return say.MAIL_FIRST if self._reverse_path is None else say.RCPT_FIRST

    def _rset(self, argument: str) -> Line:
        if argument:
            return say.NO_ARGUMENT_WANTED
        self.reset()
        return say.OK

    def _noop(self, argument: str) -> Line:  # noqa: ARG002 - RFC 5321 section 4.1.1.9: the argument is ignored
        return say.OK

    def _quit(self, argument: str) -> Line:
        return say.NO_ARGUMENT_WANTED if argument else say.BYE

    def _unwanted(self, argument: str) -> Line:  # noqa: ARG002 - whatever it asks for
        return say.NOT_IMPLEMENTED

    _WHO_FIRST: ClassVar[Line] = say.HELO_FIRST
    VERBS: ClassVar[Mapping[bytes, Callable[[Any, str], Line]]] = {
        b"MAIL": _mail,
        b"RCPT": _rcpt,
        b"DATA": _data,
        b"QUIT": _quit,
        b"EHLO": _ehlo,
        b"HELO": _helo,
        b"RSET": _rset,
        b"NOOP": _noop,
        b"AUTH": _unwanted,
    }
