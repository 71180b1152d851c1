"""A real database in a folder of its own, and mails to record in it."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from verdicts import DEAD

from bouncesink.config.sections import LogSection, StoreSection
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.report import Kind, Report, ReturnedOriginal
from bouncesink.core.verdict import Verdict
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.observe import log
from bouncesink.store.database import Database
from bouncesink.store.rows import Judged


@dataclass(frozen=True)
class Bounce:
    """What ``Intake.record`` takes. ``bounce(serial)`` differs from any other serial in its content."""

    mail: Mail
    report: Report
    judged: tuple[Judged, ...]

    @property
    def arguments(self) -> tuple[Mail, Report, tuple[Judged, ...]]:
        return self.mail, self.report, self.judged

    def with_verdict(self, **changes: object) -> "Bounce":
        verdicts = tuple(replace(verdict, **changes) for verdict in self.judged[0].verdicts)
        return replace(self, judged=(replace(self.judged[0], verdicts=verdicts), *self.judged[1:]))


def new_bounce(serial: int = 0, *recipients: str, content: bytes | None = None, verdicts: int = 1) -> Bounce:
    judged = []
    for recipient in recipients or ("reader@example.com",):
        attribution = Attribution(
            Grammar.SIGNED, recipient, authenticity=Authenticity.PROVEN, issued_on=date(2026, 11, 1), key_id=1
        )
        admitted = Admitted(f"abcdefghijklmnop-{recipient.replace('@', '=')}@b.example", attribution)
        judged.append(Judged(admitted, (replace(DEAD, recipient=recipient),) * verdicts))
    content = b"Subject: %d\r\n\r\nUser unknown\r\n" % serial if content is None else content
    envelope = Envelope("", tuple(one.admitted for one in judged))
    peer = Peer(Via.SMTP, "192.0.2.1", "mx.example.net")
    received_at = datetime(2026, 11, 22, 12, 0, 0, 123_000, tzinfo=UTC)
    report = Report(
        Kind.BOUNCE,
        "dsn",
        headers={"message-id": f"<{serial}@mx.example.net>", "subject": "Undelivered"},
        original=ReturnedOriginal({"message-id": "<1@sender.example>"}),
    )
    return Bounce(Mail(envelope, content, received_at, peer), report, tuple(judged))


@pytest.fixture(autouse=True)
def _log_as_by_default() -> None:
    """Whatever a command that ran in this process before decided of the log."""
    log.configure(LogSection())


@pytest.fixture
def bounce() -> Callable[..., Bounce]:
    return new_bounce


@pytest.fixture
def verdict() -> Verdict:
    return DEAD


@pytest.fixture
def section(tmp_path: Path) -> StoreSection:
    return StoreSection(path=tmp_path / "b.db", busy_timeout=0.5)


@pytest.fixture
async def database(section: StoreSection) -> AsyncIterator[Database]:
    async with Database.open(section) as database:
        yield database


@pytest.fixture
def rows(section: StoreSection) -> Callable[..., list[tuple[object, ...]]]:
    """What anybody with SQL sees, on a connection of their own that may only read."""

    def _rows(sql: str, *parameters: object) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(f"{section.path.as_uri()}?mode=ro", uri=True)) as connection:
            return connection.execute(sql, parameters).fetchall()

    return _rows


@pytest.fixture
def wal_pages(section: StoreSection) -> Callable[[], int]:
    """The size of the write-ahead log's file, in frames."""
    return lambda: section.path.with_name("b.db-wal").stat().st_size // (4_096 + 24)


@pytest.fixture
def count_commits() -> Callable[[Database], Awaitable[list[str]]]:
    """``await count_commits(database)`` is the list that every COMMIT of its writer is appended to."""

    async def _count(database: Database) -> list[str]:
        commits: list[str] = []
        await database.writer.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
        return commits

    return _count
