#!/usr/bin/env python3
"""Draws core/readers/phrases.py from rules/phrases/*.toml, so that other people's words are data and cost nothing to load.

    python scripts/phrases.py            writes the module
    python scripts/phrases.py --check    says whether it differs, and changes nothing; exit 1 if it does

tests/rules/test_phrases.py runs the check, and holds every table to its examples and counterexamples. docs/decisions/0023
says why these are drawn and not loaded.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "bouncesink" / "rules" / "phrases"
MODULE = ROOT / "bouncesink" / "core" / "readers" / "phrases.py"
KEYS = {"name", "about", "source", "before", "after", "lower", "any", "rows", "examples", "counterexamples"}
NEEDED = {"name", "about", "source", "examples", "counterexamples"}
WIDTH = 128
LAW = '''"""Phrases: other people's words that tell how a mail looks. Drawn from rules/phrases/*.toml by scripts/phrases.py.

Change the tables there and draw this anew: each has its source, and the proof that tests hold it to. A ``Row`` is a literal
and what must stand around it where the literal alone says too little; literals are found at the speed of memory, so that hardly
any pattern is ever tried. Promises: linear patterns. Knows nothing of what is done with them.
"""

import re

Row = tuple[str, re.Pattern[str] | None]
'''

Table = dict[str, Any]


def tables() -> Iterator[Table]:
    """Every ``[[phrases]]`` table, with the words of its file put into its patterns. SystemExit where a file does not hold."""
    for path in sorted(FOLDER.glob("*.toml")):
        data = tomllib.loads(path.read_text("utf-8"))
        words: dict[str, str] = data.get("words", {})
        for table in data["phrases"]:
            wrong = (table.keys() - KEYS) | (NEEDED - table.keys())
            if wrong or ("any" in table) is ("rows" in table):
                raise SystemExit(f"{path.name}: {table.get('name')}: {sorted(wrong) or 'needs one of any and rows'}")
            yield {
                **table,
                "any": [spelled(each, words) for each in table.get("any", ())],
                "rows": [[row[0], *(spelled(each, words) for each in row[1:])] for row in table.get("rows", ())],
            }


def spelled(pattern: str, words: dict[str, str]) -> str:
    """``{who}`` as the words of the file have it, which may hold others."""
    for _ in range(3):
        pattern = re.sub(r"\{([a-z]+)\}", lambda match: words[match[1]], pattern)
    return pattern


def drawn(table: Table) -> str:
    about = f"# {table['about']}.\n"
    if table["rows"]:
        rows = "".join(_row(*row) for row in table["rows"])
        return f"{about}{table['name']}: tuple[Row, ...] = (\n{rows})\n"
    pattern = f"{table.get('before', '')}{'|'.join(table['any'])}{table.get('after', '')}"
    flags = "" if table.get("lower") else "    re.IGNORECASE,\n"
    return f"{about}{table['name']} = re.compile(\n{_lines(pattern)}{flags})\n"


def _row(literal: str, pattern: str = "") -> str:
    if not pattern:
        return f"    ({quoted(literal)}, None),\n"
    line = f"    ({quoted(literal)}, re.compile({quoted(pattern)})),\n"
    if len(line) <= WIDTH + 1:
        return line
    compiled = f"        re.compile({quoted(pattern)}),\n"
    if len(compiled) > WIDTH + 1:
        inner = _lines(pattern, "            ").removesuffix(",\n")
        compiled = f"        re.compile(\n{inner}\n        ),\n"
    return f"    (\n        {quoted(literal)},\n{compiled}    ),\n"


def _lines(pattern: str, margin: str = "    ") -> str:
    """A long pattern as raw strings one below the other, cut where nothing is torn apart."""
    room = WIDTH - len(margin) - 4
    pieces = re.findall(r"\\.|\[(?:\\.|[^\]\\])*\]|[^\\\[]", pattern, re.DOTALL)
    lines, line = [], ""
    for piece in pieces:
        if len(line) + len(piece) > room or (piece == "|" and len(line) > room - 20):
            lines, line = [*lines, line], ""
        line += piece
    return "\n".join(f"{margin}{quoted(each)}" for each in [*lines, line]) + ",\n"


def quoted(text: str) -> str:
    return f'r"{text}"' if "\\" in text else f'"{text}"'


def page() -> str:
    return "\n".join([LAW, *map(drawn, tables())])


def main(arguments: list[str]) -> int:
    same = MODULE.exists() and MODULE.read_text("utf-8") == page()
    if arguments == ["--check"]:
        if not same:
            print(f"{MODULE.relative_to(ROOT)} is not what rules/phrases says: run python scripts/phrases.py")
        return 0 if same else 1
    if not same:
        MODULE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
