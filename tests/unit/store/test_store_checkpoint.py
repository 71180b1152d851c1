"""Checkpoints: the log stays bounded, commits do not wait for it, and the rules of docs/decisions/0001-checkpoints.md hold."""

import asyncio
import os
import shutil
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace

import pytest

from bouncesink.store.backfill import Backfill
from bouncesink.store.checkpoint import CAP_FACTOR, PATIENCE, Checkpointer
from bouncesink.store.connection import connect
from bouncesink.store.database import Database

PAGES = 100


@pytest.fixture(name="small")
def _small(section):
    return replace(section, checkpoint_pages=PAGES)


async def record_many(database, bounce, serials, at_once=40):
    """Mails of 3 KB that cannot be compressed, ``at_once`` sessions."""
    waiting = iter(serials)

    async def session():
        for serial in waiting:
            recipient = f"reader{serial * 7919 % 100_003}@example.com"
            await database.intake.record(*bounce(serial, recipient, content=os.urandom(3_000)).arguments)

    await asyncio.gather(*(session() for _ in range(at_once)))


def read_until(stop: threading.Event, path) -> int:
    """One reader after the other, each with a snapshot of its own."""
    count = 0
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        while not stop.wait(0.002):
            connection.execute("SELECT count(*), max(seq) FROM feed").fetchone()
            count += 1
    return count


def times_restarted(path) -> int:
    """How often the log was used again from its start (https://sqlite.org/fileformat2.html#walformat: octets 12 to 16)."""
    with path.with_name(f"{path.name}-wal").open("rb") as log:
        return int.from_bytes(log.read(16)[12:], "big")


async def test_the_log_that_a_killed_server_left_counts(small, bounce, tmp_path):
    """Otherwise a server that is killed again and again would never make a checkpoint."""
    async with Database.open(replace(small, checkpoint_pages=1_000_000)) as database:
        await record_many(database, bounce, range(200))
        left = replace(small, path=tmp_path / "left.db")
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{small.path}{suffix}", f"{left.path}{suffix}")
    before = left.path.stat().st_size
    async with Database.open(left) as database:
        await database.intake.record(*bounce(1_000, "one@example.com").arguments)
        async with asyncio.timeout(20):
            while left.path.stat().st_size == before:  # noqa: ASYNC110 - what is waited for is a file
                await asyncio.sleep(0.01)


async def test_the_log_is_bounded_under_load_with_a_reader(small, bounce, wal_pages, rows):
    stop = threading.Event()
    async with Database.open(small) as database:
        reading = asyncio.create_task(asyncio.to_thread(read_until, stop, small.path))
        await record_many(database, bounce, range(2_000))
        bound = wal_pages()
        stop.set()
        assert await reading > 10
    # Each mail adds more than three pages to the log. The bound is the cap and what some batches add until the writer pauses.
    assert small.path.stat().st_size // 4_096 > 2_000
    assert bound < 2_000
    assert rows("SELECT count(*) FROM mails") == [(2_000,)]
    assert rows("PRAGMA integrity_check") == [("ok",)]


async def test_a_snapshot_held_for_long_stops_nobody(small, bounce, wal_pages, rows):
    async with Database.open(small) as database:
        with closing(sqlite3.connect(f"{small.path.as_uri()}?mode=ro", uri=True, isolation_level=None)) as reader:
            await record_many(database, bounce, range(10))
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM mails").fetchone() == (10,)
            await record_many(database, bounce, range(10, 600))
            assert wal_pages() > CAP_FACTOR * PAGES, "nothing that the reader may still want was overwritten"
            assert reader.execute("SELECT count(*) FROM mails").fetchone() == (10,)
            reader.execute("COMMIT")
        before, serial = times_restarted(small.path), 600
        async with asyncio.timeout(60):
            while times_restarted(small.path) == before:  # the log is used again from its start
                await record_many(database, bounce, range(serial, serial + 100))
                serial += 100
        size = wal_pages()
        await record_many(database, bounce, range(serial, serial + 50))
        assert wal_pages() == size, "nor does it grow"
    assert rows("SELECT count(*) FROM mails") == [(serial + 50,)]
    assert rows("PRAGMA integrity_check") == [("ok",)]


