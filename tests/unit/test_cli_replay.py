"""``bouncesink replay`` on a real database, and that the feed after it keeps to its published schema."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from commands import run
from proven_bounces import bounce

from bouncesink.config.sections import StoreSection
from bouncesink.store.database import Database

SAID = "550 5.7.1 The counter for letters is closed"
RULE = f"""\
[[rule]]
id = "local/counter"
reason = "mailbox_unknown"
literal = "the counter for letters is closed"
source = "https://receiver.example/postmaster"
examples = ["{SAID}"]
"""
FIRST = datetime(2026, 11, 20, tzinfo=UTC)
SCHEMA = json.loads((Path(__file__).parents[2] / "docs/reference/feed.schema.json").read_text("utf-8"))


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "b.db"

    async def happen() -> None:
        async with Database.open(StoreSection(path=path)) as database:
            for number in range(1, 5):
                await database.intake.record(*bounce(number, FIRST + timedelta(hours=number), SAID))

    asyncio.run(happen())
    return str(path)


@pytest.fixture
def rules(tmp_path: Path) -> str:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "mine.toml").write_text(RULE, "utf-8")
    return str(folder)


def dump(database: str) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


def test_dry_shows_old_and_new_and_whom_it_would_suppress(database, rules, capsys):
    before = dump(database)
    out, err = run(capsys, "replay", "--dry-run", "--rules", rules, "--database", database)
    assert "mailbox_unknown hard -> suppress" in out
    assert "would be suppressed: 4" in out
    assert "p3@example.com" in out
    assert "4 mails were judged again, 4 verdicts would be corrected" in err
    assert "4 recipients would be suppressed, 0 released, 0 stand elsewhere" in err
    assert dump(database) == before


def test_applied_and_back_again(database, rules, capsys):
    out, err = run(capsys, "replay", "--rules", rules, "--database", database, "--until", "2026-11-20T03:00:00")
    assert "suppressed: 2" in out
    assert "2 verdicts were corrected" in err
    out, _ = run(capsys, "recipients", "list", "--standing", "suppressed", "--format", "jsonl", "--database", database)
    assert [json.loads(line)["recipient"] for line in out.splitlines()] == ["p2@example.com", "p1@example.com"]
    out, _ = run(capsys, "replay", "--format", "json", "--database", database)
    told = json.loads(out)
    assert told["summary"] | {"recipients": 0} == {
        "dry_run": False,
        "resumed": False,
        "judged": 4,
        "corrected": 2,
        "failed": 0,
        "dropped": 0,
        "cut": 0,
        "damaged": 0,
        "recipients": 0,
        "suppressed": 0,
        "released": 2,
        "moved": 2,
    }
    assert [each["before"]["reason"] for each in told["verdicts"]] == ["mailbox_unknown"] * 2


def test_lines_for_programs(database, rules, capsys):
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE contents SET body = NULL WHERE id = 2")
    arguments = ["--recipient", "P1@example.com", "--recipient", "p2@EXAMPLE.com"]
    out, err = run(capsys, "replay", "--rules", rules, *arguments, "--format", "jsonl", "--database", database)
    objects = [json.loads(line) for line in out.splitlines()]
    assert [each["what"] for each in objects] == ["verdict", "recipient", "summary"]
    assert objects[0]["after"]["rule"] == "local/counter"
    assert objects[1] == {
        "what": "recipient",
        "recipient": "p1@example.com",
        "was": objects[1]["was"],
        "stands": "suppressed",
        "reason": "mailbox_unknown",
        "until": None,
    }
    assert objects[2]["dropped"] == 1
    assert "1 mails were not judged, what was judged of them holds on: their raw content was dropped" in err


def test_the_feed_keeps_to_its_schema(database, rules, capsys):
    """Every type of entry that there is, checked against the schema that we publish."""
    run(capsys, "replay", "--rules", rules, "--database", database)
    run(capsys, "replay", "--database", database, "--recipient", "p1@example.com")
    run(capsys, "recipients", "release", "p2@example.com", "--database", database)
    run(capsys, "recipients", "forget", "p3@example.com", "--database", database)
    out, _ = run(capsys, "feed", "export", "--database", database)
    entries = [json.loads(line) for line in out.splitlines()]
    validator = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
    validator.check_schema(SCHEMA)
    for entry in entries:
        validator.validate(entry)
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert {"verdict.recorded", "verdict.revised", "recipient.suppressed", "suppression.released", "recipient.forgotten"} <= {
        entry["type"] for entry in entries
    }
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(entries[0] | {"type": "something.else"})


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--reason", "mailbox_ful"], 64, "did you mean 'mailbox_full'?"),
        (["--kind", "bouce"], 64, "did you mean 'bounce'?"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], 64, "is not after --since"),
        (["--rules", "there-is-none"], 78, "there-is-none"),
    ],
)
def test_what_is_said_wrong_changes_nothing(database, capsys, arguments, code, words):
    before = dump(database)
    _, err = run(capsys, "replay", *arguments, "--database", database, code=code)
    assert words in err
    assert dump(database) == before


def test_a_broken_rulebook_changes_nothing(database, rules, capsys):
    (Path(rules) / "broken.toml").write_text('[[rule]]\nid = "x"\nreason = "mailbox_gone"\n')
    before = dump(database)
    _, err = run(capsys, "replay", "--rules", rules, "--database", database, code=78)
    assert "broken.toml" in err
    assert dump(database) == before


def test_a_policy_that_contradicts_itself_changes_nothing(database, tmp_path, capsys):
    config = tmp_path / "bouncesink.toml"
    config.write_text("[policy]\npoints = 100\n")
    before = dump(database)
    _, err = run(capsys, "replay", "--config", str(config), "--database", database, code=78)
    assert "points = 100 is more than" in err
    assert dump(database) == before


def test_without_a_database(tmp_path, capsys):
    _, err = run(capsys, "replay", "--database", str(tmp_path / "none.db"), code=66)
    assert "no database" in err
