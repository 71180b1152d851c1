"""Patterns hold on every Python that we name: CPython before 3.11.5 loses its place where a group is repeated possessively and
a try of it fails after something in it gave back (https://github.com/python/cpython/issues/106052). Debian 12 has 3.11.2.
"""

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "bouncesink"
ESCAPED = re.compile(r"\\.")
CHARACTER_CLASS = re.compile(r"\[[^\]]*\]")
ENDS_POSSESSIVELY = re.compile(r"\)(?:[*+?]|\{[0-9,]+\})\+")
GIVES_NOTHING_BACK = re.compile(r"\(\?:(?:\{\d+\}|[^()*+?{}]|[*+?]\+)*\)(?:[*+?]|\{[0-9,]+\})\+")


def holds_everywhere(pattern: str) -> bool:
    bare = CHARACTER_CLASS.sub("x", ESCAPED.sub("x", pattern))
    return not ENDS_POSSESSIVELY.search(GIVES_NOTHING_BACK.sub("x", bare))


@pytest.mark.parametrize(
    "pattern", [r"(?:[^\"\\]++|\\.)*+", r"(?:\r?+\n)++", r"(?:\d{4}\n?+)++", r"(?>(?:<(?!/a)[^<]*+)*)", r"[^)]++\)++"]
)
def test_what_gives_nothing_back_holds_everywhere(pattern: str):
    assert holds_everywhere(pattern)


@pytest.mark.parametrize("pattern", [r"(?:<(?!/a)[^<]*+)*+", r"(?:>[ \t]*\n)*+", r"(?:\.\w+)*+", r"(?:(?:a|b):\n)++"])
def test_what_gives_back_does_not(pattern: str):
    assert not holds_everywhere(pattern)


def test_every_pattern_holds_everywhere():
    found = [
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in (*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.toml"))
        for line in path.read_text("utf-8").splitlines()
        if ")" in line and "+" in line and ENDS_POSSESSIVELY.search(line) and not holds_everywhere(line)
    ]
    assert not found, "(?>(?:...)*) says the same as (?:...)*+ and holds everywhere"
