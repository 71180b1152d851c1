"""What an incident holds is shown as held, whenever it was recorded: who reads a verdict by itself must drop nobody for it."""

from datetime import timedelta

from outages import at, outage, record, usual

from bouncesink.core.policy import Policies
from bouncesink.core.verdict import Disposition, Reason
from bouncesink.store.beside import opened, transaction
from bouncesink.store.incidents import Closing, Outcome, close
from bouncesink.store.queries import open_queries

COUNT = 60
_SHOWN = "SELECT disposition, count(*) FROM {} WHERE recipient_key LIKE 'p%' GROUP BY 1"
VIEWS = ("bounces", "recipient_history")


async def one_by_one(database, bounce, **changes):
    await usual(database, bounce)
    for each in outage(bounce, COUNT, **changes):  # the twentieth opens the incident
        await database.intake.record(*each.arguments)


def released(section, bounce):
    with opened(section, "closing") as connection, transaction(connection):
        close(connection, Closing(1, Outcome.RELEASED, bounce().mail.received_at + timedelta(hours=1)), Policies())


async def test_those_of_before_it_was_seen_are_shown_as_held_too(database, bounce, rows):
    await one_by_one(database, bounce)
    assert rows(_SHOWN.format("verdicts")) == [("hold", 41), ("suppress", 19)]
    assert [rows(_SHOWN.format(view)) for view in VIEWS] == [[("hold", COUNT)]] * 2
    assert rows("SELECT disposition, count(*) FROM bounces WHERE recipient_key NOT LIKE 'p%' GROUP BY 1") == [("suppress", 11)]


async def test_when_it_was_over_by_itself_they_still_are(database, bounce, rows):
    await one_by_one(database, bounce)
    await record(database, [at(bounce(5_001, "next@example.com"), 10, remote_mta="mx.usual.example")])
    assert rows("SELECT outcome FROM incidents") == [("voided",)]
    assert [rows(_SHOWN.format(view)) for view in VIEWS] == [[("hold", COUNT)]] * 2


async def test_those_that_were_released_are_shown_as_they_were_judged(database, section, bounce, rows):
    await one_by_one(database, bounce, reason=Reason.MAILBOX_INACTIVE, disposition=Disposition.COUNT)
    assert rows(_SHOWN.format("bounces")) == [("hold", COUNT)]
    released(section, bounce)
    assert [rows(_SHOWN.format(view)) for view in VIEWS] == [[("count", COUNT)]] * 2


async def test_they_are_told_so_by_their_number(database, section, bounce, rows):
    await one_by_one(database, bounce)
    sql = "SELECT min(mail_id), max(mail_id) FROM bounces WHERE recipient_key LIKE 'p%'"
    for disposition in (Disposition.HOLD, Disposition.SUPPRESS):
        async with open_queries(section) as queries:
            told = [await queries.mail(mail_id) for mail_id in rows(sql)[0]]
        assert [mail.verdicts[0].verdict.disposition for mail in told if mail] == [disposition] * 2
        released(section, bounce) if disposition is Disposition.HOLD else None
