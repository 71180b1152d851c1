"""The batch: which rows a run of mails adds, decided before any of them is written.

Promises: the same content is stored once and the same content for the same forward-path is recorded once, whether it came
before, or twice in one batch. Every id is chosen here: nobody else adds rows while the transaction lasts. Few statements,
however many mails: each one gives the interpreter's lock away and asks for it again, which costs more than a row.

Runs inside the writer's transaction and begins or ends none.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bouncesink.core.occurrence import Occurrence, sign
from bouncesink.core.policy import Policies
from bouncesink.core.standing import Turn
from bouncesink.observe import log
from bouncesink.store import rows
from bouncesink.store.content import PackedContent
from bouncesink.store.holding import LAST_VERDICT
from bouncesink.store.incidents import Incidents, Seen
from bouncesink.store.many import insert_many, pieces, places
from bouncesink.store.rows import Recorded
from bouncesink.store.standings import Changes, Fresh, fold, occurrence_of
from bouncesink.store.submission import Submission
from bouncesink.store.text import Row
from bouncesink.store.trouble import FAILURES

# Ids of rows that retention removed are not given again.
_LAST_IDS = (
    "SELECT (SELECT coalesce(max(id), 0) FROM contents), "  # noqa: S608 - ours
    "max((SELECT coalesce(max(id), 0) FROM mails), coalesce((SELECT position FROM progress WHERE task = 'ids:mails'), 0)), "
    f"{LAST_VERDICT}"
)
_KEY = rows.VERDICT_COLUMNS.index("recipient_key")
_RECIPIENT = rows.VERDICT_COLUMNS.index("recipient")


@dataclass(slots=True)
class Batch:
    """Rows to be added, in the order of their ids. ``recorded`` has an entry for each submission, in their order; ``octets`` is
    what the contents take; ``seen`` is what was seen of incidents, once it is written.
    """

    recorded: list[tuple[Recorded, ...]] = field(default_factory=list)
    contents: list[Row] = field(default_factory=list)
    octets: int = 0
    mails: list[Row] = field(default_factory=list)
    fresh: list[Fresh] = field(default_factory=list)
    first_verdict: int = 0
    seen: Seen = field(default_factory=Seen)

    def write(self, cursor: sqlite3.Cursor, at: datetime, policies: Policies, incidents: Incidents) -> None:
        """Add the rows, advance the recipients, and tell the feed of each verdict and of each change."""
        insert_many(cursor, "contents", ("id", *rows.CONTENT_COLUMNS), self.contents)
        insert_many(cursor, "mails", ("id", "content_id", *rows.MAIL_COLUMNS), self.mails)
        if not self.fresh:
            return
        self.seen = self._watched(cursor, incidents)
        verdicts = [(number, each.mail_id, *each.row) for number, each in enumerate(self.fresh, self.first_verdict)]
        insert_many(cursor, "verdicts", ("id", "mail_id", *rows.VERDICT_COLUMNS), verdicts)
        self._changes(cursor, at, policies, incidents).write()

    def _changes(self, cursor: sqlite3.Cursor, at: datetime, policies: Policies, incidents: Incidents) -> Changes:
        """What the feed is told of, all fallible work done. Only incidents write before that."""
        seen = self.seen
        changes = self._announced(cursor, at)
        if seen.upsets:
            cursor.execute("SAVEPOINT standing")
        try:
            if seen:
                incidents.settle(cursor, seen, changes, policies, self.first_verdict)
            fold(changes, self._occurrences(), policies)
        except FAILURES:
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours in a standing must never cost a bounce: it is recorded without
            log.bug("standing", error)
            if seen.upsets:
                cursor.execute("ROLLBACK TO standing")
            incidents.distrust()
            self.seen = Seen()
            changes = self._announced(cursor, at)
        if seen.upsets:
            cursor.execute("RELEASE standing")
        return changes

    def _announced(self, cursor: sqlite3.Cursor, at: datetime) -> Changes:
        changes = Changes(cursor, at)
        recipients = [each.row[_RECIPIENT] for each in self.fresh]
        changes.announce(enumerate(recipients, self.first_verdict))
        return changes

    def _watched(self, cursor: sqlite3.Cursor, incidents: Incidents) -> Seen:
        try:
            return incidents.watch(cursor, self.fresh, self.first_verdict)
        except FAILURES:
            raise
        except Exception as error:  # noqa: BLE001 - see write
            log.bug("incidents", error)
            incidents.distrust()
            return Seen()

    def _occurrences(self) -> list[Occurrence]:
        return [
            occurrence_of(number, key, each.verdict, each.story)
            for number, each in enumerate(self.fresh, self.first_verdict)
            if not each.held and (key := each.row[_KEY]) is not None and sign(each.verdict) is not Turn.NOTHING
        ]


def plan(cursor: sqlite3.Cursor, submissions: Sequence[Submission], packed: Sequence[PackedContent]) -> Batch:
    """Decide ids, and what was there before. ``packed`` are the contents of ``submissions``."""
    last_content, last_mail, last_verdict = cursor.execute(_LAST_IDS).fetchone()
    batch = Batch(first_verdict=last_verdict + 1)
    contents = _known_contents(cursor, packed)
    mails = _known_mails(cursor, list(contents.values()))
    for submission, content in zip(submissions, packed, strict=True):
        content_id = contents.get(content.hash)
        if content_id is None:
            last_content += 1
            content_id = contents[content.hash] = last_content
            batch.contents.append((content_id, *rows.content_row(content)))
            batch.octets += len(content.body or b"")
        recorded = []
        for entry in submission.entries:
            key = (content_id, entry.forward_path)
            before = mails.get(key)
            if before is None:
                last_mail += 1
                mails[key] = last_mail
                batch.mails.append((last_mail, content_id, *entry.mail))
                for verdict, row in entry.verdicts:
                    batch.fresh.append(Fresh(last_mail, verdict, row, entry.story))
            recorded.append(Recorded(before or last_mail, duplicate=before is not None))
        batch.recorded.append(tuple(recorded))
    return batch


def _known_contents(cursor: sqlite3.Cursor, packed: Sequence[PackedContent]) -> dict[bytes, int]:
    hashes = [each.hash for each in packed]
    known: dict[bytes, int] = {}
    for some in pieces(hashes):
        known |= cursor.execute(f"SELECT hash, id FROM contents WHERE hash IN ({places(len(some))})", some).fetchall()  # noqa: S608 - places
    return known


def _known_mails(cursor: sqlite3.Cursor, content_ids: list[int]) -> dict[tuple[int, str], int]:
    known: dict[tuple[int, str], int] = {}
    for some in pieces(content_ids):
        sql = f"SELECT content_id, forward_path, id FROM mails WHERE content_id IN ({places(len(some))})"  # noqa: S608 - places
        known |= {(content_id, forward_path): number for content_id, forward_path, number in cursor.execute(sql, some)}
    return known
