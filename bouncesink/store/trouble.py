"""Trouble: what SQLite's result codes mean in our own error tree. The one place that reads them.

``store_error`` turns any exception of the database's thread into a StoreError whose ``__cause__`` is the original.
``is_shared`` says whether the reason lies with the database, so that every mail would meet it, or may lie with the one mail
at hand.
"""

import errno
import sqlite3
from typing import Final

from bouncesink.errors import StoreBusy, StoreError, StoreFull, StoreReadOnly

# What the module raises where the system or the database failed; the latter for SQLITE_NOMEM.
FAILURES: Final = (sqlite3.Error, MemoryError)

# Primary result codes (https://www.sqlite.org/rescode.html); the extended ones carry them in their low octet.
_MEANING: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: (StoreBusy, "another process holds the database's write lock"),
    sqlite3.SQLITE_LOCKED: (StoreBusy, "another connection holds a lock on a table"),
    sqlite3.SQLITE_FULL: (StoreFull, "no space is left for the database"),
    sqlite3.SQLITE_READONLY: (StoreReadOnly, "the database cannot be written"),
    sqlite3.SQLITE_CANTOPEN: (StoreReadOnly, "the database, its -wal or its folder cannot be opened for writing"),
    sqlite3.SQLITE_PERM: (StoreReadOnly, "permission to the database is denied"),
    sqlite3.SQLITE_IOERR: (StoreError, "the disk or file system failed"),
    sqlite3.SQLITE_PROTOCOL: (StoreBusy, "the write-ahead log is contended for"),
    sqlite3.SQLITE_NOMEM: (StoreError, "no memory is left"),
    # SQLite says the same where the disk cannot be read.
    sqlite3.SQLITE_CORRUPT: (
        StoreError,
        "the database is damaged, or the disk fails to read it: see what the kernel's log says of the disk, or restore a copy",
    ),
    sqlite3.SQLITE_NOTADB: (StoreError, "the file is not an SQLite database"),
}


def store_error(error: BaseException, doing: str) -> StoreError:
    """``error`` as one of ours; ``doing`` says what was being done, for the log."""
    if isinstance(error, StoreError):
        return type(error)(str(error))
    kind, meaning = _MEANING.get(_primary_code(error), (StoreError, "unexpected"))
    ours = kind(f"{doing}: {meaning}: {str(error) or type(error).__name__}")
    ours.__cause__ = error
    return ours


def is_shared(error: BaseException) -> bool:
    """Whether every other mail would meet the same. What lacks memory may be one large mail."""
    return isinstance(error, StoreError) or (not isinstance(error, MemoryError) and is_of_system(error))


def is_of_system(error: BaseException) -> bool:
    """Whether the system or the database failed, and not what was asked of them: no bug, though one mail alone may meet it."""
    return _primary_code(error) in _MEANING


def _primary_code(error: BaseException) -> int:
    if isinstance(error, MemoryError):
        return sqlite3.SQLITE_NOMEM  # the module raises it for that code, and Python for itself
    return getattr(error, "sqlite_errorcode", -1) & 0xFF if isinstance(error, sqlite3.Error) else -1


def file_error(error: OSError, doing: str) -> StoreError:
    """The same for a file beside the database that we open ourselves."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return StoreError(f"{doing}: the folder does not exist")
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return StoreReadOnly(f"{doing}: {error.strerror}")
    return (StoreFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else StoreError)(f"{doing}: {error.strerror}")
