"""The intake: one task through which every mail is recorded, and the only one that writes.

Promises: a mail is settled after it is committed and synchronised, never before; mails that wait share a commit; a caller that
is cancelled does not take its mail with it; at most ``max_waiting`` mails wait, and none longer than
``busy_timeout`` for somebody else's lock, nor the loop for any. After trouble the next batch is tried as if nothing had been.
Knows nothing of SQL: ``writer`` does, and ``where`` says on which thread.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from bouncesink.config.sections import StoreSection
from bouncesink.errors import StoreBusy, StoreError
from bouncesink.observe import log
from bouncesink.store.checkpoint import Checkpointer
from bouncesink.store.connection import Connection
from bouncesink.store.recording import Recorder, Result, Settled, tell
from bouncesink.store.submission import Submission
from bouncesink.store.trouble import is_of_system, store_error
from bouncesink.store.where import Where
from bouncesink.store.writer import Outcome, Writer

MAX_BATCH = 500
MAX_BATCH_OCTETS = 16_777_216
# Mails that wait are held in memory; SMTP's size limit times max_waiting would be more than there is.
MAX_WAITING_OCTETS = 268_435_456
# The writer waits for a foreign lock in slices of this length, so that each mail's own time is counted, not its batch's.
LOCK_SLICE = 0.2
# A turn of the loop in which one command is answered takes longer than this, one in which nothing happens much less.
QUIET_TURN = 0.00004
LONGEST_GATHERING = 0.01  # seconds that a mail waits for company, while the loop is busy
LONGEST_SILENCE = 0.002  # and for how long while none comes, where turns are slow for another reason
_RETRY_PAUSE = 0.01


@dataclass(slots=True)
class _Waiting:
    submission: Submission
    settled: Settled
    since: float


@dataclass(frozen=True, slots=True)
class IntakeState:
    """For those who watch: mails and octets that are not committed yet, for how long the oldest waits, how long ago the last
    commit was, and for how long the database has been in trouble; 0 where it is not. Not ``alive``: it records no more.
    """

    alive: bool
    mails: int
    octets: int
    oldest_seconds: float
    idle_seconds: float
    trouble_seconds: float


class Intake(Recorder):
    """Started by ``Database``; ``connection`` is the writer's, with a patience of at most LOCK_SLICE."""

    def __init__(self, connection: Connection, writer: Writer, checkpointer: Checkpointer, section: StoreSection) -> None:
        self._connection = connection
        self._writer = writer
        self._checkpointer = checkpointer
        self._section = section
        self._where = Where()
        self._waiting: deque[_Waiting] = deque()
        self._waiting_octets = 0
        self._in_hand: list[_Waiting] = []
        self._wake = asyncio.Event()
        self._closing = False
        self._trouble_since: float | None = None
        self._committed_at = monotonic()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="intake")

    @property
    def state(self) -> IntakeState:
        """How it stands at this moment."""
        now = monotonic()
        not_yet = (*self._in_hand[:1], *itertools.islice(self._waiting, 1))
        return IntakeState(
            alive=self._task is not None and not self._task.done(),
            mails=len(self._in_hand) + len(self._waiting),
            octets=self._waiting_octets + sum(waiting.submission.octets for waiting in self._in_hand),
            oldest_seconds=max((now - waiting.since for waiting in not_yet), default=0.0),
            idle_seconds=now - self._committed_at,
            trouble_seconds=0.0 if self._trouble_since is None else now - self._trouble_since,
        )

    async def probe(self) -> StoreError | None:
        """Whether a mail could be recorded now, found out by trying; the error says why not. After trouble something is
        really written, so that trouble ends where no mail comes to end it.
        """
        if self._closing or not self.state.alive:
            return StoreError("the database is closed")
        generation = self._checkpointer.generation
        outcome = await self._connection.run(self._writer.probe, thoroughly=self._trouble_since is not None)
        if outcome.pages:
            self._checkpointer.committed(outcome.pages, generation)
        if outcome.trouble is None:
            self._tell(outcome, (), 0.0)
        return outcome.trouble

    def submit(self, submission: Submission, settled: Settled) -> None:
        if self._closing or self._task is None or self._task.done():
            raise StoreError("the database is closed")
        octets = submission.octets
        if len(self._waiting) >= self._section.max_waiting or (
            self._waiting and self._waiting_octets + octets > MAX_WAITING_OCTETS
        ):
            raise StoreBusy(f"{len(self._waiting)} mails of {self._waiting_octets} octets are waiting to be recorded already")
        self._waiting.append(_Waiting(submission, settled, monotonic()))
        self._waiting_octets += octets
        self._wake.set()

    async def close(self) -> None:
        """Record what waits, then stop."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while self._waiting or not self._closing:
                if not self._waiting:
                    self._wake.clear()
                    await self._wake.wait()
                    continue
                await self._gather()
                await self._turn()
        finally:
            _settle([(waiting, StoreError("the database is closed")) for waiting in (*self._in_hand, *self._waiting)])
            self._waiting.clear()

    async def _gather(self) -> None:
        """Let those that are on their way come too: while the loop has work, an earlier commit only takes its time away.

        A loop that has nothing to do is told by a turn that takes no time; then all who could come have come.
        """
        begun = came = now = monotonic()
        count = len(self._waiting)
        while len(self._waiting) < MAX_BATCH and now - begun < LONGEST_GATHERING and not self._closing:
            await asyncio.sleep(0)
            before, now = now, monotonic()
            if len(self._waiting) > count:
                count, came = len(self._waiting), now
            if now - before < QUIET_TURN or now - came > LONGEST_SILENCE:
                return

    async def _turn(self) -> None:
        try:
            if not await self._commit(self._take()):
                await asyncio.sleep(_RETRY_PAUSE)  # some locks are told at once, without waiting for them
            if self._checkpointer.pause_due:
                await self._checkpointer.pause()
        except Exception as error:  # noqa: BLE001 - a bug of ours costs this batch a 451, and not every mail from now on
            trouble = store_error(error, "recording")
            settled = [(waiting, trouble) for waiting in self._in_hand]
            self._in_hand = []
            if is_of_system(error):
                self._tell(Outcome((), 0, trouble), settled, 0.0)
            else:
                log.bug("intake", error)
            _settle(settled)

    def _take(self) -> list[_Waiting]:
        octets = 0
        batch = self._in_hand = []
        while self._waiting and len(batch) < MAX_BATCH and octets < MAX_BATCH_OCTETS:
            batch.append(self._waiting.popleft())
            octets += batch[-1].submission.octets
        self._waiting_octets -= octets
        return batch

    async def _commit(self, batch: list[_Waiting]) -> bool:
        """Whether every mail of the batch is settled, for good or ill."""
        generation = self._checkpointer.generation
        begun = monotonic()
        outcome = await self._write([waiting.submission for waiting in batch], begun)
        seconds = monotonic() - begun
        if outcome.pages:
            self._checkpointer.committed(outcome.pages, generation)
        settled = self._put_back(batch, outcome.results)
        self._in_hand = []
        _settle(settled)
        self._tell(outcome, settled, seconds)
        return len(settled) == len(batch)

    async def _write(self, submissions: Sequence[Submission], begun: float) -> Outcome:
        count = len(submissions)
        here = self._where.is_here(count, sum([each.octets for each in submissions]), begun)
        outcome = self._connection.run_here(self._writer.write, submissions) if here else None
        if outcome is not None:
            now = monotonic()
            self._where.written_here(count, now - begun, outcome.flush, now)
        else:
            outcome = await self._connection.run(self._writer.write, submissions)
            self._where.written_elsewhere()
        if any(isinstance(result, StoreError) for result in outcome.results):
            self._where.failed()
        return outcome

    def _put_back(self, batch: Sequence[_Waiting], results: Sequence[Result]) -> list[tuple[_Waiting, Result]]:
        """Those that met a lock and have time left go back to the front of the queue; the others are settled."""
        settled = []
        patient_since = monotonic() - self._section.busy_timeout
        for waiting, result in zip(reversed(batch), reversed(results), strict=True):
            if isinstance(result, StoreBusy) and waiting.since > patient_since:
                self._waiting.appendleft(waiting)
                self._waiting_octets += waiting.submission.octets
            else:
                settled.append((waiting, result))
        return settled

    def _tell(self, outcome: Outcome, settled: Sequence[tuple[_Waiting, Result]], seconds: float) -> None:
        """Trouble is told when it begins and when it ends, a mail that cannot be written each time."""
        if outcome.trouble is None:
            sizes = []
            for waiting, result in settled:
                if isinstance(result, StoreError):
                    log.bug("record", result.__cause__ or result)
                else:
                    sizes.append(waiting.submission.size)
            if sizes:
                self._committed_at = monotonic()
                log.batch_committed(mails=len(sizes), octets=sum(sizes), seconds=seconds)
            if self._trouble_since is not None:
                log.store_recovered(seconds=monotonic() - self._trouble_since)
                self._trouble_since = None
        elif settled and self._trouble_since is None:
            self._trouble_since = monotonic()
            log.store_trouble(error=outcome.trouble, waiting=len(settled))


def _settle(settled: Sequence[tuple[_Waiting, Result]]) -> None:
    for waiting, result in settled:
        tell(waiting.settled, result)
