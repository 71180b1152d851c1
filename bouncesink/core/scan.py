"""Scan: one pass over a text, and what its literals say: which rules they open and shut, and whose words they are.

One Aho-Corasick pass finds every literal that opens or shuts a rule or is a vendor's or a blocklist's. What a literal says is
one number, and what a text says is all of its literals' numbers joined: from the lowest bit the rules that are open, those that
are shut, the vendors and the blocklists, each in the order of the book.

Texts are folded and cut first: nothing is ever looked for in more than ``TEXT_LIMIT`` characters. Promises: total, linear.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from bouncesink.core.letters import bare, spellings
from bouncesink.core.report import Place
from bouncesink.core.rule import Rule
from bouncesink.core.signs import Signs

TEXT_LIMIT = 2048

# RFC 5321 section 4.2.1: every line of a reply repeats the code, which tears phrases apart once the lines are unfolded
_MULTILINE = re.compile(r"\W*[245]\d\d-")
_CONTINUATION = re.compile(r"(?<=\S) [245]\d\d[- ](?:[245]\.\d{1,3}\.\d{1,3}[ :])?")

# Marks behind one letter are put in order first, which takes the square of how many they are.
_MANY_MARKS = re.compile(r"[^\w\s\x00-\x7f]{9}")


def fold(text: str) -> str:
    """White space folded, letters joined to their marks, the codes that begin continuation lines of a reply dropped, and cut
    to ``TEXT_LIMIT``.
    """
    text = text[: 2 * TEXT_LIMIT]
    if not text.isascii() and not _MANY_MARKS.search(text):  # windows-1258 writes a letter and its mark apart
        text = unicodedata.normalize("NFC", text)
    if "  " in text or not text.isprintable():
        text = " ".join(text.split())
    if "-" in text and _MULTILINE.match(text):
        text = _CONTINUATION.sub(" ", text)
    return text[:TEXT_LIMIT]


class Scan(NamedTuple):
    """One text after the pass: as shown, in bare letters in lower case and of the same length, where literals stand, what they
    say together.
    """

    place: Place
    shown: str
    low: str
    matches: Sequence[tuple[int, int, int]]
    said: int


class Scanner:
    """Never changed once built. ``says`` is what each literal says; ``rules`` has the bit of each of the ``width`` rules."""

    __slots__ = ("_automaton", "_blocklists", "_vendors", "rest", "rules", "says", "width")

    def __init__(self, rules: Sequence[Rule], signs: Signs) -> None:
        self.width = width = len(rules)
        self.rules = (1 << width) - 1
        self.rest = 2 * width
        self._vendors = len(signs.vendors)
        self._blocklists = tuple(blocklist.name for blocklist in signs.blocklists)
        lists = [
            *(rule.literals for rule in rules),
            *(rule.unless for rule in rules),
            *(vendor.signatures for vendor in signs.vendors),
            *(blocklist.literals for blocklist in signs.blocklists),
        ]
        says: dict[str, int] = {}
        for number, literals in enumerate(lists):
            for spelled in (each for literal in literals for each in spellings(literal)):
                says[spelled] = says.get(spelled, 0) | 1 << number
        same: dict[int, int] = {}  # a rule's many literals share one number
        self.says = tuple(same.setdefault(said, said) for said in says.values())
        self._automaton = AhoCorasick(list(says))

    def scan(self, place: Place, text: str) -> Scan:
        shown = fold(text)
        low = bare(shown.lower())
        if len(shown) != len(low):  # as with a few letters; then the words are shown in lower case
            shown = low
        said, says = 0, self.says
        try:
            matches = self._automaton.find_matches_as_indexes(low, overlapping=True)
        except UnicodeEncodeError:  # half of a surrogate pair, which no octets come to, but a Report may be anybody's
            return self.scan(place, text.encode("utf-8", "replace").decode("utf-8"))
        for literal, _, _ in matches:
            said |= says[literal]
        return Scan(place, shown, low, matches, said)

    def blocklist(self, scan: Scan) -> str:
        """The first blocklist that the text names, or nothing."""
        named = scan.said >> self.rest + self._vendors
        return self._blocklists[(named & -named).bit_length() - 1] if named else ""
