"""Reading is total: any bytes whatsoever give a Report, CRLF or LF give the same one, and nothing is ever a reader's bug."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bouncesink.core.charset import decode_header, decode_text
from bouncesink.core.defect import Defect
from bouncesink.core.fields import host, parse_fields, recipient, typed
from bouncesink.core.readers.diagnostics import codes_of, diagnose, one_line
from bouncesink.core.readers.message import plain_text
from bouncesink.core.readers.prose import mine
from bouncesink.core.readers.returned import cut_original
from bouncesink.core.reading import read
from bouncesink.core.report import Report

DSN = b"""\
From: MAILER-DAEMON@mx.example.net
To: bounce+1@bounces.sender.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"

--=_b
Content-Type: text/plain; charset=utf-8

<user@example.com>: host mail.example.com[192.0.2.1] said: 550 5.1.1 unknown

--=_b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; user@example.com
Original-Recipient: rfc822;alias@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 unknown
   and folded

--=_b
Content-Type: message/rfc822

Return-Path: <news@sender.example>
Message-ID: <1@sender.example>

Hello
--=_b--
"""
PROSE = b"""\
From: MAILER-DAEMON@mx.example.net
Subject: failure notice
X-Failed-Recipients: user@example.com

Hi. This is the qmail-send program at mx.example.net.

The following addresses had permanent fatal errors:

<user@example.com>: 550 5.1.1 unknown

--- Below this line is a copy of the message.

Return-Path: <news@sender.example>
Message-ID: <1@sender.example>
"""
ARF = b"""\
From: feedback@isp.example
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
Original-Rcpt-To: user@example.com

--b
Content-Type: message/rfc822

To: user@example.com

x
--b--
"""
MDN = b"""\
From: user@example.com
Subject: Read: hello
Content-Type: multipart/report; report-type=disposition-notification; boundary=b

--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822; user@example.com
Disposition: automatic-action/MDN-sent-automatically; deleted

--b--
"""
SEEDS = st.sampled_from([DSN, PROSE, ARF, MDN])
LINES = st.sampled_from([line + b"\n" for seed in (DSN, PROSE, ARF, MDN) for line in seed.split(b"\n")])


def sound(found: Report) -> None:
    """What every Report is, whatever was read."""
    assert Defect.READER_FAILED not in found.defects
    assert len(found.defects) == len(set(found.defects))
    assert len(found.recipients) <= 100
    assert found.recipients_omitted >= 0
    assert "\n" not in found.text
    for one in found.recipients:
        assert len(one.diagnostic) <= 2000
        for address in (one.final_recipient, one.original_recipient):
            assert address is None or (address and "\n" not in address)
    texts = [found.text, found.auto_submitted, found.arrival_date, *(one.diagnostic for one in found.recipients)]
    for text in texts:
        text.encode()  # no surrogates
        assert "\0" not in text
    dict(found.headers)
    if found.original is not None:
        dict(found.original.headers)
        assert len(found.original.header_bytes) <= 65_536


@settings(deadline=None)
@given(SEEDS)
def test_line_ends_make_no_difference(content: bytes) -> None:
    lf, crlf = read(content), read(content.replace(b"\n", b"\r\n"))
    assert lf.original is None or crlf.original is not None
    if lf.original is not None and crlf.original is not None:
        assert lf.original.header_bytes == crlf.original.header_bytes.replace(b"\r\n", b"\n")
        crlf = replace(crlf, original=replace(crlf.original, header_bytes=lf.original.header_bytes))
    assert lf == crlf


@settings(deadline=None)
@given(SEEDS, st.integers(0, 1200), st.booleans())
def test_a_mail_may_be_cut_anywhere(content: bytes, length: int, crlf: bool) -> None:
    sound(read((content.replace(b"\n", b"\r\n") if crlf else content)[:length]))


@settings(deadline=None)
@given(SEEDS, st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 30), st.binary(max_size=8)), max_size=6))
def test_a_mail_may_be_damaged_anywhere(content: bytes, damages: list[tuple[int, int, bytes]]) -> None:
    for place, length, octets in damages:
        content = content[:place] + octets + content[place + length :]
    sound(read(content))


@settings(deadline=None)
@given(st.lists(LINES | st.binary(max_size=30), max_size=60).map(b"".join))
def test_lines_of_reports_in_any_order(content: bytes) -> None:
    sound(read(content))


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_any_bytes(content: bytes) -> None:
    sound(read(content))


@settings(deadline=None)
@given(st.binary(max_size=300), st.text(max_size=20))
def test_any_octets_in_any_charset_are_text(octets: bytes, charset: str) -> None:
    text, _ = decode_text(octets, charset)
    text.encode("utf-8", "surrogatepass")
    decode_header(octets)


CHARSETS = st.sampled_from(
    ["utf-8", "utf-7", "iso-2022-jp", "iso-2022-kr", "hz", "shift_jis", "euc-jp", "gb2312", "big5", "koi8-r", "utf-16", "x"]
)


@settings(deadline=None)
@given(st.binary(max_size=300), CHARSETS)
def test_any_octets_in_a_known_charset_are_text_that_can_be_stored(octets: bytes, charset: str) -> None:
    decode_text(octets, charset)[0].encode()


@settings(deadline=None)
@given(st.text(max_size=500))
def test_any_text_can_be_mined(text: str) -> None:
    parse_fields(text)
    typed(text)
    host(text)
    recipient(text)
    diagnose(text)
    codes_of(text)
    one_line(text)
    plain_text(text)
    cut_original(text)
    assert len(mine(text, frozenset())) <= 100
