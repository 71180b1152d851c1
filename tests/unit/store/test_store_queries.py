"""What people read: a mail by its id with everything that was said of it, verdicts of one address, the feed from a position."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from bouncesink.core.report import Kind
from bouncesink.core.verdict import Disposition, Reason
from bouncesink.errors import SchemaTooNew, StoreError
from bouncesink.store.database import Database
from bouncesink.store.feed import FeedType
from bouncesink.store.queries import open_queries


async def test_a_mail_by_its_id(database, bounce):
    given = bounce(1, "a@example.com", "b@example.com", verdicts=2)
    first, second = await database.intake.record(*given.arguments)
    mail = await database.queries.mail(second.mail_id)
    assert mail is not None
    assert mail.content == given.mail.content
    assert mail.size == len(given.mail.content)
    assert mail.received_at == given.mail.received_at
    assert mail.attribution == given.judged[1].admitted.attribution
    assert (mail.forward_path, mail.kind, mail.reader) == (given.judged[1].admitted.forward_path, Kind.BOUNCE, "dsn")
    assert (mail.via, mail.remote_address, mail.helo) == ("smtp", "192.0.2.1", "mx.example.net")
    assert tuple(stored.verdict for stored in mail.verdicts) == given.judged[1].verdicts
    assert {stored.mail_id for stored in mail.verdicts} == {second.mail_id} != {first.mail_id}


async def test_no_such_mail(database):
    assert await database.queries.mail(1) is None


async def test_verdicts_newest_first_and_by_any_spelling(database, bounce):
    for serial in range(5):
        await database.intake.record(*bounce(serial, "Reader@example.com" if serial % 2 else "other@example.com").arguments)
    everyone = await database.queries.verdicts(3)
    assert [stored.mail_id for stored in everyone] == [5, 4, 3]
    reader = await database.queries.verdicts(recipient="<rfc822;READER@Example.COM>")
    assert [stored.mail_id for stored in reader] == [4, 2]
    assert {stored.verdict.recipient for stored in reader} == {"Reader@example.com"}
    assert await database.queries.verdicts(recipient="nobody@example.com") == ()


async def test_verdicts_of_some_reasons_newest_first(database, bounce):
    reasons = [Reason.UNDETERMINED, Reason.MAILBOX_FULL, Reason.POLICY_UNSPECIFIED, Reason.UNDETERMINED, None]
    for serial, reason in enumerate(reasons):
        await database.intake.record(*bounce(serial).with_verdict(reason=reason).arguments)
    vague = await database.queries.verdicts_of((Reason.UNDETERMINED, Reason.POLICY_UNSPECIFIED), 10)
    assert [(stored.mail_id, stored.verdict.reason) for stored in vague] == [
        (4, Reason.UNDETERMINED),
        (3, Reason.POLICY_UNSPECIFIED),
        (1, Reason.UNDETERMINED),
    ]
    assert [stored.mail_id for stored in await database.queries.verdicts_of([Reason.UNDETERMINED], 1)] == [4]
    assert await database.queries.verdicts_of([], 10) == ()


async def test_the_recipient_is_looked_up_not_searched_for(database):
    """The price of the index over recipients is paid for this."""
    for view in ("bounces", "recipient_history"):
        plan = await database.writer.run(
            lambda connection, view=view: connection.execute(
                f"EXPLAIN QUERY PLAN SELECT * FROM {view} WHERE recipient_key = 'reader@example.com'"
            ).fetchall()
        )
        steps = [row["detail"] for row in plan]
        assert any("verdicts_by_recipient" in step for step in steps), steps
        assert not [step for step in steps if step.startswith("SCAN")]


async def test_the_feed_from_a_position(database, bounce):
    for serial in range(5):
        ignored = bounce(serial).with_verdict(disposition=Disposition.IGNORE)
        await database.intake.record(*ignored.arguments)
    entries = await database.feed.after(2, limit=2)
    assert [entry.seq for entry in entries] == [3, 4]
    assert {entry.type for entry in entries} == {FeedType.VERDICT_RECORDED}
    assert entries[0].verdict == replace(bounce(2).judged[0].verdicts[0], disposition=Disposition.IGNORE)
    assert (entries[0].recipient, entries[0].mail_id, entries[0].verdict_id) == ("reader@example.com", 3, 3)
    assert await database.feed.after(5) == ()


async def test_an_entry_without_a_verdict(database):
    await database.writer.run(
        lambda connection: connection.execute(
            "INSERT INTO feed (at, type, recipient, body) VALUES (?, 'verdict.recorded', 'a@example.com', ?)",
            ("2026-11-22T12:00:00.000Z", '{"x": 1}'),
        )
    )
    (entry,) = await database.feed.after(0)
    assert (entry.verdict, entry.mail_id, entry.body) == (None, None, {"x": 1})


@pytest.mark.parametrize("running", [True, False])
async def test_reading_with_and_without_a_server(section, bounce, running):
    async with Database.open(section) as database:
        await database.intake.record(*bounce().arguments)
        if running:
            async with open_queries(section) as queries:
                assert await queries.mail(1) is not None
    async with open_queries(section) as queries:
        assert await queries.mail(1) is not None


class TestRefused:
    async def refused(self, section, words, kind=StoreError):
        with pytest.raises(kind, match=words):
            async with open_queries(section):
                pytest.fail("opened")

    async def test_no_database(self, section):
        await self.refused(section, "no database")
        assert not section.path.exists()

    async def test_one_of_a_stranger(self, section):
        with closing(sqlite3.connect(section.path)) as theirs:
            theirs.execute("CREATE TABLE theirs (a)")
        await self.refused(section, "another program")

    async def test_an_empty_one(self, section):
        section.path.touch()
        await self.refused(section, "start the server once")

    async def test_a_newer_one(self, section):
        async with Database.open(section):
            pass
        with closing(sqlite3.connect(section.path)) as newer:
            newer.execute("PRAGMA user_version = 99")
        await self.refused(section, "schema 99", SchemaTooNew)

    async def test_no_writing(self, section, bounce):
        async with Database.open(section):
            pass
        async with open_queries(section) as queries:
            with pytest.raises(StoreError):
                await queries._connection.fetch("DELETE FROM mails")
