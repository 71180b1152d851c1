"""Retention: what is kept how long, and the slices in which the rest goes.

Raw content goes first, by age (by kind) and, above a size, the oldest first; what was judged of it stays. Entries of the feed
go by age, always the oldest and never past a cursor, so that no reader skips one unknowingly. A mail with its verdicts goes by
age (by kind), never before the feed has let go of them, nor while an incident or a recipient who is not ``ok`` names them.

Promises: one slice is one short transaction, so that no mail waits for more than that; what stands is whole at any moment.
Runs on the writer's thread, between two batches; knows nothing of when.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bouncesink.config.sections import RetentionSection
from bouncesink.store.text import timestamp

_AT_ONCE = 200  # rows looked at in one slice
_PAGES_AT_ONCE = 64  # given back to the file system in one slice

_MAILS = "SELECT id, content_id, kind, received_at FROM mails WHERE id > ? ORDER BY id LIMIT ?"
_NAMED = (
    "SELECT 1 FROM verdicts WHERE mail_id = :mail AND ("
    "EXISTS (SELECT 1 FROM feed WHERE feed.verdict_id = verdicts.id) "
    "OR EXISTS (SELECT 1 FROM held WHERE held.verdict_id = verdicts.id) "
    "OR EXISTS (SELECT 1 FROM verdicts AS later WHERE later.revises = verdicts.id AND later.mail_id <> :mail) "
    "OR EXISTS (SELECT 1 FROM recipients WHERE recipients.recipient_key = verdicts.recipient_key AND standing <> 'ok')) LIMIT 1"
)
# Entries that every cursor has passed.
_FEED = (
    "SELECT seq, at FROM feed WHERE seq <= coalesce((SELECT min(seq) FROM cursors), 9223372036854775807) ORDER BY seq LIMIT ?"
)
# A content that came again later is as old as its newest mail.
_EMPTY = (
    "UPDATE contents SET body = NULL WHERE id = :content AND body IS NOT NULL "
    "AND NOT EXISTS (SELECT 1 FROM mails WHERE content_id = :content AND received_at >= :cutoff)"
)


@dataclass(slots=True)
class Swept:
    """What went. ``pages`` is about how many the write-ahead log grew by; ``idle``: nothing is left to do for now."""

    contents: int = 0
    mails: int = 0
    verdicts: int = 0
    feed: int = 0
    pages: int = 0
    idle: bool = False

    @property
    def anything(self) -> bool:
        return bool(self.contents or self.mails or self.feed)

    def plus(self, other: "Swept") -> "Swept":
        return Swept(
            self.contents + other.contents, self.mails + other.mails, self.verdicts + other.verdicts, self.feed + other.feed
        )


@dataclass(slots=True)
class _Pass:
    """How far the walks over the tables have come; they begin anew with each pass."""

    bodies: int = 0
    mails: int = 0
    oldest: int = 0
    done: set[str] = field(default_factory=set)


class Sweeper:
    """Sweeps in slices: call ``sweep`` until it says idle, then again in an hour."""

    def __init__(self, section: RetentionSection) -> None:
        self._section = section
        self._content_days = _by_kind(section.content_days_by_kind)
        self._verdict_days = _by_kind(section.verdict_days_by_kind)
        self._pass = _Pass()

    def sweep(self, connection: sqlite3.Connection, now: datetime) -> Swept:
        """One slice, in a transaction of its own."""
        swept = Swept()
        stages = (self._bodies_by_age, self._bodies_by_size, self._feed, self._mails, self._vacuum)
        connection.execute("BEGIN IMMEDIATE")
        try:
            for stage in stages:
                if stage.__name__ not in self._pass.done:
                    if not stage(connection, now, swept):
                        self._pass.done.add(stage.__name__)
                    break
            else:
                self._pass = _Pass()
                swept.idle = True
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return swept

    def _bodies_by_age(self, connection: sqlite3.Connection, now: datetime, swept: Swept) -> bool:
        found = connection.execute(_MAILS, (self._pass.bodies, _AT_ONCE)).fetchall()
        for number, content_id, kind, received_at in found:
            self._pass.bodies = number
            cutoff = _cutoff(self._content_days, self._section.content_days, kind, now)
            if cutoff is None or received_at >= cutoff:
                continue
            swept.contents += connection.execute(_EMPTY, {"content": content_id, "cutoff": cutoff}).rowcount
        swept.pages += 2 * swept.contents
        return bool(found) and _may_hold(found, self._section.content_days, self._content_days, now)

    def _bodies_by_size(self, connection: sqlite3.Connection, _: datetime, swept: Swept) -> bool:
        if not self._section.size_limit:
            return False
        names = ("page_count", "freelist_count", "page_size")
        pages, free, octets = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
        excess = (pages - free) * octets - self._section.size_limit
        if excess <= 0:
            return False
        sql = "SELECT id, length(body) FROM contents WHERE id > ? AND body IS NOT NULL ORDER BY id LIMIT ?"
        found = connection.execute(sql, (self._pass.oldest, _AT_ONCE)).fetchall()
        for number, size in found:
            if excess <= 0:
                break
            connection.execute("UPDATE contents SET body = NULL WHERE id = ?", (number,))
            self._pass.oldest = number
            excess -= size
            swept.contents += 1
        swept.pages += 2 * swept.contents
        return bool(found)

    def _feed(self, connection: sqlite3.Connection, now: datetime, swept: Swept) -> bool:
        cutoff = _cutoff({}, self._section.feed_days, "", now)
        if cutoff is None:
            return False
        found = connection.execute(_FEED, (_AT_ONCE,)).fetchall()
        last = 0
        for seq, at in found:
            if at >= cutoff:
                break
            last = seq
            swept.feed += 1
        connection.execute("DELETE FROM feed WHERE seq <= ?", (last,))
        swept.pages += swept.feed // 20 + 2
        return bool(found) and swept.feed == len(found)

    def _mails(self, connection: sqlite3.Connection, now: datetime, swept: Swept) -> bool:
        found = connection.execute(_MAILS, (self._pass.mails, _AT_ONCE)).fetchall()
        keep_ids(connection, timestamp(now))
        for number, content_id, kind, received_at in found:
            self._pass.mails = number
            cutoff = _cutoff(self._verdict_days, self._section.verdict_days, kind, now)
            if cutoff is not None and received_at < cutoff and not connection.execute(_NAMED, {"mail": number}).fetchone():
                swept.verdicts += remove_mail(connection, number, content_id)
                swept.mails += 1
        swept.pages += 6 * swept.mails
        return bool(found) and _may_hold(found, self._section.verdict_days, self._verdict_days, now)

    def _vacuum(self, connection: sqlite3.Connection, _: datetime, swept: Swept) -> bool:
        if connection.execute("PRAGMA auto_vacuum").fetchone()[0] != _INCREMENTAL:
            return False
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
        # A tenth of the file may lie free: the next mails take it, and giving it back would be work twice.
        if free * 10 <= connection.execute("PRAGMA page_count").fetchone()[0]:
            return False
        connection.execute(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE:d})").fetchall()
        swept.pages += 2 * _PAGES_AT_ONCE
        return True


_INCREMENTAL = 2


def remove_mail(connection: sqlite3.Connection, mail_id: int, content_id: int) -> int:
    """Remove a mail, its verdicts and, where no other mail has it, its content. Gives how many verdicts went."""
    connection.execute("DELETE FROM verdicts WHERE mail_id = ? AND revises IS NOT NULL", (mail_id,))
    verdicts = connection.execute("DELETE FROM verdicts WHERE mail_id = ?", (mail_id,)).rowcount
    connection.execute("DELETE FROM mails WHERE id = ?", (mail_id,))
    alone = "id = :content AND NOT EXISTS (SELECT 1 FROM mails WHERE content_id = :content)"
    connection.execute(f"DELETE FROM contents WHERE {alone}", {"content": content_id})  # noqa: S608 - ours
    return verdicts


def keep_ids(connection: sqlite3.Connection, at: str) -> None:
    """Before rows go: no id is ever given twice, even where the newest row is removed."""
    for table in ("mails", "verdicts"):
        connection.execute(
            "INSERT INTO progress (task, position, moved_at) "  # noqa: S608 - ours
            f"SELECT ?, max(id), ? FROM {table} WHERE true GROUP BY 1 HAVING max(id) IS NOT NULL "
            "ON CONFLICT (task) DO UPDATE SET position = max(position, excluded.position), moved_at = excluded.moved_at",
            (f"ids:{table}", at),
        )


def _by_kind(words: tuple[str, ...]) -> dict[str, int]:
    """``("reply=30", ...)`` as a mapping; ``config.checks`` has looked at them."""
    pairs = (word.partition("=") for word in words)
    return {kind: int(days) for kind, _, days in pairs}


def _cutoff(by_kind: Mapping[str, int], days: int, kind: str, now: datetime) -> str | None:
    kept = by_kind.get(kind, days)
    return timestamp(now - timedelta(days=kept)) if kept else None


def _may_hold(found: list[sqlite3.Row], days: int, by_kind: Mapping[str, int], now: datetime) -> bool:
    """Whether anything newer than these could be old enough for any kind."""
    limits = [kept for kept in (days, *by_kind.values()) if kept]
    return bool(limits) and found[-1]["received_at"] < timestamp(now - timedelta(days=min(limits)))
