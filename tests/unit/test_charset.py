"""Charsets: the declared one, then what the octets look like, and text whatever happens."""

from base64 import b64encode
from itertools import product

import pytest

from bouncesink.core.charset import _ESCAPED, decode_header, decode_text
from bouncesink.core.defect import Defect
from bouncesink.core.octets import ESC

JAPANESE = "配信できませんでした"
GERMAN = "Ihre Nachricht konnte nicht zugestellt werden: Empfänger unbekannt, Postfach überfüllt, Größe überschritten. "
RUSSIAN = "Сообщение не может быть доставлено следующим получателям, потому что почтовый ящик не существует. "

DECLARED = [
    (b"plain", "us-ascii", "plain"),
    (b"plain", "", "plain"),
    (b"plain", "ANSI_X3.4-1968", "plain"),
    ("größer".encode(), "utf-8", "größer"),
    ("größer".encode(), "UTF8", "größer"),
    ("größer".encode("latin-1"), "iso-8859-1", "größer"),
    ("größer".encode("latin-1"), " 'ISO-8859-15' ", "größer"),
    (b"\x93quoted\x94", "iso-8859-1", "“quoted”"),
    ("ąčę".encode("iso8859_13"), "iso-8859-13", "ąčę"),
    ("ąčę".encode("cp1257"), "windows-1257", "ąčę"),
    (RUSSIAN.encode("koi8_r"), "KOI8-R", RUSSIAN),
    (RUSSIAN.encode("cp1251"), "windows-1251", RUSSIAN),
    (JAPANESE.encode("iso2022_jp"), "iso-2022-jp", JAPANESE),
    (JAPANESE.encode("cp932"), "Shift_JIS", JAPANESE),
    (JAPANESE.encode("cp932"), "x-sjis", JAPANESE),
    (JAPANESE.encode("euc_jp"), "euc-jp", JAPANESE),
    ("邮件无法投递".encode("gb18030"), "gb2312", "邮件无法投递"),
    ("邮件无法投递".encode("gb18030"), "gbk", "邮件无法投递"),
    ("전송 실패".encode("cp949"), "ks_c_5601-1987", "전송 실패"),
    ("Größe".encode("utf-7"), "unicode-1-1-utf-7", "Größe"),
    (b"+AGEAYg-", "utf-7", "ab"),
]


@pytest.mark.parametrize("codec", sorted(_ESCAPED))
def test_without_an_escape_japanese_is_ascii(codec: str) -> None:
    """Why such text is not handed to its codec: every octet means what it does in ASCII, whatever stands before it."""
    octets = [octet for octet in range(128) if octet != ESC]
    pairs = bytes(octet for pair in product(octets, octets) for octet in pair)
    assert pairs.decode(codec) == pairs.decode("ascii")
    assert decode_text(pairs, codec) == (pairs.decode("ascii"), ())


@pytest.mark.parametrize(("octets", "charset", "text"), DECLARED)
def test_declared_charset_is_believed(octets: bytes, charset: str, text: str) -> None:
    assert decode_text(octets, charset) == (text, ())


UNDECLARED = [
    ("größer".encode(), "", "größer", ()),
    ("größer".encode(), "us-ascii", "größer", (Defect.UNDECODABLE_TEXT,)),
    (JAPANESE.encode("iso2022_jp"), "", JAPANESE, ()),
    (JAPANESE.encode("iso2022_jp"), "us-ascii", JAPANESE, ()),
    (JAPANESE.encode("iso2022_jp"), "utf-8", JAPANESE, ()),
    ("전송".encode("iso2022_kr"), "", "전송", ()),
    (b"\x1b[1mbold\x1b[0m", "us-ascii", "\x1b[1mbold\x1b[0m", ()),
    ("größer".encode("cp1252"), "", "größer", (Defect.UNDECODABLE_TEXT,)),
    ("größer".encode("cp1252"), "x-nobody-knows", "größer", (Defect.UNKNOWN_CHARSET,)),
    (b"plain", "x-nobody-knows", "plain", (Defect.UNKNOWN_CHARSET,)),
    (b"plain", "x-unknown", "plain", ()),
    (b"\x81\x8d", "", "��", (Defect.UNDECODABLE_TEXT,)),
    # What is broken in a charset of several octets a character is still best read as that.
    ("für größere Öfen".encode("cp1252"), "utf-8", "für größere Öfen", (Defect.UNDECODABLE_TEXT,)),
    ("größere Öfen für".encode() + b"\xc3", "utf-8", "größere Öfen für�", (Defect.UNDECODABLE_TEXT,)),
    (JAPANESE.encode("cp932") + b"\x81", "shift_jis", JAPANESE + "�", (Defect.UNDECODABLE_TEXT,)),
]


