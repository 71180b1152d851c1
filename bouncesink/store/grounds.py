"""Grounds: what a recipient's standing rests on, for a person who asks: its verdicts, or what an operator did.

Promises: read only; nobody is looked for but the one recipient. Knows nothing of how a standing follows from them.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from bouncesink.core.recipient import Recipient
from bouncesink.store.many import places

_VERDICT = "SELECT verdict_id, mail_id, received_at, why FROM bounces WHERE verdict_id IN ({}) ORDER BY verdict_id"
_ACT = "SELECT at, actor, act, detail FROM audit WHERE recipient = ? ORDER BY id DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class Ground:
    """``at`` is UTC, as ISO 8601 text. ``what`` is a verdict's words, or an operator's note; ``mail_id`` None is an act."""

    at: str
    who: str
    what: str
    mail_id: int | None = None


def grounds_of(connection: sqlite3.Connection, recipient: Recipient) -> Iterator[Ground]:
    """The verdicts that decided; where none did, the last act."""
    if recipient.why:
        for row in connection.execute(_VERDICT.format(places(len(recipient.why))), recipient.why):
            yield Ground(row["received_at"], f"verdict {row['verdict_id']}", row["why"] or "", row["mail_id"])
        return
    for row in connection.execute(_ACT, (recipient.recipient,)):
        detail = json.loads(row["detail"])
        yield Ground(row["at"], f"{row['act']} by {row['actor']}", detail.get("note") or detail.get("source") or "")
