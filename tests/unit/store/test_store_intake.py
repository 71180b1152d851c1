"""What is recorded is on the disk when ``record`` returns, once, whoever else is in the same commit."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from bouncesink.core.mail import Peer, Via
from bouncesink.errors import StoreBusy, StoreError
from bouncesink.store.addressees import register
from bouncesink.store.database import Database
from bouncesink.store.rows import Recorded


async def test_it_is_there_for_others_when_record_returns(database, bounce, rows):
    (recorded,) = await database.intake.record(*bounce().arguments)
    assert recorded == Recorded(mail_id=1, duplicate=False)
    assert rows("SELECT mail_id, recipient, reason, fault, why FROM bounces") == [
        (1, "reader@example.com", "mailbox_unknown", "recipient", "550 5.1.1 User unknown [generic/user-unknown]")
    ]
    assert rows("SELECT seq, type, recipient, verdict_id FROM feed") == [
        (1, "verdict.recorded", "reader@example.com", 1),
        (2, "recipient.suppressed", "reader@example.com", 1),
    ]
    assert rows("SELECT received_at, original_message_id FROM mails") == [("2026-11-22T12:00:00.123Z", "<1@sender.example>")]


async def test_the_second_time_nothing_is_written(database, count_commits, bounce, rows):
    first = await database.intake.record(*bounce().arguments)
    commits = await count_commits(database)
    changes = await database.writer.run(lambda connection: connection.total_changes)
    judged_otherwise = bounce().with_verdict(diagnostic="judged by better rules")
    again = await database.intake.record(*judged_otherwise.arguments)
    assert again == tuple(replace(recorded, duplicate=True) for recorded in first)
    assert len(commits) == 1
    assert await database.writer.run(lambda connection: connection.total_changes) == changes
    assert rows("SELECT count(*) FROM contents, mails, verdicts, recipients") == [(1,)]
    assert rows("SELECT count(*) FROM feed") == [(2,)]


async def test_the_same_mail_twice_in_one_batch(database, bounce, rows):
    results = await asyncio.gather(*(database.intake.record(*bounce().arguments) for _ in range(5)))
    assert sorted(one.duplicate for (one,) in results) == [False, True, True, True, True]
    assert {one.mail_id for (one,) in results} == {1}
    assert rows("SELECT count(*) FROM verdicts") == [(1,)]


async def test_several_recipients_share_the_content(database, bounce, rows):
    recorded = await database.intake.record(*bounce(0, "a@example.com", "b@example.com", "a@example.com").arguments)
    assert [(one.mail_id, one.duplicate) for one in recorded] == [(1, False), (2, False), (1, True)]
    assert rows("SELECT count(*) FROM contents") == [(1,)]
    assert rows("SELECT recipient FROM bounces ORDER BY verdict_id") == [("a@example.com",), ("b@example.com",)]


async def test_the_same_content_for_another_recipient_later(database, bounce, rows):
    content = b"the same for both"
    await database.intake.record(*bounce(0, "a@example.com", content=content).arguments)
    (recorded,) = await database.intake.record(*bounce(0, "b@example.com", content=content).arguments)
    assert not recorded.duplicate
    assert rows("SELECT content_id, count(*) FROM mails GROUP BY content_id") == [(1, 2)]


async def test_a_mail_of_many_verdicts_and_of_none(database, bounce, rows):
    await database.intake.record(*bounce(1, verdicts=3).arguments)
    await database.intake.record(*bounce(2, verdicts=0).arguments)
    assert rows("SELECT mail_id, count(*) FROM verdicts GROUP BY mail_id") == [(1, 3)]
    assert rows("SELECT seq, verdict_id FROM feed WHERE type = 'verdict.recorded' ORDER BY seq") == [(1, 1), (2, 2), (3, 3)]
    assert rows("SELECT count(*) FROM mails") == [(2,)]


async def test_a_cancelled_caller_does_not_take_its_mail_with_it(database, bounce, rows):
    tasks = [asyncio.create_task(database.intake.record(*bounce(serial).arguments)) for serial in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[1], asyncio.CancelledError)
    assert not isinstance(results[0], BaseException)
    (recorded,) = await database.intake.record(*bounce(1).arguments)
    assert recorded.duplicate, "it had been written all the same"
    assert rows("SELECT count(*) FROM mails") == [(3,)]


async def test_feed_numbers_have_no_gaps(database, bounce, rows):
    poisoned = bounce(0).with_verdict(reply_code=2**63)
    for serial in range(1, 4):
        await asyncio.gather(
            *(database.intake.record(*bounce(10 * serial + each).arguments) for each in range(5)),
            database.intake.record(*poisoned.arguments),
            return_exceptions=True,
        )
    assert rows("SELECT seq FROM feed ORDER BY seq") == [(seq,) for seq in range(1, 17)]


class TestAMailThatCannotBeWritten:
    """A row that the schema or SQLite itself refuses: our bug, and it hurts only itself."""

    @pytest.fixture(params=["too big an integer", "an octet string for text", "a word for a number"])
    def poisoned(self, request, bounce):
        plain = bounce(1_000)
        if request.param == "too big an integer":
            return plain.with_verdict(reply_code=2**63)
        if request.param == "an octet string for text":
            return replace(plain, mail=replace(plain.mail, peer=Peer(Via.SMTP, b"\xc0\x00\x02\x01")))
        return plain.with_verdict(reply_code="none")

    async def test_alone(self, database, bounce, poisoned, rows):
        with pytest.raises(StoreError) as raised:
            await database.intake.record(*poisoned.arguments)
        assert type(raised.value) is StoreError
        assert raised.value.__cause__ is not None
        assert rows("SELECT count(*) FROM contents") == [(0,)]
        assert await database.intake.record(*bounce(1).arguments)

    async def test_leaves_no_lock_behind(self, database, poisoned, section):
        with pytest.raises(StoreError):
            await database.intake.record(*poisoned.arguments)
        at_once = replace(section, busy_timeout=0.0)
        assert register(at_once, "b.example", [("00000000000000aa", "reader@example.com")]) == 1

    async def test_among_others(self, database, bounce, poisoned, rows):
        results = await asyncio.gather(
            *(database.intake.record(*bounce(serial).arguments) for serial in range(10)),
            database.intake.record(*poisoned.arguments),
            *(database.intake.record(*bounce(serial).arguments) for serial in range(10, 20)),
            return_exceptions=True,
        )
        assert isinstance(results[10], StoreError)
        assert sum(isinstance(result, StoreError) for result in results) == 1
        assert rows("SELECT count(*), count(DISTINCT content_id) FROM mails") == [(20, 20)]
        assert rows("SELECT count(*) FROM feed WHERE type = 'verdict.recorded'") == [(20,)]

    async def test_is_told_with_its_cause(self, database, poisoned, capfd):
        with pytest.raises(StoreError):
            await database.intake.record(*poisoned.arguments)
        told = capfd.readouterr().err
        assert "record" in told
        assert "Error" in told


async def test_any_text_of_a_stranger_survives(database, bounce, rows):
    samples = ["\ud800", "\0", "\udcff", "a\0\ud800\udc80b", "\U0010ffff", "\u202e", "'); DROP TABLE mails; --"]
    for serial, text in enumerate(samples):
        plain = bounce(serial).with_verdict(recipient=text, diagnostic=text, final_recipient=text, remote_mta=text)
        report = replace(plain.report, headers={"subject": text, "message-id": text}, auto_submitted=text)
        mail = replace(plain.mail, peer=replace(plain.mail.peer, helo=text))
        await database.intake.record(mail, report, plain.judged)
    assert rows("SELECT count(*) FROM bounces WHERE subject = message_id AND why LIKE '%generic%'") == [(len(samples),)]


async def test_content_over_the_limit_is_cut_and_counted(section, bounce, rows):
    async with Database.open(replace(section, content_limit=100)) as database:
        await database.intake.record(*bounce(content=b"x" * 100 + b"1").arguments)
        await database.intake.record(*bounce(content=b"x" * 100 + b"2").arguments)
        stored = await database.queries.mail(1)
    assert rows("SELECT size, kept FROM contents") == [(101, 100), (101, 100)]
    assert stored is not None
    assert (stored.size, stored.content) == (101, b"x" * 100)


async def test_one_more_than_may_wait_is_told_at_once(section, bounce, rows):
    async with Database.open(replace(section, max_waiting=10)) as database:
        tasks = [asyncio.create_task(database.intake.record(*bounce(serial).arguments)) for serial in range(11)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [serial for serial, result in enumerate(results) if isinstance(result, StoreBusy)] == [10]
        assert await database.intake.record(*bounce(10).arguments)
    assert rows("SELECT count(*) FROM mails") == [(11,)]


async def test_closing_records_what_waits(section, bounce, rows):
    async with Database.open(section) as database:
        tasks = [asyncio.create_task(database.intake.record(*bounce(serial).arguments)) for serial in range(50)]
        await asyncio.sleep(0)
    assert len([await task for task in tasks]) == 50
    assert rows("SELECT count(*) FROM mails") == [(50,)]


async def test_a_writer_that_is_cancelled_leaves_nobody_waiting(section, bounce):
    async with Database.open(replace(section, busy_timeout=60.0)) as database:
        with closing(sqlite3.connect(section.path, isolation_level=None)) as stranger:
            stranger.execute("BEGIN IMMEDIATE")
            tasks = [asyncio.create_task(database.intake.record(*bounce(serial).arguments)) for serial in range(3)]
            await asyncio.sleep(0.05)
            writer = next(task for task in asyncio.all_tasks() if task.get_name() == "intake")
            writer.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(result) for result in results} == {StoreError}
            with pytest.raises(StoreError, match="closed"):
                await database.intake.record(*bounce(9).arguments)
            stranger.execute("COMMIT")


async def test_a_connection_that_is_gone_leaves_nobody_waiting(database, bounce, capfd):
    await database.writer.close()
    for serial in range(2):
        with pytest.raises(StoreError, match="Connection closed"):
            await asyncio.wait_for(database.intake.record(*bounce(serial).arguments), 5)
    assert capfd.readouterr().err.count('"where":"intake"') == 2


async def test_nothing_is_recorded_after_closing(section, bounce):
    async with Database.open(section) as database:
        await database.intake.record(*bounce(1).arguments)
    with pytest.raises(StoreError, match="closed"):
        await database.intake.record(*bounce(2).arguments)


async def test_its_state_tells_what_is_not_committed_yet(section, bounce):
    async with Database.open(replace(section, busy_timeout=5)) as database:
        assert database.intake.state.alive
        before = database.intake.state
        assert (before.mails, before.octets, before.oldest_seconds, before.trouble_seconds) == (0, 0, 0, 0)
        with closing(sqlite3.connect(section.path, isolation_level=None)) as stranger:
            stranger.execute("BEGIN IMMEDIATE")
            waiting = [asyncio.create_task(database.intake.record(*bounce(n).arguments)) for n in range(3)]
            await asyncio.sleep(0.3)
            state = database.intake.state
            assert (state.mails, state.octets) == (3, sum(len(bounce(n).mail.content) for n in range(3)))
            assert 0.2 < state.oldest_seconds < 5
        await asyncio.gather(*waiting)
        after = database.intake.state
        assert (after.mails, after.octets, after.oldest_seconds) == (0, 0, 0)
        assert after.idle_seconds < before.idle_seconds + 5
    assert not database.intake.state.alive
