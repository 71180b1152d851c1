"""``bouncesink incidents`` on a real database that an outage went through."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from proven_bounces import bounce

from bouncesink.cli.main import main
from bouncesink.config.sections import StoreSection
from bouncesink.store.database import Database

FIRST = datetime(2026, 11, 20, tzinfo=UTC)
MANY = 60
DEAD = "550 5.1.1 User unknown"


@pytest.fixture(scope="module")
def outage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("outage") / "b.db"

    async def happen() -> None:
        async with Database.open(StoreSection(path=path)) as database:
            await database.intake.record(*bounce(0, FIRST, DEAD, "mx.usual.example"))
            for number in range(1, MANY + 1):
                at = FIRST + timedelta(days=2, seconds=number)
                await database.intake.record(*bounce(number, at, DEAD, "mx.broken.example"))

    asyncio.run(happen())
    return path


@pytest.fixture
def database(outage: Path, tmp_path: Path) -> str:
    """A copy for each test."""
    path = tmp_path / "b.db"
    with closing(sqlite3.connect(outage)) as source, closing(sqlite3.connect(path)) as copy:
        source.backup(copy)
    return str(path)


def suppressed(database: str) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM suppressions").fetchone()[0])


def test_what_is_open_is_listed(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["incidents", "list", "--database", database, "--format", "json"]) == 0
    (incident,) = json.loads(capsys.readouterr().out)
    assert {key: incident[key] for key in ("id", "scope", "subject", "verdicts", "recipients", "held", "outcome")} == {
        "id": 1,
        "scope": "burst",
        "subject": "broken.example",
        "verdicts": MANY,
        "recipients": MANY,
        "held": MANY,
        "outcome": None,
    }
    assert main(["incidents", "list", "--database", database]) == 0
    assert "broken.example" in capsys.readouterr().out


def test_one_is_shown(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["incidents", "show", "1", "--database", database]) == 0
    assert "broken.example" in capsys.readouterr().out
    assert main(["incidents", "show", "1", "--format", "json", "--database", database]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == 1
    assert main(["incidents", "show", "9", "--database", database]) == 66
    assert "there is no incident 9" in capsys.readouterr().err
    assert main(["incidents", "close", "9", "--void", "--database", database]) == 66
    assert "there is no incident 9" in capsys.readouterr().err


def test_voided_nobody_is_suppressed(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["incidents", "close", "1", "--void", "--note", "their outage", "--database", database]) == 0
    assert "counts for nothing" in capsys.readouterr().err
    assert suppressed(database) == 1
    assert main(["incidents", "list", "--database", database]) == 0
    assert "No incident is open" in capsys.readouterr().out
    assert main(["incidents", "list", "--all", "--database", database]) == 0
    assert "their outage" in capsys.readouterr().out


def test_released_they_count_and_one_that_was_voided_may_be_released(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["incidents", "close", "1", "--void", "--database", database]) == 0
    assert main(["incidents", "close", "1", "--release", "--database", database]) == 0
    assert f"{MANY} recipients were judged again" in capsys.readouterr().err
    assert suppressed(database) == MANY + 1
    assert main(["incidents", "close", "1", "--void", "--database", database]) == 65
    assert "was released before" in capsys.readouterr().err


def test_one_of_the_two_must_be_said(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["incidents", "close", "1", "--database", database]) == 64
    assert "either --void or --release" in capsys.readouterr().err


def test_no_database_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["incidents", "list", "--database", str(tmp_path / "none.db")]) == 66
    assert "there is no database" in capsys.readouterr().err
