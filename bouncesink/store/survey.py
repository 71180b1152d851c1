"""The survey: how big things are in the database, asked by those who watch, on a reading connection of their own.

Promises: a mail never waits for a count: the connection and its thread serve nobody else, each statement has a snapshot of its
own, and a table that takes longer than ``MOST_SECONDS`` is given up and not counted. Changes nothing.
"""

import asyncio
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bouncesink.errors import StoreError
from bouncesink.store.connection import Connection
from bouncesink.store.text import moment

SQLITE_VERSION = sqlite3.sqlite_version
MOST_SECONDS = 10.0  # for one statement
_AGAIN = 0.05

TABLES = ("addressees", "audit", "contents", "feed", "held", "incidents", "mails", "recipients", "verdicts")

_LAST_SEQ = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'feed'), 0)"
_CURSORS = "SELECT name, seq FROM cursors ORDER BY name"
_OPEN_INCIDENTS = "SELECT count(*) FROM incidents WHERE closed_at IS NULL"
# Of the newest mails only: where none of them is a bounce, the one before them is long enough ago.
_LAST_BOUNCE = (
    "SELECT received_at FROM (SELECT id, kind, received_at FROM mails ORDER BY id DESC LIMIT 1000) "
    "WHERE kind = 'bounce' ORDER BY id DESC LIMIT 1"
)
_STANDINGS = "SELECT standing, count(*) FROM recipients WHERE standing <> 'ok' GROUP BY standing"


@dataclass(frozen=True, slots=True)
class Glance:
    """What costs next to nothing: the feed's last number, how many entries each cursor is behind, open incidents."""

    feed_seq: int = 0
    behind: Mapping[str, int] = field(default_factory=dict)
    open_incidents: int = 0


@dataclass(frozen=True, slots=True)
class Survey:
    """Rows by table and recipients by standing. What could not be counted in time is not there."""

    rows: Mapping[str, int] = field(default_factory=dict)
    recipients: Mapping[str, int] = field(default_factory=dict)


def glance(connection: sqlite3.Connection) -> Glance:
    (last,) = connection.execute(_LAST_SEQ).fetchone()
    behind = {name: max(0, last - seq) for name, seq in connection.execute(_CURSORS)}
    (incidents,) = connection.execute(_OPEN_INCIDENTS).fetchone()
    return Glance(last, behind, incidents)


def last_bounce(connection: sqlite3.Connection) -> datetime | None:
    """When the last bounce came; None where there is none among the newest mails."""
    found = connection.execute(_LAST_BOUNCE).fetchone()
    return moment(found[0]) if found else None


async def survey(connection: Connection, most_seconds: float = MOST_SECONDS) -> Survey:
    """Count everything, up to ``most_seconds`` a statement. A caller that is cancelled ends the count too."""
    rows: dict[str, int] = {}
    for table in TABLES:
        if found := await fetch_in_time(connection, f"SELECT count(*) FROM {table}", most_seconds):  # noqa: S608 - one of TABLES
            rows[table] = int(found[0][0])
    standings = {str(word): int(count) for word, count in await fetch_in_time(connection, _STANDINGS, most_seconds) or ()}
    if "recipients" in rows:
        standings["ok"] = max(0, rows["recipients"] - sum(standings.values()))
    return Survey(rows, standings)


async def fetch_in_time(connection: Connection, sql: str, most_seconds: float) -> list[sqlite3.Row] | None:
    """Every row, or None where it took too long."""
    fetching = asyncio.ensure_future(connection.fetch(sql))
    try:
        done, _ = await asyncio.wait({fetching}, timeout=most_seconds)
        while not done:
            await connection.interrupt()  # in vain where the statement has not begun yet, so again
            done, _ = await asyncio.wait({fetching}, timeout=_AGAIN)
    except asyncio.CancelledError:
        await connection.interrupt()
        fetching.cancel()
        raise
    try:
        return await fetching
    except StoreError as error:
        if getattr(error.__cause__, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
