"""Readiness, health and what is sampled, on a real database; the faults that a whole server meets only by luck."""

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest

from bouncesink.config.sections import StoreSection
from bouncesink.errors import StoreBusy, StoreError
from bouncesink.fronts.counts import Counts
from bouncesink.observe.metrics import READINGS
from bouncesink.rulefiles import load_rulebook
from bouncesink.store.database import Database
from bouncesink.store.queries import reading
from bouncesink.store.survey import TABLES, fetch_in_time, glance, survey
from bouncesink.store.writer import Outcome
from bouncesink.watch import pulse, sampling
from bouncesink.watch import readiness as of_readiness
from bouncesink.watch.readiness import SLUGGISH, Readiness
from bouncesink.watch.readings import readings
from bouncesink.watch.sampling import Sampler
from bouncesink.watch.subject import Subject

NOTHING = Outcome((), 0)


class Doors:
    """Open, until somebody closes them."""

    def __init__(self) -> None:
        self.is_open = True
        self.addresses = ("127.0.0.1:2525",)
        self.sessions = Sessions()


class Sessions:
    limit = 1_000

    def counted(self):
        return asdict(Counts(connections=7))

    def __len__(self) -> int:
        return 3


@pytest.fixture(scope="module")
def book():
    return load_rulebook(None)


@pytest.fixture
def section(tmp_path) -> StoreSection:
    return StoreSection(path=tmp_path / "b.db", busy_timeout=0.3)


@asynccontextmanager
async def subject_of(section: StoreSection, book, *, stopping: bool = False):
    async with Database.open(section) as database:
        yield Subject(section, database.intake, lambda: book, lambda: stopping, doors=Doors())


async def failing(readiness: Readiness) -> dict[str, str]:
    return {check.name: check.detail for check in await readiness.look() if not check.holds}


async def test_all_is_well(section, book):
    async with subject_of(section, book) as subject:
        readiness = Readiness(subject, 1_000)
        assert await failing(readiness) == {}
        assert [check.name for check in readiness.last] == ["running", "listening", "database", "disk", "rules"]
        assert all(check.holds for check in readiness.health())


async def test_doors_that_are_closed_and_a_signal_are_told(section, book):
    async with subject_of(section, book, stopping=True) as subject:
        readiness = Readiness(subject, 0)
        subject.doors.is_open = False
        assert await failing(readiness) == {"running": "draining: told to stop", "listening": "closed"}
        subject.doors = None
        assert (await failing(readiness))["listening"] == "not yet"


async def test_an_idle_database_is_tried(section, book, monkeypatch):
    monkeypatch.setattr(of_readiness, "LATELY", 0.0)
    monkeypatch.setattr(of_readiness, "_PROBE_HOLDS", 0.0)
    async with subject_of(section, book) as subject:
        readiness = Readiness(subject, 0)
        assert await failing(readiness) == {}
        with closing(sqlite3.connect(section.path, isolation_level=None)) as stranger:
            stranger.execute("BEGIN IMMEDIATE")
            assert "write lock" in (await failing(readiness))["database"]
            stranger.execute("ROLLBACK")
            assert await failing(readiness) == {}
            assert stranger.execute("SELECT count(*) FROM progress").fetchone() == (0,), "nothing is written without need"
        section.path.rename(section.path.with_name("moved.db"))
        assert "was moved" in (await failing(readiness))["database"]


async def test_those_who_ask_at_once_share_an_answer(section, book, monkeypatch):
    monkeypatch.setattr(of_readiness, "LATELY", 0.0)
    async with subject_of(section, book) as subject:
        asked = 0
        probe = subject.intake.probe

        async def counted():
            nonlocal asked
            asked += 1
            return await probe()

        monkeypatch.setattr(subject.intake, "probe", counted)
        readiness = Readiness(subject, 0)
        await asyncio.gather(*(readiness.look() for _ in range(20)))
        assert asked == 1


async def test_a_thread_that_does_not_answer_is_told_in_time(section, book, monkeypatch):
    monkeypatch.setattr(of_readiness, "LATELY", 0.0)
    monkeypatch.setattr(of_readiness, "PATIENCE", 0.1)
    async with subject_of(section, book) as subject:
        monkeypatch.setattr(subject.intake, "probe", lambda: asyncio.sleep(60))
        assert "did not answer" in (await failing(Readiness(subject, 0)))["database"]


async def test_a_closed_database_is_neither_ready_nor_healthy(section, book):
    async with subject_of(section, book) as subject:
        pass
    readiness = Readiness(subject, 0)
    assert (await failing(readiness))["database"] == "the database is closed"
    assert {check.name: check.holds for check in readiness.health()} == {"intake": False, "loop": True}


