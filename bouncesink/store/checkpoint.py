"""The checkpointer: moves the write-ahead log into the database, off the commit path.

Its rules, and docs/decisions/0001-checkpoints.md says why:

1. Only this object starts checkpoints, one at a time, on a connection of its own.
2. After a complete one (every frame moved) none starts before a commit of our writer, begun since, has added frames. SQLite
   up to 3.51.2 can corrupt a database otherwise ("the WAL-reset bug").
3. The writer never waits for one, except for a short one between two batches when the log has outgrown ``CAP_FACTOR`` times the
   configured size: PASSIVE alone never catches up with a busy writer.
4. After one that failed, the next begins with the first frame of the log again: docs/decisions/0035-after-a-failed-flush.md.

Promises: the log stays bounded as long as no reader holds one snapshot for ever; a checkpoint that fails is told to the log
and tried again when the next is due. Knows nothing of what is committed.
"""

import asyncio
import contextlib
import sqlite3
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

from bouncesink.observe import log
from bouncesink.store.backfill import Backfill
from bouncesink.store.connection import Connection
from bouncesink.store.trouble import store_error

CAP_FACTOR = 4
# How long a checkpoint that must complete may wait for readers and foreign writers while our writer stands.
PATIENCE = 0.25

_Mode = Literal["PASSIVE", "RESTART"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What SQLite answered: frames in the log as it began, how many of them are in the database now; both -1 where locked."""

    pages: int
    moved: int

    @property
    def complete(self) -> bool:
        return 0 <= self.pages == self.moved


class Checkpointer:
    """``pages``: how many log pages make a checkpoint due (``store.checkpoint_pages``); ``left``: those of a killed server."""

    def __init__(self, connection: Connection, backfill: Backfill, pages: int, left: int = 0) -> None:
        self._connection = connection
        self._backfill = backfill
        self._pages = pages
        self._cap = pages * CAP_FACTOR
        self._written = left  # pages committed since the last checkpoint began
        self._may_start = False  # rule 2
        self._due = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.generation = 0
        self.pause_due = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="checkpointer")

    def committed(self, pages: int, generation: int) -> None:
        """A commit has finished that added about ``pages`` pages; ``generation`` was read before its batch was begun."""
        self._written += pages
        if generation == self.generation:
            self._may_start = True
            if self._written >= self._pages:
                self._due.set()

    async def pause(self) -> None:
        """Complete one while the writer stands between two batches. Called by the writer's task only."""
        done = await self._checkpoint("RESTART")
        if done is None:
            return
        self.pause_due = False
        # A reader that holds an old snapshot cannot be waited for: try again when the log has grown as much again.
        self._cap = self._pages * CAP_FACTOR + (0 if done.complete else done.pages)

    async def close(self) -> None:
        """Stop, after a last one that leaves the log empty of news. The writer has stopped."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._checkpoint("RESTART")

    async def _run(self) -> None:
        while True:
            await self._due.wait()
            done = await self._checkpoint("PASSIVE")
            if done is not None and done.pages >= self._cap:
                self.pause_due = True

    async def _checkpoint(self, mode: _Mode) -> Checkpoint | None:
        """None where rule 2 forbids it, or it failed."""
        async with self._one_at_a_time:
            self._due.clear()
            if not self._may_start:
                return None
            self._written = 0
            begun = perf_counter()
            try:
                done = await self._connection.run(_checkpoint, mode, self._backfill)
            except Exception as error:  # noqa: BLE001 - whatever it was, the next one is tried
                log.store_trouble(error=store_error(error, "checkpoint"))
                return None
            if done.complete:
                self._may_start = False
                self.generation += 1
            log.checkpoint_done(pages=done.pages, moved=done.moved, ms=(perf_counter() - begun) * 1_000)
            return done


def _checkpoint(connection: sqlite3.Connection, mode: _Mode, backfill: Backfill) -> Checkpoint:
    backfill.settle()
    try:
        _, pages, moved = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    except BaseException:
        backfill.doubt()
        raise
    return Checkpoint(pages, moved)
