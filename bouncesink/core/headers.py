"""Header blocks: RFC 5322 section 2.2 fields, read leniently and only as far as somebody asks.

Promises: total and bounded; a block is taken apart at the first question and a value is decoded at the first time it is asked
for. Lines that are no field are kept out, and that there were any is remembered. Knows nothing of what any field means.
"""

import re
from collections.abc import Iterator, Mapping

from bouncesink.core.charset import decode_header

# A field with its folded lines, or a line that is none. Linear, though not possessive (which is slower): a name holds no blank.
_FIELD = re.compile(rb"^(?:([!-9;-~]+)[ \t]*:[ \t]*(.*(?:\n[ \t]+.*)*)|(.+))", re.MULTILINE)


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
        self._fields: list[tuple[bytes, bytes, bytes]] | None = None
        self._bad_lines = False
        self._first: dict[bytes, bytes] = {}
        self._decoded: dict[str, str] = {}

    def _read(self) -> list[tuple[bytes, bytes, bytes]]:
        fields = self._fields
        if fields is None:
            self._fields = fields = _FIELD.findall(with_lf(self.block))
            # Backwards, so that the first of a name stays; a bad line has no name.
            self._first = {name.lower(): value for name, value, _ in reversed(fields)}
            self._bad_lines = self._first.pop(b"", None) is not None
        return fields

    def raw(self, name: bytes) -> bytes | None:
        """The first value of a lower-case name as it stands, None where there is none."""
        if self._fields is None:
            self._read()
        return self._first.get(name)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a lower-case name, in order."""
        wanted = name.encode()
        return tuple(decode_header(value) for each, value, _ in self._read() if each.lower() == wanted)

    @property
    def fields(self) -> tuple[tuple[str, bytes], ...]:
        """Every field in order: its name in lower case, its value as it stands."""
        return tuple((name.lower().decode("ascii"), value) for name, value, _ in self._read() if name)

    @property
    def bad_lines(self) -> bool:
        """Whether a line stands in the block that is neither a field nor the rest of one."""
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
        return iter(dict.fromkeys(name.lower().decode("ascii") for name, _, _ in self._read() if name))

    def __len__(self) -> int:
        self._read()
        return len(self._first)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"
