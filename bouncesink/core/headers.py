"""Header blocks: RFC 5322 section 2.2 fields, read leniently and only as far as somebody asks.

Promises: total and linear; a block is taken apart at the first question, a value decoded when it is first asked for. Lines that
are no field are kept out, and that there were any is remembered. Knows nothing of what any field means.
"""

from collections.abc import Iterator, Mapping

from bouncesink.core.charset import decode_header

# Stands for a line end inside a field while a block is cut into its fields; in a stranger's bytes it means no more than that.
_FOLD = "\x01"


def with_lf(text: bytes) -> bytes:
    """CRLF, CR CR LF and a lone CR, all as LF."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return text


class Headers(Mapping[str, str]):
    """Lower-case names to the first value of each, unfolded and decoded."""

    __slots__ = ("_bad_lines", "_decoded", "_first", "block")

    def __init__(self, block: bytes) -> None:
        self.block = block
        self._first: dict[str, str] | None = None
        self._decoded: dict[str, str] = {}
        self._bad_lines = False

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
        value = (self._read() if first is None else first).get(name)
        return None if value is None else _octets(value)

    @property
    def fields(self) -> tuple[tuple[str, bytes], ...]:
        """Every field in order: its name in lower case, its value as it stands."""
        cut = (line.partition(":") for line in self._lines())
        named = ((name.rstrip(" \t").lower(), colon, value) for name, colon, value in cut)
        return tuple((name, _octets(value)) for name, colon, value in named if colon and _is_name(name))

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a lower-case name, in order."""
        return tuple(decode_header(value) for each, value in self.fields if each == name)

    @property
    def bad_lines(self) -> bool:
        """Whether a line stands in the block that is neither a field nor the rest of one."""
        if self._first is None:
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
        if self.raw(name) is None:
            raise KeyError(name)
        return self.value(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._read() if self._first is None else self._first)

    def __len__(self) -> int:
        return len(self._read() if self._first is None else self._first)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"


def _is_name(name: str) -> bool:
    return bool(name) and name.isascii() and " " not in name and "\t" not in name


def _octets(value: str) -> bytes:
    if _FOLD in value:
        value = value.replace(_FOLD, "\n ")
    return value.lstrip(" \t").encode("latin-1")
