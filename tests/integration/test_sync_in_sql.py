"""The follower of docs/howto/sync-the-feed.md, as it stands: its table is ours, wherever it was cut off."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bouncesink.cli.main import main
from bouncesink.store.connection import open_sqlite
from bouncesink.store.migrate import prepare

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "howto" / "sync-the-feed.md").read_text("utf-8")
(FOLLOWER,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
CUT = "a plug was pulled"


@pytest.fixture
def ours(tmp_path, monkeypatch):
    """An operator at the database ``bouncesink.db`` where the follower looks for it."""
    monkeypatch.chdir(tmp_path)
    with closing(open_sqlite(tmp_path / "bouncesink.db", 1)) as connection:
        prepare(connection, "bouncesink.db")

    def act(*words: str) -> None:
        assert main(["recipients", *words, "--database", "bouncesink.db"]) == 0

    return act


def follow(*, cut_before: str = "") -> None:
    """Run the page's program in a life of its own, until it is through or, at the first such statement, dead."""
    space: dict[str, object] = {"__name__": "follower"}

    def pulled(statement: str) -> None:
        if cut_before and statement.startswith(cut_before):
            raise KeyboardInterrupt(CUT)

    source = FOLLOWER
    if cut_before:
        source = source.replace("    theirs.execute(", "    tried(").replace(
            "def follow()", "def tried(sql, *more):\n    pulled(sql)\n    return theirs.execute(sql, *more)\n\n\ndef follow()"
        )
        space["pulled"] = pulled
    try:
        exec(compile(source, "follower", "exec"), space)
    except KeyboardInterrupt:
        assert cut_before
    finally:
        for name in ("theirs", "feed"):
            space[name].close()  # type: ignore[attr-defined]


def rows(path: str, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return sorted(connection.execute(sql).fetchall())


def agrees() -> bool:
    theirs = rows("crm.db", "SELECT recipient_key, reason, until FROM blocked")
    found = rows("bouncesink.db", "SELECT recipient_key, reason, until FROM suppressions")
    return [each[0] for each in theirs] == [each[0] for each in found] and len(rows("crm.db", "SELECT seq FROM heard")) <= 1


def test_what_is_blocked_there_is_what_is_suppressed_here(ours):
    follow()
    ours("suppress", "a@example.com", "B@Example.com", "c@example.com")
    follow()
    assert agrees()
    assert rows("crm.db", "SELECT recipient_key FROM blocked") == [("a@example.com",), ("b@example.com",), ("c@example.com",)]
    ours("release", "a@example.com")
    ours("forget", "c@example.com")
    follow()
    assert agrees()
    assert rows("crm.db", "SELECT recipient_key FROM blocked") == [("b@example.com",)]
    follow()
    assert agrees()


@pytest.mark.parametrize("statement", ["INSERT INTO blocked", "DELETE FROM blocked", "INSERT INTO heard", "COMMIT"])
def test_cut_off_anywhere_it_goes_on_where_it_was(ours, statement):
    ours("suppress", "a@example.com", "b@example.com")
    ours("release", "a@example.com")
    follow(cut_before=statement)
    assert rows("crm.db", "SELECT recipient_key FROM blocked UNION ALL SELECT seq FROM heard") == []
    follow()
    assert agrees()
    assert rows("crm.db", "SELECT recipient_key FROM blocked") == [("b@example.com",)]
