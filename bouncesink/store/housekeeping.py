"""Housekeeping: the task that calls retention's slices, paced, between the writer's batches.

A slice waits its turn on the writer's thread as a batch does, and after each the task rests for longer than the slice took, so
that mails always come first. Promises: ends between two slices; trouble is told and tried again at the next turn. Knows nothing
of what is removed.
"""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from time import monotonic

from bouncesink.errors import StoreBusy
from bouncesink.observe import log
from bouncesink.store.checkpoint import Checkpointer
from bouncesink.store.connection import Connection
from bouncesink.store.retention import Sweeper, Swept
from bouncesink.store.trouble import FAILURES, store_error

BETWEEN_PASSES = 3_600.0
_LEAST_REST = 0.05
_RESTS = 10  # rest for ten times as long as the slice took: a tenth of the writer's time at most
_AFTER_TROUBLE = 60.0


class Housekeeper:
    """Started by ``Database``; ``connection`` is the writer's."""

    def __init__(
        self, connection: Connection, sweeper: Sweeper, checkpointer: Checkpointer, now: Callable[[], datetime]
    ) -> None:
        self._connection = connection
        self._sweeper = sweeper
        self._checkpointer = checkpointer
        self._now = now
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._gone = Swept()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="housekeeper")

    async def close(self) -> None:
        """Stop after the slice at hand."""
        self._stop.set()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while not self._stop.is_set():
            try:
                rest = await self._turn()
            except FAILURES as error:
                trouble = store_error(error, "retention")
                if not isinstance(trouble, StoreBusy):
                    log.store_trouble(error=trouble)
                rest = _LEAST_REST if isinstance(trouble, StoreBusy) else _AFTER_TROUBLE
            except Exception as error:  # noqa: BLE001 - a bug of ours here must not end what keeps the disk from filling
                log.bug("retention", error)
                rest = _AFTER_TROUBLE
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), rest)

    async def _turn(self) -> float:
        """One slice; how long to rest after it."""
        begun = monotonic()
        generation = self._checkpointer.generation
        swept = await self._connection.run(self._sweeper.sweep, self._now())
        if swept.pages:
            self._checkpointer.committed(swept.pages, generation)
        self._gone = self._gone.plus(swept)
        if not swept.idle:
            return max(_LEAST_REST, (monotonic() - begun) * _RESTS)
        if self._gone.anything:
            log.retention_done(
                contents=self._gone.contents, mails=self._gone.mails, verdicts=self._gone.verdicts, feed=self._gone.feed
            )
        self._gone = Swept()
        return BETWEEN_PASSES
