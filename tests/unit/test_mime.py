"""The splitter: RFC 5322 and RFC 2046, the damages that mail systems do, and the limits that strangers run into."""

import pytest

from bouncesink.core.content import LIMITS
from bouncesink.core.defect import Defect
from bouncesink.core.mime import payload, split, text_of

REPORT = b"""\
From: MAILER-DAEMON@mx.example
Content-Type: multipart/report; report-type=delivery-status; boundary="=_b/1 2"
Content-Transfer-Encoding: 8bit

preamble
--=_b/1 2
Content-Type: text/plain; charset=us-ascii

It failed.
--=_b/1 2
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

--=_b/1 2
content-type: message/rfc822
Content-Transfer-Encoding: "QUOTED-Printable"

Subject: original

--=_b/1 2 is no delimiter
--=_b/1 2-- \t
epilogue
"""


def shape(content: bytes) -> list[tuple[int, int, str, bytes]]:
    return [(part.depth, part.parent, part.content_type, part.body) for part in split(content).parts[1:]]


@pytest.mark.parametrize("content", [REPORT, REPORT.replace(b"\n", b"\r\n")])
def test_a_report_has_three_parts(content: bytes) -> None:
    parts, defects = split(content)
    assert defects == ()
    assert [(part.depth, part.parent, part.content_type) for part in parts] == [
        (0, -1, "multipart/report"),
        (1, 0, "text/plain"),
        (1, 0, "message/delivery-status"),
        (1, 0, "message/rfc822"),
    ]
    assert parts[0].transfer_encoding == "8bit"
    assert parts[3].transfer_encoding == "quoted-printable"
    assert parts[0].parameters == {"report-type": "delivery-status", "boundary": "=_b/1 2"}
    assert parts[1].parameters == {"charset": "us-ascii"}
    assert parts[0].header("from") == "MAILER-DAEMON@mx.example"
    assert parts[1].header("from") == ""
    assert text_of(parts[1]) == ("It failed.", ())
    assert payload(parts[2])[0].strip() == b"Reporting-MTA: dns; mx.example"
    assert payload(parts[3])[0].replace(b"\r\n", b"\n") == b"Subject: original\n\n--=_b/1 2 is no delimiter"


def test_nested_parts_come_in_document_order() -> None:
    content = b"""\
Content-Type: multipart/mixed; boundary=a

--a
Content-Type: multipart/alternative; boundary=ab

--ab

one
--ab
Content-Type: text/html

two
--ab--
--a
Content-Type: multipart/digest; boundary=c

--c

Subject: digested
--c--
--a
Content-Type: text/plain

four
--a--
"""
    assert shape(content) == [
        (1, 0, "multipart/alternative", b"--ab\n\none\n--ab\nContent-Type: text/html\n\ntwo\n--ab--"),
        (2, 1, "text/plain", b"one"),
        (2, 1, "text/html", b"two"),
        (1, 0, "multipart/digest", b"--c\n\nSubject: digested\n--c--"),
        (2, 4, "message/rfc822", b"Subject: digested"),
        (1, 0, "text/plain", b"four"),
    ]


def test_a_message_is_never_descended_into() -> None:
    inner = b"Content-Type: multipart/mixed; boundary=i\n\n--i\n\nx\n--i--\n"
    outer = b"Content-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: message/rfc822\n\n" + inner + b"--o--\n"
    assert [each[2] for each in shape(outer)] == ["message/rfc822"]


