"""The trace: every line of one peer's sessions in the log, with timing, because an operator asked for it.

Promises: it ends by itself, after its time or its lines, whichever comes first; a session that was open before is in it from
its next line on; content is told by its size alone, credentials never, and addresses of people only with ``log.addresses``:
without it, whatever a peer says that we do not know to be harmless is told by its length. While no trace runs, ``TRACES.on``
is false and a front asks for nothing else.

Must not know what the lines mean to a front, nor who asked.
"""

import asyncio
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from time import monotonic

from bouncesink.core.mail import Peer
from bouncesink.observe import log

MOST_TRACES = 10
MOST_MINUTES = 1_440
MOST_LINES = 100_000
LONGEST = 500  # characters of a line that are shown
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


class Traces:
    """Those that run. ``begin``, ``end`` and ``running`` are called on the loop."""

    def __init__(self) -> None:
        self.on = False
        self._running: dict[str, Trace] = {}
        self._sessions: weakref.WeakKeyDictionary[object, _Session] = weakref.WeakKeyDictionary()
        self._count = 0

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
        self.on = True
        log.trace_started(peers=str(trace), minutes=minutes, lines=lines)
        return trace

    def end(self, peers: str, why: str = "told") -> bool:
        """End the trace of ``peers``, spelled as ``str(trace)``; whether there was one."""
        trace = self._running.pop(peers, None)
        if trace is None:
            return False
        if trace.timer:
            trace.timer.cancel()
        self.on = bool(self._running)
        if not self.on:
            self._sessions.clear()
        log.trace_ended(peers=peers, lines=trace.lines, why=why)
        return True

    def line(self, session: object, peer: Peer, side: Side, octets: bytes) -> None:
        """One line, or the lines of one answer, of ``session``. A front calls it where ``on`` is true."""
        trace = next((trace for trace in self._running.values() if trace.wants(peer.address)), None)
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
        log.session_line(peer=peer, session=seen.number, side=side, line=_cut(text), seconds=now - seen.last)
        seen.last = now
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
