"""The connection beneath a session: octets in, answers out, TLS, and the clock. RFC 5321 section 4.5.3.2, RFC 3207.

Promises: answers of one turn leave in one write; who sends faster than it is answered is not read from; who is silent for too
long hears 421; last words have a bounded time to arrive; what came in the clear before a handshake is forgotten, whatever it
was. Everything that a stranger controls here has a bound.

Knows no verb: a session is a subclass, which is told of octets (``_hear``), of its beginning (``_meet``, ``_greet``) and of
whatever may let it go on (``_proceed``).
"""

import asyncio
import ssl
from abc import abstractmethod
from typing import cast

from bouncesink.config import SmtpSection
from bouncesink.core.mail import Peer
from bouncesink.core.reply import Reply
from bouncesink.fronts import smtp_replies as say
from bouncesink.fronts.proxy import ProxyError, is_trusted, parse_header
from bouncesink.fronts.sessions import Sessions
from bouncesink.fronts.smtp_dialog import Terms
from bouncesink.fronts.smtp_replies import Line
from bouncesink.fronts.tls_wire import TlsWire
from bouncesink.observe import log
from bouncesink.observe.trace import TRACES, Side

LINGER = 5.0  # seconds a peer has to take our last words


class Connection(asyncio.Protocol):
    """One connection. The loop calls ``connection_made`` and ``data_received``; everything follows from there."""

    def __init__(self, terms: Terms, section: SmtpSection, sessions: Sessions, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._terms = terms
        self._section = section
        self._sessions = sessions
        self._wire: asyncio.Transport | TlsWire | None = None
        self._tls: TlsWire | None = None
        self._secured = False  # the handshake is done
        self._address = ""
        self._header: bytes | None = None  # what has come of a proxy's header, while that is waited for
        self._outbox: list[bytes] = []
        self._work: asyncio.Task[None] | None = None  # while somebody else is at it, and the peer has to wait
        self._reading = True
        self._writable = True
        self._heard_all = False  # the peer sends no more
        self._last: Line | None = None  # what to say as soon as no transaction is open
        self._held = False  # an answer is held back
        self._over = False  # our last words are said

    @property
    @abstractmethod
    def peer(self) -> Peer:
        """Who it is, for the log."""

    @abstractmethod
    def _meet(self, tls: str) -> None:
        """Begin as with a stranger: at the start, and again once TLS stands (RFC 3207 section 4.2). ``tls`` is its version."""

    @abstractmethod
    def _greet(self) -> None:
        """Say the first words."""

    @abstractmethod
    def _hear(self, octets: bytes) -> None:
        """Octets have come."""

    @abstractmethod
    def _is_too_slow(self, now: float) -> bool:
        """Whether what should come comes too slowly; asked at least once in ``rate_window`` seconds."""

    @abstractmethod
    def cut(self) -> None:
        """End now, telling the peer to come again."""

    @abstractmethod
    def _proceed(self) -> None:
        """Do what may be done now, and flush."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if isinstance(peer, tuple) else ""
        self._meet("")
        self._quiet_since = now = self.loop.time()
        self._ends_at = now + self._section.session_timeout
        self._timer = self.loop.call_later(self._next_look(now), self._watch)
        if TRACES.on:
            TRACES.line(self, self.peer, Side.SESSION, b"connected")
        if self._terms.proxies and is_trusted(self._address, self._terms.proxies):
            self._header = b""
            self._begin(self._sessions.enter(self))
        else:
            self._begin(self._sessions.enter(self, self._address))

    def _begin(self, refusal: Reply | None) -> None:
        """Say the first words, or the last, or wait for those of a proxy."""
        if refusal is not None:
            self._drop(say.spell(refusal))
        elif self._header is not None:
            return
        elif self._terms.tls_first:
            self._start_tls()
        else:
            self._greet()
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - it is gone, however it went
        if TRACES.on:
            TRACES.line(self, self.peer, Side.SESSION, b"closed")
        self._over = True
        self._timer.cancel()
        self._outbox.clear()
        self._wire = self._tls = None
        if self._work is None:
            self._sessions.leave(self)

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        if self._header is not None:
            data = self._hear_proxy(self._header + data)
            if not data:
                return
        if self._tls is not None:
            data = self._decrypt(self._tls, data)
            if not data:
                return
        self._hear(data)

    def eof_received(self) -> bool:
        """What was said before is still answered. A content without its end is none."""
        self._heard_all = True
        self._proceed()
        return True

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._proceed()

    def drain(self) -> None:
        """Say 421 as soon as no transaction is open."""
        self._last = say.SHUTTING_DOWN
        self._proceed()

    def _hear_proxy(self, octets: bytes) -> bytes:
        """What follows the header, once that is complete: from here on the peer is whom it names."""
        self._header = octets
        try:
            found = parse_header(octets)
        except ProxyError:
            self._fail("PROXY: no header")
            return b""
        if found is None:
            return b""
        self._header = None
        self._address = found.address or self._address
        self._quiet_since = self.loop.time()
        self._meet("")
        self._begin(self._sessions.locate(self, self._address))
        return b"" if self._over else found.rest

    def _start_tls(self) -> None:
        """From here on nothing is read but a handshake. What we have said before leaves in the clear, before it."""
        self._flush()
        assert self._terms.certificates is not None
        wire = cast("asyncio.Transport", self._wire)
        self._wire = self._tls = TlsWire(wire, self._terms.certificates.now.context)

    def _decrypt(self, tls: TlsWire, data: bytes) -> bytes:
        try:
            plain = tls.receive(data)
        except ssl.SSLError as error:
            self._fail(f"TLS: {error.reason or 'bad handshake'}")
            return b""
        if tls.version and not self._secured:
            self._secured = True
            self._sessions.counts.secured += 1
            self._quiet_since = self.loop.time()
            self._meet(tls.version)
            if self._terms.tls_first:
                self._greet()
                self._flush()
        if tls.ended:
            self._heard_all = True
            if not plain:
                self._proceed()
        return plain

    def _fail(self, why: str) -> None:
        """It cannot go on, and nothing can be said."""
        log.peer_dropped(peer=self.peer, why=why)
        self._over = True
        self._outbox.clear()
        self._flush()

    def _drop(self, line: Line) -> None:
        log.peer_dropped(peer=self.peer, why=line.wire.decode("ascii").rstrip())
        if TRACES.on:
            TRACES.line(self, self.peer, Side.US, line.wire)
        if not self._terms.tls_first or self._secured:
            self._outbox.append(line.wire)
        self._over = True

    def _flush(self) -> None:
        wire = self._wire
        if wire is None:
            return
        if self._outbox and (self._over or not self._held):
            wire.write(b"".join(self._outbox))
            self._outbox.clear()
        if self._over and not wire.is_closing():
            wire.close()
            self._timer.cancel()
            self._timer = self.loop.call_later(LINGER, wire.abort)

    def _regulate(self, *, full: bool) -> None:
        """Stop reading from a peer that sends faster than it is answered."""
        if full is not self._reading or self._over or self._wire is None:
            return
        if full:
            self._wire.pause_reading()
        else:
            self._wire.resume_reading()
        self._reading = not full

    def _rest(self) -> None:
        """The work is done."""
        self._work = None
        self._quiet_since = self.loop.time()
        if self._wire is None:
            self._sessions.leave(self)
        else:
            self._proceed()

    def _hold(self, seconds: float) -> None:
        """Answer late, and hear nothing more before."""
        if not self._held:
            self._held = True
            self._sessions.counts.slowed += 1
            self.loop.call_later(seconds, self._release)

    def _release(self) -> None:
        self._held = False
        self._quiet_since = self.loop.time()
        self._proceed()

    def _watch(self) -> None:
        """One timer a connection, set anew only when it rings."""
        now, counts = self.loop.time(), self._sessions.counts
        if self._silence(now) >= self._section.command_timeout:
            counts.silent += 1
            self._drop(say.TIMED_OUT)
        elif now >= self._ends_at and self._work is None:
            counts.too_long += 1
            if self._last is None:
                self._last = say.SESSION_TOO_LONG
                self._ends_at = now + self._section.command_timeout  # for the transaction that is open
            else:
                self._drop(say.SESSION_TOO_LONG)
            self._proceed()
        elif self._is_too_slow(now):
            counts.too_slow += 1
            self._drop(say.TOO_SLOW)
        if self._over:
            self._flush()
        else:
            self._timer = self.loop.call_later(self._next_look(now), self._watch)

    def _silence(self, now: float) -> float:
        """While we are at work it is ours."""
        return 0.0 if self._work is not None else now - self._quiet_since

    def _next_look(self, now: float) -> float:
        """Seconds until something may be overdue."""
        section = self._section
        end = max(self._ends_at - now, 1.0)  # it may have passed while we were at work
        return min(section.command_timeout - self._silence(now), end, section.rate_window)
