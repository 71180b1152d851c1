"""Times are spelled in one way wherever programs read: every answer in JSON, every column and JSON text of the tables."""

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from whole_way import dsn, minted, opened

from bouncesink.cli.main import main
from bouncesink.config.sections import StoreSection
from bouncesink.store.text import respelled, timestamp

LOOKS_LIKE_A_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
SPELLED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
async def database(tmp_path: Path) -> str:
    """With a verdict, a suppression that ends, an act, a cursor and an incident."""
    section = StoreSection(path=tmp_path / "b.db")
    async with opened(section) as way:
        for recipient in ("dead@example.com", "gone@example.com"):
            await way.pipeline.accept(way.mail(dsn(recipient, recipient), minted(recipient)))
    path = str(section.path)
    assert main(["recipients", "suppress", "a@example.com", "--until", "2999-01-01", "--database", path]) == 0
    assert main(["feed", "ack", "crm", "1", "--new", "--database", path]) == 0
    now = timestamp(datetime.now(UTC))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO incidents (opened_at, last_at, closed_at, scope, subject, reason, outcome) "
            "VALUES (?, ?, ?, 'burst', 'example.com', 'mailbox_unknown', 'voided')",
            (now, now, now),
        )
    return path


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from texts(each)
    if isinstance(value, str):
        yield value


def times(values: Any) -> set[str]:
    return {text for text in texts(values) if LOOKS_LIKE_A_TIME.match(text)}


@pytest.mark.parametrize(
    ("words", "at_least"),
    [
        ("recipients show a@example.com --format json", 2),
        ("recipients list --format json", 2),
        ("incidents list --all --format json", 1),
        ("incidents show 1 --format json", 1),
        ("feed cursors --format json", 1),
        ("feed export", 2),
        ("feed tail", 2),
    ],
)
def test_answers_in_json(database, capsys, words, at_least):
    capsys.readouterr()
    assert main([*words.split(), "--database", database]) == 0
    out = capsys.readouterr().out
    found = times(
        [json.loads(line) for line in out.splitlines()] if words.startswith(("feed e", "feed t")) else json.loads(out)
    )
    assert len(found) >= at_least
    assert not [each for each in found if not SPELLED.fullmatch(each)]


def test_the_tables_and_the_json_in_them(database):
    found = set()
    with closing(sqlite3.connect(database)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            for row in connection.execute(f"SELECT * FROM {name}"):
                for value in row:
                    whole = json.loads(value) if isinstance(value, str) and value.startswith(("{", "[")) else value
                    found |= {(name, text) for text in times(whole)}
    assert {"mails", "recipients", "feed", "audit", "cursors"} <= {name for name, _ in found}
    in_memory = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")  # recipients.memory is ours alone
    assert not [each for each in found if not in_memory.fullmatch(each[1])]


def test_a_time_of_the_feed_is_that_of_the_table(database):
    """As SQL compares them, which people do."""
    joined = "SELECT count(*) FROM recipients JOIN feed ON body ->> 'recipient_key' = recipient_key"
    same = " AND ".join(f"body ->> '{name}' IS recipients.{name}" for name in ("since", "until", "updated_at"))
    with closing(sqlite3.connect(database)) as connection:
        (both,) = connection.execute(f"{joined} WHERE {same}").fetchone()
        (of_all,) = connection.execute(joined).fetchone()
    assert both == of_all == 3


def test_an_entry_of_an_earlier_version_is_told_as_those_of_today(database, capsys):
    before = ("2999-01-01T00:00:00+00:00", "2026-11-22T12:00:00.123000+00:00")
    change = "UPDATE feed SET body = json_set(body, '$.until', ?, '$.since', ?) WHERE body ->> 'until' IS NOT NULL"
    with closing(sqlite3.connect(database)) as connection, connection:
        assert connection.execute(change, before).rowcount == 1
    capsys.readouterr()
    assert main(["feed", "export", "--database", database]) == 0
    bodies = [json.loads(line).get("body", {}) for line in capsys.readouterr().out.splitlines()]
    assert ("2999-01-01T00:00:00.000Z", "2026-11-22T12:00:00.123Z") in {
        (body.get("until"), body.get("since")) for body in bodies
    }


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("2026-03-02T06:00:00+00:00", "2026-03-02T06:00:00.000Z"),
        ("2026-03-02T06:00:00.167000+00:00", "2026-03-02T06:00:00.167Z"),
        ("2026-03-02T06:00:00.167Z", "2026-03-02T06:00:00.167Z"),
    ],
)
def test_respelled(text, spelled):
    assert respelled(text) == spelled
