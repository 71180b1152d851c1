"""The content that follows DATA: RFC 5321 section 4.1.1.4 and the dot-stuffing of section 4.5.2, in whatever pieces it comes.

Promises: CRLF.CRLF ends it and nothing else does; LF.LF, LF.CRLF, CR.CR and their kin, which smugglers hope for, are body.
A dot is unstuffed after CRLF only. Lines of any length, NUL and 8-bit octets pass untouched. Every octet is searched once,
however small the pieces; a content beyond the limit is let go of at once and drained to its end, so that the peer hears why.
Of one that is bigger than what is kept there is an excerpt; one that finds the memory full lies in a file until it is complete.

Knows no socket: octets in, content out.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO

from bouncesink.core.excerpt import Excerpt
from bouncesink.core.mail import Whole
from bouncesink.fronts.memory import SMALL, Memory

_END = b"\r\n.\r\n"
_DOT = b"\r\n."
_LINE_START = b"\r\n"
# What may stand undecided at the end of a piece, the longest first: the proper prefixes of the end.
_UNDECIDED = tuple(_END[:length] for length in range(len(_END) - 1, 0, -1))


@dataclass(frozen=True, slots=True)
class Room:
    """How much there is for contents: ``size_limit`` octets of one, ``kept`` of them, ``memory`` for all that come at once."""

    size_limit: int
    kept: int
    memory: Memory
    ceiling: int = field(init=False)  # of a content that nothing has to be asked about, with what stands before it

    def __post_init__(self) -> None:
        object.__setattr__(self, "ceiling", min(SMALL, self.size_limit, self.kept) + len(_LINE_START))


class NoRoomError(Exception):
    """The content was spooled, and cannot be had now: the file cannot be written, or there is no memory to read it into."""


class ContentGatherer:
    """Feed it pieces until ``feed`` returns what follows the content; then ``take`` it, and ``close`` in any case."""

    __slots__ = (
        "_ceiling",
        "_content",
        "_excerpt",
        "_failed",
        "_file",
        "_room",
        "_taken",
        "_too_big",
        "_undecided",
        "received",
        "whole",
    )

    def __init__(self, room: Room) -> None:
        self._room = room
        # A content starts at the start of a line, so it is read as if CRLF stood before it.
        self._ceiling = room.ceiling
        self._content = bytearray()
        self._undecided = _LINE_START
        self._too_big = False
        self._failed = False
        self._excerpt: Excerpt | None = None
        self._file: IO[bytes] | None = None
        self._taken = 0  # of the memory
        self.received = 0  # octets that were fed, whatever became of them
        self.whole: Whole | None = None  # what ``take`` gave an excerpt of

    @property
    def is_spooled(self) -> bool:
        return self._file is not None

    def feed(self, piece: bytes) -> bytes | None:
        """Take ``piece``. None: the end has not come. Otherwise what followed the end, for the next command."""
        self.received += len(piece)
        window = self._undecided + piece
        # Nearly always the first dot that starts a line is the end itself, so this one search is all.
        dot = window.find(_DOT)
        end = window.find(_END, dot) if dot >= 0 else -1
        if end < 0:
            self._undecided = _undecided_end(window)
            self._keep(window[: len(window) - len(self._undecided)], stuffed=dot >= 0)
            return None
        self._keep(window[: end + len(_LINE_START)], stuffed=dot < end)
        return window[end + len(_END) :]

    def take(self) -> bytes | None:
        """The content, dots unstuffed, or None where it is bigger than the limit. NoRoomError: it cannot be had now."""
        if self._too_big:
            return None
        if self._failed or (self._file is not None and self._room.memory.is_full):
            raise NoRoomError
        if self._excerpt is not None:
            self.whole = self._excerpt.whole
            return self._excerpt.content
        if self._file is not None:
            self._file.seek(len(_LINE_START))
            return self._file.read()
        with memoryview(self._content) as view:
            return bytes(view[len(_LINE_START) :])

    def close(self) -> None:
        """Give back what it has."""
        self._room.memory.held -= self._taken
        self._taken = 0
        if self._file is not None:
            with suppress(OSError):  # what could not be written cannot be now either
                self._file.close()

    def _keep(self, decided: bytes, *, stuffed: bool) -> None:
        """No CRLF and dot ever straddle two calls: whatever might be one is still undecided."""
        if self._too_big or self._failed:
            return
        octets = decided.replace(_DOT, _LINE_START) if stuffed else decided
        if self._excerpt is not None:
            self._excerpt.feed(octets)
            self._too_big = self._excerpt.size > self._room.size_limit
        elif self._file is not None:
            self._write(self._file, octets)
        else:
            self._content += octets
            if len(self._content) > self._ceiling:
                self._grow(len(self._content))

    def _grow(self, size: int) -> None:
        """It is not small any more."""
        room, memory = self._room, self._room.memory
        if size - len(_LINE_START) > room.size_limit:
            self._let_go()
        elif size - len(_LINE_START) > room.kept:
            self._excerpt = Excerpt(bytes(self._content[len(_LINE_START) :]), room.kept)
            self._content = bytearray()
        elif memory.is_full:
            try:
                self._file = TemporaryFile()  # noqa: SIM115 - closed by ``close``
            except OSError:
                self._failed = True
                return
            begun, self._content = self._content, bytearray()
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
            size = file.tell() - len(_LINE_START)
            if size > self._room.size_limit:
                self._let_go()
            elif size > self._room.kept:
                file.seek(len(_LINE_START))
                self._excerpt = Excerpt(file.read(), self._room.kept)
                file.close()
                self._file = None
        except OSError:
            self._failed = True

    def _let_go(self) -> None:
        self._too_big = True
        self._excerpt = None
        self._content = bytearray()


def _undecided_end(window: bytes) -> bytes:
    for prefix in _UNDECIDED:
        if window.endswith(prefix):
            return prefix
    return b""
