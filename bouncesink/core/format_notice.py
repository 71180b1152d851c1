"""Notices: the text of a notice as lines, where a format says that its recipients stand, and a block for each of them.

Promises: total, linear and bounded, whatever the text. Knows how a format says where things are, not what they mean.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from bouncesink.core.format import Block, Format, folded, undressed

_LINES = 2000
_LINE = 1000
_BLOCKS = 1000
_WORDS = 4000
_DRAWN = " -=*_#~+"


@dataclass(slots=True)
class Named:
    """A recipient's block: what the line that begins it gave, and the lines that are about it."""

    groups: dict[str, str]
    lines: list[str] = field(default_factory=list)
    indent: int = 0

    def words(self) -> str:
        """What the block says, on one line: the rest of its first line and all others."""
        return joined([self.groups.get("diagnostic", ""), *self.lines])


class Notice:
    """A text whose line ends are LF. ``lines`` keep their indentation, ``whole`` is all of it on one line, ``low`` is that folded."""

    __slots__ = ("_starts", "lines", "low", "whole")

    def __init__(self, text: str) -> None:
        self.lines = [_plain(line) for line in text.split("\n", _LINES)[:_LINES]]
        starts, pieces, place = [], [], 0
        for line in self.lines:
            starts.append(place)
            piece = folded(line)
            if piece:
                pieces.append(piece)
                place += len(piece) + 1
        self._starts = starts
        self.low = " ".join(pieces)
        self.whole = joined(self.lines)

    def section(self, begin: Sequence[str], end: Sequence[str]) -> list[str] | None:
        """The lines after the first of ``begin`` and before the first of ``end``; None where it never begins."""
        start = 0
        if begin:
            found = [(place, phrase) for phrase in begin if (place := self.low.find(phrase)) >= 0]
            if not found:
                return None
            place, phrase = min(found)
            # bisect finds the last of several lines that start there, which is the one that is not blank
            start = bisect_right(self._starts, place + len(phrase) - 1)
        if not end:
            return self.lines[start:]
        stop = next((number for number in range(start, len(self.lines)) if _ends(self.lines[number], end)), None)
        return self.lines[start:stop]


def blocks(lines: Sequence[str], each: Format) -> list[Named]:
    """What the lines say of whom, as the format's ``recipient`` and ``block`` have it."""
    found: list[Named] = []
    current: Named | None = None
    before: list[str] = []
    for line in lines:
        indent = len(line) - len(line.lstrip())
        inside = current is not None and each.block is Block.INDENTED and line and indent > current.indent
        match = None if inside else _match(each.recipient, line)
        if match is not None:
            current = Named({name: value for name, value in match.groupdict().items() if value}, before, indent)
            found.append(current)
            before = []
            if len(found) == _BLOCKS:
                break
        elif each.block is Block.BEFORE:
            before.append(line)
        elif current is not None and _goes_on(line, each.block, inside=bool(inside)):
            current.lines.append(line)
        elif line or each.block in (Block.PARAGRAPH, Block.LINE):
            current = None
    return found


def joined(lines: Sequence[str]) -> str:
    """Lines on one line, without those that are only drawn, cut."""
    return " ".join(" ".join(line for line in lines if line.strip(_DRAWN)).split())[:_WORDS]


def _goes_on(line: str, block: Block, *, inside: bool) -> bool:
    """Whether a line is still the current block's."""
    if block is Block.NEXT:
        return True
    return inside or (block is Block.PARAGRAPH and bool(line))


def _match(patterns: Sequence[re.Pattern[str]], line: str) -> re.Match[str] | None:
    return next((match for pattern in patterns if (match := pattern.fullmatch(line))), None) if line else None


def _plain(line: str) -> str:
    """Cut, tabs as blanks, without what trails."""
    return line[:_LINE].replace("\xa0", " ").expandtabs(8).rstrip()


def _ends(line: str, end: Sequence[str]) -> bool:
    if not line:
        return False
    low = folded(line)
    return undressed(low).startswith(tuple(end)) or low.startswith(tuple(end))
