"""A report inside a daemon's letter: where its header begins, and when it is not read."""

import pytest

from bouncesink.core.readers import wrapped
from bouncesink.core.readers.message import Message

REPORT = b"""From: MAILER-DAEMON@relay.example.net
Content-Type: multipart/report; report-type=delivery-status;
 boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example.net

Final-Recipient: rfc822; nobody@example.org
Action: failed
Status: 5.1.1

--b--
"""
LETTER = b"From: MAILER-DAEMON@relay.example.net\nSubject: returned\n\n"


def recipients(content: bytes) -> list[str | None]:
    report = wrapped.read(Message(content))
    return [] if report is None else [each.final_recipient for each in report.recipients]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("below a line", LETTER + b"See below.\n-----\n" + REPORT),
        ("below an mbox line", LETTER + b"See below.\n\nFrom MAILER-DAEMON Mon Oct  5\n" + REPORT),
        ("with CRLF", (LETTER + b"See below.\n\n" + REPORT).replace(b"\n", b"\r\n")),
        ("at once", LETTER + REPORT),
        ("in a letter without From", LETTER.partition(b"\n")[2] + b"-----\n" + REPORT),
        ("the type alone in its header", LETTER + b"-----\n" + REPORT.partition(b"\n")[2]),
    ],
)
def test_it_is_found(name: str, content: bytes) -> None:
    assert recipients(content) == ["nobody@example.org"], name


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("nobody's daemon", LETTER.replace(b"MAILER-DAEMON", b"jane") + b"-----\n" + REPORT),
        ("no report in it", LETTER + b"See below.\n"),
        ("the letter names somebody", LETTER + b"<john@example.org>: 550 5.1.1 User unknown\n-----\n" + REPORT),
        ("no report after all", LETTER + b"-----\nContent-Type: multipart/report; boundary=b\n\n--b\n"),
        ("a multipart", REPORT.replace(b"\n\n", b"\nX: 1\n\n", 1)),
        ("more fields than a header has", LETTER + b"-----\n" + b"X-Field: 1\n" * 50_000 + REPORT[:80]),
    ],
)
def test_it_is_left_to_others(name: str, content: bytes) -> None:
    assert recipients(content) == [], name


ATTACHED = b"""From: postmaster@relay.example.net
To: news@example.com
Content-Type: multipart/mixed; boundary=out

--out

See the report.
--out
Content-Type: message/rfc822

"""
TO_US = REPORT.replace(b"\n", b"\nTo: News <news@example.com>\n", 1)


def test_it_is_found_where_it_is_attached() -> None:
    report = wrapped.read(Message(ATTACHED + TO_US + b"\n--out--\n"))
    assert report is not None
    assert [each.final_recipient for each in report.recipients] == ["nobody@example.org"]
    assert report.headers.get("from") == "postmaster@relay.example.net"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("sent to somebody else: it is the bounce that bounced", ATTACHED + REPORT),
        ("by a person", (ATTACHED + TO_US).replace(b"postmaster", b"jane")),
        ("no mail attached", ATTACHED.replace(b"message/rfc822", b"text/plain") + TO_US),
        ("a report of its own", ATTACHED.replace(b"mixed;", b"report; report-type=delivery-status;") + TO_US),
        ("the letter names somebody", ATTACHED.replace(b"See the report.", b"<john@example.org>: 550 5.1.1 No") + TO_US),
        ("by nobody's daemon inside", ATTACHED + TO_US.replace(b"MAILER-DAEMON", b"jane").replace(b"report-type", b"x-type")),
        (
            "no report after all",
            ATTACHED
            + TO_US.replace(b"Final-Recipient", b"X-Nobody").replace(b"Action", b"X-Action").replace(b"Status:", b"X:"),
        ),
    ],
)
def test_what_is_attached_is_left_to_others(name: str, content: bytes) -> None:
    assert recipients(content + b"\n--out--\n") == [], name


def test_the_headers_are_those_of_the_letter() -> None:
    report = wrapped.read(Message(LETTER + b"-----\n" + REPORT))
    assert report is not None
    assert report.headers.get("subject") == "returned"
