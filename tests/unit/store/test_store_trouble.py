"""Trouble of the database's own: told as what it is, within the time that was promised, and over when its cause is gone."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import replace

import pytest

from bouncesink.errors import StoreBusy, StoreError, StoreFull, StoreReadOnly
from bouncesink.store.database import Database
from bouncesink.store.intake import LOCK_SLICE
from bouncesink.store.trouble import file_error, is_of_system, is_shared, store_error


@pytest.fixture(name="stranger")
def _stranger(section, database):
    """Another program's connection to the open database."""
    with closing(sqlite3.connect(section.path, isolation_level=None)) as connection:
        yield connection


class TestLocked:
    async def test_is_busy_in_time(self, database, bounce, section, stranger):
        stranger.execute("BEGIN EXCLUSIVE")
        begun = time.monotonic()
        with pytest.raises(StoreBusy):
            await database.intake.record(*bounce(1).arguments)
        waited = time.monotonic() - begun
        assert section.busy_timeout <= waited < section.busy_timeout + LOCK_SLICE + 2

    async def test_goes_on_when_released(self, database, bounce, stranger, rows):
        stranger.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreBusy):
            await database.intake.record(*bounce(1).arguments)
        stranger.execute("COMMIT")
        assert not (await database.intake.record(*bounce(1).arguments))[0].duplicate
        assert rows("SELECT count(*) FROM mails") == [(1,)]

    async def test_waits_for_a_short_lock(self, section, bounce, stranger, database):
        stranger.execute("BEGIN IMMEDIATE")
        tasks = [asyncio.create_task(database.intake.record(*bounce(serial).arguments)) for serial in range(20)]
        await asyncio.sleep(section.busy_timeout / 4)
        assert not any(task.done() for task in tasks)
        stranger.execute("COMMIT")
        assert [(await task)[0].mail_id for task in tasks] == list(range(1, 21)), "in the order of arrival"

    async def test_everyone_has_their_own_time(self, section, bounce):
        """A mail that comes late in another's wait is not told off with it, nor does it wait longer than it would alone."""
        async with Database.open(replace(section, busy_timeout=1.0)) as database:
            with closing(sqlite3.connect(section.path, isolation_level=None)) as stranger:
                stranger.execute("BEGIN IMMEDIATE")
                early = asyncio.create_task(database.intake.record(*bounce(1).arguments))
                await asyncio.sleep(0.6)
                begun = time.monotonic()
                late = asyncio.create_task(database.intake.record(*bounce(2).arguments))
                with pytest.raises(StoreBusy):
                    await early
                assert not late.done()
                with pytest.raises(StoreBusy):
                    await late
                assert 1.0 <= time.monotonic() - begun < 1.0 + LOCK_SLICE + 2

    async def test_no_timeout_is_busy_at_once(self, section, bounce):
        async with Database.open(replace(section, busy_timeout=0.0)) as database:
            with closing(sqlite3.connect(section.path, isolation_level=None)) as stranger:
                stranger.execute("BEGIN IMMEDIATE")
                begun = time.monotonic()
                with pytest.raises(StoreBusy):
                    await database.intake.record(*bounce(1).arguments)
                assert time.monotonic() - begun < 2
                stranger.execute("COMMIT")
            assert await database.intake.record(*bounce(1).arguments)

    async def test_readers_lock_nobody_out(self, database, bounce, stranger):
        stranger.execute("BEGIN")
        stranger.execute("SELECT count(*) FROM mails").fetchall()
        assert await database.intake.record(*bounce(1).arguments)


async def test_full(database, bounce, rows):
    pages = (await database.writer.run(lambda connection: connection.execute("PRAGMA page_count").fetchone()))[0]
    await database.writer.run(lambda connection: connection.execute(f"PRAGMA max_page_count = {pages + 3}").fetchall())
    results = await asyncio.gather(
        *(database.intake.record(*bounce(serial, content=os.urandom(3_000)).arguments) for serial in range(10)),
        return_exceptions=True,
    )
    assert {type(result) for result in results} == {StoreFull}
    assert rows("SELECT count(*) FROM contents, mails") == [(0,)]
    await database.writer.run(lambda connection: connection.execute("PRAGMA max_page_count = 100000").fetchall())
    assert await database.intake.record(*bounce(1).arguments)


async def test_read_only(database, bounce, rows):
    await database.writer.run(lambda connection: connection.execute("PRAGMA query_only = ON"))
    with pytest.raises(StoreReadOnly):
        await database.intake.record(*bounce(1).arguments)
    await database.writer.run(lambda connection: connection.execute("PRAGMA query_only = OFF"))
    assert await database.intake.record(*bounce(1).arguments)
    assert rows("SELECT count(*) FROM mails") == [(1,)]