TOPS = [
    (b"", {}, b"", {Defect.EMPTY_CONTENT}),
    (b"Subject: a", {"subject": "a"}, b"", set()),
    (b"Subject: a\n\nbody", {"subject": "a"}, b"body", set()),
    (b"Subject: a\r\n\r\nbody\r\n", {"subject": "a"}, b"body\r\n", set()),
    (b"Subject: a\r\n\nbody", {"subject": "a"}, b"body", set()),
    (b"Subject: a\n\r\nbody", {"subject": "a"}, b"body", set()),
    (b"\r\n\n  \nSubject: a\n\nbody", {"subject": "a"}, b"body", {Defect.BLANK_LINE_BEFORE_HEADERS}),
    (b"From x@y Mon Jan  1\nSubject: a\n\nbody", {"subject": "a"}, b"body", {Defect.MBOX_FROM_LINE}),
    (b"\n>From x@y Mon\nSubject: a\n\nb", {"subject": "a"}, b"b", {Defect.MBOX_FROM_LINE, Defect.BLANK_LINE_BEFORE_HEADERS}),
    (b"From x@y Mon\n\nSubject: a\n\nb", {"subject": "a"}, b"b", {Defect.MBOX_FROM_LINE}),
    # The blank line came first, and an MTA has set its fields in front of it since.
    (b"Received: x\n\ty\n\nSubject: a\n\nb", {"received": "x y", "subject": "a"}, b"b", {Defect.BLANK_LINE_BEFORE_HEADERS}),
    (
        b"Return-Path: <>\r\nDelivered-To: x\r\n\r\n\r\nFrom: a\r\n\r\nb",
        {"return-path": "<>", "delivered-to": "x", "from": "a"},
        b"b",
        {Defect.BLANK_LINE_BEFORE_HEADERS},
    ),
    (
        b"Received: x\n\nTo: y\n\nFrom: z\n\nb",
        {"received": "x", "to": "y"},
        b"From: z\n\nb",
        {Defect.BLANK_LINE_BEFORE_HEADERS},
    ),
    (b"Received: x\n\nBody: it is\n\nb", {"received": "x"}, b"Body: it is\n\nb", set()),
    (b"Received: x\n\n", {"received": "x"}, b"", set()),
    (b"Subject: x\n\nFrom: y\n\nb", {"subject": "x"}, b"From: y\n\nb", set()),
    (b"Received: x\nX-Own: 1\n\nFrom: y\n\nb", {"received": "x", "x-own": "1"}, b"From: y\n\nb", set()),
    (b"\xef\xbb\xbfSubject: a\n\nbody", {"subject": "a"}, b"body", set()),
    (b"\nno header at all\n\nmore", {}, b"no header at all\n\nmore", set()),
    (b"no header at all", {}, b"no header at all", {Defect.HEADERS_MISSING}),
    (b"no header\nSubject: a\n\nbody", {"subject": "a"}, b"body", {Defect.BAD_HEADER_LINE}),
    (b"Subject: a\nwrapped by hand\nX-Next: b\n\nbody", {"subject": "a", "x-next": "b"}, b"body", {Defect.BAD_HEADER_LINE}),
    (b"Subject: a\nbegins at once\n\nbody", {"subject": "a"}, b"begins at once\n\nbody", {Defect.BAD_HEADER_LINE}),
    (b"Subject: a\n: nameless\n\nbody", {"subject": "a"}, b": nameless\n\nbody", {Defect.BAD_HEADER_LINE}),
    (b"Subject: a\rgarbage\nTo: b@c.example\n\nbody", {"subject": "a", "to": "b@c.example"}, b"body", set()),
    (b"Subject: a\rTo: b@c.example\r\rbody", {"subject": "a", "to": "b@c.example"}, b"body", {Defect.BARE_CR}),
    (b"Subject: a\r\r\nTo: b@c.example\r\r\n\r\r\nbody", {"subject": "a", "to": "b@c.example"}, b"body", {Defect.BARE_CR}),
    (b"Subject: a\n\n" + b"x" * 1000, {"subject": "a"}, b"x" * 1000, {Defect.LONG_LINE}),
    (b"Subject: a\r\n\r\n" + b"x" * 998 + b"\r\n", {"subject": "a"}, b"x" * 998 + b"\r\n", set()),
    ("Subject: größer\n\n".encode(), {"subject": "größer"}, b"", {Defect.RAW_8BIT_HEADER}),
    (b"Content-Type: what\n\nbody", {"content-type": "what"}, b"body", set()),
]


@pytest.mark.parametrize(("content", "headers", "body", "defects"), TOPS)
def test_the_top(content: bytes, headers: dict[str, str], body: bytes, defects: set[Defect]) -> None:
    divided = split(content)
    assert dict(divided.parts[0].headers) == headers
    assert divided.parts[0].body == body
    assert divided.parts[0].content_type == "text/plain"
    assert set(divided.defects) == defects


MULTIPARTS = [
    # unclosed, and cut off in the middle of things
    (b"--b\n\none\n--b\n\ntwo", [b"one", b"two"], {Defect.BOUNDARY_UNCLOSED}),
    (b"--b\n\none\n--b\n", [b"one"], {Defect.BOUNDARY_UNCLOSED}),
    (b"--b", [], {Defect.BOUNDARY_UNCLOSED, Defect.MULTIPART_WITHOUT_PARTS}),
    (b"--b\n--b\n--b--", [b"", b""], set()),
    (b"--b\n\n--b--", [b""], set()),
    (b"--b  \t\n\none\n--b--", [b"one"], set()),
    (b"--bb\n\none\n--b\n\ntwo\n--b--x\n--b--", [b"two\n--b--x"], set()),
    # a boundary that never comes, though another does
    (b"--real\nContent-Type: text/plain\n\none\n--real--", [b"one"], {Defect.BOUNDARY_MISSING}),
    (b"--real \nContent-Type: text/plain\n\none", [b"one"], {Defect.BOUNDARY_MISSING, Defect.BOUNDARY_UNCLOSED}),
    (b"no delimiter at all", [], {Defect.MULTIPART_WITHOUT_PARTS}),
    # a blank line before a part's headers, and no blank line after them
    (b"--b\n\nContent-Type: text/plain\n\none\n--b--", [b"one"], {Defect.BLANK_LINE_BEFORE_HEADERS}),
    (b"--b\r\n\r\n\r\nContent-Type: text/plain\r\n\r\none\r\n--b--", [b"one"], {Defect.BLANK_LINE_BEFORE_HEADERS}),
    (b"--b\nSubject: quoted, but no field of MIME\none\n--b--", [b"one"], {Defect.BAD_HEADER_LINE}),
    (b"--b\none\nContent-Type: text/plain\n--b--", [b"one\nContent-Type: text/plain"], {Defect.HEADERS_MISSING}),
    (b"--b\nX-A: b\n--b--", [b""], set()),
    (b"--b\n\rX-A: b\n\none\n--b--", [b"one"], set()),
]


