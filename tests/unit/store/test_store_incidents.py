"""Incidents in the database: a provider's outage costs nobody the address, whatever was recorded before it was seen."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from outages import MANY, at, outage, record, usual

from bouncesink.config.sections import LogSection
from bouncesink.core.policy import Policies
from bouncesink.core.verdict import Disposition, FailureClass, Fault, Reason
from bouncesink.core.verp.attribution import Authenticity
from bouncesink.errors import StoreError
from bouncesink.observe import log
from bouncesink.store.archive import Choice
from bouncesink.store.beside import opened, transaction
from bouncesink.store.database import Database
from bouncesink.store.incident_records import incidents
from bouncesink.store.incidents import Closing, Outcome, close
from bouncesink.store.operator import open_operator
from bouncesink.store.rejudged import Rejudged
from bouncesink.store.revisions import open_reviser

NOW = datetime(2026, 12, 1, tzinfo=UTC)


async def test_an_outage_suppresses_nobody_and_the_dead_stay_dead(database, bounce, rows):
    await usual(database, bounce)
    await record(database, outage(bounce))
    assert rows("SELECT count(*), min(recipient_key) FROM suppressions WHERE recipient_key LIKE 'p%'") == [(0, None)]
    assert rows("SELECT count(*) FROM suppressions") == [(11,)]
    assert rows("SELECT scope, subject, closed_at, verdicts, recipients FROM incidents") == [
        ("burst", "broken.example", None, MANY, MANY)
    ]
    assert rows("SELECT count(*) FROM held") == [(MANY,)]


async def test_those_who_were_suppressed_before_it_was_seen_are_released_through_the_feed(database, bounce, rows):
    await usual(database, bounce)
    for each in outage(bounce, 60):
        await database.intake.record(*each.arguments)
    suppressed = rows("SELECT count(*) FROM feed WHERE type = 'recipient.suppressed' AND recipient LIKE 'p%'")
    assert suppressed[0][0] == 19  # the twentieth opens it
    assert rows("SELECT count(*) FROM feed WHERE type = 'suppression.released'") == suppressed
    assert rows("SELECT count(*) FROM suppressions WHERE recipient_key LIKE 'p%'") == [(0,)]
    assert rows("SELECT count(*) FROM verdicts WHERE disposition = 'hold'") == [(41,)]


async def test_those_of_before_a_restart_belong_to_it_too(section, bounce, rows):
    first = outage(bounce, 30)
    async with Database.open(section) as database:
        await usual(database, bounce)
        await record(database, first[:15])
    assert rows("SELECT count(*) FROM suppressions WHERE recipient_key LIKE 'p%'") == [(15,)]
    async with Database.open(section) as database:
        await record(database, first[15:])
    assert rows("SELECT count(*) FROM suppressions WHERE recipient_key LIKE 'p%'") == [(0,)]
    assert rows("SELECT count(*) FROM held") == [(30,)]


async def test_one_who_was_forgotten_before_it_was_seen_is_none_of_it(section, database, bounce, rows):
    first = outage(bounce, 30)
    await usual(database, bounce)
    await record(database, first[:15])
    with open_operator(section, "tests", NOW) as operator:
        operator.forget("p3@example.com")
    await record(database, first[15:])
    assert rows("SELECT count(*) FROM suppressions WHERE recipient_key LIKE 'p%'") == [(0,)]
    assert rows("SELECT count(*) FROM held") == [(29,)]


async def test_soft_failures_of_that_day_are_none_of_it(database, bounce, rows):
    full = {"class_": FailureClass.SOFT, "reason": Reason.MAILBOX_FULL, "disposition": Disposition.COUNT}
    await usual(database, bounce)
    await record(database, [at(bounce(900, "full@example.com"), -0.5, remote_mta="mx.broken.example", **full)])
    await record(database, outage(bounce))
    assert rows("SELECT recipient_key FROM recipients WHERE points > 0") == [("full@example.com",)]
    assert rows("SELECT count(*) FROM held") == [(MANY,)]


async def test_a_resolver_of_ours_that_finds_no_domain_costs_nobody_the_address(database, bounce, rows):
    await usual(database, bounce)
    gone = {"reason": Reason.DOMAIN_UNKNOWN, "fault": Fault.RECIPIENT_DOMAIN, "remote_mta": None}
    missed = [at(bounce(1_000 + n, f"reader@d{n}.example"), n / 1_000, **gone) for n in range(MANY)]
    await record(database, missed[:10])
    await record(database, missed[10:])
    assert rows("SELECT scope, subject, reason, verdicts FROM incidents") == [("burst", "example.net", "domain_unknown", MANY)]
    assert rows("SELECT count(*) FROM suppressions WHERE recipient_key LIKE 'reader@d%'") == [(0,)]


async def test_two_outages_cost_nobody_an_address_that_bears_no_tag(section, bounce, rows):
    """Without a tag it takes two days, and an outage may come twice."""
    unsigned = {"authenticity": Authenticity.UNSIGNED, "disposition": Disposition.COUNT, "remote_mta": "mx.broken.example"}
    async with Database.open(section) as database:
        await usual(database, bounce)
        for hours, serial in ((0, 1_000), (240, 5_000)):
            await record(database, [at(bounce(serial + n, f"p{n}@example.com"), hours, **unsigned) for n in range(60)])
    assert rows("SELECT scope, outcome FROM incidents") == [
        ("unsigned_burst", "voided"),
        ("unsigned_burst", None),
    ]
    assert rows("SELECT count(*) FROM recipients WHERE recipient_key LIKE 'p%' AND standing <> 'ok'") == [(0,)]


async def test_who_cannot_be_reached_for_days_with_all_the_others_keeps_the_address(section, bounce, rows):
    """Mailed every third day. A host of few that has gone is soft for more than a week; a provider that shuts us out is not."""
    away = {"reason": Reason.NETWORK_ERROR, "fault": Fault.NETWORK, "disposition": Disposition.COUNT, "remote_mta": None}

    def unreached(day, name, domain, count):
        serial = 100_000 * len(domain) + 1_000 * day
        each = [bounce(serial + n, f"{name}{n}@{domain}") for n in range(count)]
        return [at(one, 24 * day, class_=FailureClass.SOFT, **away) for one in each]

    async with Database.open(section) as database:
        await usual(database, bounce)
        for day in (0, 3, 6, 9):
            await record(database, unreached(day, "few", "gone.example", 5))
            for each in unreached(day, "p", "big.example", 60):
                await database.intake.record(*each.arguments)
    assert rows("SELECT count(*), min(subject) FROM incidents WHERE scope = 'outage'") == [(4, "big.example")]
    suppressed = rows("SELECT recipient_key FROM suppressions WHERE recipient_key NOT LIKE '%@example.%'")
    assert [key for (key,) in suppressed] == [f"few{n}@gone.example" for n in range(5)]
    assert rows("SELECT count(*), max(points) FROM recipients WHERE recipient_key LIKE '%@big.example'") == [
        (20, 0)
    ]  # others said five, so the twenty-first opens it


async def test_who_is_held_again_and_again_can_be_told(section, bounce, rows):
    async with Database.open(section) as database:
        await usual(database, bounce)
        await record(database, outage(bounce, 30))
        await record(
            database, [at(bounce(5_000 + n, f"p{n}@example.com"), 48, remote_mta="mx.broken.example") for n in range(40)]
        )
    with opened(section, "looking") as connection:
        assert [(each.held, each.held_before) for each in incidents(connection)] == [(40, 30), (30, 0)]


async def test_what_opens_and_ends_is_logged(database, bounce):
    log.configure(LogSection(), output := io.StringIO())
    await usual(database, bounce)
    await record(database, outage(bounce))
    await record(database, [at(bounce(9_000, "next@example.com"), 10, remote_mta="mx.usual.example")])
    log.flush()
    told = [json.loads(line) for line in output.getvalue().splitlines() if '"incident.' in line]
    assert [(each["event"], each["level"], each["scope"], each["subject"], each["reason"]) for each in told] == [
        ("incident.opened", "warning", "burst", "broken.example", None),
        ("incident.closed", "info", "burst", "broken.example", None),
    ]


async def test_it_goes_on_over_a_restart_and_is_voided_when_it_is_over(section, bounce, rows):
    async with Database.open(section) as database:
        await usual(database, bounce)
        await record(database, outage(bounce))
    async with Database.open(section) as database:
        await database.intake.record(*at(bounce(5_000, "late@example.com"), 3, remote_mta="mx.broken.example").arguments)
        assert rows("SELECT disposition FROM verdicts WHERE recipient = 'late@example.com'") == [("hold",)]
        await database.intake.record(*at(bounce(5_001, "next@example.com"), 10, remote_mta="mx.usual.example").arguments)
    assert rows("SELECT outcome FROM incidents") == [("voided",)]
    assert rows("SELECT count(*) FROM suppressions WHERE recipient_key LIKE 'p%' OR recipient_key LIKE 'late%'") == [(0,)]


@pytest.mark.parametrize(
    ("changes", "suppressed"),
    [
        ({}, MANY),
        # what takes two days still takes two days
        ({"reason": Reason.MAILBOX_INACTIVE, "disposition": Disposition.COUNT}, 0),
    ],
)
async def test_one_that_a_person_releases_counts_as_it_was_judged(section, bounce, rows, changes, suppressed):
    async with Database.open(section) as database:
        await usual(database, bounce)
        await record(database, outage(bounce, **changes))
        with opened(section, "closing") as connection, transaction(connection):
            released = Closing(1, Outcome.RELEASED, bounce().mail.received_at + timedelta(hours=1), "they are gone")
            assert close(connection, released, Policies()) == MANY
        assert rows("SELECT count(*) FROM suppressions WHERE recipient_key LIKE 'p%'") == [(suppressed,)]
        # the server hears of it, and the next one there counts
        await database.intake.record(*at(bounce(7_000, "p@example.com"), 2, remote_mta="mx.broken.example").arguments)
        assert rows("SELECT disposition FROM verdicts WHERE recipient = 'p@example.com'") == [("suppress",)]
    assert rows("SELECT outcome, note, closed_at IS NULL FROM incidents WHERE id = 1") == [("released", "they are gone", 0)]


@pytest.mark.parametrize("released", [False, True])
async def test_one_of_everybody_holds_whoever_it_is_and_whenever_it_was_judged(section, bounce, rows, released):
    async with Database.open(section) as database:
        await record(database, [at(bounce(n, f"old{n}@usual{n}.example"), -24 * 15, remote_mta=None) for n in range(3)])
        everybody = [at(bounce(1_000 + n, f"p@c{n}.example"), n / 1_000, remote_mta=None) for n in range(MANY)]
        await record(database, everybody)
        assert rows("SELECT scope, subject, verdicts FROM incidents") == [("burst", "*", MANY)]
        assert rows("SELECT count(*) FROM suppressions") == [(3,)]
        if released:
            with opened(section, "closing") as connection, transaction(connection):
                close(connection, Closing(1, Outcome.RELEASED, bounce().mail.received_at + timedelta(hours=1)), Policies())
            assert rows("SELECT count(*) FROM suppressions") == [(3 + MANY,)]
            await record(database, [at(bounce(9_000 + n, f"q@d{n}.example"), 72, remote_mta=None) for n in range(MANY)])
            assert rows("SELECT count(*) FROM incidents") == [(1,)]


@pytest.mark.parametrize("over", ["while it goes on", "when it was over by itself", "and then the server starts anew"])
async def test_what_a_person_releases_is_usual_from_then_on(section, bounce, rows, over):
    """Else it were held again at the next mailing, and at each that follows."""
    async with Database.open(section) as database:
        await usual(database, bounce)
        await record(database, outage(bounce))
        if over == "when it was over by itself":
            await database.intake.record(*at(bounce(5_001, "next@example.com"), 10, remote_mta="mx.usual.example").arguments)
            assert rows("SELECT outcome FROM incidents") == [("voided",)]
        with opened(section, "closing") as connection, transaction(connection):
            close(connection, Closing(1, Outcome.RELEASED, bounce().mail.received_at + timedelta(hours=11)), Policies())
        if over != "and then the server starts anew":
            await record(database, outage(bounce, hours=72, first=20_000))
    if over == "and then the server starts anew":
        async with Database.open(section) as database:
            await record(database, outage(bounce, hours=72, first=20_000))
    assert rows("SELECT DISTINCT disposition FROM (SELECT disposition FROM verdicts ORDER BY id DESC LIMIT 100)") == [
        ("suppress",)
    ]
    assert rows("SELECT count(*) FROM incidents") == [(1,)]


async def test_what_cannot_be_closed(database, section):
    with opened(section, "closing") as connection, pytest.raises(StoreError, match="there is no incident 7"):
        close(connection, Closing(7, Outcome.VOIDED, None), Policies())


async def test_forged_bounces_open_nothing(database, bounce, rows):
    await usual(database, bounce)
    forged = {"authenticity": Authenticity.UNPROVEN, "disposition": Disposition.REVIEW}
    await record(database, outage(bounce, **forged))
    assert rows("SELECT count(*) FROM incidents") == [(0,)]


async def test_a_blocklisting_is_an_incident_and_nobodys_fault(database, bounce, rows):
    listed = {"reason": Reason.IP_BLOCKLISTED, "fault": Fault.SENDER_REPUTATION, "disposition": Disposition.IGNORE}
    await record(database, outage(bounce, 8, class_=FailureClass.HARD, **listed))
    assert rows("SELECT scope, subject, reason, verdicts FROM incidents") == [("sender", "broken.example", "ip_blocklisted", 4)]
    assert rows("SELECT count(*) FROM held") == [(0,)]
    assert rows("SELECT count(*) FROM recipients") == [(0,)]


async def test_an_operators_act_survives_the_folding_again(database, section, bounce, rows):
    from bouncesink.store.operator import open_operator
    from bouncesink.store.selection import Selection

    await usual(database, bounce)
    first = outage(bounce, 60)
    await database.intake.record(*first[0].arguments)
    with open_operator(section, "anna", bounce().mail.received_at + timedelta(hours=0.01)) as operator:
        operator.suppress(Selection(addresses=("p0@example.com",)))
    for each in first[1:]:
        await database.intake.record(*each.arguments)
    assert rows("SELECT recipient_key FROM suppressions WHERE recipient_key LIKE 'p%'") == [("p0@example.com",)]


@pytest.mark.parametrize("broken", ["batch.fold", "batch.occurrence_of", "standings.row_of"])
async def test_a_bug_in_a_standing_costs_no_bounce(database, bounce, rows, monkeypatch, broken):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(f"bouncesink.store.{broken}", fail)
    recorded = await database.intake.record(*bounce(1).arguments)
    assert recorded[0].mail_id == 1
    assert rows("SELECT count(*) FROM verdicts") == [(1,)]
    assert rows("SELECT type FROM feed") == [("verdict.recorded",)]
    monkeypatch.undo()
    await database.intake.record(*bounce(2, "b@example.com").arguments)
    assert rows("SELECT recipient_key FROM suppressions") == [("b@example.com",)]


async def test_a_bug_in_the_detector_costs_no_bounce(database, bounce, rows, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("bouncesink.store.incidents.sighting_of", fail)
    await database.intake.record(*bounce(1).arguments)
    assert rows("SELECT count(*) FROM suppressions") == [(1,)]


async def test_what_replay_makes_of_a_held_verdict_stays_held_until_it_is_released(database, bounce, rows, section):
    """And whom the correction is about stands where it leads once it is released."""
    await usual(database, bounce)
    await record(database, outage(bounce))
    before = rows("SELECT standing, count(*) FROM recipients GROUP BY 1")
    sql = "SELECT min(id), mail_id FROM verdicts WHERE recipient_key = 'p7@example.com'"
    ((first, mail_id),) = rows(sql)
    moved = bounce(0).judged[0].verdicts[0]
    said = replace(moved, recipient="q7@example.com", final_recipient="q7@example.com")
    with open_reviser(section, Choice(keys=("p7@example.com",)), Policies(), "test", NOW) as reviser:
        (stored,) = reviser.page()
        corrected, moves = reviser.revise(stored.mail_id, [Rejudged(stored, (said,))], "new")
    assert (stored.mail_id, len(corrected), moves) == (mail_id, 1, [])
    assert rows("SELECT disposition, revises FROM verdicts WHERE recipient_key = 'q7@example.com'") == [("hold", first)]
    assert rows("SELECT standing, count(*) FROM recipients GROUP BY 1") == before
    with opened(section, "a test") as connection, transaction(connection):
        close(connection, Closing(1, Outcome.RELEASED, NOW), Policies())
    assert rows("SELECT recipient_key FROM suppressions WHERE recipient_key IN ('p7@example.com', 'q7@example.com')") == [
        ("q7@example.com",)
    ]
