"""A content while it comes: in memory, or in a file where there is no more of that, or as an excerpt beyond what is kept.

Promises: what is held is bounded by ``Room``, whatever comes; one that is bigger than the limit is let go of at once; a file
that cannot be written costs this content and nothing else, and is told when it is asked for. Knows neither protocol nor socket.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO

from bouncesink.core.excerpt import Excerpt
from bouncesink.core.mail import Whole
from bouncesink.fronts.memory import SMALL, Memory


@dataclass(frozen=True, slots=True)
class Room:
    """How much there is for contents: ``size_limit`` octets of one, ``kept`` of them, ``memory`` for all that come at once."""

    size_limit: int
    kept: int
    memory: Memory
    small: int = field(init=False)  # octets of a content that nothing has to be asked about

    def __post_init__(self) -> None:
        object.__setattr__(self, "small", min(SMALL, self.size_limit, self.kept))


class NoRoomError(Exception):
    """The content was spooled, and cannot be had now: the file cannot be written, or there is no memory to read it into."""


class Content:
    """``keep`` the octets as they come, then ``take`` them all, and ``close`` in any case. The first ``before`` octets are the
    protocol's, not the content's.
    """

    __slots__ = ("_before", "_ceiling", "_excerpt", "_failed", "_file", "_held", "_room", "_taken", "is_too_big", "whole")

    def __init__(self, room: Room, before: int = 0) -> None:
        self._room = room
        self._before = before
        self._ceiling = room.small + before
        self._held = bytearray()
        self._failed = False
        self._excerpt: Excerpt | None = None
        self._file: IO[bytes] | None = None
        self._taken = 0  # of the memory
        self.is_too_big = False
        self.whole: Whole | None = None  # what ``take`` gave an excerpt of

    @property
    def is_spooled(self) -> bool:
        return self._file is not None

    def keep(self, octets: bytes) -> None:
        if self.is_too_big or self._failed:
            return
        if self._excerpt is not None:
            self._excerpt.feed(octets)
            self.is_too_big = self._excerpt.size > self._room.size_limit
        elif self._file is not None:
            self._write(self._file, octets)
        else:
            self._held += octets
            if len(self._held) > self._ceiling:
                self._grow(len(self._held))

    def take(self) -> bytes | None:
        """The content, or None where it is bigger than the limit. NoRoomError: it cannot be had now."""
        if self.is_too_big:
            return None
        if self._failed or (self._file is not None and self._room.memory.is_full):
            raise NoRoomError
        if self._excerpt is not None:
            self.whole = self._excerpt.whole
            return self._excerpt.content
        if self._file is not None:
            try:
                self._file.seek(self._before)
                return self._file.read()
            except OSError as error:
                raise NoRoomError from error
        with memoryview(self._held) as view:
            return bytes(view[self._before :])

    def close(self) -> None:
        """Give back what it has."""
        self._room.memory.held -= self._taken
        self._taken = 0
        self._held = bytearray()
        if self._file is not None:
            with suppress(OSError):  # what could not be written cannot be now either
                self._file.close()

    def _grow(self, size: int) -> None:
        """It is not small any more."""
        room, memory = self._room, self._room.memory
        if size - self._before > room.size_limit:
            self._let_go()
        elif size - self._before > room.kept:
            self._excerpt = Excerpt(bytes(self._held[self._before :]), room.kept)
            self._held = bytearray()
        elif memory.is_full:
            try:
                self._file = TemporaryFile()  # noqa: SIM115 - closed by ``close``
            except OSError:
                self._failed = True
                return
            begun, self._held = self._held, bytearray()
            memory.held -= self._taken
            self._taken = 0
            self._write(self._file, begun)
        else:
            memory.held += size - self._taken
            self._taken = size

    def _write(self, file: IO[bytes], octets: bytes | bytearray) -> None:
        if self._failed:
            return
        try:
            file.write(octets)
            size = file.tell() - self._before
            if size > self._room.size_limit:
                self._let_go()
            elif size > self._room.kept:
                file.seek(self._before)
                self._excerpt = Excerpt(file.read(), self._room.kept)
                file.close()
                self._file = None
        except OSError:
            self._failed = True

    def _let_go(self) -> None:
        self.is_too_big = True
        self._excerpt = None
        self._held = bytearray()
