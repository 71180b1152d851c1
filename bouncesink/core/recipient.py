"""Recipient: where an address stands, as a pure fold over what was said of it.

    recipient = advance(recipient, occurrence, policy)        one verdict, one act of an operator; None before the first
    recipient = expire(recipient, now, policy)                what the passing of time alone changes

Promises: an occurrence is read as a Turn (what it means), and ``standing.TRANSITIONS`` says what a Turn makes of a
Standing; nothing else decides. Verdicts whose fault is the sender's or the message's, and those to be ignored or held,
change nothing, and make no recipient where there was none. Unproven words never suppress alone. The same bounce twice on
one day counts once. Every suppression names the verdicts that led to it. The state is bounded however long the history is,
and folding in one go, in batches or after a restart gives the same. Source: the design, section 6.

Knows nothing of how verdicts are reached or stored, and no clock.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bouncesink.core.memory import Memory, weigh
from bouncesink.core.occurrence import Act, Occurrence, OperatorAct, sign
from bouncesink.core.policy import Policy
from bouncesink.core.standing import TRANSITIONS, Standing, Turn
from bouncesink.core.value import value
from bouncesink.core.verdict import Reason

WHY_LIMIT: Final = 20
_BLANK: Final = Memory()


@value
class Recipient:
    """``key`` is the address as ``core.address.address_key`` folds it, ``recipient`` as it was last written. ``since`` is when
    it came to stand where it stands; ``until`` when a suppression ends, None where it has no end. ``reason`` and ``why`` (ids
    of verdicts, the newest last) say what for; ``points`` are those within the window. All times are aware, in UTC.
    """

    key: str
    recipient: str
    stream: str
    standing: Standing
    since: datetime
    until: datetime | None
    reason: Reason | None
    points: int
    why: tuple[int, ...]
    memory: Memory
    updated_at: datetime


def advance(before: Recipient | None, occurrence: Occurrence, policy: Policy) -> Recipient | None:
    """The recipient after one verdict; the very same object (or None) where it changes nothing."""
    turn = sign(occurrence)
    if turn is Turn.NOTHING or (before is None and turn is Turn.DELIVERED):
        return before
    at = occurrence.at
    if before is None:
        recipient = _stranger(occurrence.key, occurrence.recipient, occurrence.stream, at)
    else:
        recipient = expire(before, at, policy)
    if turn is Turn.DELIVERED:
        return _delivered(recipient, at)
    weighed = weigh(turn, recipient.memory, occurrence, policy)
    return before if weighed is None else _turned(recipient, *weighed, occurrence, policy)


def act_on(before: Recipient | None, act: OperatorAct) -> Recipient | None:
    """The recipient after an operator's act. One that stood so already is as it was, and since when."""
    if act.act is Act.DELIVERED:
        return before if before is None else _delivered(before, act.at)
    recipient = before or _stranger(act.key, act.recipient, act.stream, act.at)
    banned = act.act is Act.SUPPRESS
    if before is None and not banned:
        return None
    after = replace(
        recipient,
        standing=TRANSITIONS[Turn.BANNED if banned else Turn.RELEASED][recipient.standing],
        since=act.at,
        until=act.until if banned else None,
        reason=None,
        points=0,
        why=(),
        memory=_BLANK,
        updated_at=act.at,
    )
    stood_so = before is not None and replace(after, since=before.since, updated_at=before.updated_at) == before
    return before if stood_so else after


def expire(recipient: Recipient, now: datetime, policy: Policy) -> Recipient:
    """What time alone changes: a suppression that is over is watched until a probe tells, quiet days clear what was counted."""
    if recipient.standing is Standing.SUPPRESSED:
        if recipient.until is None or now < recipient.until:
            return recipient
        probing = Memory(probe=True, failed_at=recipient.until)
        return replace(
            recipient,
            standing=TRANSITIONS[Turn.EXPIRED][recipient.standing],
            since=recipient.until,
            until=None,
            points=0,
            memory=probing,
            updated_at=recipient.until,
        )
    failed_at = recipient.memory.failed_at
    if failed_at is None or (now - failed_at).days < policy.quiet_days:
        return recipient
    if recipient.memory.probe and recipient.standing is Standing.WATCH and recipient.memory.series == 0:
        return recipient  # nobody has mailed it yet, so silence says nothing
    quiet_since = failed_at + timedelta(days=policy.quiet_days)
    # What waits for its second day waits longer than soft failures last.
    return _cleared(recipient, Turn.QUIET, quiet_since, Memory(death_day=recipient.memory.death_day))


def is_probe_due(recipient: Recipient, now: datetime, policy: Policy) -> bool:
    """Whether one mail should be sent to see if a suppression that is over still holds."""
    return expire(recipient, now, policy).memory.probe


def _turned(recipient: Recipient, turn: Turn, memory: Memory, occurrence: Occurrence, policy: Policy) -> Recipient:
    standing = TRANSITIONS[turn].get(recipient.standing, recipient.standing)
    moved = standing is not recipient.standing or turn is Turn.COMPLAINED
    # What comes after a suppression is remembered, but it is not what the suppression is for.
    leads = moved or standing is not Standing.SUPPRESSED
    return Recipient(
        key=recipient.key,
        recipient=occurrence.recipient,
        stream=occurrence.stream,
        standing=standing,
        since=occurrence.at if moved else recipient.since,
        until=_until(turn, occurrence, policy) if moved else recipient.until,
        reason=occurrence.reason if leads else recipient.reason,
        points=sum([count for _, count in memory.points]),
        why=(*recipient.why, occurrence.verdict_id)[-WHY_LIMIT:] if leads else recipient.why,
        memory=replace(memory, probe=False) if memory.probe and standing is Standing.SUPPRESSED else memory,
        updated_at=occurrence.at,
    )


def _until(turn: Turn, occurrence: Occurrence, policy: Policy) -> datetime | None:
    if turn is Turn.EXHAUSTED:
        return occurrence.at + timedelta(days=policy.soft_suppression_days)
    days = policy.expiry_days.get(occurrence.reason) if turn is Turn.DEAD and occurrence.reason else None
    return occurrence.at + timedelta(days=days) if days else None


def _delivered(recipient: Recipient, at: datetime) -> Recipient:
    """A delivery clears soft failures, whatever came of them; what was said for good it does not."""
    if recipient.standing is not Standing.SUPPRESSED:
        blank = recipient.standing is Standing.REVIEW or recipient.memory.failed_at is None
        return recipient if blank else _cleared(recipient, Turn.DELIVERED, at)
    soft = recipient.until is not None and recipient.memory.series > 0
    return _cleared(recipient, Turn.RECOVERED, at) if soft else recipient


def _cleared(recipient: Recipient, turn: Turn, at: datetime, memory: Memory = _BLANK) -> Recipient:
    """Nothing is counted any more. What a person must look at keeps saying why."""
    standing = TRANSITIONS[turn].get(recipient.standing, recipient.standing)
    waits = standing is Standing.REVIEW
    return replace(
        recipient,
        standing=standing,
        since=recipient.since if standing is recipient.standing else at,
        until=None,
        reason=recipient.reason if waits else None,
        points=0,
        why=recipient.why if waits else (),
        memory=memory,
        updated_at=at,
    )


def _stranger(key: str, recipient: str, stream: str, at: datetime) -> Recipient:
    return Recipient(key, recipient, stream, Standing.OK, at, None, None, 0, (), _BLANK, at)
