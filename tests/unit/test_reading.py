"""Reading: the order of the readers, and that a bug in one loses nothing."""

import pytest

from bouncesink.core.defect import Defect
from bouncesink.core.formats import NO_FORMATS
from bouncesink.core.readers.message import Message
from bouncesink.core.reading import read, read_with, readers
from bouncesink.core.report import Kind, Report

BOUNCE = (
    b"From: MAILER-DAEMON@mx.example\nSubject: failure notice\nAuto-Submitted: auto-replied\n\n"
    b"<one@example.com>: 550 5.1.1 unknown\n"
)


def fails(_message: Message) -> Report | None:
    raise LookupError("a bug of ours")


def test_a_reader_that_fails_is_passed_over_and_named() -> None:
    found = read_with((fails, *readers(NO_FORMATS)), BOUNCE)
    assert found.kind is Kind.BOUNCE
    assert found.recipients == read(BOUNCE).recipients
    assert found.defects == (Defect.READER_FAILED,)


def test_where_all_fail_it_is_unknown() -> None:
    found = read_with((fails, fails), BOUNCE)
    assert (found.kind, found.reader, found.headers["subject"]) == (Kind.UNKNOWN, "", "failure notice")
    assert found.defects == (Defect.READER_FAILED, Defect.NOTHING_READABLE)


def test_auto_submitted_on_a_bounce_makes_no_auto_reply() -> None:
    assert read(BOUNCE).kind is Kind.BOUNCE
    assert read(BOUNCE).auto_submitted == "auto-replied"


def test_a_nul_in_auto_submitted_is_gone_as_in_every_field() -> None:
    """The keyword goes to a TEXT column; found by mutation."""
    assert read(BOUNCE.replace(b"auto-replied", b"\x00Auto-Replied\x00")).auto_submitted == "auto-replied"


HOSTILE = {
    "nothing": (b"", Kind.OTHER),
    "one byte": (b"x", Kind.OTHER),
    "no From:": (b"Subject: Mail delivery failed\n\n<one@example.com>: 550 unknown\n", Kind.BOUNCE),
    "raw 8-bit From:": (
        "From: Größe MAILER-DAEMON@mx.example\nSubject: x\n\n<one@example.com>: 550 unknown user\n".encode("latin-1"),
        Kind.BOUNCE,
    ),
    "132 bytes of malformed header": (b"\xff\xfe: =?=?=?utf-8?b?" * 8, Kind.OTHER),
    "3,000 nested parts": (
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000)),
        Kind.OTHER,
    ),
    "a boundary line of 28 kB": (
        b"From: postmaster@a.example\nSubject: undelivered\nContent-Type: multipart/report; boundary=b\n\n--" + b"b" * 28_000,
        Kind.UNKNOWN,
    ),
    "3 MB of text": (
        b"From: MAILER-DAEMON@a.example\nSubject: failed\n\n<one@example.com>: 550 unknown\n\n"
        + b"words and words\n" * 200_000,
        Kind.BOUNCE,
    ),
    "10 MB of blanks": (b"From: MAILER-DAEMON@a.example\nSubject: failed\n\n" + b" " * 10_000_000, Kind.UNKNOWN),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail(name: str) -> None:
    content, kind = HOSTILE[name]
    found = read(content)
    assert found.kind is kind
    assert Defect.READER_FAILED not in found.defects
