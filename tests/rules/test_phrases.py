"""The tables of rules/phrases: drawn into the readers as they stand, and held to their examples and counterexamples."""

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bouncesink.core.readers.likeness import says

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "bouncesink" / "rules" / "phrases").glob("*.toml"))
TABLES = [
    {**table, "module": path.stem.partition("-")[2]}
    for path in FILES
    for table in tomllib.loads(path.read_text("utf-8"))["phrases"]
]
# Asked of the beginning of a subject, a line or an address.
MATCHED = {"ANSWER", "AUTO_REPLY_SUBJECT", "UNSUBSCRIBE", "PASSED_ON", "OWN_TROUBLE", "READ_SUBJECT", "SECTION", "NOBODY"}


def named(table):
    return table["name"]


def speaks(table, text):
    found = getattr(importlib.import_module(f"bouncesink.core.readers.phrases.{table['module']}"), table["name"])
    if "words" in table:
        return any(word in text for word in found)
    if "rows" in table:
        return says(text, found)
    return (found.match if table["name"] in MATCHED else found.search)(text) is not None


def test_what_the_readers_have_is_what_the_tables_say():
    command = [sys.executable, ROOT / "scripts" / "phrases.py", "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_there_are_tables():
    assert len(TABLES) >= 20
    assert len({table["name"] for table in TABLES}) == len(TABLES)


@pytest.mark.parametrize("table", TABLES, ids=named)
class TestEveryTable:
    def test_says_where_its_words_come_from(self, table):
        assert len(table["source"]) > 20
        assert len(table["examples"]) >= 3
        assert len(table["counterexamples"]) >= 3

    def test_knows_its_examples(self, table):
        assert not [text for text in table["examples"] if not speaks(table, text)]

    def test_leaves_its_counterexamples_alone(self, table):
        assert not [text for text in table["counterexamples"] if speaks(table, text)]

    def test_is_asked_in_lower_case_where_it_is_written_so(self, table):
        patterns = table.get("rows", []) or table.get("words", []) or (table["any"] if table.get("lower") else [])
        words = [text for each in patterns for text in (each if isinstance(each, list) else [each])]
        assert not [text for text in words if re.search(r"(?<!\\)[A-Z]", text)]
