"""Drafts of rules for unknown texts: they hold as they stand, and never take what the book explains better."""

import tomllib

import pytest
from every_reason import REASONS

from bouncesink.core.draft import LITERAL_LIMIT, as_toml, drafts, quoted
from bouncesink.core.proof import prove
from bouncesink.core.rulebook import compile_rulebook
from bouncesink.core.unknowns import Unknown, cluster
from bouncesink.core.verdict import Reason

KNOWN = {
    "known.toml": {
        "source": "RFC 5321",
        "rule": [
            {
                "id": "known/listed",
                "reason": "ip_blocklisted",
                "literal": "is on our list of bad hosts",
                "examples": ["554 rejected for policy reasons: 192.0.2.1 is on our list of bad hosts"],
            },
            {"id": "known/policy", "reason": "policy_unspecified", "literal": "denied by us", "examples": ["554 denied by us"]},
            {"id": "local/go-away-now-please", "reason": "virus", "literal": "virus found", "examples": ["554 virus found"]},
        ],
    }
}
BOOK = compile_rulebook(REASONS, KNOWN)


def drafted(*texts: str, names: tuple[str, ...] = ()) -> list:
    unknowns = [Unknown(text, str(number), Reason.UNDETERMINED, "mx.example.com", names) for number, text in enumerate(texts)]
    return list(drafts(cluster(unknowns), BOOK))


def loaded(*texts: str):
    """The drafts as an operator would have them: a file in front of the book, every example proved."""
    text = "\n\n".join(map(as_toml, drafted(*texts)))
    files = {"mine.toml": tomllib.loads(text), **KNOWN}
    book = compile_rulebook(REASONS, files)
    assert prove(book, {"mine.toml"}) == ()
    return [rule for rule in book.rules if rule.file == "mine.toml"]


@pytest.mark.parametrize(
    ("text", "literal", "identifier", "example"),
    [
        ("550 5.7.1 Go away now", "go away now", "local/go-away-now", "550 5.7.1 Go away now"),
        (
            "550 <bob@receiver.example> (mx1.receiver.example[198.51.100.7]) Sent too much since 10:00, id a1-b2c3d4",
            "sent too much since",
            "local/sent-too-much-since",
            "550 <user@example.com> (mx.example.net[192.0.2.1]) Sent too much since 2 Feb 2026 10:00:00 +0000, id a1b2c3d4",
        ),
        (
            "550 Try https://receiver.example/x",
            "",
            "local/try",
            "550 Try https://mx.example.net/x",
        ),
        (
            "550 see more at https://receiver.example/x",
            "see more at",
            "local/see-more-at",
            "550 see more at https://mx.example.net/x",
        ),
        ("550 受信が拒否されました", "受信が拒否されました", "local/unknown", "550 受信が拒否されました"),
        ("554 denied by us", "denied by us", "local/denied-by-us", "554 denied by us"),
        (
            "550 rejected for policy reasons: 77 words per minute",
            "words per minute",
            "local/words-per-minute",
            "550 rejected for policy reasons: 12 words per minute",
        ),
        ('550 "quoted" \\ and\x9bso on', '"quoted" \\ and\x9bso on', "local/quoted-and-so-on", '550 "quoted" \\ and\x9bso on'),
        ("550 go away now please", "go away now please", "local/go-away-now-please-2", "550 go away now please"),
    ],
)
def test_a_draft_holds_as_it_stands(text, literal, identifier, example):
    (draft,) = drafted(text)
    assert (draft.id, draft.example) == (identifier, example)
    rules = loaded(text)
    if not literal:
        assert draft.objection.startswith("no words")
        assert rules == []
        return
    assert (draft.literal, draft.objection) == (literal.strip('"'), "")
    (rule,) = rules
    assert (rule.id, rule.reason) == (identifier, Reason.UNDETERMINED)


def test_words_that_other_rules_explain_are_left_to_a_person():
    (draft,) = drafted("554 rejected for policy reasons")
    assert draft.objection.startswith("these words stand in answers that other rules explain")
    assert loaded("554 rejected for policy reasons") == []
    assert "# literal = " in as_toml(draft)


@pytest.mark.parametrize("text", ["550", "550 5.7.1 <bob@receiver.example>", "", "550 no", "12 34"])
def test_where_nothing_is_fixed_there_is_no_rule(text):
    (draft,) = drafted(text)
    assert draft.objection
    assert tomllib.loads(as_toml(draft)) == {}


def test_words_within_a_name_make_no_rule():
    """A rule would not find them there (docs/reference/rules.md)."""
    (draft,) = drafts(cluster([Unknown("://0A:::::AG", "1", Reason.UNDETERMINED)]), BOOK)
    assert "no words" in draft.objection


def test_a_long_run_is_cut_after_a_word():
    (draft,) = drafted("550 " + "these words are always said in this order " * 5)
    assert len(draft.literal) <= LITERAL_LIMIT
    assert draft.literal.endswith("said in this")
    assert len(drafted("550 " + "x" * 300)[0].literal) == LITERAL_LIMIT


def test_what_an_earlier_draft_explains_has_none_of_its_own():
    texts = (
        "550 the door is shut, bob",
        "550 the door is shut, bob",
        "550 alas: the door is shut, bob, and locked",
        "550 no entry at all",
    )
    found = drafted(*texts)
    assert [draft.literal for draft in found] == ["the door is shut, bob", "no entry at all"]
    assert len(loaded(*texts)) == 2


def test_a_longer_one_that_comes_first_does_not_swallow_a_shorter_one():
    texts = ("550 alas: the door is shut", "550 alas: the door is shut", "550 the door is shut")
    assert len(loaded(*texts)) == 2


def test_the_comment_says_where_to_look():
    text = as_toml(drafted(*["550 go away now"] * 3)[0])
    assert text.startswith("# 3 mails, such as 0, 1, 2, from mx.example.com\n[[rule]]\n")
    unknown = Unknown("550 go away now", "a\nb\x1b.eml", Reason.POLICY_UNSPECIFIED)
    (draft,) = drafts(cluster([unknown]), BOOK)
    assert as_toml(draft).startswith("# 1 mail, such as a?b?.eml\n")
    assert tomllib.loads(as_toml(draft))["rule"][0]["reason"] == "policy_unspecified"


@pytest.mark.parametrize("text", ["", 'a"b\\c', "a\tb\nc\x00\x7f\x9b", "ü\u2028\u200b", "\U0001f600\U000e0001"])
def test_quoted_is_a_toml_string_that_no_terminal_obeys(text):
    assert tomllib.loads(f"x = {quoted(text)}") == {"x": text}
    assert quoted(text).isprintable()


def test_what_is_no_character_cannot_be_quoted():
    assert tomllib.loads(f"x = {quoted('a' + chr(0xDC80))}") == {"x": "a\ufffd"}
