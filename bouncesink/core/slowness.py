r"""Slowness: whether a pattern could be made slow by the text that it is tried on.

``re`` backtracks: ``(\w+\s?)+:$`` took 1.5 seconds on 24 characters. Patterns of rules are tried on strangers' words, so
the shapes that blow up are refused when a rule is read, not found out later: a repeat around a repeat or around a choice,
``.*`` without a bound, and more than a few wide gaps in one pattern. With texts cut to 2 KB what is left stays quick.

One pass over the pattern, which need not be well formed; ``re`` itself says what is wrong with it otherwise.
"""

import re
from dataclasses import dataclass

MAX_PATTERN = 500
MAX_GAPS = 3
MAX_GAP = 200

_GROUP = re.compile(r"\((?:\?(?:P<\w+>|<?[=!]|:|>|[a-z]+:|P=\w+))?")
_REPEAT = re.compile(r"(?:[*+?]|\{(\d*)(?:(,)(\d*))?\})[?+]?")
_SET = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]")
_WIDE_ESCAPES = frozenset({"\\S", "\\W", "\\D"})


@dataclass(slots=True)
class _Frame:
    """One open group: whether a repeat or a choice stands in it, how many wide gaps this branch and the worst one have."""

    varies: bool = False
    gaps: int = 0
    worst: int = 0

    def end_branch(self) -> None:
        self.worst, self.gaps = max(self.worst, self.gaps), 0


@dataclass(frozen=True, slots=True)
class _Atom:
    """What a repeat would apply to."""

    wide: bool = False
    varies: bool = False


def slowness(pattern: str) -> str:
    """Why ``pattern`` is refused, or "" where it is not."""
    if len(pattern) > MAX_PATTERN:
        return f"is longer than {MAX_PATTERN} characters"
    frames = [_Frame()]
    atom: _Atom | None = None
    at = 0
    while at < len(pattern):
        repeat = _REPEAT.match(pattern, at) if atom else None
        if repeat and atom:
            most = _most(repeat)
            why = _refused(atom, most)
            if why:
                return why
            if most is None or most > 1:
                frames[-1].varies = True
                frames[-1].gaps += atom.wide
            atom, at = None, repeat.end()
            continue
        atom, at = _step(pattern, at, frames)
    frames[0].end_branch()
    return f"has more than {MAX_GAPS} wide gaps in a row" if frames[0].worst > MAX_GAPS else ""


def _most(repeat: re.Match[str]) -> int | None:
    """How often at most; None without a bound."""
    sign = repeat[0][0]
    if sign != "{":
        return 1 if sign == "?" else None
    last = repeat[3] if repeat[2] else repeat[1]
    return int(last) if last else None


def _refused(atom: _Atom, most: int | None) -> str:
    if atom.varies and (most is None or most > 1):
        return "a repeat stands around a repeat or a choice, which can be made slow"
    if atom.wide and (most is None or most > MAX_GAP):
        return f"a wide repeat has no bound or a large one: write .{{0,80}}, at most {MAX_GAP}"
    return ""


def _step(pattern: str, at: int, frames: list[_Frame]) -> tuple[_Atom | None, int]:
    """The next atom, if any, and where it ends; groups are opened and closed on ``frames``."""
    sign = pattern[at]
    if sign == "\\":
        return _Atom(wide=pattern[at : at + 2] in _WIDE_ESCAPES), at + 2
    if sign == "[":
        found = _SET.match(pattern, at)
        return _Atom(wide=pattern.startswith("[^", at)), found.end() if found else at + 1
    if sign == "(":
        found = _GROUP.match(pattern, at)
        frames.append(_Frame())
        return None, found.end() if found else at + 1
    if sign == ")":
        frame = frames.pop() if len(frames) > 1 else frames[0]
        frame.end_branch()
        frames[-1].varies |= frame.varies
        frames[-1].gaps += frame.worst
        return _Atom(varies=frame.varies), at + 1
    if sign == "|":
        frames[-1].varies = True
        frames[-1].end_branch()
        return None, at + 1
    return _Atom(wide=sign == "."), at + 1
