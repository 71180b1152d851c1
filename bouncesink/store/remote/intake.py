"""The intake as a worker sees it: what ``Intake`` does, done by another process at the end of a socket.

Promises: a mail is settled when the other process said that it is committed, or with the error that it met there; with
StoreError for everybody who waits as soon as the connection is gone. Content is packed here, so that the process that
writes has less to do. At most ``max_waiting`` mails wait. Belongs to one event loop.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from bouncesink.config.sections import StoreSection
from bouncesink.errors import StoreBusy, StoreError
from bouncesink.store.content import PackedContent, Packer
from bouncesink.store.recording import Recorder, Settled, tell
from bouncesink.store.remote.link import Link
from bouncesink.store.remote.wire import READY, Outcome, decode_outcome, decode_word, encode_submission, frame
from bouncesink.store.submission import Submission
from bouncesink.store.trouble import store_error

# Content above this is packed in a thread: hashing goes over every octet.
PACK_ON_LOOP_LIMIT = 131_072
_NUMBERS = (1 << 32) - 1


class RemoteIntake(Link, Recorder):
    """The protocol of a socket whose other end is a ``Door``."""

    def __init__(self, section: StoreSection) -> None:
        super().__init__()
        self._section = section
        self._packer = Packer(section.content_limit)
        self._waiting: dict[int, Settled] = {}
        self._packing: set[asyncio.Task[None]] = set()
        self._none_waits = asyncio.Event()
        self._number = 0
        self.on_word: Callable[[Any], None] = lambda _: None

    def say_ready(self) -> None:
        """Mail may come."""
        self._send(READY)

    def submit(self, submission: Submission, settled: Settled) -> None:
        """As ``Intake.submit``."""
        if len(self._waiting) >= self._section.max_waiting:
            raise StoreBusy(f"{len(self._waiting)} mails are waiting to be recorded already")
        if self._transport is None:
            raise StoreError("the process that records is gone")
        number = self._number = self._number % _NUMBERS + 1
        if len(submission.content) <= PACK_ON_LOOP_LIMIT:
            self._hand_in(number, submission, self._packer.pack(submission.content, submission.whole))
        else:
            packing = asyncio.get_running_loop().create_task(self._pack_and_hand_in(number, submission))
            self._packing.add(packing)
            packing.add_done_callback(self._packing.discard)
        self._waiting[number] = settled

    async def finish(self, patience: float) -> None:
        """Hear what became of those that nobody waits for any more, for at most ``patience`` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self._waiting:
                    self._none_waits.clear()
                    await self._none_waits.wait()

    async def _pack_and_hand_in(self, number: int, submission: Submission) -> None:
        try:
            packer = Packer(self._section.content_limit)  # a packer belongs to one thread
            packed = await asyncio.to_thread(packer.pack, submission.content, submission.whole)
            self._hand_in(number, submission, packed)
        except Exception as error:  # noqa: BLE001 - a bug of ours costs this mail a 451
            self._settle(number, store_error(error, "packing this mail"))

    def _hand_in(self, number: int, submission: Submission, packed: PackedContent) -> None:
        self._send(frame(number, encode_submission(replace(submission, content=b"", packed=packed))))

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
        settled = self._waiting.pop(number, None)
        if not self._waiting:
            self._none_waits.set()
        if settled is not None:
            tell(settled, outcome)
