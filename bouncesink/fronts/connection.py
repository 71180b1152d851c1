"""The connection beneath an SMTP session: TLS, a proxy's header, and the clocks. RFC 5321 section 4.5.3.2, RFC 3207.

Promises, beside those of every ``conversation``: who is silent for too long hears 421; what came in the clear before a
handshake is forgotten, whatever it was. Everything that a stranger controls here has a bound.

Knows no verb: a session is a subclass, which is told of octets (``_hear``), of its beginning (``_meet``, ``_greet``) and of
whatever may let it go on (``_proceed``).
"""

import asyncio
import ssl
from abc import abstractmethod
from typing import cast

from bouncesink.config.sections import SmtpSection
from bouncesink.core.reply import Reply
from bouncesink.fronts import smtp_replies as say
from bouncesink.fronts.conversation import Conversation
from bouncesink.fronts.proxy import ProxyError, is_trusted, parse_header
from bouncesink.fronts.sessions import Sessions
from bouncesink.fronts.smtp_dialog import Terms
from bouncesink.fronts.smtp_replies import Line
from bouncesink.fronts.tls_wire import TlsWire
from bouncesink.observe.trace import TRACES, Side


class Connection(Conversation):
    """One connection that may be encrypted, and whose peer may be whom a proxy names."""

    def __init__(self, terms: Terms, section: SmtpSection, sessions: Sessions, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(terms.pipeline, sessions, loop)
        self._terms = terms
        self._section = section
        self._tls: TlsWire | None = None
        self._secured = False  # the handshake is done
        self._header: bytes | None = None  # what has come of a proxy's header, while that is waited for
        self._last: Line | None = None  # what to say as soon as no transaction is open

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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._ends_at = self.loop.time() + self._section.session_timeout
        super().connection_made(transport)
        self._meet("")
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

    def connection_lost(self, error: Exception | None) -> None:
        if TRACES.on:
            TRACES.line(self, self.peer, Side.SESSION, b"closed")
        self._tls = None
        super().connection_lost(error)

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
        self._end(why)
        self._outbox.clear()
        self._flush()

    def _drop(self, line: Line) -> None:
        self._end(line.wire.decode("ascii").rstrip())
        if TRACES.on:
            TRACES.line(self, self.peer, Side.US, line.wire)
        if not self._terms.tls_first or self._secured:
            self._outbox.append(line.wire)

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

    def _look(self, now: float) -> None:
        counts = self._sessions.counts
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

    def _next_look(self, now: float) -> float:
        section = self._section
        end = max(self._ends_at - now, 1.0)  # it may have passed while we were at work
        return min(section.command_timeout - self._silence(now), end, section.rate_window)