async def test_a_clean_close_leaves_one_file(section, bounce, rows, wal_pages):
    async with Database.open(section) as database:
        await record_many(database, bounce, range(50))
        assert wal_pages() > 50
    assert sorted(path.name for path in section.path.parent.iterdir()) == ["b.db", "b.db.lock"]
    assert rows("SELECT count(*) FROM mails") == [(50,)]


async def test_a_close_with_a_reader_leaves_an_empty_log(section, bounce):
    with closing(sqlite3.connect(section.path, isolation_level=None)) as reader:
        async with Database.open(section) as database:
            await record_many(database, bounce, range(50))
            reader.execute("SELECT count(*) FROM mails").fetchall()
        busy, log, moved = reader.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        assert (busy, log) == (0, moved)
        copy = section.path.read_bytes()
    section.path.with_name("copy.db").write_bytes(copy)
    with closing(sqlite3.connect(section.path.with_name("copy.db"))) as alone:
        assert alone.execute("SELECT count(*) FROM mails").fetchone() == (50,)


class TestRules:
    @pytest.fixture(name="writing")
    async def _writing(self, section):
        connection = await connect(section.path, 1.0)
        await connection.execute_fetchall("PRAGMA journal_mode = WAL")
        await connection.execute_fetchall("CREATE TABLE t (x)")
        yield connection
        await connection.close()

    @pytest.fixture(name="started")
    async def _started(self, writing, section):
        """A checkpointer, and what it started so far."""
        connection = await connect(section.path, PATIENCE)
        statements: list[str] = []
        await connection.set_trace_callback(statements.append)
        with Backfill(section.path) as backfill:
            backfill.take_in()
            yield Checkpointer(connection, backfill, PAGES), statements, connection
        await connection.close()

    async def write(self, writing):
        await writing.execute_fetchall("INSERT INTO t VALUES (randomblob(5000))")

    async def test_none_before_a_commit_of_ours(self, started):
        checkpointer, statements, _ = started
        await checkpointer.pause()
        assert statements == []

    async def test_none_after_a_complete_one_before_a_commit_begun_since(self, writing, started):
        checkpointer, statements, _ = started
        before = checkpointer.generation
        await self.write(writing)
        checkpointer.committed(3, before)
        await checkpointer.pause()
        assert len(statements) == 1
        assert checkpointer.generation == before + 1

        await checkpointer.pause()
        assert len(statements) == 1, "nothing was committed"

        await self.write(writing)
        checkpointer.committed(3, before)
        await checkpointer.pause()
        assert len(statements) == 1, "that commit was begun before the complete one was known"

        checkpointer.committed(3, checkpointer.generation)
        await checkpointer.pause()
        assert len(statements) == 2

    async def test_an_incomplete_one_may_be_followed_at_once(self, writing, started, section):
        checkpointer, statements, _ = started
        await self.write(writing)
        with closing(sqlite3.connect(section.path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM t").fetchall()
            await self.write(writing)
            checkpointer.committed(3, checkpointer.generation)
            await checkpointer.pause()
            assert checkpointer.generation == 0, "the reader kept it from completing"
            reader.execute("COMMIT")
        await checkpointer.pause()
        assert len(statements) == 2
        assert checkpointer.generation == 1

    async def test_one_that_fails_is_told_and_tried_again(self, writing, started, capfd):
        checkpointer, statements, connection = started
        await self.write(writing)
        checkpointer.committed(3, checkpointer.generation)
        await connection.execute_fetchall("BEGIN")
        await connection.execute_fetchall("SELECT count(*) FROM t")
        await checkpointer.pause()
        assert "store.trouble" in capfd.readouterr().err
        await connection.execute_fetchall("COMMIT")
        await checkpointer.pause()
        assert checkpointer.generation == 1
        assert sum("wal_checkpoint" in statement for statement in statements) >= 2

    async def test_one_is_due_when_enough_was_written(self, writing, started):
        checkpointer, statements, _ = started
        checkpointer.start()
        await self.write(writing)
        checkpointer.committed(PAGES - 1, checkpointer.generation)
        await asyncio.sleep(0.05)
        assert statements == []
        checkpointer.committed(1, checkpointer.generation)
        async with asyncio.timeout(10):
            while checkpointer.generation == 0:  # noqa: ASYNC110 - what is waited for is a number
                await asyncio.sleep(0.01)
        assert statements == ["PRAGMA wal_checkpoint(PASSIVE)"]
        await checkpointer.close()
