"""The backfill mark: how many frames of the write-ahead log SQLite takes to be in the database file; taken back when in doubt.

A checkpoint that moves a part of the log raises the mark without a flush; only the one that moves the last frame flushes for
all of them. When that flush fails, Linux takes the pages for clean, and the next flush succeeds though they never reached the
disk: SQLite, which goes on at the mark, would then begin the log anew, and a power cut would find neither. So the mark goes
back to nothing, and the next checkpoint moves every frame again (docs/decisions/0035-after-a-failed-flush.md).

The mark stands in octets 96 to 99 of the -shm file (https://www.sqlite.org/walformat.html section 2.1). Too low it is always
right: readers find more in the log, and a checkpoint does more. The one checkpointer alone raises it. Promises: the file's
descriptor is closed after the last connection and not before, since that drops the locks which SQLite holds on the file.
Knows no SQL.
"""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from bouncesink.store.trouble import file_error

_MARK_AT = 96
_NOTHING = bytes(4)


class Backfill:
    """A context manager around every connection to the database at ``path``; ``take_in`` once the first of them has written."""

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(f"{path.name}-shm")
        self._descriptor = -1
        self._doubted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def take_in(self) -> None:
        """Open the file. StoreError where it cannot be."""
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise file_error(error, f"opening {self._path}") from error

    def doubt(self) -> None:
        """A checkpoint failed: what it and those before it moved may not be on the disk."""
        self._doubted = True
        self.settle()

    def settle(self) -> None:
        """Take the mark back where it is in doubt; call before each checkpoint. OSError: it still is, and none may start."""
        if self._doubted:
            os.pwrite(self._descriptor, _NOTHING, _MARK_AT)
            self._doubted = False
