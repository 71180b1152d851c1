"""The packets of the milter protocol, versions 2 to 6: octets in, packets out, and our answers spelled.

There is no RFC; the names are those of Sendmail's ``libmilter/mfdef.h``, given beside each value. A packet is a length of four
octets, one octet that says what it is, and its data; the length counts the octet and the data.

Promises: any octets in any pieces give the same packets; what is no packet is a named ``Fault`` as soon as it can be seen, and
then the stream cannot be followed any further; no more is held than one packet of the limit and what came with it. Every
parser is total: data that does not hold is None. Knows no socket, no order of commands and no mail.
"""

import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag, StrEnum

from bouncesink.core.reply import Reply

OLDEST = 2
NEWEST = 6
PACKET_LIMIT = 1_048_576  # octets; a body chunk has at most 65,535, a header as many as the MTA lets pass (Postfix: 102,400)
_LENGTH = 4
_MAX_REPLY = 512  # octets of a reply's text; an MTA cuts at 980
_NUL = b"\0"
_LINE_END = re.compile(rb"\r?\n")


class Command(IntEnum):
    """What an MTA sends (``SMFIC_...``)."""

    ABORT = ord("A")
    BODY = ord("B")
    CONNECT = ord("C")
    MACRO = ord("D")
    END_OF_MESSAGE = ord("E")  # SMFIC_BODYEOB
    HELO = ord("H")
    QUIT_NEW_CONNECTION = ord("K")  # SMFIC_QUIT_NC
    HEADER = ord("L")
    MAIL = ord("M")
    END_OF_HEADERS = ord("N")  # SMFIC_EOH
    NEGOTIATE = ord("O")  # SMFIC_OPTNEG
    QUIT = ord("Q")
    RCPT = ord("R")
    DATA = ord("T")
    UNKNOWN = ord("U")


class Answer(IntEnum):
    """What we send (``SMFIR_...``). There are more, for filters that change a mail; we never do."""

    NEGOTIATE = ord("O")
    ACCEPT = ord("a")
    CONTINUE = ord("c")
    DISCARD = ord("d")
    PROGRESS = ord("p")
    SKIP = ord("s")
    REPLY_CODE = ord("y")


class Can(IntFlag):
    """What a filter may do (``SMFIF_...``), as far as we want any of it."""

    SET_MACROS = 0x100  # SMFIF_SETSYMLIST


class Step(IntFlag):
    """How the conversation goes (``SMFIP_...``), as far as we want any of it."""

    NO_UNKNOWN = 0x100
    SKIP = 0x400
    NO_REPLY_TO_HEADER = 0x80  # SMFIP_NR_HDR
    NO_REPLY_TO_CONNECT = 0x1000
    NO_REPLY_TO_HELO = 0x2000
    NO_REPLY_TO_MAIL = 0x4000
    NO_REPLY_TO_END_OF_HEADERS = 0x40000
    HEADER_LEADING_SPACE = 0x100000  # SMFIP_HDR_LEADSPC


class Stage(IntEnum):
    """Where macros are sent (``SMFIM_...``), as a list of wanted ones names them."""

    CONNECT = 0
    HELO = 1
    MAIL = 2
    END_OF_MESSAGE = 5


class Fault(StrEnum):
    """Why a stream of packets cannot be followed any further."""

    EMPTY = "a packet of no octets"
    TOO_LONG = "a packet above the limit"
    NO_COMMAND = "a packet that is no command"
    MALFORMED = "a packet whose data does not hold"
    OUT_OF_ORDER = "a packet out of its order"
    TOO_OLD = "a protocol version before 2"


@dataclass(frozen=True, slots=True)
class Packet:
    """One command as it came."""

    command: Command
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Offer:
    """What NEGOTIATE carries, from either side: ``actions`` are bits of ``Can``, ``steps`` are bits of ``Step``."""

    version: int
    actions: int
    steps: int


@dataclass(frozen=True, slots=True)
class Connection:
    """Who is connected to the MTA. ``address`` is "" where it is no IP address."""

    hostname: bytes
    address: str


class Packets:
    """``feed`` octets, ``take`` packets; after a Fault there is nothing but that Fault."""

    __slots__ = ("_fault", "_limit", "_waiting")

    def __init__(self, limit: int = PACKET_LIMIT) -> None:
        self._limit = limit
        self._waiting = bytearray()
        self._fault: Fault | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def feed(self, octets: bytes) -> None:
        if self._fault is None:
            self._waiting += octets

    def take(self) -> Packet | Fault | None:
        """The next packet, or None where none is whole."""
        waiting = self._waiting
        if self._fault is not None or len(waiting) < _LENGTH:
            return self._fault
        length = int.from_bytes(waiting[:_LENGTH], "big")
        self._fault = self._look_at(length)
        end = _LENGTH + length
        if self._fault is not None:
            self._waiting = bytearray()
        if self._fault is not None or len(waiting) < end:
            return self._fault
        packet = Packet(_COMMANDS[waiting[_LENGTH]], bytes(waiting[_LENGTH + 1 : end]))
        del waiting[:end]
        return packet

    def _look_at(self, length: int) -> Fault | None:
        """What is wrong with a packet is told before the whole of it is there."""
        if not 0 < length <= self._limit:
            return Fault.TOO_LONG if length else Fault.EMPTY
        begun = len(self._waiting) > _LENGTH
        return Fault.NO_COMMAND if begun and self._waiting[_LENGTH] not in _COMMANDS else None


