"""The archive: mails as they lie in the database, chosen and read to be judged again. Only reads.

Promises: bounded pages in the order of recording, so that a long walk is short steps while others write; content that was cut,
that retention dropped or that is damaged is told as that, and never given as if it were whole. Knows nothing of judging.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bouncesink.core.report import Kind
from bouncesink.core.verdict import Reason
from bouncesink.core.verp.attribution import Attribution, Grammar
from bouncesink.errors import StoreError
from bouncesink.store.addressees import addressee
from bouncesink.store.content import unpack
from bouncesink.store.holding import HOLDS
from bouncesink.store.many import places
from bouncesink.store.rows import attribution_of
from bouncesink.store.text import moment, timestamp


class Missing(StrEnum):
    """Why a stored mail cannot be judged again."""

    DROPPED = "dropped"  # by retention, or never kept
    CUT = "cut"  # store.content_limit let in a part of it
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A mail. ``content`` is whole, or None, and then ``missing`` says why. ``attribution`` is as it was when it came, but
    that an opaque token means whoever was registered for it since.
    """

    mail_id: int
    content_id: int
    received_at: datetime
    forward_path: str
    list_name: str
    original_message_id: str
    attribution: Attribution
    content: bytes | None
    missing: Missing | None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which mails: received from ``since`` until before ``until``; of which any verdict that holds has one of these reasons,
    kinds or recipients (keys). Nothing given means all.
    """

    since: datetime | None = None
    until: datetime | None = None
    reasons: tuple[Reason, ...] = ()
    kinds: tuple[Kind, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        return self == Choice()

    def condition(self) -> tuple[str, list[object]]:
        """For a WHERE over ``mails``, with its parameters."""
        terms: list[str] = []
        values: list[object] = []
        for term, at in (("received_at >= ?", self.since), ("received_at < ?", self.until)):
            if at is not None:
                terms.append(f"mails.{term}")
                values.append(timestamp(at))
        if self.kinds:
            # A mail that was not judged at all has a kind, too.
            terms.append(f"(mails.kind IN ({places(len(self.kinds))}) OR {_some('kind', self.kinds)})")
            values += [*map(str, self.kinds), *map(str, self.kinds)]
        if self.reasons:
            terms.append(_some("reason", self.reasons))
            values += map(str, self.reasons)
        if self.keys:
            terms.append(
                f"mails.id IN (SELECT mail_id FROM verdicts WHERE recipient_key IN ({places(len(self.keys))}) AND {HOLDS})"  # noqa: S608 - ours
            )
            values += self.keys
        return " AND ".join(terms) or "1", values


def _some(column: str, words: Sequence[object]) -> str:
    named = f"verdicts.mail_id = mails.id AND verdicts.{column} IN ({places(len(words))})"
    return f"EXISTS (SELECT 1 FROM verdicts WHERE {named} AND {HOLDS})"  # noqa: S608 - ours


def last_mail(connection: sqlite3.Connection) -> int:
    """The newest mail's id, 0 where there is none."""
    return int(connection.execute("SELECT coalesce(max(id), 0) FROM mails").fetchone()[0])


def count_mails(connection: sqlite3.Connection, choice: Choice, after: int, last: int) -> int:
    """How many are chosen beyond the mail ``after``, ``last`` being the last one."""
    condition, values = choice.condition()
    sql = f"SELECT count(*) FROM mails WHERE mails.id > ? AND mails.id <= ? AND {condition}"  # noqa: S608 - values are bound
    return int(connection.execute(sql, (after, last, *values)).fetchone()[0])


def mails_after(connection: sqlite3.Connection, choice: Choice, after: int, last: int, at_once: int) -> list[StoredContent]:
    """The chosen mails beyond ``after``, in their order, ``last`` being the last one."""
    condition, values = choice.condition()
    sql = (
        "SELECT mails.*, size, kept, encoding, body FROM mails JOIN contents ON contents.id = content_id "  # noqa: S608 - values are bound
        f"WHERE mails.id > ? AND mails.id <= ? AND {condition} ORDER BY mails.id LIMIT ?"
    )
    return [_stored(connection, row) for row in connection.execute(sql, (after, last, *values, at_once)).fetchall()]


def keys_after(connection: sqlite3.Connection, choice: Choice, after: str, at_once: int) -> list[str]:
    """The recipients that chosen mails are about, beyond the key ``after``."""
    condition, values = _about(choice)
    sql = f"SELECT recipient_key FROM recipients WHERE recipient_key > ? AND {condition} ORDER BY recipient_key LIMIT ?"  # noqa: S608 - values are bound
    return [row[0] for row in connection.execute(sql, (after, *values, at_once))]


def count_keys(connection: sqlite3.Connection, choice: Choice, after: str) -> int:
    """How many of them there are."""
    condition, values = _about(choice)
    sql = f"SELECT count(*) FROM recipients WHERE recipient_key > ? AND {condition}"  # noqa: S608 - values are bound
    return int(connection.execute(sql, (after, *values)).fetchone()[0])


def _about(choice: Choice) -> tuple[str, list[object]]:
    if choice.everything:
        return "1", []
    condition, values = choice.condition()
    chosen = (
        "EXISTS (SELECT 1 FROM verdicts JOIN mails ON mails.id = mail_id "  # noqa: S608 - values are bound
        f"WHERE verdicts.recipient_key = recipients.recipient_key AND {condition})"
    )
    return chosen, values


def _stored(connection: sqlite3.Connection, row: sqlite3.Row) -> StoredContent:
    content, missing = _content(row)
    attribution = attribution_of(row)
    if attribution.grammar is Grammar.OPAQUE and attribution.recipient is None:
        attribution = _resolved(connection, attribution, row["forward_path"])
    return StoredContent(
        mail_id=row["id"],
        content_id=row["content_id"],
        received_at=moment(row["received_at"]),
        forward_path=row["forward_path"],
        list_name=row["list_name"],
        original_message_id=row["original_message_id"],
        attribution=attribution,
        content=content,
        missing=missing,
    )


def _content(row: sqlite3.Row) -> tuple[bytes | None, Missing | None]:
    if row["body"] is None:
        return (b"", None) if row["size"] == 0 else (None, Missing.DROPPED)
    if row["kept"] < row["size"]:
        return None, Missing.CUT
    try:
        return unpack(row["encoding"], row["body"], row["kept"]), None
    except StoreError:
        return None, Missing.DAMAGED


def _resolved(connection: sqlite3.Connection, attribution: Attribution, forward_path: str) -> Attribution:
    recipient = addressee(connection, attribution.reference, forward_path.rpartition("@")[2])
    return replace(attribution, recipient=recipient) if recipient else attribution