@pytest.mark.parametrize(("body", "bodies", "defects"), MULTIPARTS)
def test_damaged_multiparts(body: bytes, bodies: list[bytes], defects: set[Defect]) -> None:
    divided = split(b"Content-Type: multipart/mixed; boundary=b\n\n" + body)
    assert [part.body for part in divided.parts[1:]] == bodies
    assert set(divided.defects) == defects


def test_a_multipart_without_boundary() -> None:
    divided = split(b"Content-Type: multipart/mixed\n\n--x\ncontent-type: text/plain\n\none\n--x--\n")
    assert [part.body for part in divided.parts[1:]] == [b"one"]
    assert divided.defects == (Defect.BOUNDARY_MISSING,)


def test_header_block_limit() -> None:
    long = b"X-Long: " + b"x" * 100 + b"\n"
    divided = split(b"Subject: a\n" + long * 1000 + b"X-Last: z\n\nbody")
    assert Defect.HEADER_BLOCK_CUT in divided.defects
    top = divided.parts[0]
    assert top.header("subject") == "a"
    assert top.header("x-last") == ""
    assert len(top.headers.block) <= LIMITS.header_octets
    assert top.body == b"body"
    assert split(b"Subject: " + b"a" * 100_000).parts[0].body == b""


def test_depth_limit() -> None:
    content = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(3000))
    divided = split(content)
    assert len(divided.parts) == LIMITS.depth + 1
    assert Defect.DEPTH_CUT in divided.defects


def test_part_limit() -> None:
    divided = split(b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 5000 + b"--b--\n")
    assert len(divided.parts) == LIMITS.parts
    assert Defect.PARTS_CUT in divided.defects


def test_near_misses_are_not_counted_for_ever() -> None:
    divided = split(b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--bb\n" * 5000 + b"--b\n\nx\n--b--\n")
    assert len(divided.parts) == 1
    assert divided.defects == (Defect.MULTIPART_WITHOUT_PARTS,)


def test_a_boundary_of_28_kilobytes() -> None:
    boundary = b"x" * 28_000
    divided = split(b'Content-Type: multipart/mixed; boundary="%b"\n\n--%b\n\none\n--%b--\n' % (boundary, boundary, boundary))
    assert [part.body for part in divided.parts[1:]] == [b"one"]


def test_size_limit_keeps_a_report_that_stands_beyond_it() -> None:
    head = b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: text/plain\n\n"
    text = b"It failed, at length.\n" * 100_000
    report = b"--b\nContent-Type: message/delivery-status\n\nFinal-Recipient: rfc822; a@b.example\n\n"
    divided = split(head + text + report + b"--b--\n")
    assert divided.defects == (Defect.SIZE_CUT,)
    assert [part.content_type for part in divided.parts] == ["multipart/report", "text/plain", "message/delivery-status"]
    assert divided.parts[2].body.startswith(b"Final-Recipient: rfc822; a@b.example")
    # no report beyond, or none that begins a part there, or one that stands before the limit already
    for content in (head + text, head + text + b"message/delivery-status", head + report + text + report):
        assert sum(len(part.body) for part in split(content).parts[1:]) <= LIMITS.parsed_octets


def test_text_of_a_part() -> None:
    content = b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\nZ3LDtsOfZXINCgBhDWI=\n"
    text, defects = text_of(split(content).parts[0])
    assert text == "größer\na\nb"
    assert defects == (Defect.BARE_CR, Defect.NUL_BYTE)
    text, defects = text_of(
        split(b"Content-Type: text/plain; charset=x-none\nContent-Transfer-Encoding: base64\n\n=\n").parts[0]
    )
    assert text == ""
    assert defects == (Defect.BAD_BASE64, Defect.UNKNOWN_CHARSET)
