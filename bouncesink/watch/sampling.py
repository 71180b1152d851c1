"""Sampling: what is looked at from time to time because asking at every scrape would cost too much, and the loop's pulse.

The glance is a few steps of an index, every ``GLANCE_SECONDS``; the survey counts whole tables, every ``watch.count_seconds``,
and rests for twenty times as long as it took. Both are on a reading connection of their own, opened here, so that nothing on a
mail's way waits. Promises: trouble is told to the log once and tried again; the last answers stay until there are new ones.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import monotonic

from bouncesink.background import beside
from bouncesink.config.sections import StoreSection
from bouncesink.errors import StoreError
from bouncesink.observe import log
from bouncesink.observe.tally import TALLY
from bouncesink.store.connection import Connection
from bouncesink.store.queries import reading
from bouncesink.store.survey import Glance, Survey, glance, last_bounce, survey
from bouncesink.store.trouble import store_error
from bouncesink.watch.pulse import take_pulse
from bouncesink.watch.readiness import Readiness

GLANCE_SECONDS = 10.0
_RESTS = 20


class Sampler:
    """``glance`` and ``survey`` are the last answers, ``counted_at`` the monotonic time of the survey."""

    def __init__(self, store: StoreSection, count_seconds: float, readiness: Readiness) -> None:
        self._store = store
        self._count_seconds = count_seconds
        self._readiness = readiness
        self._in_trouble = False
        self._next_survey = monotonic()
        self.started_at = datetime.now(UTC)
        self.glance: Glance | None = None
        self.survey = Survey()
        self.counted_at: float | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with beside(pulse=take_pulse(self._be_late), sampler=self._run()):
            yield

    def _be_late(self, seconds: float) -> None:
        self._readiness.late_seconds = seconds

    async def _run(self) -> None:
        while True:
            try:
                async with reading(self._store) as connection:
                    await self._sample(connection)
            except Exception as error:  # noqa: BLE001 - what is watched is no reason to end it
                if not self._in_trouble:
                    self._in_trouble = True
                    log.store_trouble(error=error if isinstance(error, StoreError) else store_error(error, "sampling"))
            await asyncio.sleep(GLANCE_SECONDS)

    async def _sample(self, connection: Connection) -> None:
        while True:
            if found := await connection.run(last_bounce):  # whoever recorded it: an earlier run, a worker, ingest
                TALLY.last_bounce = max(TALLY.last_bounce or 0.0, found.timestamp())
            self.glance = await connection.run(glance)
            self._in_trouble = False
            if self._count_seconds and monotonic() >= self._next_survey:
                await self._count(connection)
            await asyncio.sleep(GLANCE_SECONDS)

    async def _count(self, connection: Connection) -> None:
        begun = monotonic()
        self.survey = await survey(connection)
        self.counted_at = monotonic()
        self._next_survey = begun + max(self._count_seconds, (self.counted_at - begun) * _RESTS)
