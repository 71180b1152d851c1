"""Examples in the documents run: every block of SQL, TOML and Python is tried as it stands."""

import re
import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from bouncesink.config.file import load
from bouncesink.core.verp.keyring import Key, format_key
from bouncesink.store.connection import open_sqlite
from bouncesink.store.migrate import prepare

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = [
    pytest.param(language, block, id=f"{path.relative_to(ROOT)}:{path.read_text('utf-8')[: match.start()].count(chr(10)) + 2}")
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "docker").rglob("*.md")])
    for match in FENCE.finditer(path.read_text("utf-8"))
    for language, block in [match.groups()]
    if language in {"sql", "toml", "python"}
]


def test_there_are_examples_of_every_kind():
    assert {block.values[0] for block in BLOCKS} == {"sql", "toml", "python"}


def try_sql(block: str, folder: Path) -> None:
    with closing(open_sqlite(folder / "bouncesink.db", 1)) as connection:
        prepare(connection, "bouncesink.db")
        statements = [statement for statement in block.split(";") if statement.strip()]
        for statement in statements:
            assert sqlite3.complete_statement(f"{statement};")
            connection.execute(statement).fetchall()
        assert statements


def try_toml(block: str, folder: Path) -> None:
    file = folder / "bouncesink.toml"
    file.write_text(block, "utf-8")
    assert tomllib.loads(block)
    assert load(file, {}, {}).given


def try_python(block: str, folder: Path) -> None:
    (folder / "bouncesink.db.keys").write_text(format_key(Key(1, b"a secret of 32 octets for a test")) + "\n", "utf-8")
    with closing(open_sqlite(folder / "bouncesink.db", 1)) as connection:
        prepare(connection, "bouncesink.db")
    exec(compile(block, "example", "exec"), {"__name__": "example"})


@pytest.mark.parametrize(("language", "block"), BLOCKS)
def test_examples_run(language, block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    {"sql": try_sql, "toml": try_toml, "python": try_python}[language](block, tmp_path)