async def test_a_late_loop_is_unhealthy(section, book):
    async with subject_of(section, book) as subject:
        readiness = Readiness(subject, 0)
        readiness.late_seconds = SLUGGISH
        assert {check.name: check.holds for check in readiness.health()} == {"intake": True, "loop": False}


async def test_trouble_ends_by_a_probe_that_writes(section, book, capfd):
    async with Database.open(section) as database:
        intake = database.intake
        intake._tell(replace(NOTHING, trouble=StoreBusy("locked")), [(None, StoreBusy("locked"))], 0)
        assert intake.state.trouble_seconds > 0
        assert await intake.probe() is None
        assert intake.state.trouble_seconds == 0
        with closing(sqlite3.connect(section.path)) as stranger:
            assert stranger.execute("SELECT task FROM progress").fetchall() == [("probe",)]


async def test_a_disk_that_cannot_be_asked_is_told(section, book, tmp_path):
    async with subject_of(section, book) as subject:
        subject.store = replace(section, path=tmp_path / "gone" / "b.db")
        assert "cannot be asked" in (await failing(Readiness(subject, 0)))["disk"]


async def test_a_survey_counts_and_gives_up(section):
    async with Database.open(section):
        with closing(sqlite3.connect(section.path)) as stranger:
            for number in range(5):
                stranger.execute(
                    "INSERT INTO recipients (recipient_key, recipient, standing, since, updated_at) VALUES (?, ?, ?, '', '')",
                    (f"{number}", f"{number}", "suppressed" if number < 3 else "ok"),
                )
            stranger.execute("INSERT INTO feed (seq, at, type) VALUES (70, '', 'x')")
            stranger.execute("INSERT INTO cursors VALUES ('crm', 30, ''), ('ahead', 99, '')")
            stranger.execute("INSERT INTO incidents (opened_at, last_at, scope, subject) VALUES ('', '', '', '')")
            stranger.execute(
                "INSERT INTO incidents (opened_at, last_at, closed_at, scope, subject) VALUES ('', '', '', '', '')"
            )
            stranger.commit()
        async with reading(section) as connection:
            found = await survey(connection)
            assert found.recipients == {"ok": 2, "suppressed": 3}
            assert found.rows.keys() == set(TABLES)
            assert (found.rows["feed"], found.rows["recipients"], found.rows["mails"]) == (1, 5, 0)
            at_a_glance = await connection.run(glance)
            assert (at_a_glance.feed_seq, at_a_glance.open_incidents) == (70, 1)
            assert at_a_glance.behind == {"ahead": 0, "crm": 40}


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


async def test_a_count_that_takes_too_long_is_given_up(section):
    async with Database.open(section), reading(section) as connection, asyncio.timeout(30):
        assert await fetch_in_time(connection, ENDLESS, 0.05) is None
        assert (await survey(connection)).rows["mails"] == 0, "the connection serves on"
        counting = asyncio.create_task(fetch_in_time(connection, ENDLESS, 60))
        await asyncio.sleep(0.2)
        counting.cancel()
        await asyncio.wait([counting])
        assert (await survey(connection)).rows["mails"] == 0, "nobody counts for one who has gone"
        with pytest.raises(StoreError, match="no such table"):
            await fetch_in_time(connection, "SELECT count(*) FROM nowhere", 60)


async def test_the_sampler_samples_and_survives_trouble(section, book, monkeypatch, capfd):
    monkeypatch.setattr(sampling, "GLANCE_SECONDS", 0.02)
    monkeypatch.setattr(pulse, "PULSE_SECONDS", 0.01)
    async with subject_of(section, book) as subject:
        readiness = Readiness(subject, 0)
        sampler = Sampler(replace(section, path=section.path.with_name("none.db")), 0.01, readiness)
        async with sampler.running(), asyncio.timeout(30):
            while not sampler._in_trouble:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.01)
            assert sampler.glance is None
            sampler._store = section
            while sampler.counted_at is None or sampler._in_trouble:  # noqa: ASYNC110 - see above
                await asyncio.sleep(0.01)
        assert sampler.survey.rows["mails"] == 0
        assert sampler.glance.feed_seq == 0
        given = readings(subject, readiness, sampler)
        assert given.keys() == READINGS.keys()
        expires = datetime.now(UTC) + timedelta(days=30)
        subject.certificates = lambda: {"b.example": expires}
        await readiness.look()
        said = {name: read() for name, read in given.items()}
        assert said["certificate_days_left"][("b.example",)] == pytest.approx(30, abs=0.01)
        assert said["connections_open"] == 3
        assert said["doors"][("connections",)] == 7
        assert said["ready"] == {("running",): 1, ("listening",): 1, ("database",): 1, ("disk",): 1, ("rules",): 1}
        assert said["database_bytes"].keys() == {("db",), ("wal",)}
        assert said["rulebook_rules"] == len(book.rules)
        assert None not in said.values()
