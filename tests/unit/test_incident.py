"""Incidents as they are seen: who says what and when, and what that opens."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bouncesink.core.incident import (
    EVERYBODY,
    Change,
    Detector,
    IncidentChange,
    IncidentKey,
    IncidentPolicy,
    Scope,
)
from bouncesink.core.sighting import Sighting
from bouncesink.core.verdict import FailureClass, Fault, Reason

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
HARD, SOFT = FailureClass.HARD, FailureClass.SOFT


def dead(hours: float, number: int, provider: str = "big.example") -> Sighting:
    at = START + timedelta(hours=hours)
    return Sighting(at, f"{number}@{provider}", provider, HARD, Reason.MAILBOX_UNKNOWN, Fault.RECIPIENT)


def listed(hours: float, number: int, blocklist: str = "Spamhaus SBL") -> Sighting:
    at = START + timedelta(hours=hours)
    return Sighting(at, f"{number}@any", "any.example", HARD, Reason.IP_BLOCKLISTED, Fault.SENDER_REPUTATION, blocklist)


def seen(detector: Detector, sightings: list[Sighting]) -> list[IncidentChange]:
    return [change for sighting in sightings if (change := detector.observe(sighting))]


def mailing(hours: float, dead_at: dict[str, int]) -> list[Sighting]:
    """A mailing within half an hour: so many dead addresses at each provider."""
    found = [
        dead(hours + 0.5 * number / count, number, provider) for provider, count in dead_at.items() for number in range(count)
    ]
    return sorted(found, key=lambda each: each.at)


USUAL = {"big.example": 100, "middle.example": 40, "small.example": 10}


def test_a_first_mailing_is_no_incident() -> None:
    assert seen(Detector(IncidentPolicy()), mailing(0, {**USUAL, "big.example": 2_000})) == []


def test_the_usual_mailing_is_no_incident() -> None:
    assert seen(Detector(IncidentPolicy()), [each for week in range(5) for each in mailing(week * 168, USUAL)]) == []


def test_a_mailing_to_many_more_is_no_incident_where_every_provider_says_more() -> None:
    detector = Detector(IncidentPolicy())
    seen(detector, mailing(0, USUAL))
    assert seen(detector, mailing(168, {name: count * 6 for name, count in USUAL.items()})) == []


@pytest.mark.parametrize(("days", "opened"), [(13, set()), (15, set(USUAL))], ids=["of whom little is known", "who is known"])
def test_what_no_mailing_explains_is_an_incident_of_every_provider(days: int, opened: set[str]) -> None:
    """A list whose addresses were garbled: everybody is unknown everywhere."""
    detector = Detector(IncidentPolicy())
    for day in range(days):
        seen(detector, mailing(24 * day, USUAL))
    garbled = seen(detector, mailing(24 * days, {name: count * 100 for name, count in USUAL.items()}))
    assert {change.key.subject for change in garbled if change.change is Change.OPENED} == opened


def test_who_mails_everybody_twice_a_year_and_a_few_between_is_no_incident() -> None:
    """What is usual is forgotten meanwhile, and what was ever said is not."""
    detector = Detector(IncidentPolicy())
    seen(detector, mailing(0, USUAL))
    for week in range(1, 26):
        seen(detector, mailing(168 * week, dict.fromkeys(USUAL, 1)))
    assert seen(detector, mailing(168 * 26, USUAL)) == []


def test_who_is_one_of_few_everywhere_is_everybody_s_incident() -> None:
    """No domain has twenty recipients, and all of them are unknown at once."""
    detector, all_ = Detector(IncidentPolicy(), START), IncidentKey(Scope.BURST, EVERYBODY, None)
    for week in range(4):
        seen(detector, [dead(168 * week, week, f"usual{number}.example") for number in range(3)])
    begins = 168.0 * 4
    changes = seen(detector, [dead(begins + number / 1_000, number, f"company{number // 2}.example") for number in range(500)])
    assert (changes[0].change, changes[0].key) == (Change.OPENED, all_)
    assert {change.key for change in changes} == {all_}
    assert len(changes) == 500 - 3 * 16
    assert [change.key for change in detector.rest(START + timedelta(hours=begins + 7))] == [all_]
    assert seen(detector, [dead(begins + 8, number, f"usual{number}.example") for number in range(3)]) == []


def test_a_mailing_of_two_hours_is_no_incident_of_who_is_heard_a_little_later_than_the_first() -> None:
    """Its first hour was learnt as usual of all of them, and not yet of the one."""
    first = [dead(minute / 60, minute, "big.example") for minute in range(120)]
    later = [dead(minute / 60, minute, "middle.example") for minute in range(2, 120, 2)]
    detector = Detector(IncidentPolicy(), START - timedelta(days=3))
    assert seen(detector, sorted(first + later, key=lambda each: each.at)) == []


def test_one_provider_that_says_far_more_than_ever_is_an_incident() -> None:
    detector = Detector(IncidentPolicy())
    seen(detector, mailing(0, USUAL))
    changes = seen(detector, mailing(168, {**USUAL, "big.example": 5_000}))
    opened = [change for change in changes if change.change is Change.OPENED]
    assert [change.key for change in opened] == [IncidentKey(Scope.BURST, "big.example", None)]
    assert opened[0].since == opened[0].at - timedelta(hours=1)
    assert len(changes) > 4_000  # whatever it says from then on belongs to it
    assert all(change.key == opened[0].key for change in changes)


def test_a_provider_that_never_said_anything_is_an_incident_when_it_says_it_of_many() -> None:
    detector = Detector(IncidentPolicy())
    seen(detector, mailing(0, USUAL))
    changes = seen(detector, mailing(168, {"quiet.example": 60}))
    assert changes[0].key.subject == "quiet.example"


def test_the_first_mailing_of_one_who_was_heard_of_before_is_no_incident() -> None:
    """Every provider says more than it ever did."""
    detector = Detector(IncidentPolicy())
    seen(detector, [dead(0, 1)])
    assert seen(detector, mailing(72, USUAL)) == []


def test_an_outage_of_few_is_an_incident() -> None:
    """A sender of four hundred, of whom a provider has eighty."""
    detector = Detector(IncidentPolicy(), START)
    changes = seen(detector, [dead(100 + number / 40, number) for number in range(80)])
    assert (changes[0].change, changes[0].at - changes[0].since) == (Change.OPENED, timedelta(hours=1))


def test_a_resolver_that_finds_nobody_is_an_incident_of_its_own() -> None:
    """Ours, which no provider can help: every domain is another, and each has one recipient."""
    detector = Detector(IncidentPolicy())
    unknown = {"reason": Reason.DOMAIN_UNKNOWN, "provider": "sender.example"}
    seen(detector, [replace(each, **unknown) for each in mailing(0, {"gone.example": 4})] + mailing(0, USUAL))
    changes = seen(detector, [replace(dead(168 + n / 100, n, f"d{n}.example"), **unknown) for n in range(60)])
    assert changes[0].key == IncidentKey(Scope.BURST, "sender.example", Reason.DOMAIN_UNKNOWN)


def test_what_bears_no_tag_opens_a_burst_of_its_own() -> None:
    """Whoever forges it holds nothing that is proven, and hides no outage."""
    detector = Detector(IncidentPolicy(), START)
    forged = [replace(dead(100 + n / 100, n), proven=False) for n in range(90)]
    assert {change.key.scope for change in seen(detector, forged)} == {Scope.UNSIGNED_BURST}
    assert seen(detector, [dead(101, 1)]) == []
    seen(detector, [replace(dead(101, n, f"{n % 9}.example"), proven=False) for n in range(900)])
    for number in range(1_100):  # however many incidents they open
        seen(detector, [replace(dead(200 + 40 * number, n, f"{number}.example"), proven=False) for n in range(30)])
    assert sum(key.scope is Scope.UNSIGNED_BURST for key in detector._open) == 1_000
    assert seen(detector, mailing(50_000, {"big.example": 30}))[0].key == IncidentKey(Scope.BURST, "big.example", None)


def test_an_outage_that_a_slow_sender_hears_of_all_day_is_an_incident() -> None:
    detector = Detector(IncidentPolicy(), START)
    seen(detector, [dead(24 * day, day, provider) for day in range(10) for provider in ("big.example", "other.example")])
    changes = seen(detector, [dead(240 + number / 6, 100 + number) for number in range(30)])
    assert changes[0].change is Change.OPENED
    assert changes[0].at - changes[0].since == timedelta(days=1)


def test_the_first_days_are_learnt_from() -> None:
    """The second hour of a mailing, and the second day of one that takes a week."""
    assert seen(Detector(IncidentPolicy()), [dead(number / 60, number) for number in range(300)]) == []
    assert seen(Detector(IncidentPolicy()), [dead(number, number) for number in range(160)]) == []


def test_of_several_outages_at_once_none_explains_the_other() -> None:
    detector = Detector(IncidentPolicy())
    for day in range(15):
        seen(detector, mailing(24 * day, dict.fromkeys(USUAL, 4)))
    changes = seen(detector, mailing(360, {"big.example": 100, "middle.example": 60, "new.example": 40, "small.example": 4}))
    opened = {change.key.subject for change in changes if change.change is Change.OPENED}
    assert opened == {"big.example", "middle.example", "new.example"}


def test_a_slow_outage_that_was_taken_to_be_over_is_an_incident_again() -> None:
    detector = Detector(IncidentPolicy())
    for day in range(10):
        seen(detector, mailing(24 * day, dict.fromkeys(USUAL, 4)))
    opened = 0
    for number in range(70):
        hours = 240 + number / 3
        detector.rest(START + timedelta(hours=hours))
        opened += [each.change for each in seen(detector, [dead(hours, number)])] == [Change.OPENED]
    assert opened == 2


def test_an_outage_is_over_though_the_usual_goes_on() -> None:
    """Otherwise the dead of a provider that always says a few would be held for ever."""
    detector = Detector(IncidentPolicy())
    seen(detector, [dead(number / 2, number) for number in range(200)])
    seen(detector, [dead(100 + number / 1_000, 1_000 + number) for number in range(500)])
    closed = []
    for half_hours in range(1, 24):
        seen(detector, [dead(100.5 + half_hours / 2, 5_000 + half_hours)])
        closed += detector.rest(START + timedelta(hours=100.5 + half_hours / 2))
    assert [change.change for change in closed] == [Change.CLOSED]
    assert seen(detector, [dead(120, 7_000)]) == []


def test_an_outage_goes_on_while_more_than_usual_is_said() -> None:
    detector = Detector(IncidentPolicy(), START - timedelta(days=2))
    changes = []
    for number in range(500):
        changes += seen(detector, [dead(number / 25, number)])
        changes += detector.rest(START + timedelta(hours=number / 25))
    assert Change.CLOSED not in {change.change for change in changes}


def test_the_same_recipient_over_and_over_is_no_burst() -> None:
    detector = Detector(IncidentPolicy())
    seen(detector, mailing(0, USUAL))
    assert seen(detector, [dead(168, 1, "quiet.example")] * 1_000) == []


def test_the_next_outage_is_an_incident_again() -> None:
    detector = Detector(IncidentPolicy())
    seen(detector, mailing(0, USUAL))
    for week in (1, 2):
        changes = seen(detector, mailing(week * 168, {"big.example": 5_000}))
        assert changes[0].change is Change.OPENED
        assert detector.rest(START + timedelta(hours=week * 168 + 24)) != ()


def test_a_blocklisting_is_an_incident_of_the_list() -> None:
    detector = Detector(IncidentPolicy())
    changes = seen(detector, [listed(0.1 * number, number) for number in range(7)])
    assert [change.change for change in changes] == [Change.OPENED, Change.FED, Change.FED]
    assert {change.key for change in changes} == {IncidentKey(Scope.BLOCKLIST, "Spamhaus SBL", None)}


@pytest.mark.parametrize(
    ("fault", "reason", "key"),
    [
        (Fault.SENDER_IDENTITY, Reason.AUTH_FAILED, IncidentKey(Scope.SENDER, "any.example", Reason.AUTH_FAILED)),
        (Fault.SENDER_REPUTATION, Reason.LOW_REPUTATION, IncidentKey(Scope.SENDER, "any.example", Reason.LOW_REPUTATION)),
        (Fault.MESSAGE, Reason.SPAM_CONTENT, IncidentKey(Scope.MESSAGE, "", Reason.SPAM_CONTENT)),
    ],
)
def test_what_the_sender_s_incidents_are_about(fault: Fault, reason: Reason, key: IncidentKey) -> None:
    detector = Detector(IncidentPolicy())
    changes = seen(detector, [Sighting(START, str(n), "any.example", SOFT, reason, fault) for n in range(5)])
    assert [change.key for change in changes] == [key]


@pytest.mark.parametrize(("proven", "scope"), [(True, Scope.OUTAGE), (False, Scope.UNSIGNED_OUTAGE)])
def test_a_provider_that_nobody_can_reach_is_an_incident(proven: bool, scope: Scope) -> None:
    gone = {"class_": SOFT, "reason": Reason.NETWORK_ERROR, "fault": Fault.NETWORK, "proven": proven}
    detector = Detector(IncidentPolicy(), START)
    few = [replace(dead(100 + n, n, f"{n}.example"), **gone) for n in range(40)]
    assert seen(detector, few) == []
    changes = seen(detector, [replace(dead(200 + n / 30, n), **gone) for n in range(30)])
    assert changes[0].key == IncidentKey(scope, "big.example", None)
    assert seen(detector, [dead(202, 1)]) == []


def test_soft_failures_of_recipients_are_nobody_s_incident() -> None:
    full = [Sighting(START, str(n), "any.example", SOFT, Reason.MAILBOX_FULL, Fault.RECIPIENT) for n in range(500)]
    assert seen(Detector(IncidentPolicy()), full) == []


def test_what_is_quiet_is_over() -> None:
    detector = Detector(IncidentPolicy())
    seen(detector, [listed(0, number) for number in range(6)])
    assert detector.rest(START + timedelta(hours=5)) == ()
    closed = detector.rest(START + timedelta(hours=6))
    assert [change.change for change in closed] == [Change.CLOSED]
    assert detector.rest(START + timedelta(hours=7)) == ()


def test_an_incident_goes_on_after_a_restart_until_somebody_closes_it() -> None:
    detector, key = Detector(IncidentPolicy()), IncidentKey(Scope.BURST, "big.example", None)
    detector.resume(key, START)
    assert [change.change for change in seen(detector, [dead(1, 1)])] == [Change.FED]
    detector.close(key)
    assert detector.observe(dead(1, 2)) is None


def test_a_mailbox_that_is_read_from_its_end_is_no_incident_and_takes_no_room() -> None:
    detector = Detector(IncidentPolicy(), START - timedelta(days=2_000))
    assert seen(detector, [dead(-3 * number, number) for number in range(3_000)]) == []
    tallies = detector._tallies[Scope.BURST][IncidentKey(Scope.BURST, "big.example", None)]
    assert [len(tally.slices) <= 6 for tally in tallies] == [True, True]
    assert [change.change for change in seen(detector, mailing(100, {"big.example": 25}))][:1] == [Change.OPENED]


@pytest.mark.parametrize("ahead", [12, 48, 24 * 34])
def test_a_clock_that_was_ahead_hides_no_outage(ahead: int) -> None:
    """A machine began with a wrong clock, one mail came, and the clock was put right."""
    detector = Detector(IncidentPolicy())
    for day in range(15):
        seen(detector, mailing(24 * day, USUAL))
    now = 24.0 * 15
    assert seen(detector, [dead(now + ahead, 1)]) == []
    assert seen(detector, mailing(now, USUAL)) == []
    opened = seen(detector, mailing(now + 2, {"big.example": 2_000}))
    assert opened[0].change is Change.OPENED
    assert len(opened) > 1_500


def test_memory_is_bounded() -> None:
    detector = Detector(IncidentPolicy())
    seen(detector, [dead(0, 1, f"{number}.example") for number in range(5_000)])
    seen(detector, [dead(0, number) for number in range(5_000)])
    assert len(detector._tallies[Scope.BURST]) <= 2_000
    assert {len(tally.named) for tally in detector._everybody[Scope.BURST]} == {2_000}
    assert {tally.said for tally in detector._everybody[Scope.BURST]} == {10_000}
