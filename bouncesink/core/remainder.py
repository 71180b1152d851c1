"""Remainder: what an answer says beside the words by which a rule knew it. RFC 5321 section 4.2: the text of a reply is free.

Who blames the sender or asks for patience in a dead address's words does so in words of his own, and a list of all of them
never ends; the list of the words that stand around those of a dead address does. They are data of the rule files:
``[[plain]]``. What is left of an answer when these, its codes and its names are taken away, nobody has understood.

Promises: total, linear. Must not know what any word means.
"""

import re
from collections.abc import Collection, Iterable

from bouncesink.core.letters import bare
from bouncesink.core.problems import Table

_EDGES = " \t.,;:!?…-–—*#=|/\\<>()[]{}\"'`´‘’“”„«»‹›。、，：；！？（）「」【】"
_BETWEEN = re.compile(r"[^\w]+|_")
_QUOTED = ("'", '"', "<", "(", "[", "‘", "“", "„", "«", "「")
_SHORTEST = 2
_ANY_ENDING = "*"
_SHORTEST_STEM = 4
# From here on words stand without blanks between them, or with particles grown on to them.
_UNSPACED = "\u0e00"
_GRAMMAR = r"[\u3041-\u309f]+"  # hiragana: what is said stands in other letters
_FEW = 2


class Plain:
    """Words that change nothing. Never changed once built."""

    __slots__ = ("_phrases", "_runs", "_stems", "_words")

    def __init__(self, words: Iterable[str], phrases: Iterable[str] = ()) -> None:
        words = tuple(map(bare, words))
        self._stems = tuple(word[:-1] for word in words if word.endswith(_ANY_ENDING))
        self._phrases = re.compile("|".join(map(re.escape, map(bare, phrases))) or r"(?!)")
        codes = (f"5.{subject}.{detail}" for subject in range(8) for detail in range(20))
        self._words = frozenset((*words, *codes, *map(str, range(400, 600))))
        runs = sorted((word for word in self._words if word[0] >= _UNSPACED), key=len, reverse=True)
        self._runs = re.compile("|".join((*map(re.escape, runs), _GRAMMAR)))

    def beside(self, text: str, said: str, names: Collection[str] = ()) -> str:
        """The first word of ``text`` that is neither plain nor one of what a rule ``said``, nor one of ``names``; else ""."""
        low = bare(text.lower())
        at = low.find(bare(said.lower())) if said else -1
        if at >= 0:
            end = at + len(said)
            while low[end - 1] < _UNSPACED and low[end : end + 1].isalpha():
                end += 1  # a rule may know a word by its beginning
            low = f"{low[:at]} {low[end:]}"
        odd = self._all_odd(low, names)
        if odd and (rest := self._phrases.sub(" ", low)) != low:
            odd = self._all_odd(rest, names)
        return min(odd, key=low.find, default="")

    def _all_odd(self, low: str, names: Collection[str]) -> list[str]:
        words, odd = self._words, []
        for word in set(low.split()) - words:
            if "@" not in word and word.rstrip(".,:;") not in words:
                odd += self._odd(word, names)
        return odd

    def _odd(self, word: str, names: Collection[str]) -> list[str]:
        """What is not plain of a run of letters between blanks."""
        bare = word.strip(_EDGES)
        if bare in self._words or "://" in word or "=" in bare or any(map(str.isdigit, bare)):
            return []
        if "." in bare and bare.isascii():
            return []  # a host, a version, a file
        if word[:1] in _QUOTED and len(word) > len(bare) + 1 and bare.isalnum() and bare.isascii():
            return []  # a single word in quotes is a name
        return [odd for part in _BETWEEN.split(bare) if part not in names and (odd := self._part(part))]

    def _part(self, part: str) -> str:
        if part and part[-1] >= _UNSPACED:
            rest = self._runs.sub("", part)
            return rest if len(rest) >= _FEW else ""
        return "" if len(part) < _SHORTEST or part in self._words or part.startswith(self._stems) else part


_BLANK_LINE = "\n\n"
_BEGINS = re.compile(r"[.!?:]\s|[。！？：]|-{2,}")
_ENDS = re.compile(r"[.!?](?=\s|$)|[。！？]|-{2,}")
_QUOTED_WORDS = re.compile(r'"[^"]*"|„[^“”]*[“”]|«[^»]*»')  # a subject, in most notices
_SENTENCE = 400


def sentence_of(text: str, said: str) -> str:
    """The sentence of a letter in which a rule found what it ``said``; "" where it does not stand there."""
    at = text.find(said)
    if at < 0:
        text = " ".join(text.split())
        at = bare(text.lower()).find(bare(said.lower()))
        if at < 0:
            return ""
    before = text[max(text.rfind(_BLANK_LINE, 0, at) + 1, at - _SENTENCE, 0) : at]
    if '"' in before or "„" in before or "«" in before:
        before = _QUOTED_WORDS.sub(" ", before)
    for begin in _BEGINS.finditer(before):
        before = begin.string[begin.end() :]
    last = at + len(said) - 1
    end = _ENDS.search(text, last, last + _SENTENCE)
    close = text.find(_BLANK_LINE, last)
    ends = [each for each in (end.start() if end else -1, close) if each >= 0]
    return before + text[at : min(ends, default=last + _SENTENCE)]


def read_plain(table: Table, file: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words and the phrases of one ``[[plain]]`` table; a word may end in a star, for any ending."""
    table.place = f"{file}: plain"
    table.only(("words", "phrases"))
    words = table.text("words").lower().split()
    phrases = tuple(" ".join(phrase.lower().split()) for phrase in table.texts("phrases"))
    if not words and not phrases:
        table.wrong("words is missing")
    for word in words:
        if len(word) <= _SHORTEST_STEM and word.endswith(_ANY_ENDING):
            table.wrong(f"words: {word!r} is too short: {_SHORTEST_STEM} letters or more before the {_ANY_ENDING}")
    return tuple(words), phrases
