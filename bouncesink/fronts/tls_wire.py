"""The TLS wire: a transport that encrypts what is written and decrypts what is received, on top of another (RFC 8446).

OpenSSL through two buffers in memory, with no task and no second protocol: a session hears octets in the same call as ever,
under any loop, and octets that came before the handshake can neither be lost nor slip in behind it. Why not the loop's own
start_tls: docs/decisions/0020.

Knows no protocol and no certificate.
"""

import asyncio
import ssl
from contextlib import suppress

_READ = 65_536


class TlsWire:
    """As far as a session uses a transport. ``version`` is "" until the handshake is done."""

    __slots__ = ("_received", "_tls", "_to_send", "_wire", "ended", "version")

    def __init__(self, wire: asyncio.Transport, context: ssl.SSLContext) -> None:
        self._wire = wire
        self._received, self._to_send = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._received, self._to_send, server_side=True)
        self.version = ""
        self.ended = False  # the peer has said that it sends no more

    def receive(self, octets: bytes) -> bytes:
        """What ``octets`` say once decrypted. ssl.SSLError: this cannot go on; what the peer should know of it is sent."""
        self._received.write(octets)
        try:
            return self._read() if self.version or self._shake_hands() else b""
        finally:
            self._send()

    def write(self, octets: bytes) -> None:
        """Before the handshake is done there is nobody to speak to."""
        if self.version:
            with suppress(ssl.SSLError):  # the peer has closed its side for good: the connection will tell
                self._tls.write(octets)
            self._send()

    def close(self) -> None:
        if self.version:
            with suppress(ssl.SSLError):  # its own goodbye need not be waited for
                self._tls.unwrap()
            self._send()
        self._wire.close()

    def abort(self) -> None:
        self._wire.abort()

    def is_closing(self) -> bool:
        return self._wire.is_closing()

    def pause_reading(self) -> None:
        self._wire.pause_reading()

    def resume_reading(self) -> None:
        self._wire.resume_reading()

    def get_write_buffer_size(self) -> int:
        return self._wire.get_write_buffer_size()

    def _shake_hands(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        self.version = self._tls.version() or "TLS"
        return True

    def _read(self) -> bytes:
        pieces = []
        try:
            while piece := self._tls.read(_READ):
                pieces.append(piece)
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        return b"".join(pieces)

    def _send(self) -> None:
        if self._to_send.pending and not self._wire.is_closing():
            self._wire.write(self._to_send.read())
