"""Event: what a change of a recipient looks like to those who sync from us.

``of`` makes an event of the state before and after, ``apply`` makes the state of the event: whoever replays the feed from
the start has the table of recipients, to the last field. Promises: no change, no event; a body is JSON, its keys are
stable, and VERSION grows when they change. Knows nothing of sequence numbers or of how events are kept.
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
    """``recipient_key`` says whom it is about, ``body`` everything that is true of it now, in JSON's types."""

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
        return FeedEvent(EventType.FORGOTTEN, before.key, {"version": VERSION})
    was = before.standing if before is not None else Standing.OK
    if after.standing is was:
        kind = EventType.COUNTED
    elif was is Standing.SUPPRESSED:
        kind = EventType.RELEASED
    else:
        kind = _TYPE_OF[after.standing]
    return FeedEvent(kind, after.key, {"version": VERSION, "was": str(was), **state_of(after)})


def apply(event: FeedEvent) -> Recipient | None:
    """The recipient after the event; None where it was forgotten."""
    return None if event.type is EventType.FORGOTTEN else recipient_of(event.recipient_key, event.body)


def state_of(recipient: Recipient) -> dict[str, Any]:
    """A recipient in JSON's types, without its key."""
    updated_at = recipient.updated_at.isoformat()
    return {
        "recipient": recipient.recipient,
        "stream": recipient.stream,
        "standing": str(recipient.standing),
        "since": updated_at if recipient.since is recipient.updated_at else recipient.since.isoformat(),
        "until": _text(recipient.until),
        "reason": str(recipient.reason) if recipient.reason else None,
        "points": recipient.points,
        "why": list(recipient.why),
        "memory": memory_state(recipient.memory),
        "updated_at": updated_at,
    }


def recipient_of(key: str, state: Mapping[str, Any]) -> Recipient:
    """The inverse of ``state_of``."""
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
    """What the fold remembers, in JSON's types; what says nothing is left out, since nearly every recipient has little."""
    state = {
        "points": [list(each) for each in memory.points],
        "series_since": _text(memory.series_since),
        "series": memory.series,
        "failed_at": _text(memory.failed_at),
        "death_day": memory.death_day,
        "seen_day": memory.seen_day,
        "seen": list(memory.seen),
        "heard": [list(each) for each in memory.heard],
        "probe": memory.probe,
    }
    return {name: value for name, value in state.items() if value}


def memory_of(state: Mapping[str, Any]) -> Memory:
    """The inverse of ``memory_state``."""
    return Memory(
        points=tuple((day, count) for day, count in state.get("points", ())),
        series_since=_moment(state.get("series_since")),
        series=state.get("series", 0),
        failed_at=_moment(state.get("failed_at")),
        death_day=state.get("death_day", 0),
        seen_day=state.get("seen_day", 0),
        seen=tuple(state.get("seen", ())),
        heard=tuple((token, count) for token, count in state.get("heard", ())),
        probe=state.get("probe", False),
    )


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
