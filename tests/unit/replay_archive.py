"""A database of stored mails, and rules that judge them otherwise: what is replayed in tests."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bouncesink.config.sections import StoreSection
from bouncesink.core.classify import judge
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.policy import Policies
from bouncesink.core.reading import read
from bouncesink.core.report import Report
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.replay import Outcome, replay, task_of
from bouncesink.rulefiles import load_rulebook
from bouncesink.store.archive import Choice
from bouncesink.store.database import Database
from bouncesink.store.rejudged import Corrected
from bouncesink.store.revisions import open_reviser
from bouncesink.store.rows import Judged

FIRST = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW = datetime(2026, 12, 1, tzinfo=UTC)
EVERYTHING = Choice()
CLOSED = "550 5.7.1 The counter for letters is closed"
UNKNOWN = "550 5.1.1 User unknown"
RULE = f"""\
[[rule]]
id = "local/counter"
reason = "{{reason}}"
literal = "the counter for letters is closed"
source = "https://receiver.example/postmaster"
examples = ["{CLOSED}"]
"""
BOOK = load_rulebook(None)


def book_with(folder: Path, reason: str) -> Rulebook:
    folder.mkdir(exist_ok=True)
    (folder / "mine.toml").write_text(RULE.format(reason=reason), "utf-8")
    return load_rulebook(folder)


def content_of(number: int, said: str, address: str) -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.example.net\r\nMessage-ID: <{number}@mx.example.net>\r\nSubject: Undelivered\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; out.example.com\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: {said[4:9]}\r\n"
        f"Diagnostic-Code: smtp; {said}\r\n\r\n--b--\r\n"
    ).encode()


@dataclass
class Archive:
    """A database, and the mails that are put into it as the server does."""

    section: StoreSection
    count: int = 0

    def record(self, said: str, *addresses: str, attribution: Attribution | None = None, **changes: object) -> None:
        """One mail about each of ``addresses``, an hour after the one before."""
        asyncio.run(self._record([self.mail(said, address, attribution) for address in addresses], **changes))

    def mail(self, said: str, address: str, attribution: Attribution | None = None) -> tuple[Mail, Report, tuple[Judged, ...]]:
        self.count += 1
        content = content_of(self.count, said, address)
        attribution = attribution or Attribution(Grammar.SIGNED, address, authenticity=Authenticity.PROVEN)
        admitted = Admitted(f"tag{self.count}-{address.replace('@', '=')}@b.example", attribution)
        report = read(content, BOOK.formats)
        judged = Judged(admitted, judge(report, attribution, BOOK))
        received_at = FIRST + timedelta(hours=self.count)
        return Mail(Envelope("", (admitted,)), content, received_at, Peer(Via.SMTP)), report, (judged,)

    async def _record(self, mails: list[tuple[Mail, Report, tuple[Judged, ...]]], **changes: object) -> None:
        async with Database.open(replace(self.section, **changes)) as database:
            for each in mails:
                await database.intake.record(*each)

    def rows(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.section.path)) as connection:
            return connection.execute(sql, parameters).fetchall()

    def edit(self, sql: str, *parameters: object) -> None:
        """What retention or a bad disk does."""
        with closing(sqlite3.connect(self.section.path)) as connection, connection:
            connection.execute(sql, parameters)

    def standings(self) -> dict[str, str]:
        return dict(self.rows("SELECT recipient, standing FROM recipients"))

    def replay(
        self,
        book: Rulebook,
        choice: Choice = EVERYTHING,
        policies: Policies | None = None,
        *,
        dry: bool = False,
        **hears: object,
    ) -> "tuple[Outcome, Hearer]":
        policies = policies or Policies()
        hearer = Hearer(**hears)
        task = "" if dry else task_of(choice, book, policies)
        with open_reviser(self.section, choice, policies, task, NOW) as reviser:
            return replay(reviser, book, hearer), hearer


class Hearer:
    def __init__(self, on_step: Callable[[int], None] = lambda _: None) -> None:
        self.total = self.done = 0
        self.corrections: list[Corrected] = []
        self._on_step = on_step

    def begun(self, mails: int, recipients: int) -> None:
        self.total = mails + recipients

    def step(self, count: int) -> None:
        self.done += count
        self._on_step(self.done)

    def corrected(self, correction: Corrected) -> None:
        self.corrections.append(correction)
