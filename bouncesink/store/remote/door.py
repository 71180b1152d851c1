"""The door of the process that writes: a worker's submissions come in, what became of each goes out.

Promises: an answer for each submission as long as the worker is there; what came in is recorded though the worker dies before
it is answered, and found to be there when its peer sends again. A worker that sends what is no submission is cut off: it is
ours, so this is a bug of ours. Belongs to one event loop.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import cast

from bouncesink.errors import StoreError
from bouncesink.observe import log
from bouncesink.store.intake import Intake
from bouncesink.store.remote.wire import Frames, Outcome, decode_submission, encode_outcome, frame
from bouncesink.store.rows import Recorded
from bouncesink.store.trouble import store_error


class Door(asyncio.Protocol):
    """The protocol of a socket whose other end is a worker's ``RemoteIntake``. ``on_ready`` is called when it says so."""

    def __init__(self, intake: Intake, on_ready: Callable[[], None]) -> None:
        self._intake = intake
        self._on_ready = on_ready
        self._frames = Frames()
        self._outbox: list[bytes] = []
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - it is gone, however it went
        self._transport = None

    def data_received(self, data: bytes) -> None:
        try:
            for number, payload in self._frames.feed(data):
                if number:
                    self._take(number, payload)
                else:
                    self._on_ready()
        except Exception as error:  # noqa: BLE001 - one worker's broken frame must not stop the writing of the others' mail
            log.bug("door", error)
            if self._transport is not None:
                self._transport.abort()

    def _take(self, number: int, payload: bytes) -> None:
        submission = decode_submission(payload)
        try:
            future = self._intake.submit(submission)
        except StoreError as error:
            self._answer(number, error)
        else:
            future.add_done_callback(partial(self._recorded, number))

    def _recorded(self, number: int, future: asyncio.Future[tuple[Recorded, ...]]) -> None:
        error = future.exception()
        self._answer(number, future.result() if error is None else store_error(error, "recording"))

    def _answer(self, number: int, outcome: Outcome) -> None:
        """With whatever else is said in this turn of the loop, as one write: a batch is settled in one."""
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outbox.append(frame(number, encode_outcome(outcome)))

    def _flush(self) -> None:
        if self._transport is not None:
            self._transport.write(b"".join(self._outbox))
        self._outbox.clear()
