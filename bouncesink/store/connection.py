"""A connection: one SQLite connection on one thread of its own, and the pragmas that every one of ours opens with.

Why a subclass of aiosqlite's: its methods hop to the thread and back for each statement, and coroutines that share a
connection share its transaction. ``run`` takes a whole function there in one hop, so that a batch is one function and nobody
can step between its statements. ``_execute`` is the private method that each public one of aiosqlite 0.22 is made of (the
pin in pyproject.toml is for this line).

Every connection has ``wal_autocheckpoint=0``: only ``checkpoint`` may start one, see docs/decisions/0001-checkpoints.md.
"""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import aiosqlite

from bouncesink.errors import StoreError, StoreMisses, StoreReadOnly
from bouncesink.store.trouble import FAILURES, store_error

P = ParamSpec("P")
T = TypeVar("T")

_PRAGMAS = (
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA synchronous = FULL",  # 250 hands us the responsibility: the commit is on the disk, not only in the kernel
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -16000",  # KiB; the random index over contents.hash lives in it
    "PRAGMA temp_store = MEMORY",
    "PRAGMA secure_delete = ON",  # what is forgotten leaves nothing in free pages, however SQLite was built
)

_MODE = 0o640  # less the umask; docs/decisions/0038
_WHILE_SERVED = 3  # files: the database, its -wal and its -shm

# What a connection keeps prepared. The writer alone has a hundred: each of its tables, in each of the lengths of ``many``.
_STATEMENTS = 256


class Connection(aiosqlite.Connection):
    """aiosqlite's connection, and ``run``. One function at a time has it, on whichever thread.

    ``patience`` is how many seconds ``run`` waits for somebody else's lock; ``run_here`` never does.
    """

    def __init__(self, connector: Callable[[], sqlite3.Connection], patience: float) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self.patience = self._waits = patience
        self._taken = threading.Lock()
        self.stopping: asyncio.Future[Any] | None = None

    def stop(self) -> "asyncio.Future[Any] | None":
        """aiosqlite's, which forgets what it gives where opening fails: kept, so that the thread's end can be waited for."""
        self.stopping = super().stop()
        return self.stopping

    async def run(self, function: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``function(connection, ...)`` on the connection's thread, as one hop. A cancelled caller does not stop it."""
        result = await self._execute(self._alone, function, *args, **kwargs)  # type: ignore[no-untyped-call]  # aiosqlite's own is untyped
        return cast("T", result)

    def run_here(
        self, function: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """The same on the caller's thread, which waits; None where the connection's own thread is at something."""
        if not self._taken.acquire(blocking=False):
            return None
        try:
            return function(self._waiting(0.0), *args, **kwargs)
        finally:
            self._taken.release()

    def _alone(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        with self._taken:
            return function(self._waiting(self.patience), *args, **kwargs)

    def _waiting(self, patience: float) -> sqlite3.Connection:
        if patience != self._waits:
            self._conn.execute(f"PRAGMA busy_timeout = {round(patience * 1_000)}")
            self._waits = patience
        return self._conn

    async def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Every row, in one hop. For reading connections: StoreError where SQLite fails."""
        try:
            return await self.run(_fetch, sql, parameters)
        except FAILURES as error:
            raise store_error(error, "reading") from error


async def connect(path: Path, busy_timeout: float, *, read_only: bool = False) -> Connection:
    """Open ``path`` with our pragmas, autocommit and ``sqlite3.Row``. StoreError where it cannot be opened."""
    connection = Connection(lambda: open_sqlite(path, busy_timeout, read_only=read_only), busy_timeout)
    try:
        return cast("Connection", await connection)
    except FAILURES as error:
        if connection.stopping is not None:
            await connection.stopping  # or the thread would find the loop closed, and say so with a traceback
        raise cannot_open(path, error, f"opening {path}", serving=not read_only) from error


def open_sqlite(path: Path, busy_timeout: float, *, read_only: bool = False) -> sqlite3.Connection:
    """The same without a thread, for short-lived writers."""
    mode = "ro" if read_only else "rwc"
    if not read_only:
        _make(path)
    # isolation_level=None: the module never begins a transaction behind our back. Of several threads only one at a time has it.
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(
        uri, timeout=busy_timeout, isolation_level=None, uri=True, check_same_thread=False, cached_statements=_STATEMENTS
    )
    try:
        connection.row_factory = sqlite3.Row
        for pragma in _PRAGMAS:
            connection.execute(pragma)
    except BaseException:
        connection.close()
        raise
    return connection


def _fetch(connection: sqlite3.Connection, sql: str, parameters: Sequence[Any]) -> list[sqlite3.Row]:
    return connection.execute(sql, parameters).fetchall()


def _make(path: Path) -> None:
    """A new database is for its owner and group, and so are the files that SQLite puts beside it, which take after it. One that
    is there keeps what it has. Whatever else is wrong SQLite says better.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE))


def missing(path: Path) -> StoreMisses:
    """What to raise where a database has to be there and is not: a wrong name must not make a new one."""
    return StoreMisses(f"store.path: there is no database at {path}: --database names another, `bouncesink serve` makes one")


def cannot_open(path: Path, error: BaseException, doing: str, *, serving: bool = False) -> StoreError:
    """Why a database could not be opened, with what is lacking. ``serving``: there is no question that it has to be written."""
    if not path.parent.is_dir():
        return StoreError(f"store.path: the folder {path.parent} does not exist")
    found = store_error(error, doing)
    lacking = _lacking(path) if isinstance(found, StoreReadOnly) and not serving else ""
    if not lacking:
        return found
    ours = StoreReadOnly(f"{doing}: {lacking}")
    ours.__cause__ = error
    return ours


def _lacking(path: Path) -> str:
    """What this process may not, of what even reading takes: SQLite reads a database in WAL mode by way of the -shm file, which
    is there while a server runs, and which somebody has to make where none does.
    """
    files = [path, *(beside for end in ("-wal", "-shm") if (beside := path.with_name(path.name + end)).exists())]
    if not path.exists():
        return ""
    if unreadable := [str(file) for file in files if not os.access(file, os.R_OK)]:
        return f"no permission to read {' and '.join(unreadable)}: run this as {_owner(path)}, or join the files' group"
    if len(files) < _WHILE_SERVED and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return (
            f"{path} can be read but not written, which is enough only while a server runs: else reading takes permission to "
            "write to it and to its folder, for the -shm file that SQLite puts there. "
            f"Run this as {_owner(path)}, or start the server"
        )
    return ""


def _owner(path: Path) -> str:
    try:
        return f"{path.owner()}, whose it is"
    except (KeyError, OSError):
        return "its owner"
