"""Event: what a change of a recipient looks like to those who sync from us.

``of`` makes an event of the state before and after, ``apply`` makes the state of the event that was read from its JSON:
whoever replays the feed from the start has the table of recipients, to the last field. Promises: no change, no event; a
body's keys are stable, and VERSION grows when they change. Knows nothing of sequence numbers or of how events are kept.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from bouncesink.core.memory import Memory
from bouncesink.core.recipient import Recipient
from bouncesink.core.standing import Standing
from bouncesink.core.value import value
from bouncesink.core.verdict import Reason

VERSION: Final = 1
TIMES: Final = ("since", "until", "updated_at")  # those of a body's values that are times


class EventType(StrEnum):
    """What became of the recipient."""

    SUPPRESSED = "recipient.suppressed"
    RELEASED = "suppression.released"
    WATCHED = "recipient.watched"
    REVIEWED = "recipient.reviewed"
    CLEARED = "recipient.cleared"
    COUNTED = "recipient.counted"
    FORGOTTEN = "recipient.forgotten"


@value
class FeedEvent:
    """``recipient_key`` says whom it is about, ``body`` everything that is true of it now, to be spelled as JSON. Enums, tuples
    and times (ISO 8601, in UTC) are left to whoever spells it, who does so several times faster.
    """

    type: EventType
    recipient_key: str
    body: Mapping[str, Any]


_TYPE_OF: Final = {
    Standing.SUPPRESSED: EventType.SUPPRESSED,
    Standing.REVIEW: EventType.REVIEWED,
    Standing.WATCH: EventType.WATCHED,
    Standing.OK: EventType.CLEARED,
}


def of(before: Recipient | None, after: Recipient | None) -> FeedEvent | None:
    """The event of a change; None where there was none."""
    if after is before or after == before:
        return None
    if after is None:
        assert before is not None
        return FeedEvent(EventType.FORGOTTEN, before.key, {"recipient_key": before.key, "memory": {}, "version": VERSION})
    was = before.standing if before is not None else Standing.OK
    if after.standing is was:
        kind = EventType.COUNTED
    elif was is Standing.SUPPRESSED:
        kind = EventType.RELEASED
    else:
        kind = _TYPE_OF[after.standing]
    body = {
        "recipient_key": after.key,
        "memory": memory_state(after.memory),
        "version": VERSION,
        "was": was,
        "recipient": after.recipient,
        "stream": after.stream,
        "standing": after.standing,
        "since": after.since,
        "until": after.until,
        "reason": after.reason,
        "points": after.points,
        "why": after.why,
        "updated_at": after.updated_at,
    }
    return FeedEvent(kind, after.key, body)


def apply(event: FeedEvent) -> Recipient | None:
    """The recipient after an event whose body was read from its JSON; None where it was forgotten."""
    return None if event.type is EventType.FORGOTTEN else recipient_of(event.recipient_key, event.body)


def recipient_of(key: str, state: Mapping[str, Any]) -> Recipient:
    """What a body that was read from its JSON says."""
    return Recipient(
        key=key,
        recipient=state["recipient"],
        stream=state["stream"],
        standing=Standing(state["standing"]),
        since=datetime.fromisoformat(state["since"]),
        until=_moment(state["until"]),
        reason=Reason(state["reason"]) if state["reason"] else None,
        points=state["points"],
        why=tuple(state["why"]),
        memory=memory_of(state["memory"]),
        updated_at=datetime.fromisoformat(state["updated_at"]),
    )


def memory_state(memory: Memory) -> dict[str, Any]:
    """What the fold remembers, to be spelled as JSON. What says nothing is left out: nearly every recipient has little."""
    state: dict[str, Any] = {}
    if memory.points:
        state["points"] = memory.points
    if memory.series_since:
        state["series_since"] = memory.series_since
    if memory.series:
        state["series"] = memory.series
    if memory.failed_at:
        state["failed_at"] = memory.failed_at
    if memory.death_day:
        state["death_day"] = memory.death_day
    if memory.seen_day:
        state["seen_day"] = memory.seen_day
    if memory.seen:
        state["seen"] = memory.seen
    if memory.heard:
        state["heard"] = memory.heard
    if memory.probe:
        state["probe"] = True
    return state


def memory_of(state: Mapping[str, Any]) -> Memory:
    """The inverse of ``memory_state``, once it was read from its JSON."""
    return Memory(
        points=tuple(map(tuple, state.get("points", ()))),
        series_since=_moment(state.get("series_since")),
        series=state.get("series", 0),
        failed_at=_moment(state.get("failed_at")),
        death_day=state.get("death_day", 0),
        seen_day=state.get("seen_day", 0),
        seen=tuple(state.get("seen", ())),
        heard=tuple(map(tuple, state.get("heard", ()))),
        probe=state.get("probe", False),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
