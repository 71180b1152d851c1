"""The intake as a worker sees it: what ``Intake`` does, done by another process at the end of a socket.

Promises: ``record`` returns when the other process said that it is committed; it raises what ``Intake.record`` raises there,
and StoreError for everybody who waits as soon as the connection is gone. Content is packed here, so that the process that
writes has less to do. At most ``max_waiting`` mails wait. Belongs to one event loop.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from bouncesink.config import StoreSection
from bouncesink.core.mail import Mail
from bouncesink.core.report import Report
from bouncesink.errors import StoreBusy, StoreError
from bouncesink.store.content import PackedContent, Packer
from bouncesink.store.recording import Orphaned, Recording, wait_for
from bouncesink.store.remote.link import Link
from bouncesink.store.remote.wire import READY, Outcome, decode_outcome, decode_word, encode_submission, frame
from bouncesink.store.rows import Judged, Recorded
from bouncesink.store.submission import submission_of

# Content above this is packed in a thread: hashing goes over every octet.
PACK_ON_LOOP_LIMIT = 131_072
_NUMBERS = (1 << 32) - 1


class RemoteIntake(Link):
    """The protocol of a socket whose other end is a ``Door``."""

    def __init__(self, section: StoreSection) -> None:
        super().__init__()
        self._section = section
        self._packer = Packer(section.content_limit)
        self._waiting: dict[int, Recording] = {}
        self._none_waits = asyncio.Event()
        self._number = 0
        self.on_word: Callable[[Any], None] = lambda _: None

    def say_ready(self) -> None:
        """Mail may come."""
        self._send(READY)

    async def record(
        self, mail: Mail, report: Report, judged: tuple[Judged, ...], orphaned: Orphaned | None = None
    ) -> tuple[Recorded, ...]:
        """As ``Intake.record``."""
        if len(self._waiting) >= self._section.max_waiting:
            raise StoreBusy(f"{len(self._waiting)} mails are waiting to be recorded already")
        submission = replace(submission_of(mail, report, judged), content=b"", packed=await self._pack(mail))
        if self._transport is None:
            raise StoreError("the process that records is gone")
        number = self._number = self._number % _NUMBERS + 1
        future: Recording = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        self._send(frame(number, encode_submission(submission)))
        return await wait_for(future, orphaned)

    async def finish(self, patience: float) -> None:
        """Hear what became of those that nobody waits for any more, for at most ``patience`` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self._waiting:
                    self._none_waits.clear()
                    await self._none_waits.wait()
        await asyncio.sleep(0)  # whoever was told of the last one tells the log

    async def _pack(self, mail: Mail) -> PackedContent:
        if len(mail.content) <= PACK_ON_LOOP_LIMIT:
            return self._packer.pack(mail.content, mail.whole)
        return await asyncio.to_thread(Packer(self._section.content_limit).pack, mail.content, mail.whole)

    def data_received(self, data: bytes) -> None:
        for number, payload in self._heard(data):
            if number:
                self._settle(number, decode_outcome(payload))
            else:
                self.on_word(decode_word(payload))

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        for number in tuple(self._waiting):
            gone = StoreError("the process that records is gone")
            gone.__cause__ = error
            self._settle(number, gone)

    async def close(self, patience: float) -> None:
        """Nobody waits any more: what was said is sent, within ``patience`` seconds."""
        if self._transport is None:
            return
        self._flush()
        self._transport.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self.lost.wait()

    def _settle(self, number: int, outcome: Outcome) -> None:
        future = self._waiting.pop(number, None)
        if not self._waiting:
            self._none_waits.set()
        if future is None or future.done():
            return
        if isinstance(outcome, StoreError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
