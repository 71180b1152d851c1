"""Lists of addresses as people have them: a file or standard input, one address a line.

Promises: what spreadsheets and Windows write is read as it was meant (a byte order mark, UTF-16, CRLF); a line is one address
or a problem that names it, so that no column, name or mark in front becomes a part of an address and has another one asked for;
of many problems the first are told, cut to a line each, and the rest is counted. OSError where nothing can be read.
"""

import codecs
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bouncesink.cli.mails import STDIN, standard_input
from bouncesink.core.address import is_alone

MOST_PROBLEMS = 20
_LONGEST = 240
_LONGEST_WORD = 80


@dataclass(frozen=True, slots=True)
class Line:
    """A recipient as it was given. ``place`` says where, for complaints."""

    place: str
    recipient: str


def lines_in(path: str) -> list[Line]:
    """The addresses of a file, or of standard input."""
    return lines_of(_decoded(standard_input().read() if path == STDIN else Path(path).read_bytes()))


def lines_of(text: str) -> list[Line]:
    """One recipient a line; empty lines and comments after ``#`` at a line's start are passed over."""
    numbered = ((number, line.strip()) for number, line in enumerate(io.StringIO(text, newline=None), 1))
    return [Line(f"line {number}", line) for number, line in numbered if line and not line.startswith("#")]


def given(addresses: Sequence[str] | None) -> list[Line]:
    """Addresses of the command line; - reads them from standard input."""
    found: list[Line] = []
    for number, address in enumerate(addresses or (), 1):
        found += lines_in(STDIN) if address == STDIN else [Line(f"argument {number}", address.strip())]
    return found


def problems_of(lines: Iterable[Line]) -> list[str]:
    """Every line that is no address."""
    return [f"{line.place}: {shown(line.recipient)} is no address" for line in lines if not is_alone(line.recipient)]


def shown(text: str) -> str:
    """``text`` in quotes, cut to what fits a line."""
    return repr(text if len(text) <= _LONGEST_WORD else f"{text[:_LONGEST_WORD]}...")


def some_of(problems: Sequence[str]) -> list[str]:
    """The first of them, and how many more there are."""
    more = len(problems) - MOST_PROBLEMS
    first = [each if len(each) <= _LONGEST else f"{each[:_LONGEST]}..." for each in problems[:MOST_PROBLEMS]]
    return [*first, f"and {more} more"] if more > 0 else first


def _decoded(octets: bytes) -> str:
    """UTF-8, or UTF-16 that says so. What is neither stands as surrogates, which are in no address."""
    if octets.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return octets.decode("utf-16", "replace")
    return octets.decode("utf-8-sig", "surrogateescape")
