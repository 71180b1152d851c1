"""Mails that wait share a commit, bounded in number and in time, written where it stops nobody for long."""

import asyncio
import sqlite3
import threading
import time
from contextlib import closing

from bouncesink.store import intake as intake_module
from bouncesink.store import where
from bouncesink.store.database import Database
from bouncesink.store.intake import MAX_BATCH, QUIET_TURN


async def test_mails_that_wait_share_a_commit(database, count_commits, bounce, rows):
    commits = await count_commits(database)
    bounces = [bounce(serial, f"reader{serial}@example.com") for serial in range(100)]
    results = await asyncio.gather(*(database.intake.record(*each.arguments) for each in bounces))
    assert len(commits) < 5
    for each, (recorded,) in zip(bounces, results, strict=True):
        forward_path = each.judged[0].admitted.forward_path
        assert rows("SELECT forward_path FROM mails WHERE id = ?", recorded.mail_id) == [(forward_path,)]


async def test_mails_of_a_busy_loop_share_a_commit_and_those_of_a_quiet_one_do_not_wait(
    database, count_commits, bounce, monkeypatch
):
    """Each takes a turn of the loop to come, as under load; while it has work, a commit would only take its time away."""
    monkeypatch.setattr(intake_module, "LONGEST_GATHERING", 20.0)  # on a machine of any speed
    commits = await count_commits(database)

    async def later(serial: int) -> None:
        for _ in range(serial):
            await asyncio.sleep(0)
        time.sleep(3 * QUIET_TURN)  # noqa: ASYNC251 - the work of one turn
        await database.intake.record(*bounce(serial).arguments)

    await asyncio.gather(*(later(serial) for serial in range(10)))
    assert len(commits) == 1
    await database.intake.record(*bounce(10).arguments)
    assert len(commits) == 2


async def test_a_loop_that_is_always_busy_holds_no_mail_back_for_long(database, bounce):
    async def toil() -> None:
        while True:
            time.sleep(2 * QUIET_TURN)  # noqa: ASYNC251 - a loop that never rests
            await asyncio.sleep(0)

    toiling = asyncio.create_task(toil())
    async with asyncio.timeout(20):
        await database.intake.record(*bounce(1).arguments)
    toiling.cancel()


async def test_a_batch_is_bounded(database, count_commits, bounce):
    commits = await count_commits(database)
    await asyncio.gather(*(database.intake.record(*bounce(serial).arguments) for serial in range(MAX_BATCH + 100)))
    assert len(commits) >= 2


async def begun_on(database: Database) -> list[bool]:
    """The list that every BEGIN of the writer is appended to: whether the loop's thread ran it."""
    loops = threading.get_ident()
    begun: list[bool] = []
    await database.writer.set_trace_callback(
        lambda sql: begun.append(threading.get_ident() == loops) if sql.startswith("BEGIN") else None
    )
    return begun


async def test_a_disk_that_flushes_quickly_is_written_to_by_the_loop_itself(database, bounce, monkeypatch):
    for limit in ("_FLUSH", "_STATEMENTS", "_STALL"):
        monkeypatch.setattr(where, limit, 60.0)
    begun = await begun_on(database)
    for serial in range(4):
        await database.intake.record(*bounce(serial).arguments)
    assert begun == [False, True, True, True], "the first one proves that it can be written at all"


async def test_a_disk_that_takes_its_time_never_stops_the_loop(database, bounce, monkeypatch):
    monkeypatch.setattr(where, "_FLUSH", 0.0)
    monkeypatch.setattr(where, "_FLUSH_A_MAIL", 0.0)
    monkeypatch.setattr(where, "_AWAY", 1e9)
    begun = await begun_on(database)
    for serial in range(4):
        await database.intake.record(*bounce(serial).arguments)
    assert begun == [False, True, False, False], "one to find out"


async def test_the_loop_waits_for_nobodys_lock(section, database, bounce, rows):
    await database.intake.record(*bounce(1).arguments)
    begun = await begun_on(database)
    with closing(sqlite3.connect(section.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        recording = asyncio.create_task(database.intake.record(*bounce(2).arguments))
        while len(begun) < 2:  # noqa: ASYNC110 - the trace has no event of the loop's to wait for
            await asyncio.sleep(0.01)
        assert not recording.done()
        other.execute("ROLLBACK")
    await recording
    assert begun[:2] == [True, False], "once, without waiting, and then elsewhere"
    assert not any(begun[1:])
    assert rows("SELECT count(*) FROM mails") == [(2,)]


async def test_one_function_at_a_time_has_a_connection(database):
    def patience(connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA busy_timeout").fetchone()[0])

    assert await database.writer.run(patience) == round(intake_module.LOCK_SLICE * 1_000)
    assert database.writer.run_here(patience) == 0
    assert await database.writer.run(patience) == round(intake_module.LOCK_SLICE * 1_000)

    entered, leave = threading.Event(), threading.Event()

    def stay(_: sqlite3.Connection) -> None:
        entered.set()
        leave.wait(60)

    staying = asyncio.create_task(database.writer.run(stay))
    try:
        await asyncio.to_thread(entered.wait, 60)
        assert database.writer.run_here(patience) is None
    finally:
        leave.set()
    await staying
    assert database.writer.run_here(patience) == 0
