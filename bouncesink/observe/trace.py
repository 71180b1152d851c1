"""The trace: every line of one peer's sessions in the log, with timing, because an operator asked for it.

Promises: it ends by itself, after its time or its lines, whichever comes first; a session that was open before is in it from
its next line on; content is told by its size alone, credentials never, and addresses of people only with ``log.addresses``:
without it, whatever a peer says that we do not know to be harmless is told by its length. While no trace runs, ``TRACES.on``
is false and a front asks for nothing else.

Where the sessions are those of several processes, one of them has the traces: the others ``follow`` it and hand it their lines,
veiled already, so that one trace has one end, one count of lines and one numbering of sessions.

Must not know what the lines mean to a front, nor who asked.
"""

import asyncio
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from time import monotonic
from typing import NamedTuple

from bouncesink.core.mail import Peer, Via
from bouncesink.observe import log

MOST_TRACES = 10
MOST_MINUTES = 1_440
MOST_LINES = 100_000
LONGEST = 500  # characters of a line that are shown
MEETING = 0.1  # seconds that lines of several processes wait for one another, to be told in the order of their time
LOCAL = "local"  # names the peers that have no address: those of Unix sockets

Network = IPv4Network | IPv6Network


class Side(StrEnum):
    """Who said it."""

    PEER = "peer"
    US = "us"
    SESSION = "session"  # nobody: it began, or it ended


@dataclass(slots=True)
class Trace:
    """One wish. ``network`` is None for the peers without an address; ``until`` is in seconds of the loop's clock."""

    network: Network | None
    until: float
    lines_left: int
    lines: int = 0
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)

    def __str__(self) -> str:
        if self.network is None:
            return LOCAL
        return str(self.network.network_address if self.network.num_addresses == 1 else self.network)

    def wants(self, address: str) -> bool:
        if not address or self.network is None:
            return self.network is None and not address
        try:
            found = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(found, "ipv4_mapped", None)
        return (mapped or found) in self.network


@dataclass(slots=True)
class _Session:
    number: int
    last: float


class Line(NamedTuple):
    """One line, or the lines of one answer, as the log may have it: said ``at`` seconds of the machine's monotonic clock, and
    ``seconds`` after the line before.
    """

    via: str
    address: str
    session: int
    side: str
    text: str
    seconds: float
    at: float


Tell = Callable[[Line], None]
_NEVER = float("inf")


