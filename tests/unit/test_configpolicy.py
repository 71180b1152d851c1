"""The policy as the configuration writes it: numbers, expiries, streams, and everything that is wrong at once."""

import pytest

from bouncesink.config.policy import NUMBERS, incident_policy, policies, problems
from bouncesink.config.sections import IncidentsSection, PolicySection
from bouncesink.core.incident import IncidentPolicy
from bouncesink.core.policy import Policies, Policy
from bouncesink.core.verdict import Reason


def test_the_defaults_are_those_of_the_core() -> None:
    assert policies(PolicySection()) == Policies(Policy(), {})
    assert list(problems(PolicySection())) == []


def test_a_stream_has_what_it_says_and_the_rest_of_the_default() -> None:
    found = policies(PolicySection(points=8, streams=("a.news.points=6", "a.news.soft_days=3")))
    assert found.of("a.news") == Policy(points=6, soft_days=3)
    assert found.of("other") == Policy(points=8)


def test_an_expiry_is_a_reason_and_days() -> None:
    assert policies(PolicySection(expiry_days=("mailbox_moved=90",))).default.expiry_days == {Reason.MAILBOX_MOVED: 90}


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (PolicySection(points=15), [("policy", "points = 15 is more than")]),
        (
            PolicySection(expiry_days=("mailbox_unknwon=3", "mailbox_full")),
            [
                ("policy.expiry_days", "did you mean 'mailbox_unknown'?"),
                ("policy.expiry_days", "'mailbox_full' is not REASON=DAYS"),
            ],
        ),
        (
            PolicySection(streams=("news.pionts=3", "points=3", "news.points=0", "news.points=14")),
            [
                ("policy.streams", "did you mean 'points'?"),
                ("policy.streams", "'points=3' is not STREAM.KEY=NUMBER"),
                ("policy.streams", "'news.points=0' is not"),
            ],
        ),
        (PolicySection(streams=("news.points=15",)), [("policy.streams", "stream news: points = 15 is more than")]),
    ],
)
def test_everything_that_is_wrong_is_told(section: PolicySection, told: list[tuple[str, str]]) -> None:
    found = list(problems(section))
    assert [key for key, _ in found] == [key for key, _ in told]
    assert all(words in said for (_, words), (_, said) in zip(told, found, strict=True))


def test_every_number_of_the_core_can_be_set() -> None:
    assert set(NUMBERS) == set(Policy.__dataclass_fields__) - {"expiry_days"}


def test_no_configuration_is_the_detectors_defaults() -> None:
    assert incident_policy(IncidentsSection()) == IncidentPolicy()
    assert incident_policy(IncidentsSection(burst_recipients=8)).burst_recipients == 8
