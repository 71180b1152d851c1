"""The backlog: mails in files, folders, Maildirs, mboxes and standard input, each with what is to be done once it is settled.

Settled is a mail that is durably recorded, or never will be. Then a mail of a Maildir goes from ``new`` to ``cur``, and the
bookmark of an mbox moves behind it. Promises: mails come in the same order every time, one is read at a time; what cannot be
read is told and does not stop the others; ``tmp`` is never touched; a bookmark is only believed where the octets in front of it
are those that it was put behind. Knows nothing of what a mail says.
"""

import hashlib
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import BinaryIO, Protocol

from bouncesink.cli import mbox
from bouncesink.cli.mails import STDIN, Unreadable, standard_input
from bouncesink.cli.pipe import Pipe, pipe_of

_MARK_OCTETS = 65_536
_KEEP_SECONDS = 2.0


class Bookmarks(Protocol):
    """Where positions are kept between two runs."""

    def read(self, source: str) -> tuple[int, str] | None: ...

    def keep(self, source: str, position: int, mark: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Lying:
    """A mail where it lies. ``settle`` is to be called in order, with whether it is settled; ``octets`` for the bar."""

    name: str
    content: bytes
    octets: int
    settle: Callable[[bool], None]


@dataclass(frozen=True, slots=True)
class Source:
    """Mails out of one place, in their order. Those of a ``pipe`` may be long in coming: they are to be read on another thread,
    and raise OSError there. What else cannot be read was told.
    """

    name: str
    mails: Iterator[Lying]
    pipe: Pipe | None = None


class Backlog:
    """Every mail of ``files`` (see ``mails.find_files``), in order. ``one_each``: standard input is one mail, whatever it looks
    like. Of a mail over ``limit`` octets no more is read than shows that it is.
    """

    def __init__(
        self,
        files: Sequence[str],
        *,
        limit: int,
        unreadable: Unreadable,
        bookmarks: Bookmarks | None = None,
        one_each: bool = False,
    ) -> None:
        self._files = files
        self._limit = limit
        self._unreadable = unreadable
        self._bookmarks = bookmarks
        self._one_each = one_each
        self._marks: list[_Mark] = []

    def sources(self) -> Generator[Source]:
        """Each is to be read to its end before the next is asked for."""
        for name in self._files:
            try:
                pipe = pipe_of(name)
            except OSError as error:
                self._unreadable(name, error.strerror or str(error))
                continue
            if pipe is None:
                yield Source(name, self._of(name))
            else:
                with pipe:
                    file = pipe.file()
                    yield Source(name, self._piped(file) if name == STDIN else self._of_file(file, name, sought=False), pipe)

    def _of(self, name: str) -> Iterator[Lying]:
        try:
            if name == STDIN:
                yield from self._piped(standard_input())
            else:
                with open(name, "rb") as file:  # noqa: PTH123 - a Path would lose "./" and change the file's name
                    yield from self._of_file(file, name)
        except OSError as error:
            self._unreadable(name, error.strerror or str(error))

    @property
    def octets(self) -> int:
        """How many they are, as far as can be said."""
        return sum(_size(name) for name in self._files if name != STDIN)

    def keep_bookmarks(self) -> None:
        """Call it at the end, however it came."""
        for mark in self._marks:
            mark.keep()
        self._marks = []

    def _piped(self, file: BinaryIO) -> Iterator[Lying]:
        first = mbox.first_line(file)
        if self._one_each or not mbox.is_mbox(first):
            content = first + file.read(self._limit + 1)
            yield Lying(STDIN, content, len(content), lambda _: None)
            return
        for number, (content, _) in enumerate(mbox.divide(first, file, self._limit + 1), 1):
            yield Lying(f"{STDIN}#{number}", content, len(content), lambda _: None)

    def _of_file(self, file: BinaryIO, name: str, *, sought: bool = True) -> Iterator[Lying]:
        """``sought``: one can go to a place in it, so a bookmark helps."""
        first = mbox.first_line(file)
        if not name.lower().endswith(".eml") and mbox.is_mbox(first):
            yield from self._of_mbox(first, file, name, self._marked(name) if sought else _Mark(name, None))
            return
        content = first + file.read(self._limit + 1)
        path = Path(name)
        is_new = path.parent.name == "new" and (path.parent.parent / "cur").is_dir()

        def settle(settled: bool) -> None:
            if is_new and settled:
                from bouncesink.fronts.maildir import move_to_cur

                try:
                    move_to_cur(path)
                except OSError as error:
                    self._unreadable(name, f"it is recorded, but cannot be moved to cur: {error.strerror or error}")

        yield Lying(name, content, len(content), settle)

    def _marked(self, name: str) -> "_Mark":
        mark = _Mark(name, self._bookmarks)
        for other in self._marks:
            other.keep()
        self._marks = [*(other for other in self._marks if not other.is_kept), mark]
        return mark

    def _of_mbox(self, first: bytes, file: BinaryIO, name: str, mark: "_Mark") -> Iterator[Lying]:
        start = mark.position
        if start:
            file.seek(start)
            first = mbox.first_line(file)
        before = 0
        for content, after in mbox.divide(first, file, self._limit + 1):
            yield Lying(f"{name} at octet {start + before}", content, after - before, mark.at(start + after))
            before = after


class _Mark:
    """The bookmark of one mbox. Behind a mail that is not settled it does not move any more."""

    def __init__(self, name: str, bookmarks: Bookmarks | None) -> None:
        self._source = os.path.realpath(name)
        self._bookmarks = bookmarks
        self._stuck = False
        known = bookmarks.read(self._source) if bookmarks else None
        believed = known is not None and known[0] > 0 and self._proof(known[0]) == known[1]
        self.position = self._kept = known[0] if known and believed else 0
        self._kept_at = monotonic()

    @property
    def is_kept(self) -> bool:
        return self.position == self._kept

    def at(self, position: int) -> Callable[[bool], None]:
        def settle(settled: bool) -> None:
            self._stuck = self._stuck or not settled
            if self._stuck:
                return
            self.position = position
            if monotonic() - self._kept_at >= _KEEP_SECONDS:
                self.keep()

        return settle

    def keep(self) -> None:
        if self._bookmarks is None or self.is_kept:
            return
        proof = self._proof(self.position)
        if proof:
            self._bookmarks.keep(self._source, self.position, proof)
        self._kept, self._kept_at = self.position, monotonic()

    def _proof(self, position: int) -> str:
        """Of the octets in front of ``position``; "" where the file cannot be asked, as a pipe cannot."""
        start = max(0, position - _MARK_OCTETS)
        try:
            with open(self._source, "rb", buffering=0) as file:  # noqa: PTH123 - as above
                octets = os.pread(file.fileno(), position - start, start)
        except OSError:
            return ""
        return hashlib.blake2s(octets, digest_size=16).hexdigest() if len(octets) == position - start else ""


def _size(name: str) -> int:
    try:
        return os.stat(name).st_size  # noqa: PTH116 - one call for each of very many
    except OSError:
        return 0
