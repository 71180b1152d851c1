"""Names of hosts, addresses and URLs, and words that stand inside them or beside them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.core.names import is_spelled, search_outside, stands_outside

# (a text, and the words in it that it says; those in braces are only part of a name)
SAID = [
    "550 rejected by {antispam}.example.org",
    "550 <user@{antispam}.example.org>: gone",
    "550 my{antispam}7.example.org: gone",
    "550 MX.{ANTISPAM}.EXAMPLE.ORG refused",
    "550 mx.{antispam}.example:25 refused",
    "550 [{antispam}.example.org] refused",
    "550 {antispam}@example.org",
    "550 <{antispam}@[192.0.2.1]>: gone",
    "550 no-{antispam}+x@example.org: gone",
    "550 see https://example.org/{antispam}?x=1",
    "550 see http://{antispam}/",
    "550 see example.org/help/{antispam}",
    "550 delivery to {user unknown}@example.org",
    "550 delivery to {user unknown}.example.org",
    "550 [antispam] refused",
    "550 antispam: refused",
    "550 antispam. Please go",
    "550 by antispam.Please go",
    "550 antispam.",
    "550 (err.antispam)",
    "550 refused by antispam",
    "antispam",
    "550 5.7.1:antispam",
    "550 user unknown <user@example.org>",
    "550 <user@example.org>:user unknown",
    "550 antispamming refused",
    "550 x@example.org;antispam;x.example.org",
]


@pytest.mark.parametrize("text", SAID)
def test_words_of_names_are_not_said(text: str) -> None:
    plain = text.replace("{", "").replace("}", "")
    found = re.search(r"antispam|user unknown", plain, re.IGNORECASE)
    assert found is not None
    assert stands_outside(plain, *found.span()) == ("{" not in text)


@pytest.mark.parametrize("words", ["spamhaus.org", "http://x", "p=x/y", "user@domain", "- see http:", ".example"])
def test_words_may_spell_a_name_themselves(words: str) -> None:
    assert is_spelled(words)
    text = f"550 see a{words}b.example.org"
    assert stands_outside(text, text.index(words), text.index(words) + len(words))


def test_a_pattern_is_searched_for_outside_of_names() -> None:
    def found(pattern: str, text: str) -> tuple[int, int] | None:
        match = search_outside(re.compile(pattern), text, text.lower())
        return match.span() if match is not None else None

    assert found("spam", "550 spam.example.org says Spam") == (26, 30)
    assert found("spam", "550 spam.example.org") is None
    assert found("spam", "550 nothing") is None
    assert found(r"virus from \S+", "virus from x.example.org") == (0, 24)
    assert found("(?=x)|y", "ay@b.example x") == (13, 13)
    assert found("spam", "spam.example.org " * 8 + "spam") is None, "it tries only so often"


@given(st.text("a.@:/- X<é", max_size=80), st.integers(0, 80), st.integers(0, 80))
def test_it_is_total(text: str, start: int, length: int) -> None:
    assert stands_outside(text, min(start, len(text)), min(start + length, len(text))) in (True, False)