class Traces:
    """Those that run. ``begin``, ``end`` and ``running`` are called on the loop."""

    def __init__(self) -> None:
        self.on = False
        self._running: dict[str, Trace] = {}
        self._sessions: weakref.WeakKeyDictionary[object, _Session] = weakref.WeakKeyDictionary()
        self._numbers: dict[tuple[int, int], int] = {}  # of the sessions of others
        self._heard: list[tuple[float, int, Line]] = []
        self._count = 0
        self._tell: Tell | None = None
        self.changed: Callable[[], None] = lambda: None
        """Called when another set of them runs."""

    def running(self) -> tuple[Trace, ...]:
        return tuple(self._running.values())

    def begin(self, network: Network | None, minutes: float, lines: int) -> Trace:
        """Trace the peers of ``network`` from now on. A trace of the same peers begins anew. ValueError: there are too many."""
        loop = asyncio.get_running_loop()
        trace = Trace(network, loop.time() + minutes * 60, lines)
        self.end(str(trace), "told anew")
        if len(self._running) >= MOST_TRACES:
            raise ValueError(f"{MOST_TRACES} traces run already: end one")
        trace.timer = loop.call_later(minutes * 60, self.end, str(trace), "time")
        self._running[str(trace)] = trace
        self._change()
        log.trace_started(peers=str(trace), minutes=minutes, lines=lines)
        return trace

    def end(self, peers: str, why: str = "told") -> bool:
        """End the trace of ``peers``, spelled as ``str(trace)``; whether there was one."""
        self._tell_heard()
        trace = self._running.pop(peers, None)
        if trace is None:
            return False
        if trace.timer:
            trace.timer.cancel()
        self._change()
        log.trace_ended(peers=peers, lines=trace.lines, why=why)
        return True

    def follow(self, peers: Iterable[str], tell: Tell) -> None:
        """Trace these and no others, spelled as ``str(trace)``, until told otherwise: their lines go to ``tell``, which is
        another process's ``hear``, and when they end is its affair.
        """
        self._tell = tell
        self._running = {each: Trace(parse_peers(each), _NEVER, 0) for each in peers}
        self._change()

    def hear(self, origin: int, line: Line) -> None:
        """A line of process ``origin``, one of those that follow us. What was on its way when its trace ended is dropped."""
        if self._of(line.address) is None:
            return
        if not self._heard:
            asyncio.get_running_loop().call_later(MEETING, self._tell_heard)
        self._heard.append((line.at, origin, line))

    def _tell_heard(self) -> None:
        heard, self._heard = sorted(self._heard), []
        for _, origin, line in heard:
            trace = self._of(line.address)
            if trace is None:
                continue
            key = (origin, line.session)
            if key not in self._numbers:
                self._count += 1
                self._numbers[key] = self._count
            self._write(trace, line._replace(session=self._numbers[key]))

    def _change(self) -> None:
        self.on = bool(self._running)
        if not self.on:
            self._sessions.clear()
            self._numbers.clear()
        self.changed()

    def _of(self, address: str) -> Trace | None:
        return next((trace for trace in self._running.values() if trace.wants(address)), None)

    def line(self, session: object, peer: Peer, side: Side, octets: bytes) -> None:
        """One line, or the lines of one answer, of ``session``. A front calls it where ``on`` is true."""
        trace = self._of(peer.address)
        if trace is None:
            return
        now = monotonic()
        seen = self._sessions.get(session)
        if seen is None:
            self._count += 1
            seen = self._sessions[session] = _Session(self._count, now)
        text = octets.decode("utf-8", "backslashreplace").rstrip("\r\n").replace("\r\n", "\n")
        if side is Side.PEER and not log.shows_addresses():
            text = _veiled(text)
        line = Line(str(peer.via), peer.address, seen.number, str(side), _cut(text), now - seen.last, now)
        seen.last = now
        if self._tell is None:
            self._write(trace, line)
        else:
            self._tell(line)

    def _write(self, trace: Trace, line: Line) -> None:
        peer = Peer(Via(line.via), line.address)
        log.session_line(peer=peer, session=line.session, side=line.side, line=line.text, seconds=line.seconds)
        trace.lines += 1
        trace.lines_left -= 1
        if trace.lines_left <= 0:
            self.end(str(trace), "lines")


def parse_peers(text: str) -> Network | None:
    """An address, a network (``192.0.2.0/24``) or LOCAL. ValueError says what is wrong."""
    if text.strip().lower() == LOCAL:
        return None
    try:
        return ip_network(text.strip().strip("[]"), strict=False)
    except ValueError:
        raise ValueError(
            f"{text!r} is no address and no network: write 192.0.2.1, 192.0.2.0/24, 2001:db8::1 or {LOCAL}"
        ) from None


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"


def _whole(argument: str) -> str:
    return argument if "@" not in argument else _counted(argument)


def _counted(argument: str) -> str:
    return f"({len(argument)} characters)" if argument else ""


def _mechanism(argument: str) -> str:
    """AUTH names a mechanism; a password may follow."""
    mechanism, space, rest = argument.partition(" ")
    return mechanism + (space and f" {_counted(rest)}")


def _path(argument: str) -> str:
    """MAIL and RCPT: the keyword, <> where it is null, the length of any other path, and parameters that name nobody."""
    keyword, colon, rest = argument.partition(":")
    if not colon or not keyword.strip().isalpha():
        return _counted(argument)
    path, close, parameters = rest.rpartition(">")
    shown = "<>" if close and path.strip() == "<" else _counted(path + close if close else rest)
    told = [word if _is_harmless(word) else _counted(word) for word in (parameters.split() if close else ())]
    return " ".join([f"{keyword}:{shown}", *told])


def _is_harmless(parameter: str) -> bool:
    return parameter.partition("=")[0].upper() in {"SIZE", "BODY", "SMTPUTF8", "RET", "NOTIFY"} and "@" not in parameter


_SHOWN: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(
        ("EHLO", "HELO", "LHLO", "NOOP", "RSET", "DATA", "QUIT", "STARTTLS", "BDAT", "HELP", "(CONTENT)", "PACKET"), _whole
    ),
    **dict.fromkeys(("MAIL", "RCPT"), _path),
    "AUTH": _mechanism,
}


def _veiled(line: str) -> str:
    """A command as it may be shown to whoever reads logs."""
    verb, _, argument = line.partition(" ")
    show = _SHOWN.get(verb.upper())
    if show is None:
        return _counted(line)
    return f"{verb} {show(argument.strip())}".rstrip()


TRACES = Traces()
