"""Forgetting: every trace of one address goes, and it is said what went.

Promises: verdicts, mails and contents that are about nobody else go; so do the recipient, its references and its name in what
operators did. Rows of the feed keep their ``seq`` and type, and nothing else (docs/decisions/0016): the one exception to "never
edited", so that no reader sees a gap. A mail that names others too stays, and so do its words: ``shared`` says how many. Runs
in an operator's transaction.
"""

import hashlib
import json
import sqlite3
from dataclasses import asdict, dataclass
from datetime import datetime

from bouncesink.core.address import address_key
from bouncesink.core.event import VERSION, EventType
from bouncesink.store.holding import FIRST
from bouncesink.store.retention import keep_ids, remove_mail
from bouncesink.store.text import timestamp

_BLANK = "UPDATE feed SET recipient = NULL, verdict_id = NULL, body = '{\"forgotten\":true}' WHERE "
_OWN_VERDICTS = "SELECT id FROM verdicts WHERE recipient_key = ?"
_CORRECTED = (
    f"SELECT DISTINCT {FIRST} FROM verdicts WHERE recipient_key = ? AND (revises IS NOT NULL OR EXISTS "  # noqa: S608 - ours
    "(SELECT 1 FROM verdicts AS later WHERE later.revises = verdicts.id))"
)
_SHARED = "SELECT 1 FROM verdicts WHERE mail_id = ? AND recipient_key IS NOT NULL AND recipient_key <> ? LIMIT 1"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows of each went. ``shared`` mails name somebody else as well and stay, with their content."""

    recipients: int
    verdicts: int
    mails: int
    contents: int
    feed: int
    addressees: int
    audit: int
    shared: int

    def counts(self) -> dict[str, int]:
        return asdict(self)


def forget(connection: sqlite3.Connection, key: str, now: datetime) -> Forgotten:
    """``key`` is the address's recipient_key."""
    keep_ids(connection, timestamp(now))
    before = _count(connection, "contents")
    feed = _leave_corrections(connection, key)
    feed += connection.execute(f"{_BLANK} verdict_id IN ({_OWN_VERDICTS})", (key,)).rowcount
    feed += connection.execute(f"{_BLANK} json_extract(body, '$.recipient_key') = ?", (key,)).rowcount
    connection.execute(f"DELETE FROM held WHERE verdict_id IN ({_OWN_VERDICTS})", (key,))  # noqa: S608 - ours
    mails = connection.execute(
        "SELECT DISTINCT mails.id, content_id FROM verdicts JOIN mails ON mails.id = mail_id WHERE recipient_key = ?", (key,)
    ).fetchall()
    verdicts = connection.execute("DELETE FROM verdicts WHERE recipient_key = ? AND revises IS NOT NULL", (key,)).rowcount
    verdicts += connection.execute("DELETE FROM verdicts WHERE recipient_key = ?", (key,)).rowcount
    gone = 0
    for mail_id, content_id in mails:
        if connection.execute(_SHARED, (mail_id, key)).fetchone() is None:
            remove_mail(connection, mail_id, content_id)
            gone += 1
    recipients = connection.execute("DELETE FROM recipients WHERE recipient_key = ?", (key,)).rowcount
    addressees = _remove_spelled(connection, "DELETE FROM addressees WHERE address = ?", "addressees", "address", key)
    audit = _remove_spelled(connection, "UPDATE audit SET recipient = NULL WHERE recipient = ?", "audit", "recipient", key)
    if recipients or verdicts:
        _tell(connection, key, now)
    contents = before - _count(connection, "contents")
    return Forgotten(recipients, verdicts, gone, contents, feed, addressees, audit, len(mails) - gone)


def _leave_corrections(connection: sqlite3.Connection, key: str) -> int:
    """Part what is about ``key`` from corrections that are about somebody else; how many rows of the feed were blanked.

    What a verdict of theirs corrected goes with it, or it would hold again; what a verdict of somebody else's took the place of
    goes alone, and that one is a first verdict from now on.
    """
    feed = 0
    for (first,) in connection.execute(_CORRECTED, (key,)).fetchall():
        family = connection.execute(
            "SELECT id, recipient_key FROM verdicts WHERE id = :first OR revises = :first ORDER BY id", {"first": first}
        )
        members = [tuple(row) for row in family.fetchall()]
        others = [number for number, whose in members if whose != key]
        if others and members[-1][1] != key:
            connection.executemany(
                "UPDATE verdicts SET revises = nullif(?, id) WHERE id = ?", [(others[0], number) for number in others]
            )
            connection.execute("UPDATE held SET verdict_id = ? WHERE verdict_id = ?", (others[0], first))
        else:
            for number in reversed(others):
                feed += connection.execute(f"{_BLANK} verdict_id = ?", (number,)).rowcount
                connection.execute("UPDATE verdicts SET recipient_key = ? WHERE id = ?", (key, number))
    return feed


def _tell(connection: sqlite3.Connection, key: str, now: datetime) -> None:
    """Whoever has the address can tell that it is meant; whoever has not cannot read it here."""
    body = {"version": VERSION, "key_sha256": hashlib.sha256(key.encode()).hexdigest()}
    connection.execute(
        "INSERT INTO feed (at, type, body) VALUES (?, ?, ?)", (timestamp(now), str(EventType.FORGOTTEN), json.dumps(body))
    )


def _remove_spelled(connection: sqlite3.Connection, sql: str, table: str, column: str, key: str) -> int:
    """These tables keep an address as it was spelled."""
    local = key.rpartition("@")[2]
    found = connection.execute(
        f"SELECT DISTINCT {column} FROM {table} "  # noqa: S608 - ours
        f"WHERE {column} IS NOT NULL AND (instr(lower({column}), ?) OR {column} GLOB '*[^ -~]*')",
        (local,),
    ).fetchall()
    return sum(connection.execute(sql, row).rowcount for row in map(tuple, found) if address_key(row[0]) == key)


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - ours
