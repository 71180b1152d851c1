"""Notices: the text of a notice as lines, where a format says that its recipients stand, and a block for each of them.

Promises: total, linear and bounded, whatever the text. Knows how a format says where things are, not what they mean.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise

from bouncesink.core.format import Block, Format, folded, straight

_LINES = 2000
_LINE = 1000
_BLOCKS = 1000
_WORDS = 4000
_DEEP = " " * 80
_DRAWN = " -=*_#~+"


@dataclass(slots=True)
class Named:
    """A recipient's block: what the line that begins it gave, and the lines that are about it."""

    groups: dict[str, str]
    lines: list[str] = field(default_factory=list)
    indent: int = 0
    rest: str = ""  # what follows the recipient on its line

    def words(self) -> str:
        """What the block says, on one line: the rest of its first line and all others."""
        return joined([self.groups.get("diagnostic", ""), *self.lines])


class Notice:
    """A text whose line ends are LF. ``lines`` keep their indentation; ``whole`` is all of it on one line."""

    __slots__ = ("_low", "_starts", "_whole", "lines")

    def __init__(self, text: str) -> None:
        plain = straight(text).expandtabs(8) if "\t" in text else straight(text)
        lines = [line[:_LINE].rstrip() for line in plain.split("\n", _LINES)[:_LINES]]
        self.lines = [_cut(line) for line in lines] if _DEEP in plain else lines
        self._whole: str | None = None
        self._low = ""
        self._starts: list[int] = []

    @property
    def whole(self) -> str:
        if self._whole is None:
            self._whole = joined(self.lines)
        return self._whole

    def section(self, begin: Sequence[str], end: re.Pattern[str] | None) -> list[str] | None:
        """The lines after the first of ``begin`` and before the first that matches ``end``; None where it never begins."""
        start = self._after(begin) if begin else 0
        if start < 0:
            return None
        lines = self.lines[start:]
        stop = next((number for number, line in enumerate(lines) if end.match(line)), None) if end is not None else None
        return lines[:stop]

    def pieces(self, again: tuple[str, ...]) -> list["Notice"]:
        """The notice cut before each line, from the second on, that begins with one of ``again``; itself where none does."""
        starts = [number for number, line in enumerate(self.lines) if line and folded(line).startswith(again)][1:]
        if not starts:
            return [self]
        return [Notice("\n".join(self.lines[start:stop])) for start, stop in pairwise((0, *starts[: _BLOCKS - 1], None))]

    def _after(self, begin: Sequence[str]) -> int:
        """The line after the one in which the first phrase ends, since phrases are wrapped too; -1 where there is none."""
        if not self._starts:
            self._fold()
        found = [(place, phrase) for phrase in begin if (place := self._low.find(phrase)) >= 0]
        if not found:
            return -1
        place, phrase = min(found)
        # bisect finds the last of several lines that start there, which is the one that is not blank
        return bisect_right(self._starts, place + len(phrase) - 1)

    def _fold(self) -> None:
        pieces = [" ".join(line.lower().split()) for line in self.lines]
        self._starts = [0, *accumulate([len(piece) + 1 if piece else 0 for piece in pieces[:-1]])]
        self._low = " ".join(filter(None, pieces))


def blocks(lines: Sequence[str], each: Format) -> list[Named]:
    """What the lines say of whom, as the format's ``recipient`` and ``block`` have it."""
    found: list[Named] = []
    current: Named | None = None
    before: list[str] = []
    block = each.block
    indented = block is Block.INDENTED
    for line in lines:
        inside = indented and current is not None and bool(line) and _indent(line) > current.indent
        match = _match(each.recipient, line) if line and not inside else None
        if match is not None:
            groups = {name: value for name, value in match.groupdict().items() if value}
            rest = line[match.end("recipient") :] if "recipient" in groups else ""
            current = Named(groups, before, _indent(line), rest)
            found.append(current)
            before = []
            if len(found) == _BLOCKS:
                break
        elif block is Block.BEFORE:
            before.append(line)
        elif current is not None and (block is Block.NEXT or inside or (line and block is Block.PARAGRAPH)):
            current.lines.append(line)
        elif line or block in (Block.PARAGRAPH, Block.LINE):
            current = None
    return found


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _cut(line: str) -> str:
    """No notice is indented that far; patterns that begin with blanks need not go through them all."""
    return _DEEP + line.lstrip() if line.startswith(_DEEP) else line


def joined(lines: Sequence[str]) -> str:
    """Lines on one line, without those that are only drawn, cut."""
    return " ".join(" ".join([line for line in lines if line.strip(_DRAWN)]).split())[:_WORDS]


def _match(patterns: Sequence[re.Pattern[str]], line: str) -> re.Match[str] | None:
    for pattern in patterns:
        match = pattern.fullmatch(line)
        if match is not None:
            return match
    return None
