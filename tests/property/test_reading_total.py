"""Reading is total, and what does not belong to a report does not change what it says: line ends, unknown headers, what stands
behind the last part, and above all the original that came back, whatever that is."""

import pytest
from fuzz_reading import FORMATS, check, plain
from fuzzing import TOKENS, mails
from hypothesis import given, settings
from hypothesis import strategies as st

from bouncesink.core.reading import read, read_with, readers
from bouncesink.core.report import Kind

GOLDEN = mails()
BOUNDARY = b"a-boundary-that-no-golden-mail-has"
HEAD = (
    b'From: MAILER-DAEMON@mail.example.org\nSubject: Undelivered\nContent-Type: multipart/report; boundary="'
    + BOUNDARY
    + b'"\n'
)
STATUS = b"""
--%b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.org

Final-Recipient: rfc822; nobody@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

""".replace(b"%b", BOUNDARY)
END = b"\n--" + BOUNDARY + b"--\n"

LINES = st.lists(
    st.sampled_from(
        [
            b"From: MAILER-DAEMON@example.org",
            b"Subject: failure notice",
            b"Return-Path: <>",
            b"Content-Type: text/plain; charset=utf-7",
            b'Content-Type: multipart/report; boundary="b"',
            b"Content-Type: message/delivery-status",
            b"Content-Type: text/html",
            b"Content-Type: message/rfc822",
            b"Content-Transfer-Encoding: base64",
            b"Final-Recipient: rfc822; nobody@example.org",
            b"Original-Recipient: rfc822;rfc822; nobody@example.org",
            b"Action: failed",
            b"Status: 5.1.1",
            b"Diagnostic-Code: smtp; 550-5.1.1 no",
            b" 550 5.1.1 such user",
            b"X-Failed-Recipients: nobody@example.org, other@example.org",
            b"Feedback-Type: abuse",
            b"Original-Rcpt-To: <reader@example.org>",
            b"Hi. This is the qmail-send program at mail.example.org.",
            b"<nobody@example.org>:",
            b"550 5.1.1 user unknown",
            b">>> RCPT TO:<nobody@example.org>",
            b"--- Below this line is a copy of the message.",
            b"--b",
            b"--b--",
            b"",
            b"",
        ]
    )
    | st.binary(max_size=40),
    max_size=40,
).map(b"\n".join)


@given(st.binary(max_size=2_000) | LINES)
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_report_in_bounds(content):
    check(content)


@given(LINES)
@settings(max_examples=100, deadline=None)
def test_reading_twice_says_the_same(content):
    assert plain(read(content, FORMATS)) == plain(read(content, FORMATS))


@given(st.sampled_from(GOLDEN), st.floats(0, 1))
@settings(max_examples=200, deadline=None)
def test_a_mail_that_is_cut_is_still_read(mail, where):
    check(mail[: int(len(mail) * where)])


@given(
    st.sampled_from([mail for mail in GOLDEN if mail[:1] > b"\n"]),
    st.sampled_from([b"X-Anything: at all\n", b"x-folded: a\n b\n"]),
)
@settings(max_examples=200, deadline=None)
def test_a_header_that_nobody_knows_changes_nothing(mail, header):
    if mail.startswith(b"From "):
        first, _, rest = mail.partition(b"\n")
        other = first + b"\n" + header + rest
    else:
        other = header + mail
    if b"\r" not in mail and b"\n" in mail:
        assert said(other) == said(mail)


@given(st.sampled_from(GOLDEN) | st.binary(max_size=2_000) | st.lists(st.sampled_from(TOKENS), max_size=60).map(b"".join))
@settings(max_examples=200, deadline=None)
def test_what_came_back_changes_nothing(original):
    mail = HEAD + STATUS + b"--" + BOUNDARY + b"\nContent-Type: message/rfc822\n\n" + original + END
    assert said(mail) == said(HEAD + STATUS + END.lstrip(b"\n"))


@given(st.sampled_from(GOLDEN) | st.binary(max_size=2_000))
@settings(max_examples=100, deadline=None)
def test_what_stands_behind_the_last_part_changes_nothing(epilogue):
    mail = HEAD + STATUS + END.lstrip(b"\n")
    assert said(mail + epilogue) == said(mail)


@given(LINES)
@settings(max_examples=50, deadline=None)
def test_a_reader_that_fails_costs_its_own_opinion_and_nothing_else(content):
    def fails(message):
        raise ZeroDivisionError

    spoilt = read_with((fails, *readers(FORMATS)), content)
    assert (spoilt.kind, spoilt.recipients) == said(content)
    assert "reader_failed" in spoilt.defects


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n", b"\r", b"\0", b" ", b":", b"\n\n\n"])
def test_next_to_nothing_is_no_bounce(content):
    assert read(content, FORMATS).kind in (Kind.OTHER, Kind.UNKNOWN)
    assert read(content, FORMATS).recipients == ()


def said(content):
    report = read(content, FORMATS)
    return report.kind, report.recipients
