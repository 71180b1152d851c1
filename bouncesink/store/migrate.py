"""Migrations: numbered SQL files, one transaction each, counted by ``PRAGMA user_version``.

Promises: a file that is somebody else's database is never touched, nor one that a newer bouncesink wrote; a migration that
fails leaves the database at the number before it; opening an up-to-date database changes nothing. The files are package data
(``schema/0001_first.sql``, ...), numbered without gaps, never edited after a release.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

from bouncesink.errors import SchemaTooNew, StoreError
from bouncesink.store.trouble import FAILURES, store_error

APPLICATION_ID = 0x42534E4B  # "BSNK"
_OLDEST_SQLITE = (3, 37, 0)  # STRICT tables


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    sql: str


def migrations() -> tuple[Migration, ...]:
    """Every packaged migration, in order."""
    folder = files("bouncesink.store") / "schema"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(Migration(int(name[:4]), name, (folder / name).read_text("utf-8")) for name in names)


def schema_version() -> int:
    """The number that this version of bouncesink brings a database to."""
    return migrations()[-1].number


def prepare(connection: sqlite3.Connection, path: str) -> None:
    """Make a writable database ours and up to date: recognise it, put it in WAL, migrate. Only under the server's lock."""
    try:
        version = recognise(connection, path)
        if version == 0:
            # Only a new file can be told to give pages back; an older one keeps those that retention frees, for what comes.
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        if mode != "wal":
            raise StoreError(f"{path} cannot use write-ahead logging (journal mode {mode}): keep it in a file on a local disk")
        migrate(connection, version, migrations())
    except FAILURES as error:
        raise store_error(error, f"preparing {path}") from error


def recognise(connection: sqlite3.Connection, path: str) -> int:
    """The schema's number, 0 where there is nothing yet. Only reads. StoreError: a stranger's file; SchemaTooNew: a newer's."""
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old: 3.37 or newer is needed")
    application_id = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application_id != APPLICATION_ID:
        occupied = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if occupied or version or application_id:
            raise StoreError(f"store.path: {path} is the database of another program: choose another path")
        return 0
    newest = schema_version()
    if version > newest:
        raise SchemaTooNew(
            f"{path} has schema {version}, written by a newer bouncesink, and this one knows {newest} at most: "
            "upgrade bouncesink, or use another path"
        )
    return version


def migrate(connection: sqlite3.Connection, version: int, steps: tuple[Migration, ...]) -> None:
    """Apply those of ``steps`` that are above ``version``."""
    for step in steps:
        if step.number > version:
            _apply(connection, step)


def statements(sql: str) -> Iterator[str]:
    """The statements of a script. (``executescript`` would do, but it commits what is open before it begins.)"""
    pending = ""
    for piece in sql.split(";")[:-1]:
        pending += f"{piece};"
        if sqlite3.complete_statement(pending):
            yield pending.strip()
            pending = ""
    if pending:
        raise ValueError(f"the script ends inside a statement: {pending.strip()[:80]}")


def _apply(connection: sqlite3.Connection, step: Migration) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] >= step.number:
            connection.execute("ROLLBACK")  # somebody was quicker
            return
        for statement in statements(step.sql):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {step.number:d}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
