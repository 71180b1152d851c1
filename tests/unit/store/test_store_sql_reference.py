"""docs/reference/sql.md against the real schema, both ways."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bouncesink.core.verdict import Reason
from bouncesink.store.migrate import migrate, migrations
from bouncesink.store.selection import Selection

DOCS = Path(__file__).resolve().parents[3] / "docs"
SECTION = re.compile(r"^### (\w+)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)


def documented() -> dict[str, list[str]]:
    sections = SECTION.findall((DOCS / "reference" / "sql.md").read_text("utf-8"))
    first_cells = {name: re.findall(r"^\| (`[^|]*`) \|", text, re.MULTILINE) for name, text in sections}
    return {name: [column for cell in cells for column in re.findall(r"`(\w+)`", cell)] for name, cells in first_cells.items()}


@pytest.fixture(name="connection", scope="module")
def _connection():
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        migrate(connection, 0, migrations())
        yield connection


def test_every_table_and_view_is_there_and_nothing_else(connection):
    found = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'")
    assert sorted(documented()) == sorted(row["name"] for row in found)


@pytest.mark.parametrize(("name", "columns"), documented().items(), ids=list(documented()))
def test_every_column_is_there_and_nothing_else(connection, name, columns):
    assert len(columns) == len(set(columns))
    assert sorted(columns) == sorted(row["name"] for row in connection.execute(f"PRAGMA table_info({name})"))


def statements(page: str) -> list[str]:
    """Those of a page that look for recipients by their standing."""
    blocks = re.findall(r"^```sql\n(.*?)^```", (DOCS / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return [block for block in blocks if "FROM recipients" in block]


def plan(connection: sqlite3.Connection, sql: str, values: list[object]) -> str:
    return " ".join(row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values))


@pytest.mark.parametrize("page", ["reference/sql.md", "howto/read-with-sql.md"])
def test_what_people_are_told_to_ask_for_a_standing_by_is_served_by_its_index(connection, page):
    assert statements(page)
    for sql in statements(page):
        assert "USING INDEX recipients_by_standing (standing=?)" in plan(connection, sql, [])


@pytest.mark.parametrize("chosen", [Selection(standing="suppressed"), Selection(standing="review", reason=Reason.MAILBOX_FULL)])
@pytest.mark.parametrize("what", ["* ... ORDER BY since DESC, recipient_key LIMIT 100", "count(*) ..."])
def test_so_is_what_the_command_line_asks(connection, chosen, what):
    condition, values = chosen.condition()
    columns, _, rest = what.partition(" ...")
    sql = f"SELECT {columns} FROM recipients WHERE {condition} {rest}"
    assert "INDEX recipients_by_standing (standing=?" in plan(connection, sql, values)


def test_who_asks_a_view_for_one_recipient_scans_nothing(connection):
    for view in ("suppressions", "reviews"):
        told = plan(connection, f"SELECT reason FROM {view} WHERE recipient_key = ?", ["reader@example.com"])
        assert "SCAN" not in told
