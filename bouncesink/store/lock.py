"""The server's lock: one server to a database.

Two servers on one file would each believe to be its only writer and its only checkpointer
(docs/decisions/0001-checkpoints.md). The lock is flock(2) on ``PATH.lock``, held as long as the process lives and released
by the kernel however it dies. It is a file of its own because SQLite's locks are POSIX ones: closing any other descriptor of
the database would drop them. The file is never removed, since removing a lock file is a race. Short-lived writers (``verp
mint --database``) do not take it: they only commit.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from bouncesink.errors import StoreBusy
from bouncesink.store.trouble import file_error


class ServerLock:
    """A context manager: entered, the database is ours to serve; StoreBusy, naming the process, while it is another's."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._descriptor = -1

    def __enter__(self) -> Self:
        path = self._database.with_name(f"{self._database.name}.lock")
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise file_error(error, f"store.path: cannot make {path}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._descriptor, 32, 0).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise StoreBusy(
                f"store.path: {self._database} is being served by another bouncesink (process {holder or 'unknown'}): "
                "stop that one, or give this one a database of its own"
            ) from error
        except OSError as error:
            os.close(self._descriptor)
            raise file_error(error, f"store.path: cannot lock {path}") from error
        # A comfort for whoever is refused. A full disk keeps nobody from serving what is there.
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        os.close(self._descriptor)
