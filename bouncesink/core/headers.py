"""Header blocks: RFC 5322 section 2.2 fields, read leniently and only as far as somebody asks.

Promises: total and linear; a value is decoded when it is first asked for. Lines that are no field are kept out, and that there
were any is remembered. Nearly every block is regular and asked only for a field or two: those are found by a memory search. A
block is taken apart line by line when it is not, or when it is asked for many; either way gives the same answers, which
``tests/property/test_usual.py`` proves. Knows nothing of what any field means.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TypeVar, overload

from bouncesink.core.charset import decode_header
from bouncesink.core.octets import CR, LF, SOH

# Stands for a line end inside a field while a block is cut into its fields; in a stranger's bytes it means no more than that.
_FOLD = "\x01"

# A line that is neither a field nor the rest of one; begins with a line end, which is found at the speed of memory.
_ODD_LINE = re.compile(rb"\n(?![!-9;-~]++:|[ \t]|\Z)")
_ODD_RETURN = re.compile(rb"\r[^\n]")
_SEARCHES = 16  # what one pass over all lines costs, and the strings that it makes


Default = TypeVar("Default")


def with_lf(text: bytes) -> bytes:
    """CRLF, CR CR LF and a lone CR, all as LF."""
    if CR in text:
        text = text.replace(b"\r\n", b"\n")
        if CR in text:
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return text


class Headers(Mapping[str, str]):
    """Lower-case names to the first value of each, unfolded and decoded."""

    __slots__ = ("_bad_lines", "_decoded", "_first", "_low", "_raw", "_searches", "block")

    def __init__(self, block: bytes) -> None:
        self.block = block
        self._first: dict[str, str] | None = None
        self._raw: dict[str, bytes | None] = {}
        self._decoded: dict[str, str] = {}
        self._bad_lines = False
        self._low: bytes | None = None
        self._searches = _SEARCHES

    def _lines(self) -> list[str]:
        """The fields, each on one line: octets as Latin-1, since strings are cut much faster than bytes."""
        text = self.block.decode("latin-1")
        if "\r" in text:
            text = text.replace("\r\n", "\n")
            if "\r" in text:
                text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text.strip("\n").replace("\n\t", _FOLD).replace("\n ", _FOLD).split("\n")

    def _read(self) -> dict[str, str]:
        first: dict[str, str] = {}
        for line in self._lines():
            name, colon, value = line.partition(":")
            name = name.lower()
            if not colon:
                self._bad_lines = self._bad_lines or bool(line)
            elif name not in first:
                first[name] = value
        names = "".join(first)
        if " " in names or "\t" in names or not names.isascii() or "" in first:
            first = self._mended(first)
        self._first = first
        return first

    def _mended(self, odd: dict[str, str]) -> dict[str, str]:
        """RFC 5322 section 4.5 lets blanks stand before the colon; any other name with one is no name."""
        first: dict[str, str] = {}
        for each, value in odd.items():
            name = each.rstrip(" \t")
            if _is_name(name):
                first.setdefault(name, value)
            else:
                self._bad_lines = self._bad_lines or bool(each or value)
        return first

    def raw(self, name: str) -> bytes | None:
        """The first value of a lower-case name as it stands, None where there is none."""
        first = self._first
        if first is None:
            if name in self._raw:
                return self._raw[name]
            if self._searches > 0 and (self._low or self._is_regular()):
                self._raw[name] = found = self._found(name)
                return found
            first = self._read()
        value = first.get(name)
        return None if value is None else _octets(value)

    def _is_regular(self) -> bool:
        """Whether every line is a field as it should be, or the rest of one, so that a field can be found by its name."""
        block = self.block
        low = b"\n" + block.lower()
        if (
            block[:1] in _BLANKS
            or _ODD_LINE.search(low) is not None
            or (CR in block and _ODD_RETURN.search(block) is not None)
            or SOH in block
        ):
            self._searches = 0
            return False
        self._low = low
        return True

    def _found(self, name: str) -> bytes | None:
        self._searches -= 1
        assert self._low is not None
        needle = _needle(name)
        place = self._low.find(needle)
        if place < 0:
            return None
        start = place + len(needle) - 1
        block = self.block
        end = block.find(b"\n", start)
        while end >= 0 and block[end + 1 : end + 2] in _BLANKS:
            end = block.find(b"\n", end + 1)
        value = block[start:] if end < 0 else block[start:end]
        if LF in value:
            value = value.replace(b"\r\n", b"\n").replace(b"\n\t", b"\n ")
        return value.removesuffix(b"\r").lstrip(b" \t")

    @property
    def fields(self) -> tuple[tuple[str, bytes], ...]:
        """Every field in order: its name in lower case, its value as it stands."""
        cut = (line.partition(":") for line in self._lines())
        named = ((name.rstrip(" \t").lower(), colon, value) for name, colon, value in cut)
        return tuple((name, _octets(value)) for name, colon, value in named if colon and _is_name(name))

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a lower-case name, in order."""
        if self.raw(name) is None:
            return ()
        return tuple(decode_header(value) for each, value in self.fields if each == name)

    @property
    def bad_lines(self) -> bool:
        """Whether a line stands in the block that is neither a field nor the rest of one."""
        if self._first is None:
            if self._low or (self._searches > 0 and self._is_regular()):
                return False
            self._read()
        return self._bad_lines

    def value(self, name: str) -> str:
        """The first value of a lower-case name, "" where there is none."""
        value = self._decoded.get(name)
        if value is None:
            raw = self.raw(name)
            self._decoded[name] = value = decode_header(raw) if raw else ""
        return value

    def __getitem__(self, name: str) -> str:
        value = self.value(name)
        if not value and self.raw(name) is None:
            raise KeyError(name)
        return value

    @overload
    def get(self, name: str, default: None = None, /) -> str | None: ...

    @overload
    def get(self, name: str, default: Default, /) -> str | Default: ...

    def get(self, name: str, default: object = None, /) -> object:
        """As any mapping's, but without an exception for each name that is absent."""
        value = self.value(name)
        return value if value or self.raw(name) is not None else default

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.raw(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._read() if self._first is None else self._first)

    def __len__(self) -> int:
        return len(self._read() if self._first is None else self._first)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"


_BLANKS = (b" ", b"\t")


@lru_cache(maxsize=256)
def _needle(name: str) -> bytes:
    """What stands before the value of a field, in lower case: the names that are asked for are few and our own."""
    return b"\n%b:" % name.encode()


def _is_name(name: str) -> bool:
    return bool(name) and name.isascii() and " " not in name and "\t" not in name


def _octets(value: str) -> bytes:
    if _FOLD in value:
        value = value.replace(_FOLD, "\n ")
    return value.lstrip(" \t").encode("latin-1")
