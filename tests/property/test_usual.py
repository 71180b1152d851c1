"""The quick ways give what the slow ways give: over the golden mails, and over golden mails that somebody has damaged.

A quick way may answer nothing ("not usual"); it may never answer something else.
"""

import pytest
from golden_answers import golden_mails
from hypothesis import given, settings
from hypothesis import strategies as st

from bouncesink.core.charset import decode_header
from bouncesink.core.headers import Headers
from bouncesink.core.mime import _between_any, _between_usual, _head, _usual_head, split
from bouncesink.core.parameters import boundary_of
from bouncesink.core.readers.message import Message

MAILS = [mail.read_bytes().replace(b"\r\n", b"\n") for mail in golden_mails()]
PIECES = (b"", b"\n", b"\r", b"\r\n", b" ", b"\t", b":", b"--", b"\n--", b"\x01", b"\0", b"\xe9", b"\x1b", b"X: y\n", b"\n\n")
EDIT = st.tuples(st.integers(0, 2**16), st.integers(0, 3), st.sampled_from(PIECES))


@st.composite
def damaged(draw):
    mail = draw(st.sampled_from(MAILS))
    if draw(st.booleans()):
        mail = mail.replace(b"\n", b"\r\n")
    for place, length, piece in draw(st.lists(EDIT, max_size=4)):
        at = place % (len(mail) + 1)
        mail = mail[:at] + piece + mail[at + length :]
    return mail


def headers_agree(block):
    """Names that are found, or taken apart; asked alone, since many questions take the block apart."""
    slow = Headers(block)
    names = list(slow)  # takes it apart
    for name in (*names, "x-absent", "subject", ""):
        quick = Headers(block)
        assert quick.raw(name) == slow.raw(name)
        assert (name in quick) is (name in slow)
        assert quick.get(name) == slow.get(name)
        assert quick.bad_lines is slow.bad_lines
        assert Headers(block).all(name) == tuple(decode_header(value) for each, value in slow.fields if each == name)
    assert Headers(block).bad_lines is slow.bad_lines


def delimiters_agree(part, content):
    boundary = boundary_of(part.headers.raw("content-type") or b"")
    for delimiter in {b"\n--" + boundary, b"\n--"}:
        usual = _between_usual(content, 0, len(content), delimiter)
        assert not usual or usual == _between_any(content, 0, len(content), delimiter, {})


def heads_agree(content):
    """Wherever a line begins a part might, and might end anywhere."""
    starts = [0, *(place + 1 for place, octet in enumerate(content) if octet == 10)][:60]
    for start in starts:
        for end in (len(content), start + 40, start + 3):
            usual = _usual_head(content, start, min(end, len(content)))
            if usual is not None:
                defects = {}
                described, body = _head(content, start, min(end, len(content)), 1, defects)
                assert not defects
                assert usual[1] == body
                assert usual[0].headers.block == described.headers.block
                assert usual[0][1:] == described[1:]


def words_agree(content):
    quick, slow = Message(content), Message(content)
    text = " ".join(slow.text.split())
    assert quick.folded == text
    assert slow.folded == text
    assert (quick.original is None) is (slow.original is None)
    if quick.original is not None and slow.original is not None:
        assert quick.original.header_bytes == slow.original.header_bytes
        assert quick.original.complete is slow.original.complete
    assert quick.text == slow.text
    assert quick.defects == slow.defects


def agree(content):
    for part in split(content).parts:
        headers_agree(part.headers.block)
        delimiters_agree(part, content)
    heads_agree(content)
    words_agree(content)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
def test_over_the_golden_mails(end):
    assert MAILS
    for mail in MAILS:
        agree(mail.replace(b"\n", end))


@given(damaged())
@settings(deadline=None)
def test_over_damaged_ones(content):
    agree(content)


LINES = (b"A: b", b"a:c", b"B :x", b" folded", b"\tfolded", b"", b"no field", b"C:", b"\n", b"\r")


@given(st.lists(st.sampled_from(LINES), max_size=7))
def test_over_small_header_blocks(lines):
    for end in (b"\n", b"\r\n", b"\r"):
        headers_agree(end.join(lines))


@given(st.lists(st.sampled_from((b"--b", b"--b--", b"--bb", b"--b \t", b"x", b"", b"\r", b"--b-- ")), max_size=9))
def test_over_small_multiparts(lines):
    for end in (b"\n", b"\r\n"):
        content = end.join(lines)
        usual = _between_usual(content, 0, len(content), b"\n--b")
        assert not usual or usual == _between_any(content, 0, len(content), b"\n--b", {})


def test_what_is_usual_is_read_the_quick_way():
    """Else all this would prove nothing."""
    quick = [mail for mail in MAILS if Message(mail)._words() is not None]
    assert len(quick) > 50
    types = [Headers(mail.partition(b"\n\n")[0]).raw("content-type") or b"" for mail in MAILS]
    delimiters = [b"\n--" + boundary_of(each) for each in types]
    cut = [mail for mail, each in zip(MAILS, delimiters, strict=True) if _between_usual(mail, 0, len(mail), each)]
    assert len(cut) > 50
