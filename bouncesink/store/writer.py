"""The writer: what happens on the database's thread. A batch of mails becomes one transaction.

Promises: a result for each submission, in their order, and never an exception. A recorded one is committed and synchronised
when ``write`` returns. After an error nothing of the batch stays: where the reason is the database's, all of it is refused;
where it may be one mail's, the batch is written again in halves, and they in theirs, so that a mail that cannot be written
hurts only itself. Knows nothing of asyncio; everything here runs on one thread.
"""

import contextlib
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bouncesink.core.mail import Mail
from bouncesink.core.report import Report
from bouncesink.core.verdict import Verdict
from bouncesink.errors import StoreError, StoreReadOnly
from bouncesink.store import rows
from bouncesink.store.content import PackedContent, Packer
from bouncesink.store.feed import INSERT_FEED, feed_row
from bouncesink.store.rows import Judged, Recorded
from bouncesink.store.text import storable, timestamp
from bouncesink.store.trouble import is_shared, store_error

PAGE_OCTETS = 4_096
# Write-ahead log frames, as measured: pages that any commit rewrites, and pages that each mail dirties beside its content.
_PAGES_A_COMMIT = 9
_PAGES_A_MAIL = 2


@dataclass(frozen=True, slots=True)
class Submission:
    """One mail to be recorded, for each of its admitted recipients."""

    mail: Mail
    report: Report
    judged: tuple[Judged, ...]


Result = tuple[Recorded, ...] | StoreError


@dataclass(frozen=True, slots=True)
class Outcome:
    """``results`` are in the order of the submissions; ``pages`` is about how many the commit added to the write-ahead log,
    0 where nothing was new; ``trouble`` is set where the database failed, and not only a mail.
    """

    results: tuple[Result, ...]
    pages: int
    trouble: StoreError | None = None


class Writer:
    """Writes batches on a connection that is at ``path``."""

    def __init__(self, path: Path, content_limit: int) -> None:
        self._files = (path, path.with_name(f"{path.name}-wal"))
        self._identities: tuple[tuple[int, int] | None, ...] = ()
        self._packer = Packer(content_limit)

    def take_in(self, connection: sqlite3.Connection) -> None:
        """Learn which files the connection writes to. Call once, before the first batch."""
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
        self._identities = tuple(_identity(path) for path in self._files)

    def write(self, connection: sqlite3.Connection, batch: Sequence[Submission]) -> Outcome:
        try:
            return self._transaction(connection, batch)
        except Exception as error:  # noqa: BLE001 - a result for each submission, whatever happens to one
            _roll_back(connection)
            if is_shared(error):
                trouble = store_error(error, "recording")
                return Outcome(tuple(store_error(error, "recording") for _ in batch), 0, trouble)
            if len(batch) == 1:
                return Outcome((store_error(error, "recording this mail"),), 0)
        middle = len(batch) // 2
        return _joined(self.write(connection, batch[:middle]), self.write(connection, batch[middle:]))

    def _transaction(self, connection: sqlite3.Connection, batch: Sequence[Submission]) -> Outcome:
        self._check_files()
        cursor = connection.cursor()
        at = timestamp(datetime.now(UTC))
        if connection.in_transaction:
            cursor.execute("ROLLBACK")
        cursor.execute("BEGIN IMMEDIATE")
        packed = [self._packer.pack(submission.mail.content) for submission in batch]
        content_ids = [_content_id(cursor, each) for each in packed]
        fresh: list[tuple[int, Verdict]] = []
        results = [_record(cursor, *each, fresh) for each in zip(batch, content_ids, strict=True)]
        _add_verdicts(cursor, fresh, at)
        cursor.execute("COMMIT")
        return Outcome(tuple(results), _pages(packed, results))

    def _check_files(self) -> None:
        """SQLite would go on writing to a file that was moved away or deleted, and every 250 after that would be a lie."""
        for path, identity in zip(self._files, self._identities, strict=True):
            if _identity(path) != identity:
                raise StoreReadOnly(
                    f"{path} was moved, deleted or replaced while it was in use: "
                    "put it back, or restart to go on with what is there now"
                )


def _joined(one: Outcome, other: Outcome) -> Outcome:
    return Outcome(one.results + other.results, one.pages + other.pages, one.trouble or other.trouble)


def _record(
    cursor: sqlite3.Cursor, submission: Submission, content_id: int, fresh: list[tuple[int, Verdict]]
) -> tuple[Recorded, ...]:
    """The rows of ``mails``. What was not there before adds its verdicts to ``fresh``."""
    recorded = []
    for judged in submission.judged:
        cursor.execute(rows.INSERT_MAIL, rows.mail_row(content_id, submission.mail, submission.report, judged.admitted))
        if cursor.rowcount:
            mail_id = _last_id(cursor)
            fresh.extend((mail_id, verdict) for verdict in judged.verdicts)
            recorded.append(Recorded(mail_id, duplicate=False))
        else:
            recorded.append(_recorded_before(cursor, content_id, judged))
    return tuple(recorded)


def _add_verdicts(cursor: sqlite3.Cursor, fresh: Sequence[tuple[int, Verdict]], at: str) -> None:
    """Their rows, and the feed's. Nobody else adds any while the transaction lasts, so their ids are known before."""
    last = cursor.execute("SELECT coalesce(max(id), 0) FROM verdicts").fetchone()[0]
    added = [rows.verdict_row(number, *each) for number, each in enumerate(fresh, last + 1)]
    cursor.executemany(rows.INSERT_VERDICT, added)
    cursor.executemany(INSERT_FEED, [feed_row(at, row) for row in added])


def _content_id(cursor: sqlite3.Cursor, packed: PackedContent) -> int:
    cursor.execute(rows.INSERT_CONTENT, rows.content_row(packed))
    if cursor.rowcount:
        return _last_id(cursor)
    found = cursor.execute("SELECT id FROM contents WHERE hash = ?", (packed.hash,)).fetchone()
    return int(found["id"])


def _recorded_before(cursor: sqlite3.Cursor, content_id: int, judged: Judged) -> Recorded:
    forward_path = storable(judged.admitted.forward_path)
    cursor.execute("SELECT id FROM mails WHERE content_id = ? AND forward_path = ?", (content_id, forward_path))
    return Recorded(int(cursor.fetchone()["id"]), duplicate=True)


def _pages(packed: Sequence[PackedContent], results: Sequence[tuple[Recorded, ...]]) -> int:
    """About how many pages the transaction added to the write-ahead log."""
    new = [each for each, recorded in zip(packed, results, strict=True) if not all(one.duplicate for one in recorded)]
    contents = sum(len(each.body or b"") for each in new) // PAGE_OCTETS
    return _PAGES_A_COMMIT + _PAGES_A_MAIL * len(new) + contents if new else 0


def _last_id(cursor: sqlite3.Cursor) -> int:
    assert cursor.lastrowid is not None
    return cursor.lastrowid


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
