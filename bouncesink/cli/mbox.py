"""An mbox, as a stream of its mails (RFC 4155 and its relatives): the file may be larger than memory, one mail is held.

A ``From `` line divides where an empty line (or nothing) stands before it, it has a sender and a date, and a header field
follows, so a bounce that returns a mail with its ``From `` line is rarely cut in two. ``>From `` is unquoted by one
``>`` (mboxrd). Promises: total on any bytes; a mail over the bound is cut there. Knows nothing of what a mail says.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

MAX_MAIL = 64 * 1024 * 1024
_LONGEST_LINE = 1024 * 1024
_EMPTY = (b"\n", b"\r\n")

_FROM = re.compile(rb"From \S.* (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} [ \d]\d \d\d:\d\d(?::\d\d)?\b.*\d{4}")
_FIELD = re.compile(rb">*From |[!-9;-~]{1,100}[ \t]*:")
_QUOTED_FROM = re.compile(rb">+From ")


def is_mbox(first: bytes) -> bool:
    """Whether a file whose first line is this one is an mbox."""
    return _FROM.match(first) is not None


def first_line(file: BinaryIO) -> bytes:
    """What ``is_mbox`` and ``split`` are to be told."""
    return file.readline(_LONGEST_LINE)


def split(first: bytes, file: BinaryIO) -> Iterator[bytes]:
    """The mails, without their ``From `` lines and the empty line before the next."""
    return (mail for mail, _ in divide(first, file, MAX_MAIL))


def divide(first: bytes, file: BinaryIO, limit: int) -> Iterator[tuple[bytes, int]]:
    """The same, each with the number of octets from the start of ``first`` to its end. A mail over ``limit`` is cut a little
    above it.
    """
    mail: list[bytes] = []
    size, begun, blank, whole, position = 0, False, True, True, 0
    for line, following in _pairs(first, file):
        if blank and _FROM.match(line) and _FIELD.match(following):
            if begun or mail:
                yield _finished(mail), position
            mail, size, begun, blank = [], 0, True, False
            position += len(line)
            continue
        position += len(line)
        blank = whole and line in _EMPTY
        whole = line.endswith(b"\n")
        if size < limit:
            mail.append(line[1:] if _QUOTED_FROM.match(line) else line)
            size += len(line)
    if begun or mail:
        yield _finished(mail), position


def _finished(mail: list[bytes]) -> bytes:
    """The empty line at the end belongs to the mbox."""
    if mail and mail[-1] in _EMPTY:
        mail.pop()
    return b"".join(mail)


def _pairs(line: bytes, file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Each line and the one after it, b"" after the last."""
    while line:
        following = file.readline(_LONGEST_LINE)
        yield line, following
        line = following
