"""Retention in slices: what is old enough goes, in its order, and nothing that somebody still needs."""

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bouncesink.config.sections import RetentionSection
from bouncesink.core.verdict import Disposition
from bouncesink.errors import StoreError
from bouncesink.store import cursors, retention
from bouncesink.store.database import Database
from bouncesink.store.retention import Sweeper, Swept

RECEIVED = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = RECEIVED + timedelta(days=30)
# Entries of the feed are as old as the test.
LATER_THAN_NOW = datetime.now(UTC) + timedelta(days=30)
KEEP = RetentionSection(content_days=0)


@pytest.fixture(autouse=True)
def small_slices(monkeypatch):
    monkeypatch.setattr(retention, "_AT_ONCE", 2)


async def fill(database, bounce, count: int = 5, **changes: object) -> None:
    for serial in range(count):
        await database.intake.record(*bounce(serial, f"r{serial}@example.com").with_verdict(**changes).arguments)


async def sweep(database, section: RetentionSection, now: datetime = LATER) -> Swept:
    sweeper, swept = Sweeper(section), Swept()
    for _ in range(1_000):
        one = await database.writer.run(sweeper.sweep, now)
        swept = swept.plus(one)
        if one.idle:
            return swept
    pytest.fail("it never comes to an end")


@pytest.mark.parametrize(
    ("keep", "gone"),
    [
        (replace(KEEP, content_days=29), 5),
        (replace(KEEP, content_days=31), 0),
        (replace(KEEP, content_days=31, content_days_by_kind=("bounce=10",)), 5),
        (replace(KEEP, content_days=10, content_days_by_kind=("bounce=40",)), 0),
        (replace(KEEP, content_days=10, content_days_by_kind=("bounce=0",)), 0),
        (KEEP, 0),
    ],
)
async def test_raw_content_by_age_and_kind(database, bounce, rows, keep, gone):
    await fill(database, bounce)
    assert (await sweep(database, keep)).contents == gone
    assert rows("SELECT count(*) FROM contents WHERE body IS NULL") == [(gone,)]
    assert rows("SELECT count(*) FROM verdicts") == [(5,)]
    mail = await database.queries.mail(1)
    assert (mail.content == b"") is bool(gone)


async def test_a_size_takes_the_oldest_content_first(database, bounce, rows):
    await fill(database, bounce)
    pages = rows("PRAGMA page_count")[0][0]
    await sweep(database, replace(KEEP, size_limit=pages * 4096 - 100))
    kept = [row[0] for row in rows("SELECT id FROM contents WHERE body IS NOT NULL ORDER BY id")]
    assert kept == list(range(6 - len(kept), 6))
    assert len(kept) < 5
    assert rows("SELECT count(*) FROM verdicts") == [(5,)]


async def test_mails_go_only_after_the_feed_let_go_of_them(database, bounce, rows):
    await fill(database, bounce, disposition=Disposition.IGNORE)
    assert (await sweep(database, replace(KEEP, verdict_days=10))).mails == 0
    swept = await sweep(database, replace(KEEP, verdict_days=10, feed_days=10), LATER_THAN_NOW)
    assert (swept.mails, swept.verdicts, swept.feed) == (5, 5, 5)
    assert rows("SELECT count(*) FROM contents") == [(0,)]
    with pytest.raises(StoreError, match="retention removed"):
        await database.feed.after(2)
    assert await database.feed.after(5) == ()
    (recorded,) = await database.intake.record(*bounce(9).arguments)
    assert recorded.mail_id == 6, "ids are not given again"


async def test_a_cursor_keeps_what_it_has_not_passed(database, bounce, section, rows):
    await fill(database, bounce, disposition=Disposition.IGNORE)
    cursors.create(section, "slow", LATER, 3)
    assert (await sweep(database, replace(KEEP, verdict_days=10, feed_days=10), LATER_THAN_NOW)).feed == 3
    assert rows("SELECT min(id) FROM mails") == [(4,)]


async def test_what_a_suppression_names_stays(database, bounce, rows):
    await fill(database, bounce)
    await sweep(database, replace(KEEP, verdict_days=10, feed_days=10), LATER_THAN_NOW)
    assert rows("SELECT count(*) FROM verdicts") == [(5,)]


async def test_pages_are_given_back(database, bounce, rows):
    for serial in range(100):
        content = random.Random(serial).randbytes(9_000)
        await database.intake.record(*bounce(serial, content=content).with_verdict(disposition=Disposition.IGNORE).arguments)
    before = rows("PRAGMA page_count")[0][0]
    await sweep(database, replace(KEEP, content_days=1))
    assert rows("PRAGMA page_count")[0][0] < before


async def test_the_server_does_it_by_itself(section, bounce, rows):
    old = bounce(1)
    old = replace(old, mail=replace(old.mail, received_at=datetime(2020, 1, 1, tzinfo=UTC)))
    async with Database.open(section) as database:
        await database.intake.record(*old.arguments)
    async with Database.open(section, replace(KEEP, content_days=1)):
        async with asyncio.timeout(10):
            while rows("SELECT count(*) FROM contents WHERE body IS NOT NULL") != [(0,)]:  # noqa: ASYNC110 - SQL has no event
                await asyncio.sleep(0.02)