@pytest.mark.parametrize(("octets", "charset", "text", "defects"), UNDECLARED)
def test_undeclared_or_wrongly_declared_text(octets: bytes, charset: str, text: str, defects: tuple[Defect, ...]) -> None:
    assert decode_text(octets, charset) == (text, defects)


@pytest.mark.parametrize("text", [RUSSIAN * 4, GERMAN * 4])
def test_long_undeclared_text_is_guessed(text: str) -> None:
    octets = text.encode("cp1251" if text.startswith("С") else "cp1252")
    assert decode_text(octets, "") == (text, (Defect.UNDECODABLE_TEXT,))


def test_what_no_statistics_can_guess_is_windows_1252() -> None:
    text, defects = decode_text(bytes([0x81, 0x8D, 0x00, 0xFF]) * 100, "")
    assert len(text) == 400
    assert Defect.UNDECODABLE_TEXT in defects


@pytest.mark.parametrize(
    "charset", ["idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "base64", "zip", "rot13", "mbcs"]
)
def test_codecs_that_are_no_charsets_are_unknown(charset: str) -> None:
    """Some are quadratic, some turn text into other octets: none may be named by a stranger."""
    assert decode_text(b"a" * 100, charset) == ("a" * 100, (Defect.UNKNOWN_CHARSET,))


HEADERS = [
    (b"plain", "plain"),
    (b"  folded\n\tvalue \n here ", "folded value here"),
    (b"=?utf-8?q?gr=C3=B6=C3=9Fer?=", "größer"),
    (b"=?UTF-8?B?Z3LDtsOfZXI=?=", "größer"),
    (b"=?utf-8?q?one_?= =?utf-8?q?two?=", "one two"),
    (b"=?utf-8?q?one?=\n =?utf-8?q?two?=", "onetwo"),
    (b"a =?utf-8?q?b?= c", "a b c"),
    (b"=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"),
    (b"=?utf-8?q?a?= =?iso-8859-1?q?=E4?=", "aä"),
    # RFC 2047 section 5 forbids splitting a character between words; mail systems do it.
    (b"=?utf-8?b?w7Y=?= =?utf-8?b?ww==?= =?utf-8?b?nw==?=", "öß"),
    (b"=?utf-8*en?q?tagged?=", "tagged"),
    (b"=?utf-8?q?with blanks inside?=", "with blanks inside"),
    (b"=?iso-2022-jp?b?" + b64encode(JAPANESE.encode("iso2022_jp")) + b"?=", JAPANESE),
    (b"=?utf-8?b?no base64 at all!?=", "no base64 at all!"),
    (b"=?utf-8?b?YQ?=", "a"),
    (b"=?utf-8?b?A?=", "A"),
    (b"=?unclosed", "=?unclosed"),
    (b"=?utf-8?x?what?=", "=?utf-8?x?what?="),
    ("größer".encode(), "größer"),
    ("größer".encode("latin-1"), "größer"),
    (JAPANESE.encode("iso2022_jp"), JAPANESE),
    (b"", ""),
]


@pytest.mark.parametrize(("raw", "text"), HEADERS)
def test_header_values(raw: bytes, text: str) -> None:
    assert decode_header(raw) == text


def test_a_header_is_cut() -> None:
    assert len(decode_header(b"a" * 100_000)) == 16_384
    assert len(decode_header(b"=?utf-8?q?a?= " * 10_000)) < 16_384
