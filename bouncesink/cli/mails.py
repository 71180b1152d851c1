"""Where mails are found: files, folders, Maildirs, mboxes and standard input, as one sorted stream.

Promises: the same order every time; what cannot be read is told through ``unreadable`` and does not stop the others; one
mail is held at a time. A file is one mail unless it starts as an mbox does; ``*.eml`` is always one. In folders hidden files
are left out; of a Maildir only ``new`` and ``cur`` (and its subfolders') are mail. Knows nothing of what a mail says.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from errno import EBADF
from pathlib import Path
from typing import BinaryIO

from bouncesink.cli import mbox

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Found:
    """One mail. ``source`` is the path as it was reached; ``number`` counts the mails of an mbox from 1, else None."""

    source: str
    number: int | None
    content: bytes

    @property
    def name(self) -> str:
        return self.source if self.number is None else f"{self.source}#{self.number}"


Unreadable = Callable[[str, str], None]


def standard_input() -> BinaryIO:
    """What comes in by a pipe. OSError where whoever started us has closed it."""
    if sys.stdin is None:  # as Python has it where descriptor 0 was closed
        raise OSError(EBADF, "is closed", "standard input")
    return sys.stdin.buffer


def find_files(paths: Sequence[str], unreadable: Unreadable) -> list[str]:
    """Every file that is to be read, in order: as given, sorted inside folders."""
    files: list[str] = []
    for path in paths:
        if path != STDIN and os.path.isdir(path):  # noqa: PTH112 - a Path would lose "./" and change the source's name
            files.extend(_inside(Path(path), unreadable))
        else:
            files.append(path)
    return files


def read_mails(files: Sequence[str], unreadable: Unreadable, done: Callable[[], None] = lambda: None) -> Iterator[Found]:
    """The mails of each file; ``done`` is called after each."""
    for name in files:
        try:
            if name == STDIN:
                yield from _mails(standard_input(), name)
            else:
                with open(name, "rb") as file:  # noqa: PTH123 - see find_files
                    yield from _mails(file, name)
        except OSError as error:
            unreadable(name, error.strerror or str(error))
        done()


def _mails(file: BinaryIO, name: str) -> Iterator[Found]:
    first = mbox.first_line(file)
    if name.lower().endswith(".eml") or not mbox.is_mbox(first):
        yield Found(name, None, first + file.read(mbox.MAX_MAIL))
        return
    for number, content in enumerate(mbox.split(first, file), 1):
        yield Found(name, number, content)


def _inside(folder: Path, unreadable: Unreadable) -> Iterator[str]:
    """Depth first, names sorted. Links to folders are not followed, so there is always an end."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        unreadable(str(folder), error.strerror or str(error))
        return
    is_maildir = {"cur", "new"} <= {entry.name for entry in entries if entry.is_dir()}
    for entry in entries:
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False):
            if _holds_mail(entry.name, is_maildir=is_maildir):
                yield from _inside(path, unreadable)
        elif not is_maildir and not entry.name.startswith(".") and _is_file(path):
            yield str(path)


def _holds_mail(name: str, *, is_maildir: bool) -> bool:
    """Maildir++ keeps its subfolders as ``.Name``, and unfinished mail in ``tmp``."""
    if is_maildir:
        return name in {"cur", "new"} or (name.startswith(".") and len(name) > 1)
    return not name.startswith(".")


def _is_file(path: Path) -> bool:
    """Not a pipe or a device, which would never end. What cannot be looked at is a file: opening it will say why not."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return True
