"""What an answer says beside the words of a rule, and the sentence of a letter that it stands in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.core.problems import Table
from bouncesink.core.remainder import Plain, read_plain, sentence_of

WORDS = """
recipient address rejected is not here any more please check the server's 存在しない ユーザー ผู้ใช้ couldn see at
"""
PLAIN = Plain((*WORDS.split(), "bendi*"), ("returned to sender",))


@pytest.mark.parametrize(
    ("text", "said", "odd"),
    [
        ("550 5.1.1 <user@example.com>: Recipient address rejected: User unknown", "User unknown", ""),
        ("550 5.1.1 User unknown; licence expired", "User unknown", "licence"),
        ("550 5.1.1 User unknown", "user unknown", ""),
        # A rule may know a word by its beginning, and where nothing was said all words count.
        ("550 recipients suspendeded here", "recipients suspend", ""),
        ("550 recipient", "", ""),
        ("", "", ""),
        ("550 nobody", "", "nobody"),
        ("550 elsewhere", "user unknown", "elsewhere"),
        # Codes, addresses, hosts, versions, URLs, ids and fields of names are nobody's words.
        ("550 5.1.1 unknown at mx.example.net see https://example.net/why?a=b [a1b2c3] (v1.2) cn=nobody", "unknown", ""),
        ("unknown.elsewhere nobody.elsewhere", "unknown", "elsewhere"),
        ("unknown 550/551 5.1.1-x", "unknown", ""),
        # A single word in quotes is a name, several are words; names are those of the case.
        ("user 'bob' unknown <carol> \"dave\", (erin)", "user", "unknown"),
        ("'bob' <carol> \"dave\", (erin)", "", ""),
        ('"bob elsewhere"', "", "bob"),
        ("nobody rejected", "rejected", "nobody"),
        ("reader rejected", "rejected", ""),
        ("reader-1 reader/desk rejected", "rejected", "desk"),
        # Parts of words, short ones, upper case, punctuation.
        ("couldn't (couldn't) the server's", "", ""),
        ("NOT HERE! -- ANY MORE...", "", ""),
        ("nowhere!", "", "nowhere"),
        ("a is b", "", ""),
        # Words with any ending, and words that are plain together.
        ("here bending Bendi* bend", "", "bend"),
        ("here, returned to sender. Please", "", ""),
        ("returned to sender oddly", "", "oddly"),
        ("returned here", "", "returned"),
        # Where no blanks stand between words.
        ("ユーザーは存在しないです", "", ""),
        ("ユーザーは存在しない、接続不可", "存在しない", "接続不可"),
        ("接続存在しない不可", "存在しない", "接続"),
        ("接", "", ""),
        ("ผู้ใช้", "", ""),
    ],
)
def test_what_is_beside(text, said, odd):
    assert PLAIN.beside(text, said, frozenset({"reader"})) == odd


def test_without_words_without_blanks_all_letters_count():
    assert Plain(["here"]).beside("here 存在", "") == "存在"


@given(st.text(), st.text(), st.frozensets(st.text(max_size=5), max_size=3))
def test_any_text_is_looked_at(text, said, names):
    assert isinstance(PLAIN.beside(text, said, names), str)
    assert isinstance(sentence_of(text, said), str)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("user unknown", "user unknown"),
        ("Sorry. There is a user unknown here. Bye.", "There is a user unknown here"),
        ("Reason: user unknown! Bye.", "user unknown"),
        ("One\n\nno user unknown,\nso far\n\nTwo", "no user unknown,\nso far"),
        ("One. USER\n  UNKNOWN there", "USER UNKNOWN there"),
        ('Your "News: all of it." to him: not so. "News" says user unknown', " says user unknown"),
        ("„Neues. Altes“ und user unknown", "und user unknown"),
        ("«Un. Deux» et user unknown.", "et user unknown"),
        ("---- user unknown ---- more", "user unknown"),
        ("一。user unknown。二", "user unknown"),
        ("at mx.example.net user unknown.x y", "at mx.example.net user unknown.x y"),
        ("nothing", ""),
        ("", ""),
    ],
)
def test_the_sentence_of_a_letter(text, sentence):
    assert sentence_of(text, "user unknown").strip() == sentence.strip()


def test_a_sentence_may_end_with_what_was_said():
    assert sentence_of("x user gone. More words", "user gone.").strip() == "x user gone"


def test_a_table_of_words():
    table = Table("own.toml", {"words": " One\n two  ", "wrods": ""})
    assert read_plain(table, "own.toml") == (("one", "two"), ())
    assert table.problems == ["own.toml: plain: unknown key 'wrods', did you mean 'words'?"]
    table = Table("own.toml", {"phrases": ["One  two", "three"]})
    assert read_plain(table, "own.toml") == ((), ("one two", "three"))
    assert table.problems == []
    table = Table("own.toml", {})
    assert read_plain(table, "own.toml") == ((), ())
    assert table.problems == ["own.toml: plain: words is missing"]
    table = Table("own.toml", {"words": "bend* ben* ben"})
    assert read_plain(table, "own.toml") == (("bend*", "ben*", "ben"), ())
    assert table.problems == ["own.toml: plain: words: 'ben*' is too short: 4 letters or more before the *"]
