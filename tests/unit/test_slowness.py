"""Which patterns a rule may have: those that blow up are refused when they are read."""

import re

import pytest

from bouncesink.core.slowness import MAX_PATTERN, slowness


@pytest.mark.parametrize(
    "pattern",
    [
        "user unknown",
        r"user .{0,80} unknown",
        r"\bips?\b.{0,60}(?:blocked|banned)",
        r"(?P<blocklist>[a-z0-9.-]{3,60}\.[a-z]{2,10})",
        r"a\s?b\d+c*",
        r"(?:no|not) (?:such|found)?",
        r"[^>]{1,200}>",
        r"[]a]{2} [^]a]{2}",
        r"\[\d{1,3}\]",
        r"(?=lookahead)x(?!not)(?<=b)(?<!c)(?>atomic)(?i:case)(?P<name>d)(?P=name)",
        r"x{3}y{2,}z{,4}",
        r"a++b*?c{2,3}+",
        r"colour|color",
        r".{0,80}one|.{0,80}two|.{0,80}three|.{0,80}four",
    ],
)
def test_harmless(pattern):
    assert slowness(pattern) == ""
    re.compile(pattern)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"(\w+\s?)+:$", "a repeat stands around a repeat"),
        (r"(?:a|b)+", "a repeat stands around a repeat or a choice"),
        (r"(?:a+b){2,}", "a repeat stands around"),
        (r"((?:x{1,9})y)*", "a repeat stands around"),
        (r"(?:a{0,9}){2}", "a repeat stands around"),
        (r"user .* unknown", "a wide repeat has no bound"),
        (r"user .+ unknown", "a wide repeat has no bound"),
        (r"user .{5,} unknown", "a wide repeat has no bound"),
        (r"user .{0,900} unknown", "a wide repeat has no bound or a large one"),
        (r"<[^>]+>", "a wide repeat has no bound"),
        (r"\S+@", "a wide repeat has no bound"),
        (r"a.{0,9}b.{0,9}c.{0,9}d.{0,9}e", "wide gaps in a row"),
        (r"a.{0,9}b.{0,9}(?:c.{0,9}d|e.{0,9}f.{0,9})", "wide gaps in a row"),
        ("a" * (MAX_PATTERN + 1), "longer than"),
    ],
)
def test_refused(pattern, why):
    assert why in slowness(pattern)


@pytest.mark.parametrize("pattern", ["[", "(", ")", ")+", "\\", "*", "+a", "a{", "(?P<", "|", "a|", "", "(?", "[^"])
def test_what_is_no_pattern_is_left_to_re(pattern):
    assert slowness(pattern) == ""
