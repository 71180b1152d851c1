"""Faults: a disk and a system that fail at whatever call a test says, in a real server that ``faults.c`` was loaded into.

    with broken.failing(Call.SYNC, File.WAL, errno.EIO, first=3):
        ...

What is armed holds for every process that has the library, from that moment on; ``seen`` says how many such calls there were
since, and ``hits`` how many of them failed.
"""

import enum
import mmap
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

SOURCE = Path(__file__).with_name("faults.c")
EVERY = bool(os.environ.get("FAULTS_EVERY"))
"""Whether every call of every table is tried, which takes long; else some of each."""


class Call(enum.IntFlag):
    WRITE = 1
    SYNC = 2
    TRUNCATE = 4
    MAP = 8
    OPEN = 16
    LOCK = 32
    ALLOCATE = 64
    READ = 128
    STAT = 256
    UNLINK = 512
    ACCEPT = 1024
    MEMORY = 2048


class File(enum.IntFlag):
    DATABASE = 1
    WAL = 2
    SHM = 4
    SERVER_LOCK = 8
    OTHER = 16
    OUTSIDE = 32


KILL = 0x10000
HALF = 0x20000
DONE = 0x40000

_FIELDS = struct.Struct("=8I")
_SEEN, _HITS, _DELAY = 20, 24, 28
_NUMBER = struct.Struct("=I")


def compile_library(folder: Path) -> Path:
    """The library, made of ``faults.c``. CalledProcessError where it cannot be."""
    library = folder / "faults.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o", library, SOURCE, "-ldl", "-lpthread"]
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return library


class Faults:
    """What is armed in every process with ``environment``; ``folder`` is where files may fail."""

    def __init__(self, library: Path, folder: Path, control: Path, journal: Path | None = None) -> None:
        control.write_bytes(bytes(mmap.PAGESIZE))
        self._mapped = _map(control)
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAULTS_FOLDER": str(folder),
            "FAULTS_CONTROL": str(control),
        } | ({"FAULTS_JOURNAL": str(journal)} if journal else {})

    @classmethod
    def existing(cls, control: Path) -> Self:
        """Those of another process."""
        faults = cls.__new__(cls)
        faults._mapped = _map(control)
        return faults

    def arm(self, call: Call, file: File, action: int, *, first: int = 1, count: int = 1) -> None:
        """From the ``first`` such call on, ``count`` of them fail."""
        self.disarm()
        (delay,) = _NUMBER.unpack_from(self._mapped, _DELAY)
        # The calls last: until they are there nothing is armed.
        _FIELDS.pack_into(self._mapped, 0, 0, file, action, first, count, 0, 0, delay)
        _NUMBER.pack_into(self._mapped, 0, call)

    def disarm(self) -> int:
        """Nothing fails from now on; how many calls did."""
        _NUMBER.pack_into(self._mapped, 0, 0)
        return self.hits

    @contextmanager
    def failing(self, call: Call, file: File, action: int, *, first: int = 1, count: int = 1) -> Iterator[None]:
        self.arm(call, file, action, first=first, count=count)
        try:
            yield
        finally:
            self.disarm()

    def slow_syncs(self, seconds: float) -> None:
        """Each flush takes longer by so much."""
        _NUMBER.pack_into(self._mapped, _DELAY, round(seconds * 1_000_000))

    @property
    def seen(self) -> int:
        return int(_NUMBER.unpack_from(self._mapped, _SEEN)[0])

    @property
    def hits(self) -> int:
        return int(_NUMBER.unpack_from(self._mapped, _HITS)[0])

    def close(self) -> None:
        self._mapped.close()


def _map(control: Path) -> mmap.mmap:
    descriptor = os.open(control, os.O_RDWR)
    try:
        return mmap.mmap(descriptor, mmap.PAGESIZE)
    finally:
        os.close(descriptor)
