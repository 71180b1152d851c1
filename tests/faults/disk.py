"""Disk: what would be left of a database's files, had the machine stopped at any moment.

The journal of ``faults.c`` tells what was done to them. Two ways to stop: a killed process leaves what it wrote; a power cut
leaves what was synchronised, and of all else any pages, each whole: here none, all, or those that chance picks. A page whose
synchronisation failed is clean all the same, as on Linux: it is on the disk only if it is written again and a later
synchronisation succeeds.
"""

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from faults import Call, File

PAGE = 4096
_RECORD = struct.Struct("=IIQQQ")
_SYNC_BEGUN, _SYNC_DONE, _SYNC_FAILED = 1000, 1001, 1002
_SUFFIX = {File.DATABASE: "", File.WAL: "-wal"}


@dataclass(frozen=True, slots=True)
class Event:
    """One call that succeeded, or a failed synchronisation; ``at`` in seconds of time.monotonic()."""

    what: int
    file: File
    offset: int
    octets: bytes
    at: float


def read_journal(path: Path) -> Iterator[Event]:
    with path.open("rb") as file:
        while len(head := file.read(_RECORD.size)) == _RECORD.size:
            what, kind, offset, length, nanoseconds = _RECORD.unpack(head)
            octets = file.read(length) if what == Call.WRITE else b""
            yield Event(what, File(kind), offset, octets, nanoseconds / 1e9)


@dataclass(slots=True)
class _Copy:
    """One file: as processes see it, and as it is on the disk."""

    seen: bytearray = field(default_factory=bytearray)
    disk: bytearray = field(default_factory=bytearray)
    dirty: set[int] = field(default_factory=set)
    begun: dict[int, dict[int, bytes]] = field(default_factory=dict)  # pages on their way, of each descriptor
    there: bool = False

    def page(self, number: int) -> bytes:
        return bytes(self.seen[number * PAGE : (number + 1) * PAGE])

    def put(self, offset: int, octets: bytes) -> None:
        _put(self.seen, offset, octets)
        self.dirty.update(range(offset // PAGE, (offset + len(octets) - 1) // PAGE + 1))


class Disk:
    """Played event by event; ``killed`` and ``cut`` write what would be left at this moment."""

    def __init__(self) -> None:
        self._copies = {file: _Copy() for file in _SUFFIX}

    def play(self, event: Event) -> None:
        copy = self._copies[event.file]
        copy.there = event.what != Call.UNLINK
        if event.what == Call.WRITE:
            copy.put(event.offset, event.octets)
        elif event.what == Call.TRUNCATE:
            del copy.seen[event.offset :]
        elif event.what == Call.UNLINK:
            self._copies[event.file] = _Copy()
        elif event.what == _SYNC_BEGUN:
            copy.begun[event.offset] = {number: copy.page(number) for number in copy.dirty}
        elif event.what == _SYNC_FAILED:
            copy.begun.pop(event.offset)
            copy.dirty.clear()
        elif event.what == _SYNC_DONE:
            for number, octets in copy.begun.pop(event.offset).items():
                _put(copy.disk, number * PAGE, octets)
                if octets == copy.page(number):
                    copy.dirty.discard(number)
            del copy.disk[max(len(copy.seen), 0) :]

    def killed(self, database: Path, torn: Event | None = None) -> None:
        """What a process leaves that is killed now; ``torn``: half of that write is done."""
        for file, copy in self._copies.items():
            octets = bytearray(copy.seen)
            if torn is not None and torn.file is file:
                _put(octets, torn.offset, torn.octets[: len(torn.octets) // 2])
            _write(database, file, octets if copy.there else None)

    def cut(self, database: Path, share: float, chance: random.Random) -> None:
        """What a power cut leaves; ``share`` is how likely a page that was not synchronised got there."""
        for file, copy in self._copies.items():
            octets = bytearray(copy.disk)
            for number in sorted(copy.dirty):
                if chance.random() < share:
                    _put(octets, number * PAGE, copy.page(number))
            _write(database, file, octets if copy.there else None)


def _put(octets: bytearray, offset: int, new: bytes) -> None:
    if len(octets) < offset:
        octets.extend(bytes(offset - len(octets)))
    octets[offset : offset + len(new)] = new


def _write(database: Path, file: File, octets: bytearray | None) -> None:
    path = database.with_name(database.name + _SUFFIX[file])
    if octets is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(octets)
