"""The wire between our own processes: frames, and what a submission and its outcome look like in one.

A frame is a header (octets of the payload, number of the submission, both little-endian 32 bits) and a payload in marshal's
format. Number 0 is of no submission: the empty payload says that the worker is ready, and any other is a word, either way,
between those who watch at both ends; what it says is theirs. Both ends are the same program on the same interpreter, started by
one another, and nobody else holds the socket.
Content goes packed, so that a frame is never larger than what is kept of a mail.

Promises: the rows that are made of a decoded submission are those of the original; frames come out whole in whatever pieces the
octets arrive. Knows no socket.
"""

import marshal
import struct
from collections.abc import Iterator
from typing import Any, cast

from bouncesink.errors import StoreBusy, StoreError, StoreFull, StoreReadOnly
from bouncesink.store.content import PackedContent
from bouncesink.store.rows import MAIL_COLUMNS, VERDICT_COLUMNS, Recorded, verdict_of
from bouncesink.store.submission import Entry, Story, Submission
from bouncesink.store.text import Row, moment

_RECEIVED_AT = MAIL_COLUMNS.index("received_at")
_HEADER = struct.Struct("<II")
_ERRORS: dict[str, type[StoreError]] = {each.__name__: each for each in (StoreError, StoreBusy, StoreFull, StoreReadOnly)}

Outcome = tuple[Recorded, ...] | StoreError


class Frames:
    """``feed`` octets, in whatever pieces; out come (number, payload)."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, octets: bytes) -> Iterator[tuple[int, bytes]]:
        waiting = self._waiting
        waiting += octets
        start = 0
        while len(waiting) - start >= _HEADER.size:
            size, number = _HEADER.unpack_from(waiting, start)
            end = start + _HEADER.size + size
            if len(waiting) < end:
                break
            yield number, bytes(waiting[start + _HEADER.size : end])
            start = end
        del waiting[:start]


def frame(number: int, payload: bytes) -> bytes:
    return _HEADER.pack(len(payload), number) + payload


READY = frame(0, b"")


def word(said: Any) -> bytes:
    """A frame that says ``said``: dictionaries, tuples, strings and numbers."""
    return frame(0, marshal.dumps(said))


def decode_word(payload: bytes) -> Any:
    return marshal.loads(payload)  # noqa: S302 - our own process


def encode_submission(submission: Submission) -> bytes:
    """``submission`` is packed. Its rows go as they are; a verdict is its row."""
    packed = submission.packed
    assert packed is not None
    entries = [
        (each.forward_path, each.mail, _of_story(each.story), [row for _, row in each.verdicts]) for each in submission.entries
    ]
    return marshal.dumps(((packed.hash, packed.size, packed.kept, packed.encoding, packed.body), entries))


def decode_submission(payload: bytes) -> Submission:
    packed, entries = marshal.loads(payload)  # noqa: S302 - our own process
    return Submission(tuple([_entry(*told) for told in entries]), packed=PackedContent(*packed))


def _of_story(story: Story) -> tuple[str, str, str]:
    """When it was received stands in the mail's row."""
    return story.stream, story.bounce, story.token


def _entry(forward_path: str, mail: Row, story: tuple[str, str, str], rows: list[Row]) -> Entry:
    verdicts = tuple([(verdict_of(dict(zip(VERDICT_COLUMNS, row, strict=True))), row) for row in rows])
    return Entry(forward_path, mail, Story(moment(cast("str", mail[_RECEIVED_AT])), *story), verdicts)


def encode_outcome(outcome: Outcome) -> bytes:
    if isinstance(outcome, StoreError):
        name = next(kind.__name__ for kind in type(outcome).__mro__ if kind.__name__ in _ERRORS)
        return marshal.dumps((name, str(outcome)))
    return marshal.dumps(tuple([(each.mail_id, each.duplicate) for each in outcome]))


def decode_outcome(payload: bytes) -> Outcome:
    told: tuple[Any, ...] = marshal.loads(payload)  # noqa: S302 - our own process
    if told and isinstance(told[0], str):
        return _ERRORS[told[0]](told[1])
    return tuple([Recorded(mail_id, duplicate) for mail_id, duplicate in told])
