"""Header blocks: RFC 5322 section 2.2 fields, read leniently and only as far as somebody asks.

Promises: total and linear; a block is taken apart at the first question and a value is decoded at the first time it is asked for.
Lines that are no field are kept out, and that there were any is remembered. Knows nothing of what any field means.
"""

from collections.abc import Iterator, Mapping

from bouncesink.core.charset import decode_header

# Stands for a line end inside a field while a block is cut into its fields; in a stranger's bytes it means no more than that.
_FOLD = b"\x01"


def with_lf(text: bytes) -> bytes:
    """CRLF, CR CR LF and a lone CR, all as LF."""
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
        if b"\r" in text:
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return text


class Headers(Mapping[str, str]):
    """Lower-case names to the first value of each, unfolded and decoded."""

    __slots__ = ("_bad_lines", "_decoded", "_fields", "_first", "block")

    def __init__(self, block: bytes) -> None:
        self.block = block
        self._fields: list[tuple[bytes, bytes]] | None = None
        self._first: dict[bytes, bytes] = {}
        self._decoded: dict[str, str] = {}
        self._bad_lines = False

    def _read(self) -> list[tuple[bytes, bytes]]:
        # By bytes methods, which are several times faster here than one pattern with groups.
        fields = self._fields = []
        first = self._first
        block = with_lf(self.block).replace(b"\n\t", _FOLD).replace(b"\n ", _FOLD)
        for line in block.split(b"\n"):
            name, colon, value = line.partition(b":")
            name = name.rstrip(b" \t").lower()  # RFC 5322 section 4.5: blanks may stand before the colon
            if not colon or not name or b" " in name or not name.isascii():
                self._bad_lines = self._bad_lines or bool(line)
                continue
            if _FOLD in value:
                value = value.replace(_FOLD, b"\n ")
            value = value.lstrip(b" \t")
            fields.append((name, value))
            if name not in first:
                first[name] = value
        return fields

    def raw(self, name: bytes) -> bytes | None:
        """The first value of a lower-case name as it stands, None where there is none."""
        if self._fields is None:
            self._read()
        return self._first.get(name)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a lower-case name, in order."""
        wanted = name.encode()
        return tuple(decode_header(value) for each, value in self._fields or self._read() if each == wanted)

    @property
    def fields(self) -> tuple[tuple[str, bytes], ...]:
        """Every field in order: its name in lower case, its value as it stands."""
        return tuple((name.decode("ascii"), value) for name, value in self._fields or self._read())

    @property
    def bad_lines(self) -> bool:
        """Whether a line stands in the block that is neither a field nor the rest of one."""
        if self._fields is None:
            self._read()
        return self._bad_lines

    def value(self, name: str) -> str:
        """The first value of a lower-case name, "" where there is none."""
        value = self._decoded.get(name)
        if value is None:
            raw = self.raw(name.encode(errors="replace"))
            self._decoded[name] = value = decode_header(raw) if raw else ""
        return value

    def __getitem__(self, name: str) -> str:
        if self.raw(name.encode(errors="replace")) is None:
            raise KeyError(name)
        return self.value(name)

    def __iter__(self) -> Iterator[str]:
        if self._fields is None:
            self._read()
        return iter([name.decode("ascii") for name in self._first])

    def __len__(self) -> int:
        if self._fields is None:
            self._read()
        return len(self._first)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"
