"""One end of the socket between a worker and the process that records: whole frames in, frames of one turn of the loop out.

Promises: whatever is said in one turn is one write; what is said when the other end is gone is dropped. Belongs to one event
loop. Knows nothing of what a frame says.
"""

import asyncio
from collections.abc import Iterator
from typing import cast

from bouncesink.store.remote.wire import Frames, word


class Link(asyncio.Protocol):
    """The base of both ends."""

    def __init__(self) -> None:
        self._frames = Frames()
        self._outbox: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self.lost = asyncio.Event()
        """Set when the other process is gone, and all that it had said was heard."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - it is gone, however it went
        self._transport = None
        self.lost.set()

    def say(self, said: object) -> None:
        """A word for those who watch at the other end."""
        self._send(word(said))

    def _heard(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """(number, payload) of each frame that is whole now."""
        return self._frames.feed(data)

    def _send(self, octets: bytes) -> None:
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outbox.append(octets)

    def _flush(self) -> None:
        if self._transport is not None:
            self._transport.write(b"".join(self._outbox))
        self._outbox.clear()
