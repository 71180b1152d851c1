"""What we do about a verdict: the tables, and what stands between a reason's default and a suppression."""

from dataclasses import replace

import pytest

from bouncesink.core.disposition import BY_AUTHENTICITY, BY_KIND, Circumstances, dispose_failure, dispose_other
from bouncesink.core.report import Kind
from bouncesink.core.verdict import Disposition, FailureClass, Reason
from bouncesink.core.verp.attribution import Authenticity
from bouncesink.rulefiles import load_rulebook

REASONS = load_rulebook(None).reasons
PROVEN, UNSIGNED, LATE, UNPROVEN = Authenticity.PROVEN, Authenticity.UNSIGNED, Authenticity.LATE, Authenticity.UNPROVEN
HARD, SOFT = FailureClass.HARD, FailureClass.SOFT
SUPPRESS, COUNT, REVIEW, IGNORE = Disposition.SUPPRESS, Disposition.COUNT, Disposition.REVIEW, Disposition.IGNORE


@pytest.mark.parametrize(
    ("reason", "known", "disposition", "why"),
    [
        (Reason.MAILBOX_UNKNOWN, Circumstances(HARD, PROVEN), SUPPRESS, ""),
        (Reason.MAILBOX_UNKNOWN, Circumstances(SOFT, PROVEN), COUNT, "not said to be permanent"),
        (Reason.MAILBOX_UNKNOWN, Circumstances(None, PROVEN), COUNT, "not said to be permanent"),
        (Reason.MAILBOX_UNKNOWN, Circumstances(HARD, UNSIGNED), COUNT, "unsigned: suppress becomes count"),
        (Reason.MAILBOX_UNKNOWN, Circumstances(HARD, LATE), REVIEW, "late: suppress becomes review"),
        (Reason.MAILBOX_UNKNOWN, Circumstances(HARD, UNPROVEN), REVIEW, "unproven: suppress becomes review"),
        (Reason.MAILBOX_UNKNOWN, Circumstances(HARD, PROVEN, weak=True), REVIEW, "the evidence is weak"),
        (
            Reason.MAILBOX_UNKNOWN,
            Circumstances(HARD, PROVEN, partial=True),
            REVIEW,
            "others behind this address were not said to fail",
        ),
        (
            Reason.MAILBOX_UNKNOWN,
            Circumstances(HARD, PROVEN, redirected=True),
            REVIEW,
            "the address that failed is not the one that was mailed",
        ),
        (Reason.MAILBOX_UNKNOWN, Circumstances(HARD, UNPROVEN, weak=True), IGNORE, "unproven: review becomes ignore"),
        (Reason.MAILBOX_INACTIVE, Circumstances(HARD, PROVEN), COUNT, "must be said on 2 days"),
        (Reason.DOMAIN_UNKNOWN, Circumstances(HARD, PROVEN), COUNT, "must be said on 2 days"),
        (Reason.MAILBOX_FULL, Circumstances(SOFT, PROVEN), COUNT, ""),
        (Reason.MAILBOX_FULL, Circumstances(SOFT, UNSIGNED), COUNT, ""),
        (Reason.MAILBOX_FULL, Circumstances(SOFT, LATE), IGNORE, "late: count becomes ignore"),
        (Reason.MAILBOX_FULL, Circumstances(SOFT, UNPROVEN), IGNORE, "unproven: count becomes ignore"),
        (Reason.MAILBOX_FULL, Circumstances(SOFT, PROVEN, redirected=True), COUNT, ""),
        (
            Reason.MAILBOX_FULL,
            Circumstances(SOFT, PROVEN, redirected=True, beside=True),
            IGNORE,
            "speaks of another address than the one that was mailed",
        ),
        (
            Reason.MAILBOX_UNKNOWN,
            Circumstances(SOFT, PROVEN, redirected=True, beside=True),
            IGNORE,
            "speaks of another address than the one that was mailed",
        ),
        (
            Reason.MAILBOX_UNKNOWN,
            Circumstances(HARD, PROVEN, redirected=True, beside=True),
            REVIEW,
            "the address that failed is not the one that was mailed",
        ),
        (Reason.GREYLISTED, Circumstances(SOFT, PROVEN), IGNORE, ""),
        (Reason.PROTOCOL_ERROR, Circumstances(HARD, PROVEN), IGNORE, ""),
        (Reason.POLICY_UNSPECIFIED, Circumstances(HARD, PROVEN), COUNT, "counts, since it is proven and said to have failed"),
        (Reason.POLICY_UNSPECIFIED, Circumstances(HARD, PROVEN, said_failed=False), REVIEW, ""),
        (Reason.UNDETERMINED, Circumstances(None, UNSIGNED), REVIEW, ""),
        (Reason.UNDETERMINED, Circumstances(None, UNPROVEN), IGNORE, "unproven: review becomes ignore"),
    ],
)
def test_a_failure(reason, known, disposition, why):
    assert dispose_failure(REASONS[reason], known) == (disposition, why)


@pytest.mark.parametrize("reason", [reason for reason, entry in REASONS.items() if entry.incident])
@pytest.mark.parametrize("authenticity", Authenticity)
@pytest.mark.parametrize("class_", [HARD, SOFT, None])
def test_a_fault_of_the_sending_side_never_touches_the_recipient(reason, authenticity, class_):
    assert dispose_failure(REASONS[reason], Circumstances(class_, authenticity)) == (IGNORE, "")


@pytest.mark.parametrize("authenticity", [UNSIGNED, LATE, UNPROVEN])
@pytest.mark.parametrize("entry", REASONS.values(), ids=str)
def test_nothing_less_than_proven_suppresses(entry, authenticity):
    assert dispose_failure(entry, Circumstances(HARD, authenticity))[0] is not SUPPRESS


def test_a_reason_that_is_to_be_said_on_one_day_suppresses_at_once():
    entry = replace(REASONS[Reason.MAILBOX_INACTIVE], days=1)
    assert dispose_failure(entry, Circumstances(HARD, PROVEN)) == (SUPPRESS, "")


@pytest.mark.parametrize(
    ("kind", "authenticity", "disposition"),
    [
        (Kind.COMPLAINT, PROVEN, SUPPRESS),
        (Kind.COMPLAINT, UNSIGNED, REVIEW),
        (Kind.COMPLAINT, LATE, REVIEW),
        (Kind.COMPLAINT, UNPROVEN, REVIEW),
        (Kind.UNSUBSCRIBE, PROVEN, REVIEW),
        (Kind.UNSUBSCRIBE, UNPROVEN, REVIEW),
        (Kind.UNKNOWN, PROVEN, REVIEW),
        (Kind.UNKNOWN, UNSIGNED, REVIEW),
        (Kind.UNKNOWN, LATE, IGNORE),
        (Kind.UNKNOWN, UNPROVEN, IGNORE),
        *[(kind, PROVEN, IGNORE) for kind in (Kind.DELAYED, Kind.DELIVERED, Kind.FEEDBACK, Kind.AUTO_REPLY, Kind.CHALLENGE)],
        *[(kind, PROVEN, IGNORE) for kind in (Kind.RECEIPT, Kind.REPORT, Kind.REPLY, Kind.OTHER)],
    ],
)
def test_what_is_no_failure(kind, authenticity, disposition):
    assert dispose_other(kind, authenticity) is disposition


def test_the_tables_leave_no_case_out():
    assert set(BY_AUTHENTICITY) == set(Authenticity)
    assert all(set(row) == {SUPPRESS, COUNT, REVIEW} for row in BY_AUTHENTICITY.values())
    assert all(set(row) == set(Authenticity) for row in BY_KIND.values())
