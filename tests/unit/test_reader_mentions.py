"""Several recipients in one sentence: which it joins, and what is said of each."""

import pytest
from formatted_notices import read, said

from bouncesink.core.readers.mentions import ANY, joined_to, said_of
from bouncesink.core.readers.prose import mine

ANN, JOANN = "ann@example.org", "joann@example.org"

JOINED = [
    (f"> and <{JOANN}>: gone", [JOANN], ">: gone"),
    (f", b@example.org und {JOANN} failed", ["b@example.org", JOANN], " failed"),
    (f"、{JOANN} へ", [JOANN], " へ"),
    (f" because {JOANN} is full", [], f" because {JOANN} is full"),
    ("", [], ""),
]


@pytest.mark.parametrize(("line", "names", "rest"), JOINED)
def test_only_what_joins_joins(line: str, names: list[str], rest: str) -> None:
    assert joined_to(line) == (names, rest)


SAID = [
    ("do not exist.", "do not exist.", "do not exist."),
    (f"The user {JOANN} does not exist.", "", f"The user {JOANN} does not exist."),
    (f"No such user: {JOANN}. The box of {ANN} is full.", f" The box of {ANN} is full.", f"No such user: {JOANN}."),
    (f"{JOANN} is unknown but {ANN} is full", f"{ANN} is full", f"{JOANN} is unknown but "),
    (f"{ANN} is full.\nNo such user: {JOANN}", f"{ANN} is full.", f"\nNo such user: {JOANN}"),
]


@pytest.mark.parametrize(("words", "of_ann", "of_joann"), SAID)
def test_nothing_is_put_down_to_the_other(words: str, of_ann: str, of_joann: str) -> None:
    assert said_of(ANN, [ANN, JOANN], words).strip() == of_ann.strip()
    assert said_of(JOANN, [ANN, JOANN], words).strip() == of_joann.strip()


def test_a_sentence_of_prose_is_about_all_that_it_joins() -> None:
    text = f"could not be delivered to {ANN} and {JOANN}.\nThe user {JOANN} does not exist.\nThe box of {ANN} is full.\n"
    found = {each.address: each.words for each in mine(text, frozenset())}
    assert found.keys() == {ANN, JOANN}
    assert "exist" not in found[ANN]
    assert "exist" in found[JOANN]
    assert "full" not in found[JOANN]


def test_the_mail_systems_own_address_is_not_joined() -> None:
    found = mine(f"could not be delivered to {ANN} and {JOANN}: gone", frozenset({JOANN}))
    assert [each.address for each in found] == [ANN]


LINE = {"recipient": ["(?:{diagnostic}: )?<{recipient}>.{0,80}"]}
FORMATTED = [
    (f"No such user: <{ANN}>, <{JOANN}>", [(ANN, "No such user"), (JOANN, "No such user")]),
    (f"No such user: <{ANN}>, <x@>", [(ANN, "No such user")]),
]


@pytest.mark.parametrize(("line", "expected"), FORMATTED)
def test_a_line_of_a_format_joins_too(line: str, expected: list[tuple[str, str]]) -> None:
    found = [(name, words.strip(" >")) for name, words in said(read(line + "\n", LINE))]
    assert found == expected


def test_words_behind_the_last_are_about_all_and_said_once() -> None:
    found = said(read(f"<{ANN}> and <{JOANN}>: gone\n", {"recipient": ["<{recipient}>(?: {diagnostic})?"]}))
    assert [name for name, _ in found] == [ANN, JOANN]
    assert all(words.count("gone") == 1 for _, words in found)


AMONG_WORDS = [
    ("您发送给nobody@example.cn的邮件被退回。", "nobody@example.cn"),
    ("nobody@example.jp宛のメールは送信できませんでした。", "nobody@example.jp"),
    ("nobody@example.kr님에게 보낸 메일이 반송되었습니다.", "nobody@example.kr"),
    ("ไม่สามารถส่งถึงnobody@example.co.thได้", "nobody@example.co.th"),
    ("・nobody@example.jp", "nobody@example.jp"),
    ("无法投递：用户@例子.广告。", "用户@例子.广告"),
    ("Сообщение для почта@пример.рф не доставлено", "почта@пример.рф"),
    ("Nachricht an müller@exämple.de", "müller@exämple.de"),
    ("to <王wang@example.com>, who is one person", "王wang@example.com"),
]


@pytest.mark.parametrize(("text", "address"), AMONG_WORDS)
def test_an_address_ends_where_the_words_begin(text: str, address: str) -> None:
    assert ANY.findall(text) == [address]
