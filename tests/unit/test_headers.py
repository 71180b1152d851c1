"""Header blocks, as they should be and as they come."""

import pytest

from bouncesink.core.headers import Headers, with_lf

BLOCK = (
    b"Received: from a.example\r\n"
    b"\tby b.example;\r\n"
    b"  Mon, 1 Jan 2024 00:00:00 +0000\r\n"
    b"Received: from c.example\r\n"
    b"Subject: =?utf-8?q?gr=C3=B6=C3=9Fer?=\r\n"
    b"SUBJECT: second\r\n"
    b"To : blank@example.com\r\n"
    b"X-Empty:\r\n"
)


def test_the_first_of_a_name_is_its_value() -> None:
    headers = Headers(BLOCK)
    assert dict(headers) == {
        "received": "from a.example by b.example; Mon, 1 Jan 2024 00:00:00 +0000",
        "subject": "größer",
        "to": "blank@example.com",
        "x-empty": "",
    }
    assert len(headers) == 4
    assert headers.get("cc") is None
    assert headers.value("cc") == ""
    assert headers["subject"] == headers.value("subject") == "größer"
    with pytest.raises(KeyError):
        headers["cc"]
    assert not headers.bad_lines


def test_every_value_and_every_field_in_order() -> None:
    headers = Headers(BLOCK)
    assert headers.all("received") == ("from a.example by b.example; Mon, 1 Jan 2024 00:00:00 +0000", "from c.example")
    assert headers.all("cc") == ()
    assert [name for name, _ in headers.fields] == ["received", "received", "subject", "subject", "to", "x-empty"]
    assert headers.raw("received") == b"from a.example\n by b.example;\n  Mon, 1 Jan 2024 00:00:00 +0000"
    assert headers.raw("cc") is None


def test_the_block_is_read_at_the_first_question_whatever_it_is() -> None:
    assert len(Headers(BLOCK)) == 4
    assert list(Headers(BLOCK)) == ["received", "subject", "to", "x-empty"]
    assert "subject" in Headers(BLOCK)
    assert Headers(BLOCK).bad_lines is False
    assert repr(Headers(b"A: b")) == "Headers({'a': 'b'})"
    assert Headers(BLOCK) == Headers(BLOCK.replace(b"\r\n", b"\n"))


@pytest.mark.parametrize(
    ("block", "fields", "bad"),
    [
        (b"", {}, False),
        (b"a: b\nno field\nc: d", {"a": "b", "c": "d"}, True),
        (b"a: b\nwith blanks: no\nc: d", {"a": "b", "c": "d"}, True),
        (b"a: b\ntab\there: no", {"a": "b"}, True),
        ("a: b\nnäme: no".encode(), {"a": "b"}, True),
        (b"a: b\n: nameless", {"a": "b"}, True),
        (b"a: b\n \nc: d", {"a": "b", "c": "d"}, False),
        (b"a: b\r\r\nc: d\re: f", {"a": "b", "c": "d", "e": "f"}, False),
        (b" begins: folded\na: b", {"a": "b"}, True),
        (b"\n\na: b\n", {"a": "b"}, False),
        (b"A\t: b\na: c", {"a": "b"}, False),
        (b"a: \x01b\x01", {"a": "b"}, False),
    ],
)
def test_damaged_blocks(block: bytes, fields: dict[str, str], bad: bool) -> None:
    headers = Headers(block)
    assert dict(headers) == fields
    assert headers.bad_lines is bad
    assert dict(headers.fields).keys() == fields.keys()


@pytest.mark.parametrize(
    ("octets", "lines"), [(b"a\r\nb", b"a\nb"), (b"a\r\r\nb", b"a\nb"), (b"a\rb", b"a\nb"), (b"a\nb", b"a\nb"), (b"", b"")]
)
def test_line_ends(octets: bytes, lines: bytes) -> None:
    assert with_lf(octets) == lines
