"""The hand-over's wire: how a mail goes from one bouncesink process to the one that has the database, and the answer back.

    server   {"handover": 1}                                                          one line, when somebody connects
    client   {"n": 1, "octets": 1234, "forward_paths": [], "reverse_path": null,
              "received_at": null}                                                    one line, then so many octets of content
    server   {"n": 1, "code": 250, "status": "2.0.0", "text": "recorded as 17", "duplicate": false}

A client may ask {"give_way": true} instead of an offer, and is answered {"gives_way": true} by one that will let go.
Many mails may be on their way; answers come in any order and name their ``n``. Pure: octets to values and back. A line that
does not hold raises ValueError: both ends are ours, so it is a bug or another version, and the connection is over.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bouncesink.core.reply import Reply
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.fronts.handed import Handed

VERSION = 1
GIVE_WAY = b'{"give_way":true}\n'
MAX_LINE = 1_048_576  # octets: hundreds of the longest forward-paths


@dataclass(frozen=True, slots=True)
class Offer:
    """The line in front of a content."""

    n: int
    octets: int
    forward_paths: tuple[str, ...]
    reverse_path: str | None
    received_at: datetime | None

    def with_content(self, content: bytes) -> Handed:
        return Handed(content, self.forward_paths, self.reverse_path, self.received_at)


def greeting() -> bytes:
    return _line({"handover": VERSION})


def is_greeting(line: bytes) -> bool:
    """Whether this is a server that speaks this version."""
    try:
        return _object(line).get("handover") == VERSION
    except ValueError:
        return False


def gives_way(line: bytes) -> bool:
    """The answer to GIVE_WAY."""
    try:
        return _object(line).get("gives_way") is True
    except ValueError:
        return False


def gives_way_line(*, gives_way: bool) -> bytes:
    return _line({"gives_way": gives_way})


def offer_line(n: int, handed: Handed) -> bytes:
    at = handed.received_at
    return _line(
        {
            "n": n,
            "octets": len(handed.content),
            "forward_paths": handed.forward_paths,
            "reverse_path": handed.reverse_path,
            "received_at": at.astimezone(UTC).isoformat() if at else None,
        }
    )


def parse_offer(line: bytes) -> Offer:
    told = _object(line)
    try:
        at, reverse_path, octets = told["received_at"], told["reverse_path"], int(told["octets"])
        offer = Offer(
            n=int(told["n"]),
            octets=octets,
            forward_paths=tuple(str(path) for path in told["forward_paths"]),
            reverse_path=None if reverse_path is None else str(reverse_path),
            received_at=None if at is None else datetime.fromisoformat(at).astimezone(UTC),
        )
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError("not an offer") from error
    if octets < 0:
        raise ValueError("not an offer")
    return offer


def answer_line(n: int, reply: Reply) -> bytes:
    status = str(reply.status)
    return _line({"n": n, "code": reply.code, "status": status, "text": reply.text, "duplicate": reply.duplicate})


def parse_answer(line: bytes) -> tuple[int, Reply]:
    told = _object(line)
    try:
        status = EnhancedStatusCode.find(str(told["status"]))
        n, code, text, duplicate = int(told["n"]), int(told["code"]), str(told["text"]), bool(told["duplicate"])
    except (KeyError, TypeError) as error:
        raise ValueError("not an answer") from error
    if status is None:
        raise ValueError("not an answer")
    return n, Reply(code, status, text, duplicate)


def _line(told: dict[str, Any]) -> bytes:
    return json.dumps(told, separators=(",", ":")).encode("ascii") + b"\n"


def _object(line: bytes) -> dict[str, Any]:
    told = json.loads(line)
    if not isinstance(told, dict):
        raise ValueError("not an object")  # noqa: TRY004 - a stranger's line is wrong by its value, whatever its type
    return told