@pytest.fixture(name="immutable")
def _immutable(database, section):
    """A switch: chattr +i stops even root, and even through a file that is open already."""
    chattr, wal = shutil.which("chattr"), f"{section.path}-wal"

    def switch(sign: str) -> None:
        if chattr is None or subprocess.run([chattr, f"{sign}i", wal], check=False, capture_output=True).returncode:
            pytest.skip("chattr +i is not to be had here (no root, or a file system without it)")

    switch("+")
    yield switch
    switch("-")


@pytest.mark.peer
async def test_permissions_that_go_and_come_back(database, bounce, immutable, rows):
    with pytest.raises(StoreError):
        await database.intake.record(*bounce(1).arguments)
    immutable("-")
    assert await database.intake.record(*bounce(1).arguments)
    assert rows("SELECT count(*) FROM mails") == [(1,)]


@pytest.mark.parametrize("suffix", ["", "-wal"])
async def test_a_file_that_is_moved_away(database, bounce, section, rows, suffix):
    """SQLite would write on, to a file that nobody can find any more."""
    path = section.path.with_name(f"b.db{suffix}")
    await database.intake.record(*bounce(1).arguments)
    away = path.rename(path.with_name("away"))
    with pytest.raises(StoreReadOnly, match="moved, deleted or replaced"):
        await database.intake.record(*bounce(2).arguments)
    away.rename(path)
    assert await database.intake.record(*bounce(2).arguments)
    assert rows("SELECT count(*) FROM mails") == [(2,)]


async def test_a_file_that_is_replaced(database, bounce, section):
    shutil.copy(section.path, section.path.with_name("copy")).rename(section.path)
    with pytest.raises(StoreReadOnly, match="restart"):
        await database.intake.record(*bounce(1).arguments)


async def test_trouble_is_told_once_and_so_is_its_end(database, bounce, stranger, capfd):
    stranger.execute("BEGIN EXCLUSIVE")
    for serial in range(3):
        with pytest.raises(StoreBusy):
            await database.intake.record(*bounce(serial).arguments)
    stranger.execute("COMMIT")
    for serial in range(3):
        await database.intake.record(*bounce(serial).arguments)
    told = capfd.readouterr().err
    assert told.count("store.trouble") == 1
    assert told.count("store.recovered") == 1


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("words of SQLite")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "kind", "shared"),
    [
        (sqlite3.SQLITE_BUSY, StoreBusy, True),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreBusy, True),
        (sqlite3.SQLITE_LOCKED, StoreBusy, True),
        (sqlite3.SQLITE_FULL, StoreFull, True),
        (sqlite3.SQLITE_READONLY_DBMOVED, StoreReadOnly, True),
        (sqlite3.SQLITE_CANTOPEN_ISDIR, StoreReadOnly, True),
        (sqlite3.SQLITE_PERM, StoreReadOnly, True),
        (sqlite3.SQLITE_IOERR_FSYNC, StoreError, True),
        (sqlite3.SQLITE_CORRUPT, StoreError, True),
        (sqlite3.SQLITE_CONSTRAINT_CHECK, StoreError, False),
        (sqlite3.SQLITE_TOOBIG, StoreError, False),
        (sqlite3.SQLITE_ERROR, StoreError, False),
    ],
)
def test_result_codes(code, kind, shared):
    error = sqlite_error(code)
    ours = store_error(error, "recording")
    assert type(ours) is kind
    assert ours.__cause__ is error
    assert "words of SQLite" in str(ours)
    assert "words of SQLite" not in ours.public
    assert is_shared(error) is shared


def test_no_memory_is_the_systems_and_may_be_one_large_mails():
    """The module raises MemoryError for SQLITE_NOMEM."""
    assert "no memory is left" in str(store_error(MemoryError(), "recording"))
    assert is_of_system(MemoryError())
    assert is_of_system(sqlite_error(sqlite3.SQLITE_IOERR_FSYNC))
    assert not is_shared(MemoryError())
    assert not is_of_system(ValueError())


@pytest.mark.parametrize("error", [ValueError("ours"), OverflowError(), sqlite3.InterfaceError("no code")])
def test_anything_else_may_be_the_mails_own(error):
    assert type(store_error(error, "recording")) is StoreError
    assert not is_shared(error)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (FileNotFoundError(2, "No such file"), StoreError),
        (PermissionError(13, "Permission denied"), StoreReadOnly),
        (OSError(30, "Read-only file system"), StoreReadOnly),
        (OSError(28, "No space left"), StoreFull),
        (OSError(122, "Quota exceeded"), StoreFull),
        (OSError(5, "Input/output error"), StoreError),
    ],
)
def test_file_errors(error, kind):
    assert type(file_error(error, "opening")) is kind
