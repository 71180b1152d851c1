"""Words that are written without their marks, and rules that know them with."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.core.letters import bare, spellings
from bouncesink.core.report import Place
from bouncesink.core.rule import Observation
from bouncesink.core.verdict import Reason
from bouncesink.rulefiles import load_rulebook

BOOK = load_rulebook(None)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("boîte pleine", "boite pleine"),
        ("größer", "großer"),
        ("meddelandet är för stort", "meddelandet ar for stort"),
        ("wiadomość zbyt duża, źle łączy", "wiadomosc zbyt duza, zle laczy"),
        ("πολύ μεγάλο", "πολυ μεγαλο"),
        ("ящик удалён, неактивный", "ящик удален, неактивный"),
        ("người dùng không tồn tại", "nguoi dung khong ton tai"),
        ("メールが見つかりません", "メールが見つかりません"),
        ("한국어", "한국어"),
        ("plain", "plain"),
    ],
)
def test_bare(text: str, plain: str) -> None:
    assert bare(text) == plain


@given(st.text())
def test_bare_letters_are_as_many(text: str) -> None:
    assert len(bare(text)) == len(text)
    assert bare(bare(text)) == bare(text)


@pytest.mark.parametrize(
    ("words", "spelled"),
    [
        ("user unknown", ("user unknown",)),
        ("empfänger unbekannt", ("empfanger unbekannt", "empfaenger unbekannt")),
        ("zu groß", ("zu groß", "zu gross")),
        ("größe der", ("große der", "grosse der", "groesse der")),
        ("nøgle", ("nogle", "noegle")),
    ],
)
def test_spellings(words: str, spelled: tuple[str, ...]) -> None:
    assert spellings(words) == spelled


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("550 Utilisateur non trouve", Reason.MAILBOX_UNKNOWN),
        ("552 Boîte aux lettres pleine", Reason.MAILBOX_FULL),
        ("550 Empfaenger ist nicht bekannt", Reason.MAILBOX_UNKNOWN),
        ("552 Postfach ueberfuellt", Reason.MAILBOX_FULL),
        ("550 Uzivatel neexistuje", Reason.MAILBOX_UNKNOWN),
        ("552 Το γραμματοκιβωτιο ειναι γεματο", Reason.MAILBOX_FULL),
        (unicodedata.normalize("NFD", "552 Hộp thư đã đầy"), Reason.MAILBOX_FULL),
    ],
)
def test_a_rule_knows_its_words_without_their_marks(text: str, reason: Reason) -> None:
    match = BOOK.search(Observation(texts=((Place.DIAGNOSTIC, text),), reply_code=550))
    assert match is not None
    assert match.rule.reason is reason
