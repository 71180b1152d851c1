"""Revisions: what replay reads of the database and writes to it, from a process of its own, while the server runs or not.

    with open_reviser(section, choice, policies, task, now) as reviser:
        while mails := reviser.page():
            ...                                           read and judge: no lock is held meanwhile
            reviser.revise(rejudged)                      one short transaction: corrections, standings, feed, and how far it is
        while reviser.fold():                             the same for recipients whose policy has changed
            ...

Promises: nothing is edited but standings: a correction is a row of ``verdicts`` and one of the feed, a change of a standing
another. What held is looked at in the transaction that corrects it. Cut off at any point, the same task goes on where it was,
and what was done is whole. A dry one writes nothing at all: corrections are laid over what is there, in memory. What an
incident holds stays held. Knows nothing of how a mail is judged.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from bouncesink.config.sections import StoreSection
from bouncesink.core.policy import Policies
from bouncesink.core.verdict import Verdict
from bouncesink.store.archive import Choice, StoredContent, count_keys, count_mails, keys_after, last_mail, mails_after
from bouncesink.store.beside import opened, transaction
from bouncesink.store.feed import FeedType
from bouncesink.store.holding import FIRST, HOLDS, LAST_VERDICT
from bouncesink.store.many import places
from bouncesink.store.refold import Folding, held_back, let_go, refold, standings_of
from bouncesink.store.rejudged import Corrected, Holding, Moved, Rejudged, occurrence_in, revisions_of, told
from bouncesink.store.rows import VERDICT_COLUMNS, insert, verdict_of, verdict_row
from bouncesink.store.standings import Changes
from bouncesink.store.text import as_kept, storable, timestamp

AT_ONCE = 64  # mails judged between two transactions
KEYS_AT_ONCE = 500
_REST = 16  # pages without a correction between two words of how far it is

_HELD = (
    f"SELECT verdicts.*, {FIRST} AS first, {FIRST} IN (SELECT verdict_id FROM held) AS held FROM verdicts "  # noqa: S608 - ours
    f"WHERE mail_id IN ({{places}}) AND {HOLDS} ORDER BY first"
)
_INSERT = insert("verdicts", ("id", "mail_id", *VERDICT_COLUMNS, "revises"))
_ANNOUNCE = "INSERT INTO feed (at, type, recipient, verdict_id, body) VALUES (?, ?, ?, ?, ?)"
_MOVE = "INSERT OR REPLACE INTO progress (task, position, moved_at, detail) VALUES (?, ?, ?, ?)"
_TASKS = "replay:"


class Reviser:
    """One replay. ``task`` names it, so that it finds where it was cut off; ``dry``: nothing is written."""

    def __init__(self, connection: sqlite3.Connection, choice: Choice, policies: Policies, task: str, now: datetime) -> None:
        self._connection = connection
        self._choice = choice
        self._task = f"{_TASKS}{task}"
        self._now = as_kept(now)
        self._folding = Folding(policies)
        self._unsaid = 0
        self._touched: set[str] = set()  # by corrections that are not written
        self.dry = not task
        self.position = 0
        self._last = last_mail(connection)  # whatever comes meanwhile is judged by the server
        self._detail: str | None = None

    def begin(self) -> bool:
        """Whether it goes on where it was cut off. A replay by other rules that was cut off is none that could go on."""
        if self.dry:
            return False
        with transaction(self._connection):
            others = (f"{_TASKS}*", self._task)
            self._connection.execute("DELETE FROM progress WHERE task GLOB ? AND task <> ?", others)
            row = self._connection.execute("SELECT position, detail FROM progress WHERE task = ?", (self._task,)).fetchone()
        if row is None:
            return False
        self.position, self._detail = row["position"], row["detail"]
        return True

    def count(self) -> tuple[int, int]:
        """How many mails and how many recipients there are to go through, from where it stands."""
        if self._detail is not None:
            return 0, count_keys(self._connection, self._choice, self._detail)
        mails = count_mails(self._connection, self._choice, self.position, self._last)
        return mails, count_keys(self._connection, self._choice, "")

    def page(self) -> list[StoredContent]:
        """The next mails that are chosen; none where all were looked at."""
        if self._detail is not None:
            return []
        return mails_after(self._connection, self._choice, self.position, self._last, AT_ONCE)

    def revise(self, last: int, rejudged: Sequence[Rejudged], rulebook: str) -> tuple[list[Corrected], list[Moved]]:
        """Correct what has to be; everything up to the mail ``last`` is done then."""
        if self.dry:
            self.position = last
            corrected, keys = self._corrections(rejudged, rulebook)
            self._touched |= set(keys)
            return corrected, []
        self._unsaid += 1
        if not self._needed(rejudged, rulebook) and self._unsaid < _REST:
            self.position = last
            return [], []
        with transaction(self._connection):
            corrected, keys = self._corrections(rejudged, rulebook)
            moved = self._refolded(list(keys))
            self._move(last, None)
        self.position, self._unsaid = last, 0
        return corrected, moved

    def fold(self) -> tuple[int, list[Moved]] | None:
        """The next recipients by the policy: how many, and those that stand elsewhere; None where all are folded.

        One of whom no verdict and no act is left is not folded from nothing: it stands where it stands.
        """
        after = self._detail or ""
        keys = keys_after(self._connection, self._choice, after, KEYS_AT_ONCE)
        if self.dry:
            keys = self._with_overlay(keys, after)
        if not keys:
            return None
        if self.dry:
            moved = self._unwritten(keys)
        else:
            with transaction(self._connection):
                moved = self._written(keys)
                self._move(self.position, keys[-1])
        self._detail = keys[-1]
        return len(keys), moved

    def end(self) -> None:
        """All is done: the same task begins anew."""
        if not self.dry:
            with transaction(self._connection):
                self._connection.execute("DELETE FROM progress WHERE task = ?", (self._task,))

    def _needed(self, rejudged: Sequence[Rejudged], rulebook: str) -> bool:
        """Whether anything is to be corrected, as far as can be seen without the lock."""
        holding = self._holding([each.stored.mail_id for each in rejudged])
        return any(revisions_of(holding.get(each.stored.mail_id, []), each, rulebook) for each in rejudged)

    def _corrections(self, rejudged: Sequence[Rejudged], rulebook: str) -> tuple[list[Corrected], dict[str, None]]:
        """Write them, or lay them over; and the keys of those whom they are about or were."""
        holding = self._holding([each.stored.mail_id for each in rejudged])
        there = self._there([each.stored.mail_id for each in rejudged])
        (number,) = self._connection.execute(f"SELECT {LAST_VERDICT}").fetchone()
        found: list[Corrected] = []
        keys: dict[str, None] = {}
        for each in rejudged:
            held = holding.get(each.stored.mail_id, [])
            for revision in revisions_of(held, each, rulebook) if each.stored.mail_id in there else ():
                old = held[revision.place] if revision.place is not None else None
                before = let_go(old.verdict) if old else None
                after = held_back(revision.verdict) if old and old.held else revision.verdict
                found.append(Corrected(each.stored.mail_id, old.first if old else None, before, revision.verdict))
                number += 1
                row = verdict_row(after)
                key = row[VERDICT_COLUMNS.index("recipient_key")]
                keys |= dict.fromkeys(text for text in (key, old.key if old else None) if isinstance(text, str))
                if self.dry:
                    self._lay_over(old, each, after, key)
                else:
                    self._write((number, each.stored.mail_id, *row), old, after)
        return found, keys

    def _write(self, row: tuple[object, ...], old: Holding | None, after: Verdict) -> None:
        self._connection.execute(_INSERT, (*row, old.first if old else None))
        recipient = storable(after.recipient) if after.recipient else None
        kind = FeedType.VERDICT_REVISED if old else FeedType.VERDICT_RECORDED
        body = json.dumps(told(old)) if old else "{}"
        self._connection.execute(_ANNOUNCE, (timestamp(self._now), str(kind), recipient, row[0], body))

    def _lay_over(self, old: Holding | None, rejudged: Rejudged, after: Verdict, key: object) -> None:
        overlay = self._folding.overlay
        number = old.first if old else 1 << 61
        if old:
            overlay.corrected.add(old.first)
        if isinstance(key, str) and not (old and old.held):
            overlay.said.setdefault(key, []).append((number, occurrence_in(number, key, rejudged, after)))

    def _with_overlay(self, keys: list[str], after: str) -> list[str]:
        """The same page, with those among them whom corrections are about, or were."""
        last = keys[-1] if len(keys) == KEYS_AT_ONCE else None
        return sorted({*keys, *(key for key in self._touched if key > after and (last is None or key <= last))})

    def _refolded(self, keys: list[str]) -> list[Moved]:
        """Whose verdicts were corrected: where nothing is left they stand as if released."""
        changes = Changes(self._connection, self._now)
        changes.load(keys)
        before = {key: changes[key] for key in keys}
        refold(self._connection, keys, changes, self._folding)
        changes.write()
        return _moves(Moved(before[key], changes[key]) for key in keys)

    def _written(self, keys: list[str]) -> list[Moved]:
        changes = Changes(self._connection, self._now)
        moves = self._moves_by_policy(keys, changes)
        for each in moves:
            changes.put(each.known.key, each.after)
        changes.write()
        return _moves(moves)

    def _unwritten(self, keys: list[str]) -> list[Moved]:
        return _moves(self._moves_by_policy(keys, Changes(self._connection, self._now)))

    def _moves_by_policy(self, keys: list[str], changes: Changes) -> list[Moved]:
        found = standings_of(self._connection, keys, changes, self._folding)
        return [
            Moved(changes[key], after)
            for key, after in found
            if after is not None or (key in self._touched and changes[key] is not None)
        ]

    def _move(self, position: int, detail: str | None) -> None:
        self._connection.execute(_MOVE, (self._task, position, timestamp(self._now), detail))

    def _holding(self, mail_ids: Sequence[int]) -> dict[int, list[Holding]]:
        found: dict[int, list[Holding]] = {}
        sql = _HELD.format(places=places(len(mail_ids)))
        for row in self._connection.execute(sql, mail_ids).fetchall():
            found.setdefault(row["mail_id"], []).append(
                Holding(row["first"], bool(row["held"]), row["recipient_key"], verdict_of(row))
            )
        return found

    def _there(self, mail_ids: Sequence[int]) -> set[int]:
        """Those that are still there: retention and forgetting go on meanwhile."""
        sql = f"SELECT id FROM mails WHERE id IN ({places(len(mail_ids))})"  # noqa: S608 - places
        return {row[0] for row in self._connection.execute(sql, mail_ids)}


def _moves(moves: Iterable[Moved]) -> list[Moved]:
    return [each for each in moves if each.was is not each.stands]


@contextmanager
def open_reviser(section: StoreSection, choice: Choice, policies: Policies, task: str, now: datetime) -> Iterator[Reviser]:
    """Replay on the database at ``section.path``; without a ``task`` a dry one. StoreError where there is none, or it fails."""
    with opened(section, "a replay") as connection:
        yield Reviser(connection, choice, policies, task, now)