_PATHS: Mapping[Command, bytes] = {Command.MAIL: b"MAIL FROM", Command.RCPT: b"RCPT TO"}
_COMMANDS: Mapping[int, Command] = {int(command): command for command in Command}


def parse_offer(data: bytes) -> Offer | None:
    return Offer(*struct.unpack_from("!III", data)) if len(data) >= 12 else None


def parse_strings(data: bytes) -> Sequence[bytes] | None:
    """The arguments of MAIL and RCPT, or HELO's name: one string at least, each with its NUL."""
    return data[:-1].split(_NUL) if data.endswith(_NUL) else None


def parse_header(data: bytes) -> tuple[bytes, bytes] | None:
    """A header's name and value. A NUL within the value is the mail's own."""
    name, nul, value = data.partition(_NUL)
    return (name, value[:-1]) if nul and value.endswith(_NUL) else None


def parse_macros(data: bytes) -> Mapping[str, str] | None:
    """What an MTA tells ahead of a command, by name without braces. The first octet, which says of which, is not needed."""
    if len(data) < 2:
        return {} if data else None
    strings = parse_strings(data[1:])
    if strings is None or len(strings) % 2:
        return None
    texts = [string.decode("ascii", "replace") for string in strings]
    return {name.strip("{}"): value for name, value in zip(texts[::2], texts[1::2], strict=True)}


def parse_connection(data: bytes) -> Connection | None:
    """A family of ``4`` or ``6`` has a port of two octets and an address; ``L`` the same with a path; ``U`` nothing."""
    hostname, nul, rest = data.partition(_NUL)
    if not nul or not rest:
        return None
    family, where = rest[:1], rest[3:]
    if family == b"U":
        return Connection(hostname, "")
    if family not in (b"4", b"6", b"L") or not where.endswith(_NUL) or _NUL in where[:-1]:
        return None
    return Connection(hostname, "" if family == b"L" else plain_address(where[:-1].decode("ascii", "replace")))


def plain_address(text: str) -> str:
    """An IP address without the tag that Sendmail puts in front of IPv6."""
    return text[5:] if text[:5].lower() == "ipv6:" else text


def header_lines(name: bytes, value: bytes, *, spaced: bool) -> bytes:
    """A header as it stands in a mail. ``spaced``: the value has its own leading space; an MTA sends folds with bare LF."""
    return b"%b:%b%b\r\n" % (name, b"" if spaced else b" ", _LINE_END.sub(b"\r\n", value))


def told(packet: Packet) -> bytes:
    """A packet in a line, for a person who reads along: whom it names as SMTP has it, of everything else the size."""
    if packet.command in _PATHS:
        return b"%b:%b" % (_PATHS[packet.command], packet.data.rstrip(_NUL).replace(_NUL, b" "))
    return b"PACKET %b, %d octets" % (packet.command.name.encode("ascii"), len(packet.data))


def spell(answer: Answer, data: bytes = b"") -> bytes:
    """One packet of ours."""
    return struct.pack("!IB", len(data) + 1, answer) + data


def told_answer(octets: bytes) -> bytes:
    """One packet of ours in a line: its name, or a reply's text."""
    answer = Answer(octets[_LENGTH])
    return octets[_LENGTH + 1 :].rstrip(_NUL) if answer is Answer.REPLY_CODE else answer.name.encode("ascii")


def spell_offer(offer: Offer, macros: Mapping[Stage, str]) -> bytes:
    """Our side of the negotiation; ``macros`` are the names that we want at a stage, apart by spaces."""
    lists = (struct.pack("!I", stage) + names.encode("ascii") + _NUL for stage, names in macros.items())
    return spell(Answer.NEGOTIATE, struct.pack("!III", offer.version, offer.actions, offer.steps) + b"".join(lists))


def spell_reply(reply: Reply) -> bytes:
    """A refusal in the MTA's words to its peer. An MTA reads ``%`` as the start of a format, so it is doubled."""
    text = str(reply).encode("ascii", "replace")[:_MAX_REPLY].replace(b"%", b"%%")
    return spell(Answer.REPLY_CODE, text + _NUL)
