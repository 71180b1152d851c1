"""Content-Type values: RFC 2045, RFC 2231, and what senders make of them."""

import pytest

from bouncesink.core.parameters import boundary_of, media_type, parse_parameters

TYPES = [
    (b"text/plain", "text/plain"),
    (b"Text/PLAIN; charset=utf-8", "text/plain"),
    (b' "text/plain"', "text/plain"),
    (b"text / plain", "text/plain"),
    (b"text", ""),
    (b"text/", ""),
    (b"", ""),
    (b"; charset=utf-8", ""),
    (b"multipart/mixed;\n\tboundary=x", "multipart/mixed"),
    (b"text/" + b"x" * 300, "text/" + "x" * 300),
]


@pytest.mark.parametrize(("value", "expected"), TYPES)
def test_media_type(value: bytes, expected: str) -> None:
    assert media_type(value) == expected


PARAMETERS = [
    (b"text/plain", {}),
    (b"text/plain; charset=utf-8", {"charset": "utf-8"}),
    (b"text/plain; CHARSET = utf-8 ; format=flowed", {"charset": "utf-8", "format": "flowed"}),
    (b'text/plain; name="a;b \\"c\\""', {"name": 'a;b "c"'}),
    (b'text/plain; name="unclosed', {"name": "unclosed"}),
    (b"text/plain; charset=us-ascii (a comment)", {"charset": "us-ascii"}),
    (b"text/plain;; ;charset=utf-8;", {"charset": "utf-8"}),
    (b"text/plain; charset=a; charset=b", {"charset": "a"}),
    (b"text/plain; name=a b", {"name": "a b"}),
    (b'text/plain; name="a\n b"', {"name": "ab"}),
    (b"text/plain; name*=utf-8''gr%C3%B6%C3%9Fer", {"name": "größer"}),
    (b"text/plain; name*=gr%C3%B6", {"name": "grö"}),
    (b"text/plain; name*0=one; name*1=two", {"name": "onetwo"}),
    (b"text/plain; name*1=two; name*0*=iso-8859-1'de'%F6; a=b", {"name": "ötwo", "a": "b"}),
    (b"text/plain; name*0*=utf-8''a; name*1*=b'c'd", {"name": "ab'c'd"}),
    ("text/plain; name=größer".encode(), {"name": "größer"}),
    (b"text/plain; charset", {}),
    (b"text/plain; name=" + b"x" * 300, {"name": "x" * 300}),
]


@pytest.mark.parametrize(("value", "expected"), PARAMETERS)
def test_parameters(value: bytes, expected: dict[str, str]) -> None:
    assert parse_parameters(value) == expected


BOUNDARIES = [
    (b"multipart/mixed; boundary=abc", b"abc"),
    (b'multipart/mixed;\n\tboundary="a b=c:d/e"', b"a b=c:d/e"),
    (b'multipart/mixed; report-type=x; BOUNDARY="abc"; a=b', b"abc"),
    (b"multipart/mixed; boundary=a=b; x=y", b"a=b"),
    (b'multipart/mixed; boundary="abc  "', b"abc"),
    (b"multipart/mixed; boundary = abc", b"abc"),
    (b'multipart/mixed; boundary="a\\"b"', b'a"b'),
    (b"multipart/mixed; boundary*0=ab; boundary*1=cd", b"abcd"),
    (b'multipart/mixed; boundary="a\n b"', b"ab"),
    (b"multipart/mixed; x=y", b""),
    (b"multipart/mixed", b""),
    (b"multipart/mixed; boundary=" + b"x" * 28_000, b"x" * 28_000),
]


@pytest.mark.parametrize(("value", "expected"), BOUNDARIES)
def test_boundary(value: bytes, expected: bytes) -> None:
    assert boundary_of(value) == expected
