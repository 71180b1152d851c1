"""Memory: what was counted against a recipient, bounded however long its history is, and how near the limits that is.

Promises: the same bounce twice on one day counts once, for what it says most; a day counts no more than the policy lets it; one
token is heard no more often on a day than the policy says, so that a replayed one is soon nothing new; what is older than the
window is let go of. Knows nothing of standings.
"""

from datetime import datetime, timedelta
from typing import Final

from bouncesink.core.occurrence import Occurrence
from bouncesink.core.policy import CONDEMNING, REVIEWED, Policy
from bouncesink.core.standing import Turn
from bouncesink.core.value import value
from bouncesink.core.verdict import FailureClass

SEEN_LIMIT: Final = 20

Points = tuple[tuple[int, int], ...]
Tokens = tuple[tuple[str, int], ...]

# Counted apart, so that no lesser word, and no number of them, keeps the one that decides from being heard: of one report
# another address may be told first, or the same may have come before to where nobody proved it.
_DECISIVE: Final = {Turn.DEAD: "!", Turn.COMPLAINED: "!"}
_APART: Final = _DECISIVE | {Turn.DOUBTFUL: "?"}


@value
class Memory:
    """What the fold must remember beside the standing. ``points`` are (day, how many) with days as ordinals, oldest first.

    ``series_since`` is when the running series of soft failures began, ``series`` how many verdicts it has, ``failed_at`` the
    last failure of any kind. ``death_day`` is when the address was first said to be dead by a word that does not suffice alone.
    ``seen`` are the bounces of ``seen_day``, so that one that comes twice counts once, and ``heard`` how often each token was
    heard on it. ``probe`` is set while one mail may be sent to see whether a suppression that has expired still holds.
    """

    points: Points = ()
    series_since: datetime | None = None
    series: int = 0
    failed_at: datetime | None = None
    death_day: int = 0
    seen_day: int = 0
    seen: tuple[str, ...] = ()
    heard: Tokens = ()
    probe: bool = False


def weigh(sign: Turn, before: Memory, occurrence: Occurrence, policy: Policy) -> tuple[Turn, Memory] | None:
    """The Turn, once everything is counted, and what is remembered of it; None where this bounce was counted already."""
    day = occurrence.at.toordinal()
    seen = before.seen if before.seen_day == day else ()
    if occurrence.bounce:
        name = f"{occurrence.bounce}/{occurrence.reason or occurrence.kind}{_APART.get(sign, '')}"
        if name in seen:
            return None
        seen = (*seen, name)[-SEEN_LIMIT:]
    heard = before.heard if before.seen_day == day else ()
    if occurrence.token:
        told = _heard(heard, occurrence.token + _DECISIVE.get(sign, ""), policy)
        if told is None:
            return None
        heard = told
    points, since, series, death_day = before.points, before.series_since, before.series, before.death_day
    if sign is Turn.COUNTED and occurrence.class_ is FailureClass.HARD and occurrence.reason in CONDEMNING:
        sign, death_day = _said_dead(death_day, day, policy)
    elif sign is Turn.COUNTED:
        points = _pointed(points, day, policy)
        since = since or occurrence.at
        series += 1
        sign = _exhausted(occurrence) if before.probe else _pressure(points, since, series, occurrence, policy)
    failed_at = before.failed_at
    if sign is not Turn.DOUBTFUL or series != before.series:
        failed_at = occurrence.at if failed_at is None or occurrence.at > failed_at else failed_at
    return sign, Memory(points, since, series, failed_at, death_day, day, seen, heard, before.probe)


def _heard(heard: Tokens, token: str, policy: Policy) -> Tokens | None:
    """The day's tokens with this one heard once more; None where it was heard often enough."""
    counts = dict(heard)
    count = counts.pop(token, 0)
    if count >= policy.token_events_a_day:
        return None
    return (*counts.items(), (token, count + 1))[-SEEN_LIMIT:]


def _said_dead(death_day: int, day: int, policy: Policy) -> tuple[Turn, int]:
    """Not believed at once: it takes two days, and not too long between."""
    if death_day and death_day != day and abs(day - death_day) <= policy.second_day_within:
        return Turn.DEAD, death_day
    return Turn.PRESSED, day


def _pointed(points: Points, day: int, policy: Policy) -> Points:
    if not points:
        return ((day, 1),)
    last, count = points[-1]
    if last == day:
        return points if count >= policy.points_a_day else (*points[:-1], (day, count + 1))
    counts = dict(points)
    counts[day] = min(counts.get(day, 0) + 1, policy.points_a_day)
    oldest = max(counts) - policy.window_days
    return tuple(sorted([each for each in counts.items() if each[0] > oldest]))


def _pressure(points: Points, since: datetime, series: int, occurrence: Occurrence, policy: Policy) -> Turn:
    """How near the limits it is."""
    said = sum([count for _, count in points])
    lasted = occurrence.at - since
    week = timedelta(days=policy.soft_days)
    if said >= policy.points or (lasted > week and series >= policy.soft_verdicts):
        return _exhausted(occurrence)
    half = said * 2 >= policy.points or (lasted * 2 > week and series * 2 >= policy.soft_verdicts)
    return Turn.PRESSED if half else Turn.COUNTED


def _exhausted(occurrence: Occurrence) -> Turn:
    return Turn.DOUBTFUL if occurrence.reason in REVIEWED else Turn.EXHAUSTED
