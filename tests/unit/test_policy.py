"""The numbers of the policy, and which of them cannot be kept together."""

from dataclasses import replace

import pytest

from bouncesink.core.policy import CONDEMNING, REVIEWED, Policies, Policy, contradictions
from bouncesink.core.verdict import Disposition, Reason
from bouncesink.rulefiles import load_rulebook


def test_the_defaults_agree() -> None:
    assert contradictions(Policy()) == ()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"points": 15}, ["points = 15 is more than"]),
        ({"window_days": 15}, ["longer than quiet_days"]),
        ({"soft_days": 28}, ["soft_days = 28 is longer"]),
        ({"soft_verdicts": 1}, ["soft_days = 7 is longer", "soft_verdicts = 1"]),
        ({"points_a_day": 0}, ["points = 10 is more than", "1 or more"]),
        ({"expiry_days": {Reason.MAILBOX_DISABLED: 0}}, ["1 or more"]),
    ],
)
def test_what_contradicts_is_told_all_at_once(changed: dict[str, object], words: list[str]) -> None:
    told = contradictions(replace(Policy(), **changed))  # type: ignore[arg-type]  # a table of keys and values
    assert len(told) == len(words)
    assert all(word in sentence for word, sentence in zip(words, told, strict=True))


def test_a_stream_has_its_own_numbers() -> None:
    strict = replace(Policy(), points=5)
    policies = Policies(streams={"news": strict})
    assert policies.of("news") is strict
    assert policies.of("other") == Policy()


def test_condemning_reasons_are_those_that_suppress_by_default() -> None:
    reasons = load_rulebook(None).reasons
    assert {reason for reason, entry in reasons.items() if entry.disposition is Disposition.SUPPRESS} == CONDEMNING


def test_no_reason_is_both_condemned_and_reviewed() -> None:
    assert not CONDEMNING & REVIEWED
