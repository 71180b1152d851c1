"""docs/reference/sql.md against the real schema, both ways."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bouncesink.store.migrate import migrate, migrations

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
