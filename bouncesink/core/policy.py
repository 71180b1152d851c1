"""Policy: every number by which verdicts become a standing, with the defaults of the design.

A Policy is a value; a stream (a tenant, a list, a campaign) may have one of its own. Promises: numbers that contradict each
other are told, all of them at once, before anything is folded by them. What the numbers mean is the fold's to say. Knows
nothing of where they are written down.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from bouncesink.core.verdict import Fault, Reason

# A hard failure for one of these says that the address is dead, not that a mail was unlucky: the reasons whose default in
# rules/reasons.toml is "suppress" (a test holds the two together).
CONDEMNING: Final = frozenset(
    {
        Reason.MAILBOX_UNKNOWN,
        Reason.BAD_ADDRESS_SYNTAX,
        Reason.MAILBOX_MOVED,
        Reason.DOMAIN_NULL_MX,
        Reason.MAILBOX_DISABLED,
        Reason.MAILBOX_INACTIVE,
        Reason.DOMAIN_UNKNOWN,
    }
)

# Counted like the others; but when they have counted enough a person looks, since nobody said that the address is at fault.
REVIEWED: Final = frozenset(
    {
        Reason.RELAY_DENIED,
        Reason.REFUSED_BY_RECIPIENT,
        Reason.MAILING_LIST_PROBLEM,
        Reason.SMTPUTF8_UNSUPPORTED,
        Reason.POLICY_UNSPECIFIED,
        Reason.UNDETERMINED,
    }
)

# The faults that can count against a recipient outright.
THE_RECIPIENTS: Final = frozenset({Fault.RECIPIENT, Fault.RECIPIENT_DOMAIN})


@dataclass(frozen=True, slots=True)
class Policy:
    """Days are calendar days in UTC, except ``soft_days`` and ``quiet_days``, which are spans of 24 hours.

    ``points_a_day`` bounds what one day may count (docs/decisions/0014), ``token_events_a_day`` how often one token is heard on
    it, so that whoever replays a token fills nobody's history; ``points`` within ``window_days`` suppress, and so
    does ``soft_verdicts`` over more than ``soft_days`` without a delivery; half of either is watched. ``quiet_days`` without a
    failure clear what was counted. A suppression for soft failures lasts ``soft_suppression_days``, one for a reason in
    ``expiry_days`` that long, every other has no end. ``second_day_within`` is how long a first word of death that does not
    suffice alone waits for a second one on another day.
    """

    points_a_day: int = 2
    token_events_a_day: int = 10
    points: int = 10
    window_days: int = 7
    soft_days: int = 7
    soft_verdicts: int = 3
    quiet_days: int = 14
    soft_suppression_days: int = 30
    second_day_within: int = 30
    expiry_days: Mapping[Reason, int] = field(default_factory=lambda: MappingProxyType({Reason.MAILBOX_DISABLED: 180}))


@dataclass(frozen=True, slots=True)
class Policies:
    """The default, and the streams that have their own."""

    default: Policy = field(default_factory=Policy)
    streams: Mapping[str, Policy] = field(default_factory=dict)

    def of(self, stream: str) -> Policy:
        return self.streams.get(stream, self.default)


def contradictions(policy: Policy) -> tuple[str, ...]:
    """What is wrong with the numbers, a sentence each; empty where they can be kept together."""
    return tuple(sentence.format(policy=policy) for holds, sentence in _LAWS if not holds(policy))


_LAWS: Final[tuple[tuple[Callable[[Policy], bool], str], ...]] = (
    (
        lambda policy: policy.points <= policy.points_a_day * policy.window_days,
        "points = {policy.points} is more than window_days = {policy.window_days} of points_a_day = {policy.points_a_day} make",
    ),
    (
        lambda policy: policy.window_days <= policy.quiet_days,
        "window_days = {policy.window_days} is longer than quiet_days = {policy.quiet_days}, after which nothing counts",
    ),
    (
        lambda policy: policy.soft_days < policy.quiet_days * (policy.soft_verdicts - 1),
        "soft_days = {policy.soft_days} is longer than soft_verdicts = {policy.soft_verdicts} can last",
    ),
    (lambda policy: policy.soft_verdicts >= 2, "soft_verdicts = {policy.soft_verdicts}: one failure lasts no time; 2 or more"),
    (lambda policy: min(_numbers(policy)) >= 1, "every number must be 1 or more"),
)


def _numbers(policy: Policy) -> tuple[int, ...]:
    return (
        *(
            policy.points_a_day,
            policy.token_events_a_day,
            policy.points,
            policy.window_days,
            policy.soft_days,
            policy.quiet_days,
        ),
        *(policy.soft_suppression_days, policy.second_day_within, *policy.expiry_days.values()),
    )
