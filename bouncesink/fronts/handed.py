"""Handed: a mail as a program that has it in a file or a pipe hands it in, and when it came by its own word.

Total on any bytes. Light to import: a process that only hands a mail over needs nothing else.
"""

import email.utils
from dataclasses import dataclass
from datetime import UTC, datetime

from bouncesink.core.headers import Headers

MAX_HEADER = 262_144  # octets that are looked through for fields
_MAX_DATE = 200
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # a mail from before is a wrong clock


@dataclass(frozen=True, slots=True)
class Handed:
    """A mail as it is handed in. ``forward_paths`` are those that the caller knows, none where the fields shall tell;
    ``reverse_path`` None likewise; ``received_at`` None is now.
    """

    content: bytes
    forward_paths: tuple[str, ...] = ()
    reverse_path: str | None = None
    received_at: datetime | None = None


def received_at(content: bytes, now: datetime) -> datetime:
    """When a mail was received, by its topmost Received field, else its Date; never later than ``now``, which it is too where
    neither says.
    """
    headers = Headers(head_of(content))
    for text in (headers.value("received").rpartition(";")[2], headers.value("date")):
        at = _date(text)
        if at is not None and at >= _EARLIEST:
            return min(at, now)
    return now


def _date(text: str) -> datetime | None:
    try:
        at = email.utils.parsedate_to_datetime(text[:_MAX_DATE])
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def head_of(content: bytes) -> bytes:
    start = content[:MAX_HEADER]
    ends = [place for end in (b"\r\n\r\n", b"\n\n") if (place := start.find(end)) >= 0]
    return start[: min(ends)] if ends else start
