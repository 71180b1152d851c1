"""The writer: what happens on the database's connection. A batch of mails becomes one transaction.

Promises: a result for each submission, in their order, and never an exception. A recorded one is committed and synchronised
when ``write`` returns. After an error nothing of the batch stays: where the reason is the database's, all of it is refused;
where it may be one mail's, the batch is written again in halves, and they in theirs, so that a mail that cannot be written
hurts only itself. Knows nothing of asyncio; one thread at a time runs what is here.
"""

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from bouncesink.core.incident import IncidentPolicy
from bouncesink.core.policy import Policies
from bouncesink.errors import StoreError, StoreReadOnly
from bouncesink.store.batch import Batch, plan
from bouncesink.store.content import Packer
from bouncesink.store.incidents import Incidents
from bouncesink.store.rows import Recorded
from bouncesink.store.submission import Submission
from bouncesink.store.text import timestamp
from bouncesink.store.trouble import is_of_system, is_shared, store_error

PAGE_OCTETS = 4_096
# Write-ahead log frames, as measured: pages that any commit rewrites, and pages that each mail dirties beside its content.
_PAGES_A_COMMIT = 9
_PAGES_A_MAIL = 3
_PAGES_A_PROBE = 1

_PROBE = "INSERT OR REPLACE INTO progress (task, position, moved_at) VALUES ('probe', 0, ?)"

Result = tuple[Recorded, ...] | StoreError


@dataclass(frozen=True, slots=True)
class Outcome:
    """``results`` are in the order of the submissions; ``pages`` is about how many the commit added to the write-ahead log,
    0 where nothing was new; ``trouble`` is set where the database failed, and not only a mail; ``flush`` is how many seconds
    the commit itself took.
    """

    results: tuple[Result, ...]
    pages: int
    trouble: StoreError | None = None
    flush: float = 0.0


class Writer:
    """Writes batches on a connection that is at ``path``."""

    def __init__(
        self,
        path: Path,
        content_limit: int,
        policies: Policies | None = None,
        incidents: IncidentPolicy | None = None,
    ) -> None:
        self._policies = policies or Policies()
        self._incidents = Incidents(incidents)
        self._files = (path, path.with_name(f"{path.name}-wal"))
        self._identities: tuple[tuple[int, int] | None, ...] = ()
        self._packer = Packer(content_limit)

    def take_in(self, connection: sqlite3.Connection) -> None:
        """Learn which files the connection writes to. Call once, before the first batch."""
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
        self._identities = tuple(_identity(path) for path in self._files)

    def write(self, connection: sqlite3.Connection, submissions: Sequence[Submission]) -> Outcome:
        try:
            return self._transaction(connection, submissions)
        except Exception as error:  # noqa: BLE001 - a result for each submission, whatever happens to one
            _roll_back(connection)
            self._incidents.distrust()
            if is_shared(error):
                trouble = store_error(error, "recording")
                return Outcome(tuple(store_error(error, "recording") for _ in submissions), 0, trouble)
            if len(submissions) == 1:
                ours = store_error(error, "recording this mail")
                return Outcome((ours,), 0, ours if is_of_system(error) else None)
        middle = len(submissions) // 2
        return _joined(self.write(connection, submissions[:middle]), self.write(connection, submissions[middle:]))

    def probe(self, connection: sqlite3.Connection, *, thoroughly: bool) -> Outcome:
        """Whether a batch could be written now: its lock is taken and, ``thoroughly``, something is committed."""
        try:
            self._check_files()
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            connection.execute("BEGIN IMMEDIATE")
            if thoroughly:
                connection.execute(_PROBE, (timestamp(datetime.now(UTC)),))
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
            _roll_back(connection)
            return Outcome((), 0, store_error(error, "trying to write"))
        return Outcome((), _PAGES_A_PROBE if thoroughly else 0)

    def _transaction(self, connection: sqlite3.Connection, submissions: Sequence[Submission]) -> Outcome:
        self._check_files()
        cursor = connection.cursor()
        if connection.in_transaction:
            cursor.execute("ROLLBACK")
        cursor.execute("BEGIN IMMEDIATE")
        packed = [each.packed or self._packer.pack(each.content, each.whole) for each in submissions]
        batch = plan(cursor, submissions, packed)
        batch.write(cursor, datetime.now(UTC), self._policies, self._incidents)
        begun = perf_counter()
        cursor.execute("COMMIT")
        flush = perf_counter() - begun
        batch.seen.tell()
        return Outcome(tuple(batch.recorded), _pages(batch), flush=flush)

    def _check_files(self) -> None:
        """SQLite would go on writing to a file that was moved away or deleted, and every 250 after that would be a lie."""
        for path, identity in zip(self._files, self._identities, strict=True):
            if _identity(path) != identity:
                raise StoreReadOnly(
                    f"{path} was moved, deleted or replaced while it was in use: "
                    "put it back, or restart to go on with what is there now"
                )


def _joined(one: Outcome, other: Outcome) -> Outcome:
    trouble = one.trouble or other.trouble
    return Outcome(one.results + other.results, one.pages + other.pages, trouble, one.flush + other.flush)


def _pages(batch: Batch) -> int:
    """About how many pages the transaction added to the write-ahead log."""
    return _PAGES_A_COMMIT + _PAGES_A_MAIL * len(batch.mails) + batch.octets // PAGE_OCTETS if batch.mails else 0


def log_pages(path: Path) -> int:
    """About how many pages stand in the write-ahead log of the database at ``path``."""
    wal = path.with_name(f"{path.name}-wal")
    return wal.stat().st_size // PAGE_OCTETS if wal.exists() else 0


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - Path.stat costs three times as much, and this runs for each batch
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _roll_back(connection: sqlite3.Connection) -> None:
    # SQLite rolls back by itself where the disk is full or fails; should this fail, the next batch tries again first.
    with contextlib.suppress(sqlite3.Error):
        if connection.in_transaction:
            connection.execute("ROLLBACK")
