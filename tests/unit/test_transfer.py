"""Transfer encodings: RFC 2045 section 6, and what gateways leave of them."""

from base64 import b64encode, encodebytes

import pytest

from bouncesink.core.defect import Defect
from bouncesink.core.transfer import decode_transfer, looks_base64

TEXT = b"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; user@example.com\n"
CODED = encodebytes(TEXT)
BAD64, BADQP = (Defect.BAD_BASE64,), (Defect.BAD_QUOTED_PRINTABLE,)

CASES = [
    (TEXT, "", TEXT, ()),
    (TEXT, "7bit", TEXT, ()),
    (TEXT, "8bit", TEXT, ()),
    (TEXT, "binary", TEXT, ()),
    (TEXT, "x-uuencode", TEXT, (Defect.UNKNOWN_TRANSFER_ENCODING,)),
    (CODED, "base64", TEXT, ()),
    (CODED.replace(b"\n", b"\r\n"), "base64", TEXT, ()),
    (b"", "base64", b"", ()),
    (b"YQ==", "base64", b"a", ()),
    (b"YQ", "base64", b"a", BAD64),
    (b"YWJj=" * 5_001, "base64", b"abc" * 5_001, BAD64),
    (b"YWI", "base64", b"ab", BAD64),
    (b"YWJjY", "base64", b"abc", BAD64),
    (b"Y", "base64", b"", BAD64),
    (b"YQ==YQ==", "base64", b"aa", BAD64),
    (b64encode(b"a" * 60) + b"\n-- \nlist", "base64", b"a" * 60 + b"\x96+-", BAD64),
    # What only claims to be base64 is left alone.
    (b"This is no base64, it is words; nobody coded it.", "base64", b"This is no base64, it is words; nobody coded it.", BAD64),
    (b"a =3D b=\nc", "quoted-printable", b"a = bc", ()),
    (b"a =3D b=\r\nc", "quoted-printable", b"a = bc", ()),
    (b"ends=", "quoted-printable", b"ends", ()),
    (b"a = b =ZZ", "quoted-printable", b"a = b =ZZ", BADQP),
]


@pytest.mark.parametrize(("body", "encoding", "expected", "defects"), CASES)
def test_decoding(body: bytes, encoding: str, expected: bytes, defects: tuple[Defect, ...]) -> None:
    assert decode_transfer(body, encoding) == (expected, defects)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (CODED, True),
        (CODED.strip(), True),
        (b64encode(b"x" * 100), True),
        (b"short", False),
        (TEXT, False),
        (b"YWJj\n" * 9 + b"!", False),
    ],
)
def test_what_looks_like_base64(body: bytes, expected: bool) -> None:
    assert looks_base64(body) is expected
