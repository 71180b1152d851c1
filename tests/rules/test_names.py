"""The words of names decide nothing: whatever a host, a mailbox or a page is called, an answer says what it says without it.

Every word that any rule looks for, or steps aside for, stands here in the name of a host, in a local part and in a URL, and the
verdict is that of the same answer with names that are nobody's words.
"""

import pytest
from judged_answers import BOOK, verdict_of

from bouncesink.core.verdict import Disposition, Reason

# Rules with ``names`` look into names on purpose, and these words are theirs too.
ON_PURPOSE = {"spamhaus"}
WORDS = sorted(
    {
        word.replace(" ", "-")
        for rule in BOOK.rules
        if not rule.names
        for word in (*rule.literals, *rule.unless)
        if word.isascii() and word.replace(" ", "").isalpha()
    }
    - ON_PURPOSE
)
ANSWERS = {
    "550 5.7.1 {word}.example.org refused": Reason.POLICY_UNSPECIFIED,
    "550 5.1.1 mx.{word}.example.org: user unknown": Reason.MAILBOX_UNKNOWN,
    "550 5.1.1 <{word}@example.org>: User unknown": Reason.MAILBOX_UNKNOWN,
    "550 5.1.1 <user@{word}7.example>: User unknown": Reason.MAILBOX_UNKNOWN,
    "452 4.2.2 <no-{word}@example.org>: mailbox full": Reason.MAILBOX_FULL,
    "550 5.1.1 user unknown, see https://example.org/{word}?x=1": Reason.MAILBOX_UNKNOWN,
    "550 5.7.1 554 delivery to {word}@{word}.example.org failed": Reason.POLICY_UNSPECIFIED,
}


def test_there_are_words():
    assert len(WORDS) > 3000
    assert {"antispam", "mailbox-full", "user-unknown", "spam", "sender", "temporar"} <= set(WORDS)


@pytest.mark.parametrize(("answer", "reason"), ANSWERS.items())
def test_the_words_of_names_decide_nothing(answer, reason):
    plain = verdict_of(answer.format(word="mx5"))
    assert plain.reason is reason
    for word in WORDS:
        text = answer.format(word=word)
        said = verdict_of(text)
        assert (said.reason, said.disposition, said.rule) == (plain.reason, plain.disposition, plain.rule), text
        assert said.evidence.alternatives == plain.evidence.alternatives, text


# Words that do say it, though a name is near.
SAID = [
    ("554 5.7.1 rejected as spam by antispam.example.org", Reason.SPAM_CONTENT),
    ("554 5.7.1 antispam.example.org: antispam rule 7", Reason.SPAM_CONTENT),
    ("550 unknown.example.org says user unknown.", Reason.MAILBOX_UNKNOWN),
    ("550 User unknown.Please check", Reason.MAILBOX_UNKNOWN),
    ("550 (err.nosuchuser)", Reason.MAILBOX_UNKNOWN),
    ("550 5.1.1 rejected, 192.0.2.1 is listed at zen.spamhaus.org", Reason.IP_BLOCKLISTED),
    ("552 5.2.2 https://support.google.com/mail/?p=OverQuotaPerm - gsmtp", Reason.MAILBOX_INACTIVE),
]


@pytest.mark.parametrize(("text", "reason"), SAID)
def test_words_beside_a_name_decide(text, reason):
    assert verdict_of(text).reason is reason


def test_a_dead_address_of_a_telling_name_is_dead():
    for name in ("spam@example.com", "mailbox-full@example.com", "user@antispam.example.com", "user@dead-letter.example"):
        assert verdict_of(f"550 5.1.1 <{name}>: User unknown").disposition is Disposition.SUPPRESS
