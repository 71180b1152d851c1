"""8-bit octets that nobody has named a charset for, or that were declared Latin and are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.core.alphabet import alphabet
from bouncesink.core.charset import decode_header, decode_text

RUSSIAN = "550 5.1.1 <nobody@example.org> Пользователь не найден"
TEXTS = [
    ("koi8-r", RUSSIAN),
    ("windows-1251", RUSSIAN),
    ("iso-8859-5", RUSSIAN),
    ("koi8-u", "550 Поштова скринька переповнена"),
    ("iso-8859-7", "550 Άγνωστος παραλήπτης"),
    ("windows-1255", "550 המשתמש אינו קיים"),
    ("windows-1256", "552 صندوق البريد ممتلئ"),
    ("cp874", "550 ไม่พบผู้ใช้ ในระบบ"),
    ("shift_jis", "550 宛先のユーザーが見つかりません"),
    ("euc-jp", "550 宛先のユーザーが見つかりません"),
    ("euc-kr", "550 존재하지 않는 사용자입니다"),
    ("gb2312", "550 收件人邮箱不存在"),
    ("big5", "550 查無此帳號，信件無法送達"),
    ("utf-8", RUSSIAN),
]


@pytest.mark.parametrize(("charset", "text"), TEXTS)
def test_octets_without_a_charset(charset: str, text: str) -> None:
    octets = text.encode(charset)
    assert decode_text(octets)[0] == text
    assert decode_header(octets) == text


@pytest.mark.parametrize(("charset", "text"), TEXTS)
def test_octets_that_were_declared_latin(charset: str, text: str) -> None:
    assert decode_text(text.encode(charset), "iso-8859-1")[0] == text


@pytest.mark.parametrize(
    "text",
    [
        "552 Das Postfach des Empfängers ist überfüllt, größer geht es nicht",
        "550 Boîte aux lettres pleine, déjà à été désactivée",
        "550 – ÄÖÜ – «été»",
        "550 Usuário não encontrado, ação não é possível",
        "plain",
        "",
    ],
)
def test_a_latin_text_is_none_of_them(text: str) -> None:
    assert alphabet(text.encode("cp1252")) == ""
    assert decode_text(text.encode("cp1252"), "iso-8859-1")[0] == text


def test_a_text_that_was_cut_within_a_letter() -> None:
    assert decode_text(RUSSIAN.encode()[:-1])[0] == RUSSIAN[:-1] + "\ufffd"


def test_utf_8_that_was_declared_latin() -> None:
    assert decode_text("Empfänger".encode(), "iso-8859-1")[0] == "Empfänger"


@given(st.binary())
def test_any_octets(data: bytes) -> None:
    codec = alphabet(data)
    assert not codec or data.decode(codec, "replace") is not None
