"""Answers as people see them, and long ones."""

import json
import re
import sys

import pytest
import rich.table

from bouncesink.cli import rendering

COLUMNS = ("recipient", "standing", "why")
ROWS = [
    (f"reader{number}@example.com", None if number % 7 else "suppressed", [number] if number % 3 else "")
    for number in range(rendering._LONG)
]
ODD = ("読者@例え.jp", "", "\x1b[31mred\x1b[0m [bold]x[/]"), ("é@example.com", "review", "a\nb")


@pytest.mark.parametrize("title", ["", "All of them"])
def test_a_long_table_looks_like_any_other(capsys, monkeypatch, title):
    rows = [*ROWS, *ODD]
    monkeypatch.setattr(rendering, "_LONG", len(rows))
    rendering.print_table(COLUMNS, rows, title=title)
    drawn_by_rich = capsys.readouterr().out
    monkeypatch.setattr(rendering, "_LONG", len(rows) - 1)
    monkeypatch.setattr(rich.table, "Table", None)  # it would take half a minute and a gigabyte for a hundred thousand
    rendering.print_table(COLUMNS, rows, title=title)
    assert capsys.readouterr().out.split("\n") == [line.rstrip(" ") for line in drawn_by_rich.split("\n")]


def test_a_long_table_in_a_file_folds_nothing(capsys):
    rendering.print_table(COLUMNS, [*ROWS, *ODD, ("x" * 500, "", "")])
    assert len(capsys.readouterr().out.splitlines()) == 4 + len(ROWS) + len(ODD) + 1


def test_a_long_table_that_is_too_wide_for_the_terminal_is_folded(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "40")
    rendering.print_table(COLUMNS, [*ROWS, ("x" * 30, "", "")])
    drawn = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out)
    assert max(map(len, drawn.splitlines())) <= 40


@pytest.mark.parametrize("objects", [[], [{}], [{"a": [1, "b\n", None], "c": {}}, {"d": "\u2028é"}]])
def test_an_array_is_printed_one_by_one(capsys, objects):
    assert rendering.print_array(iter(objects)) == len(objects)
    assert capsys.readouterr().out == json.dumps(objects, indent=2) + "\n"
