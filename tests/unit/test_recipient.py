"""Standing as a table that anybody can read: days and verdicts in, standings out.

A history is one line of words, each ``DAY[.HOUR]:WHAT``: what was said on which day (0 is the first) and, if it matters, at
which hour (noon otherwise).
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bouncesink.core.memory import SEEN_LIMIT
from bouncesink.core.occurrence import Act, Occurrence, OperatorAct, token_name
from bouncesink.core.policy import Policy
from bouncesink.core.recipient import Recipient, act_on, advance, expire, is_probe_due
from bouncesink.core.report import Kind
from bouncesink.core.standing import TRANSITIONS, Standing, Turn
from bouncesink.core.verdict import Disposition, FailureClass, Fault, Reason
from bouncesink.core.verp.attribution import Authenticity

DAY_0 = datetime(2026, 3, 2, tzinfo=UTC)
POLICY = Policy()
HARD, SOFT = FailureClass.HARD, FailureClass.SOFT
PROVEN, UNSIGNED, LATE, UNPROVEN = Authenticity.PROVEN, Authenticity.UNSIGNED, Authenticity.LATE, Authenticity.UNPROVEN
SUPPRESS, COUNT, REVIEW, IGNORE, HOLD = (
    *(Disposition.SUPPRESS, Disposition.COUNT, Disposition.REVIEW),
    *(Disposition.IGNORE, Disposition.HOLD),
)

# What may be said: kind, class, reason, fault, authenticity, disposition.
SAID = {
    "full": (Kind.BOUNCE, SOFT, Reason.MAILBOX_FULL, Fault.RECIPIENT, PROVEN, COUNT),
    "full-forged": (Kind.BOUNCE, SOFT, Reason.MAILBOX_FULL, Fault.RECIPIENT, UNPROVEN, COUNT),
    "outage": (Kind.BOUNCE, SOFT, Reason.NETWORK_ERROR, Fault.NETWORK, PROVEN, COUNT),
    "refused": (Kind.BOUNCE, HARD, Reason.REFUSED_BY_RECIPIENT, Fault.RECIPIENT, PROVEN, COUNT),
    "unknown": (Kind.BOUNCE, HARD, Reason.MAILBOX_UNKNOWN, Fault.RECIPIENT, PROVEN, SUPPRESS),
    "unknown-unsigned": (Kind.BOUNCE, HARD, Reason.MAILBOX_UNKNOWN, Fault.RECIPIENT, UNSIGNED, COUNT),
    "unknown-unsigned-suppress": (Kind.BOUNCE, HARD, Reason.MAILBOX_UNKNOWN, Fault.RECIPIENT, UNSIGNED, SUPPRESS),
    "unknown-late": (Kind.BOUNCE, HARD, Reason.MAILBOX_UNKNOWN, Fault.RECIPIENT, LATE, REVIEW),
    "unknown-forged": (Kind.BOUNCE, HARD, Reason.MAILBOX_UNKNOWN, Fault.RECIPIENT, UNPROVEN, REVIEW),
    "unknown-held": (Kind.BOUNCE, HARD, Reason.MAILBOX_UNKNOWN, Fault.RECIPIENT, PROVEN, HOLD),
    "disabled": (Kind.BOUNCE, HARD, Reason.MAILBOX_DISABLED, Fault.RECIPIENT, PROVEN, SUPPRESS),
    "inactive": (Kind.BOUNCE, HARD, Reason.MAILBOX_INACTIVE, Fault.RECIPIENT, PROVEN, COUNT),
    "listed": (Kind.BOUNCE, HARD, Reason.IP_BLOCKLISTED, Fault.SENDER_REPUTATION, PROVEN, IGNORE),
    "listed-suppress": (Kind.BOUNCE, HARD, Reason.IP_BLOCKLISTED, Fault.SENDER_REPUTATION, PROVEN, SUPPRESS),
    "spam": (Kind.BOUNCE, HARD, Reason.SPAM_CONTENT, Fault.MESSAGE, PROVEN, IGNORE),
    "unclear": (Kind.BOUNCE, HARD, Reason.UNDETERMINED, Fault.UNKNOWN, PROVEN, REVIEW),
    "complaint": (Kind.COMPLAINT, None, None, None, PROVEN, SUPPRESS),
    "delivered": (Kind.DELIVERED, None, None, None, PROVEN, IGNORE),
    "delivered-forged": (Kind.DELIVERED, None, None, None, UNPROVEN, IGNORE),
    "auto-reply": (Kind.AUTO_REPLY, None, None, None, PROVEN, IGNORE),
}


def moment(day: str) -> datetime:
    whole, _, hour = day.partition(".")
    return DAY_0 + timedelta(days=int(whole), hours=float(hour or 12))


def occurrence(number: int, at: datetime, said: str, bounce: str = "") -> Occurrence:
    kind, class_, reason, fault, authenticity, disposition = SAID[said]
    address = "reader@example.com"
    return Occurrence(
        number, at, address, address, "", kind, class_, reason, fault, authenticity, disposition, bounce or f"<{number}@e>"
    )


def fold(history: str, before: Recipient | None = None, policy: Policy = POLICY) -> Recipient | None:
    recipient = before
    for number, word in enumerate(history.split(), 1):
        day, _, said = word.partition(":")
        if said in list(Act):
            recipient = act_on(recipient, OperatorAct(Act(said), moment(day), "reader@example.com", "reader@example.com"))
        else:
            recipient = advance(recipient, occurrence(number, moment(day), said), policy)
    return recipient


def standing(recipient: Recipient | None) -> str:
    return str(recipient.standing) if recipient is not None else "nobody"


TEN_IN_FIVE_DAYS = "0.1:full 0.2:full 1.1:full 1.2:full 2.1:full 2.2:full 3.1:full 3.2:full 4.1:full"

TABLE = [
    # hard
    ("0:unknown", "suppressed"),
    ("0:unknown-unsigned", "watch"),
    ("0.1:unknown-unsigned 0.23:unknown-unsigned", "watch"),
    ("0.23:unknown-unsigned 1.1:unknown-unsigned", "suppressed"),  # two days, two hours apart
    ("0:unknown-unsigned 30:unknown-unsigned", "suppressed"),
    ("0:unknown-unsigned 31:unknown-unsigned", "watch"),
    ("0:unknown-unsigned-suppress", "review"),
    ("0:inactive", "watch"),
    ("0:inactive 1:inactive", "suppressed"),
    ("0:disabled", "suppressed"),
    ("0:disabled 179:auto-reply", "suppressed"),
    # nobody proved it
    ("0:unknown-late", "review"),
    ("0:unknown-forged", "review"),
    ("0:unknown-forged 1:unknown-forged 2:unknown-forged 3:unknown-forged", "review"),
    ("0:full-forged", "nobody"),
    ("0:full 1:delivered-forged", "ok"),
    # not the recipient's fault
    ("0:listed 1:listed 2:spam 3:listed", "nobody"),
    ("0:listed-suppress", "nobody"),
    ("0:unknown-held", "nobody"),
    ("0:auto-reply", "nobody"),
    ("0:delivered", "nobody"),
    # ten in seven days
    (TEN_IN_FIVE_DAYS, "watch"),
    (f"{TEN_IN_FIVE_DAYS} 4.2:full", "suppressed"),
    ("0.1:full 0.2:full 0.3:full 0.4:full 0.5:full 0.6:full 0.7:full 0.8:full 0.9:full 0.10:full 0.11:full", "ok"),
    ("0.1:full 0.2:full 1.1:full 1.2:full", "ok"),
    ("0.1:full 0.2:full 1.1:full 1.2:full 2:full", "watch"),
    # a point leaves the window after seven days: the ninth and tenth are those of another window
    ("0.1:full 0.2:full 3.1:full 3.2:full 4.1:full 4.2:full 5.1:full 5.2:full 6.23:full 6.23:full", "suppressed"),
    ("0.1:full 0.2:full 3.1:full 3.2:full 4.1:full 4.2:full 5.1:full 5.2:full 7.0:full 7.0:full", "watch"),
    # over a week
    ("0:full 4:full 7:full", "watch"),
    ("0:full 4:full 7.13:full", "suppressed"),
    ("0:full 7.13:full", "watch"),
    ("0:full 4:delivered 7.13:full 7.14:full", "ok"),
    ("0:outage 4:full 8:outage", "suppressed"),
    ("0:full 4:refused 8:refused", "review"),
    # quiet days
    ("0:full 13.23:full 14:full", "suppressed"),
    ("0:full 14.13:full 14.14:full", "ok"),
    ("0:unknown-unsigned 15:auto-reply", "watch"),
    # expiry and probe
    ("0:full 4:full 8:full 37:full", "suppressed"),
    ("0:full 4:full 8:full 39:full", "suppressed"),  # the probe failed
    ("0:full 4:full 8:full 39:delivered", "ok"),
    ("0:full 4:full 8:full 20:delivered", "ok"),
    ("0:unknown 20:delivered", "suppressed"),
    # complaints
    ("0:complaint", "suppressed"),
    ("0:complaint 100:delivered", "suppressed"),
    ("0:full 4:full 8:full 9:complaint 60:delivered", "suppressed"),
    # a person looks
    ("0:unclear", "review"),
    ("0:unclear 1:delivered", "review"),
    ("0:unclear 20:full", "review"),
    ("0:unclear 1:unknown", "suppressed"),
    # by hand
    ("0:suppress", "suppressed"),
    ("0:suppress 1:delivered", "suppressed"),
    ("0:release", "nobody"),
    ("0:unknown 1:release", "ok"),
    ("0:unknown 1:release 2:unknown", "suppressed"),
    ("0:unclear 1:release", "ok"),
]


@pytest.mark.parametrize(("history", "stands"), TABLE)
def test_where_a_recipient_stands(history: str, stands: str) -> None:
    assert standing(fold(history)) == stands


@pytest.mark.parametrize(
    ("history", "until"),
    [
        ("0:unknown", None),
        ("0:complaint", None),
        ("0:disabled", moment("180")),
        ("0:full 4:full 8:full", moment("38")),
        ("0:full 4:full 8:full 9:complaint", None),
        ("0:suppress", None),
    ],
)
def test_until_when(history: str, until: datetime | None) -> None:
    recipient = fold(history)
    assert recipient is not None
    assert recipient.until == until


@pytest.mark.parametrize(
    ("history", "day", "stands", "probe"),
    [
        ("0:full 4:full 8:full", "37", "suppressed", False),
        ("0:full 4:full 8:full", "38", "watch", True),
        ("0:full 4:full 8:full", "400", "watch", True),
        ("0:full 4:full 8:full 39:unknown-unsigned", "60", "watch", True),
        ("0:full", "13", "ok", False),
        ("0:unknown-unsigned", "14", "ok", False),
        ("0:disabled", "180", "watch", True),
        ("0:unknown", "9000", "suppressed", False),
        ("0:full 1:unclear", "20", "review", False),
    ],
)
def test_what_time_alone_changes(history: str, day: str, stands: str, probe: bool) -> None:
    recipient = fold(history)
    assert recipient is not None
    assert str(expire(recipient, moment(day), POLICY).standing) == stands
    assert is_probe_due(recipient, moment(day), POLICY) is probe


def test_a_suppression_names_its_verdicts() -> None:
    recipient = fold("0:full 4:full 8:full 9:full")
    assert recipient is not None
    assert (recipient.why, recipient.reason) == ((1, 2, 3), Reason.MAILBOX_FULL)


def test_the_same_bounce_twice_on_a_day_counts_once() -> None:
    first = advance(None, occurrence(1, moment("0.1"), "full", "<x@e>"), POLICY)
    again = advance(first, occurrence(2, moment("0.2"), "full", "<x@e>"), POLICY)
    assert again is first
    next_day = advance(first, occurrence(3, moment("1"), "full", "<x@e>"), POLICY)
    assert next_day is not None
    assert next_day.points == 2


@pytest.mark.parametrize(
    ("first", "then", "stands"),
    [
        ("unknown-forged", "unknown", "suppressed"),  # the same report came to postmaster@ before it came to the token
        ("unknown-late", "unknown", "suppressed"),
        ("unknown-unsigned", "unknown", "suppressed"),
        ("unknown-forged", "unknown-unsigned", "review"),
        ("unknown", "unknown-forged", "suppressed"),
    ],
)
def test_a_lesser_word_of_a_bounce_does_not_hide_the_one_that_decides(first: str, then: str, stands: str) -> None:
    before = advance(None, occurrence(1, moment("0.1"), first, "<x@e>"), POLICY)
    after = advance(before, occurrence(2, moment("0.2"), then, "<x@e>"), POLICY)
    assert standing(after) == stands
    assert advance(after, occurrence(3, moment("0.3"), then, "<x@e>"), POLICY) is after


def test_a_first_word_of_death_counts_though_the_same_bounce_was_for_review() -> None:
    before = advance(None, occurrence(1, moment("0.1"), "unknown-forged", "<x@e>"), POLICY)
    after = advance(before, occurrence(2, moment("0.2"), "unknown-unsigned", "<x@e>"), POLICY)
    assert standing(advance(after, occurrence(3, moment("1"), "unknown-unsigned", "<y@e>"), POLICY)) == "suppressed"


def test_a_bounce_without_a_name_is_always_another() -> None:
    nameless = [
        advance(None, Occurrence(1, moment("0"), "a", "a", "", *SAID["full"], ""), POLICY),
    ]
    again = advance(nameless[0], Occurrence(2, moment("0"), "a", "a", "", *SAID["full"], ""), POLICY)
    assert again is not None
    assert again.points == 2


def replayed(said: str, times: int, day: str = "0", before: Recipient | None = None, token: str = "t") -> Recipient | None:
    recipient = before
    for number in range(times):
        named = occurrence(number, moment(day), said, f"<{day}.{token}.{number}.{recipient and len(recipient.why)}@e>")
        recipient = advance(recipient, replace(named, token=token), POLICY)
    return recipient


def test_a_token_is_heard_so_often_on_a_day_and_then_changes_nothing() -> None:
    heard = replayed("full", POLICY.token_events_a_day)
    assert heard is not None
    assert len(heard.why) == POLICY.token_events_a_day
    assert replayed("full", 5, before=heard) is heard
    assert replayed("full", 1, before=heard, token="another") is not heard
    assert replayed("full", 1, "1", before=heard) is not heard, "another day"
    assert advance(heard, occurrence(99, moment("0"), "full"), POLICY) is not heard, "what has no token is not a token"


def test_no_number_of_replays_keeps_the_word_that_decides_from_being_heard() -> None:
    dead = replayed("unknown", 1, before=replayed("full", 50))
    assert standing(dead) == "suppressed"
    again = replayed("unknown", POLICY.token_events_a_day, before=dead)
    assert replayed("unknown", 5, before=again) is again


def test_the_tokens_of_a_day_are_bounded() -> None:
    recipient = None
    for number in range(60):
        recipient = replayed("full", 1, before=recipient, token=str(number))
    assert recipient is not None
    assert len(recipient.memory.heard) == SEEN_LIMIT


def test_tokens_are_told_apart_by_what_they_say() -> None:
    assert token_name(None, None, "") == ""
    assert token_name(None, 1, "ff") == ""
    names = {token_name(date(2026, 11, day), key, of) for day in (1, 2) for key in (None, 0, 1) for of in ("", "ff")}
    assert len(names) == 12


def test_an_old_bounce_that_comes_late_counts_on_its_own_day() -> None:
    recipient = fold("5:full 3:full 5.13:full")
    assert recipient is not None
    assert recipient.memory.points == ((moment("3").toordinal(), 1), (moment("5").toordinal(), 2))


def test_every_turn_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(Turn)
    assert all(isinstance(after, Standing) for row in TRANSITIONS.values() for after in row.values())
