"""Readiness and health: whether mail should be sent here now, and whether this process is worth keeping.

Ready: the doors are open, nobody told us to stop, the database was written lately or can be, the disk has room, and there are
rules. Healthy: the task that records is alive and the loop does what is due in time; a database that is locked or full is no
reason to be killed. Promises: an answer within ``PATIENCE``, and a reason with every no. Decides nothing about mail.
"""

import asyncio
import shutil
from dataclasses import dataclass
from time import monotonic

from bouncesink.watch.subject import Subject

PATIENCE = 2.0  # seconds that the database's thread has to answer
LATELY = 5.0  # a commit so long ago says that the database can be written
_PROBE_HOLDS = 1.0  # an answer is as good for those who ask again within this time
SLUGGISH = 5.0  # seconds that the loop may be late


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. ``detail`` says what was seen, or why not."""

    name: str
    holds: bool
    detail: str


class Readiness:
    """Looks at ``subject``. ``free_floor`` is in octets."""

    def __init__(self, subject: Subject, free_floor: int) -> None:
        self._subject = subject
        self._free_floor = free_floor
        self._probing = asyncio.Lock()
        self._probed: tuple[float, str] | None = None
        self.late_seconds = 0.0  # of the loop, told by the sampler
        self.last: tuple[Check, ...] = ()

    async def look(self) -> tuple[Check, ...]:
        """Every check of readiness; ready is who passes all. ``last`` keeps them."""
        self.last = (self._running(), self._listening(), await self._database(), self._disk(), self._rules())
        return self.last

    def health(self) -> tuple[Check, ...]:
        alive = self._subject.intake.state.alive
        late = self.late_seconds
        return (
            Check("intake", alive, "records what comes" if alive else "the task that records has ended"),
            Check("loop", late < SLUGGISH, f"the last thing due was {late:.3f} s late"),
        )

    def _running(self) -> Check:
        stopping = self._subject.stopping()
        return Check("running", not stopping, "draining: told to stop" if stopping else "not told to stop")

    def _listening(self) -> Check:
        doors = self._subject.doors
        if doors is None:
            return Check("listening", holds=False, detail="not yet")
        return Check("listening", doors.is_open, ", ".join(doors.addresses) if doors.is_open else "closed")

    async def _database(self) -> Check:
        state = self._subject.intake.state
        if state.alive and not state.trouble_seconds and state.idle_seconds < LATELY:
            return Check("database", holds=True, detail=f"last commit {state.idle_seconds:.1f} s ago")
        trouble = await self._trouble()
        return Check("database", not trouble, trouble or "can be written")

    async def _trouble(self) -> str:
        async with self._probing:
            if self._probed is not None and monotonic() - self._probed[0] < _PROBE_HOLDS:
                return self._probed[1]
            try:
                async with asyncio.timeout(PATIENCE):
                    error = await self._subject.intake.probe()
                trouble = str(error) if error else ""
            except TimeoutError:
                trouble = f"its thread did not answer within {PATIENCE:.0f} s"
            except Exception as error:  # noqa: BLE001 - a connection that is closed says so in many ways
                trouble = f"cannot be asked: {type(error).__name__}: {error}"
            self._probed = monotonic(), trouble
            return trouble

    def _disk(self) -> Check:
        try:
            free = shutil.disk_usage(self._subject.store.path.resolve().parent).free
        except OSError as error:
            return Check("disk", holds=False, detail=f"cannot be asked: {error.strerror}")
        detail = f"{free} octets are free, {self._free_floor} are wanted (watch.free_floor)"
        return Check("disk", free >= self._free_floor, detail)

    def _rules(self) -> Check:
        book = self._subject.rulebook()
        return Check("rules", bool(book.rules), f"{len(book.rules)} rules, rulebook {book.hash}")
