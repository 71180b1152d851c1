"""Formats: every prose format in its order, and which of them a mail may be of.

Order: the order of the files (the operator's in front), and in a file the order of its formats; the first that names a
recipient wins. One Aho-Corasick pass over the folded text finds the words of all formats; only those so gated, and the few
known by a header alone, are looked at further. Promises: ``compile_formats`` raises RuleError once, with every problem;
``candidates`` is total and linear. Must not know files.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2s
from typing import Any

from ahocorasick_rs import AhoCorasick

from bouncesink.core.format import Format, read_format
from bouncesink.core.problems import Table
from bouncesink.errors import RuleError

_LOST = frozenset({"from", "subject"})
_PROOF = frozenset({"software", "source", "note", "example", "counterexample"})

HeaderOf = Callable[[str], str]


class Formats:
    """Compiled formats, never changed. ``hash`` is that of everything in them that reads."""

    __slots__ = ("_automaton", "_by_header", "_gates", "formats", "hash")

    def __init__(self, formats: Sequence[Format], digest: str = "") -> None:
        self.formats = tuple(formats)
        self.hash = digest
        opened: dict[str, list[int]] = {}
        for number, each in enumerate(self.formats):
            for literal in each.literals:
                opened.setdefault(literal, []).append(number)
        self._automaton = AhoCorasick(list(opened))
        self._gates = tuple(tuple(numbers) for numbers in opened.values())
        self._by_header = frozenset(number for number, each in enumerate(self.formats) if not each.literals)

    def candidates(self, low: str, header_of: HeaderOf) -> Iterator[Format]:
        """The formats that a notice may be of, in their order, looked at one by one. ``low`` is its text, folded."""
        numbers = set(self._by_header)
        for literal, _, _ in self._automaton.find_matches_as_indexes(low, overlapping=True):
            numbers.update(self._gates[literal])
        return (each for number in sorted(numbers) if _fits(each := self.formats[number], low, header_of))


NO_FORMATS = Formats(())


def _fits(each: Format, low: str, header_of: HeaderOf) -> bool:
    if each.also and not all(map(low.__contains__, each.also)):
        return False
    if each.unless and any(map(low.__contains__, each.unless)):
        return False
    return not each.headers or all(
        _says(header_of(name), words, name in _LOST and each.literals) for name, words in each.headers
    )


def _says(header: str, words: tuple[str, ...], lost: object) -> bool:
    """Whether a header holds one of the words. From and Subject get lost; who is known by words of the text needs neither."""
    return any(map(header.__contains__, words)) or (not header and bool(lost))


def compile_formats(files: Mapping[str, Mapping[str, Any]]) -> Formats:
    """The formats of these files, in their order of authority. Raises RuleError with every problem of all of them."""
    problems: list[str] = []
    formats: list[Format] = []
    for file, data in files.items():
        top = Table(file, data, problems)
        top.only(("format",))
        formats.extend(each for row in top.tables("format") if (each := read_format(Table(file, row, problems), file)))
    seen: dict[str, str] = {}
    for each in formats:
        if each.id in seen:
            problems.append(f"{each.file}: format {each.id}: id is used already in {seen[each.id]}")
        seen.setdefault(each.id, each.file)
    if problems:
        raise RuleError(tuple(problems))
    return Formats(formats, _digest(files))


def _digest(files: Mapping[str, Mapping[str, Any]]) -> str:
    """12 hex digits over what reads, in its order: examples and sources may be mended without a new hash."""
    reading = [
        [{key: row[key] for key in row if key not in _PROOF} for row in data.get("format", ())] for data in files.values()
    ]
    canonical = json.dumps(reading, sort_keys=True, ensure_ascii=False, default=str)
    return blake2s(canonical.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
