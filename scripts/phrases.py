#!/usr/bin/env python3
"""Draws core/readers/phrases/*.py from rules/phrases/*.toml, so that other people's words are data and cost nothing to load.

    python scripts/phrases.py            writes the modules
    python scripts/phrases.py --check    says which of them differ, and changes nothing; exit 1 if any does

tests/rules/test_phrases.py runs the check, and holds every table to its examples and counterexamples. docs/decisions/0023
says why these are drawn and not loaded.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "bouncesink" / "rules" / "phrases"
PACKAGE = ROOT / "bouncesink" / "core" / "readers" / "phrases"
KINDS = {"any", "rows", "words"}
KEYS = {"name", "about", "source", "before", "after", "lower", "multiline", "examples", "counterexamples"} | KINDS
NEEDED = {"name", "about", "source", "examples", "counterexamples"}
WIDTH = 128
MARGIN = "    "
LAW = '''"""{about}

Drawn from rules/phrases/{file} by scripts/phrases.py: change the tables there and draw this anew. Promises and
shapes are those of the package.
"""

'''

FLAGS = {"re.IGNORECASE": "lower", "re.MULTILINE": "multiline"}  # lower-case text is asked without regard to case

Table = dict[str, Any]


def tables(path: Path) -> Iterator[Table]:
    """Every ``[[phrases]]`` table, the words of the file put into its patterns. SystemExit where the file does not hold."""
    data = tomllib.loads(path.read_text("utf-8"))
    words: dict[str, str] = data.get("words", {})
    for table in data["phrases"]:
        wrong = (table.keys() - KEYS) | (NEEDED - table.keys())
        if wrong or len(KINDS & table.keys()) != 1:
            raise SystemExit(f"{path.name}: {table.get('name')}: {sorted(wrong) or 'needs one of any, rows and words'}")
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
    if "words" in table:
        return f"{about}{table['name']} = (\n{''.join(f'    {quoted(each)},{chr(10)}' for each in table['words'])})\n"
    pattern = f"{table.get('before', '')}{'|'.join(table['any'])}{table.get('after', '')}"
    flags = [flag for flag, key in FLAGS.items() if table.get(key, False) is (key != "lower")]
    told = f"    {' | '.join(flags)},\n" if flags else ""
    return f"{about}{table['name']} = re.compile(\n{_lines(pattern)}{told})\n"


def _row(literal: str, pattern: str = "") -> str:
    if not pattern:
        return f"    ({quoted(literal)}, None),\n"
    line = f"    ({quoted(literal)}, re.compile({quoted(pattern)})),\n"
    if width(line) <= WIDTH + 1:
        return line
    compiled = f"        re.compile({quoted(pattern)}),\n"
    if width(compiled) > WIDTH + 1:
        inner = _lines(pattern, "            ").removesuffix(",\n")
        compiled = f"        re.compile(\n{inner}\n        ),\n"
    return f"    (\n        {quoted(literal)},\n{compiled}    ),\n"


def _lines(pattern: str, margin: str = MARGIN) -> str:
    """A long pattern as raw strings one below the other, cut where nothing is torn apart."""
    if len(margin) + width(quoted(pattern)) < WIDTH + (margin != MARGIN):
        return f"{margin}{quoted(pattern)},\n"
    room = WIDTH - len(margin) - 4
    pieces = re.findall(r"\\.|\[(?:\\.|[^\]\\])*\]|[^\\\[]", pattern, re.DOTALL)
    lines, line = [], ""
    for piece in pieces:
        if width(line + piece) > room or (piece == "|" and width(line) > room - 20):
            lines, line = [*lines, line], ""
        line += piece
    return "\n".join(f"{margin}{quoted(each)}" for each in [*lines, line]) + ",\n"


def width(text: str) -> int:
    """How many columns a text takes: an ideograph takes two."""
    return len(text) + sum(east_asian_width(character) in "WF" for character in text)


def quoted(text: str) -> str:
    return f'r"{text}"' if "\\" in text else f'"{text}"'


def page(path: Path) -> str:
    """The module of a file: what it imports is what its tables need."""
    found = [*tables(path)]
    about = path.read_text("utf-8").split("\n", 1)[0].lstrip("# ").partition(". ")[0].removesuffix(".")
    page = "\n".join(map(drawn, found))
    imports = "import re\n" if "re." in page else ""
    if any(table["rows"] for table in found):
        imports += "\nfrom bouncesink.core.readers.phrases.row import Row\n"
    return LAW.format(about=f"{about}.", file=path.name) + imports + "\n" * bool(imports) + page


def main(arguments: list[str]) -> int:
    differing = 0
    for path in sorted(FOLDER.glob("*.toml")):
        module = PACKAGE / f"{path.stem.partition('-')[2]}.py"
        if module.exists() and module.read_text("utf-8") == page(path):
            continue
        differing += 1
        if arguments == ["--check"]:
            print(f"{module.relative_to(ROOT)} is not what rules/phrases says: run python scripts/phrases.py")
        else:
            module.write_text(page(path), "utf-8")
    return 1 if differing and arguments == ["--check"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
