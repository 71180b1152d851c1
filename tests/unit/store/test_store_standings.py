"""Recipients in the writer's transaction: they stand as the fold says, and the feed tells each change of them."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bouncesink.core.event import recipient_of as recipient_of_state
from bouncesink.core.standing import Standing
from bouncesink.core.verdict import Disposition, FailureClass, Fault, Reason
from bouncesink.errors import StoreError
from bouncesink.store import cursors
from bouncesink.store.database import Database
from bouncesink.store.feed import open_feed
from bouncesink.store.operator import open_operator
from bouncesink.store.selection import Selection
from bouncesink.store.standings import recipient_of

NOW = datetime(2026, 11, 23, tzinfo=UTC)
SOFT = {
    "class_": FailureClass.SOFT,
    "reason": Reason.MAILBOX_FULL,
    "disposition": Disposition.COUNT,
}


def on_day(bounce, day: int):
    return replace(bounce, mail=replace(bounce.mail, received_at=bounce.mail.received_at + timedelta(days=day, microseconds=7)))


async def table(database):
    found = await database.queries._connection.fetch("SELECT * FROM recipients")
    return {row["recipient_key"]: recipient_of(row) for row in found}


async def test_a_proven_hard_bounce_suppresses_and_says_why(database, bounce, rows):
    await database.intake.record(*bounce(1, "Reader@Example.com").arguments)
    assert rows("SELECT recipient_key, recipient, reason, until, why FROM suppressions") == [
        ("reader@example.com", "Reader@Example.com", "mailbox_unknown", None, "[1]")
    ]


async def test_the_senders_fault_makes_no_recipient(database, bounce, rows):
    blamed = bounce(1).with_verdict(reason=Reason.IP_BLOCKLISTED, fault=Fault.SENDER_REPUTATION)
    await database.intake.record(*blamed.arguments)
    assert rows("SELECT count(*) FROM recipients") == [(0,)]
    assert rows("SELECT type FROM feed") == [("verdict.recorded",)]


@pytest.mark.parametrize("restarts", [False, True])
async def test_the_feed_rebuilds_the_table_across_restarts(section, bounce, restarts):
    async with Database.open(section) as database:
        for day in range(3 if restarts else 6):
            await database.intake.record(
                *on_day(bounce(day, "a@example.com", "b@example.com").with_verdict(**SOFT), day).arguments
            )
    async with Database.open(section) as database:
        for day in range(3 if restarts else 6, 6):
            await database.intake.record(
                *on_day(bounce(day, "a@example.com", "b@example.com").with_verdict(**SOFT), day).arguments
            )
        await database.intake.record(*on_day(bounce(99, "b@example.com"), 6).arguments)
        stand = await table(database)
        entries = await database.feed.after(0)
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    folded = {}
    for entry in entries:
        if "standing" in entry.body:
            folded[entry.body["recipient_key"]] = recipient_of_state(entry.body["recipient_key"], entry.body)
    assert folded == stand
    assert {key: each.standing for key, each in stand.items()} == {
        "a@example.com": Standing.WATCH,
        "b@example.com": Standing.SUPPRESSED,
    }


async def test_a_duplicate_counts_nothing(database, bounce, rows):
    for _ in range(2):
        await database.intake.record(*bounce(1).with_verdict(**SOFT).arguments)
    assert rows("SELECT points FROM recipients") == [(1,)]


class TestCursors:
    async def test_it_moves_when_told_and_forward_only(self, database, bounce, section):
        await database.intake.record(*bounce(1).arguments)
        cursors.create(section, "crm", NOW)
        await database.feed.after(0)
        assert (await database.feed.cursor("crm")).seq == 0, "reading moves nothing"
        assert cursors.acknowledge(section, "crm", 2, NOW).seq == 2
        assert cursors.acknowledge(section, "crm", 1, NOW).seq == 2
        assert cursors.acknowledge(section, "crm", 1, NOW, back=True).seq == 1
        assert [(each.name, each.seq) for each in await database.feed.cursors()] == [("crm", 1)]
        cursors.drop(section, "crm")
        assert await database.feed.cursors() == ()

    async def test_what_cannot_be_is_told_and_changes_nothing(self, database, bounce, section):
        await database.intake.record(*bounce(1).arguments)
        cursors.create(section, "crm", NOW)
        for attempt, words in (
            (lambda: cursors.acknowledge(section, "crm", 3, NOW), "no seq 3 yet: it ends at 2"),
            (lambda: cursors.acknowledge(section, "crm", -1, NOW), "below 0"),
            (lambda: cursors.acknowledge(section, "nobody", 1, NOW), "no cursor 'nobody'"),
            (lambda: cursors.drop(section, "nobody"), "no cursor 'nobody'"),
            (lambda: cursors.create(section, "crm", NOW), "already"),
        ):
            with pytest.raises(StoreError, match=words):
                attempt()
        assert (await database.feed.cursor("crm")).seq == 0

    async def test_reading_ahead_of_the_feed_is_an_error(self, database, bounce, section):
        await database.intake.record(*bounce(1).arguments)
        async with open_feed(section) as feed:
            assert await feed.after(2) == ()
            with pytest.raises(StoreError, match="no seq 3 yet"):
                await feed.after(3)
            with pytest.raises(StoreError, match="no cursor"):
                await feed.cursor("crm")

    def test_without_a_database(self, section):
        with pytest.raises(StoreError, match="no database"):
            cursors.create(section, "crm", NOW)


async def test_a_body_is_json_of_the_state(database, bounce, rows):
    await database.intake.record(*bounce(1).arguments)
    (body,) = rows("SELECT body FROM feed WHERE type = 'recipient.suppressed'")
    assert json.loads(str(body[0]))["recipient_key"] == "reader@example.com"


async def test_a_suppression_that_is_over_is_none_in_the_view(database, section, rows):
    with open_operator(section, "anna", NOW) as operator:
        operator.suppress(Selection(addresses=("a@example.com",)), until=NOW - timedelta(days=400))
        operator.suppress(Selection(addresses=("b@example.com",)), until=NOW + timedelta(days=40_000))
    assert rows("SELECT recipient FROM suppressions") == [("b@example.com",)]
