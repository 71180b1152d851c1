"""The reader of RFC 3464 reports: the words of the answer, which often stand beside the fields and not in them."""

import pytest
from delivery_reports import FIELDS, only, report

from bouncesink.core.defect import Defect
from bouncesink.core.reading import read
from bouncesink.core.report import Kind, Place

WORDS = [
    ("<user@example.com>: host mx said: 550 5.1.1 no such user", "550 5.1.1 no such user", 550, Place.DIAGNOSTIC),
    ("user@example.com\n    mailbox is full", "mailbox is full", None, Place.PROSE),
    ("Transcript:\n>>> RCPT To:<alias@example.com>\n<<< 550 5.1.1 no\n", "550 5.1.1 no", 550, Place.TRANSCRIPT),
    ("It failed.", "", None, Place.STATUS),
]


@pytest.mark.parametrize(("text", "diagnostic", "code", "place"), WORDS)
def test_words_that_the_fields_do_not_have_are_taken_from_the_text(
    text: str, diagnostic: str, code: int | None, place: Place
) -> None:
    fields = "Final-Recipient: rfc822; user@example.com\nAction: failed\nStatus: 5.0.0\n"
    one = only(report(fields, text=text))[1]
    assert (one.diagnostic, one.reply_code, one.place) == (diagnostic, code, place)


SEVERAL = "Final-Recipient: rfc822; full@example.com\nAction: failed\nStatus: 5.0.0\n\n"
SEVERAL += "Final-Recipient: rfc822; nobody@example.com\nAction: failed\nStatus: 5.0.0\n"


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("full@example.com: 552 5.2.2 Full\nnobody@example.com: 550 5.1.1 Unknown\n", ["552 5.2.2 Full", "550 5.1.1 Unknown"]),
        ("nobody@example.com: 550 5.1.1 Unknown\nfull@example.com: 552 5.2.2 Full\n", ["552 5.2.2 Full", "550 5.1.1 Unknown"]),
        ("  <full@example.com>: 552 5.2.2 Full\n  <nobody@example.com>: 550 No\n", ["552 5.2.2 Full", "550 No"]),
        # Further in is what was said of the first, though it names whom that was passed on to.
        ("<full@example.com>: 552 5.2.2\n    <box@example.com>: Full\n", ["552 5.2.2 <box@example.com>: Full", ""]),
        ("full@example.com: 552 5.2.2\nfull@example.com: Full\n", ["552 5.2.2 full@example.com: Full", ""]),
        ("full@example.com: 552 5.2.2\n<Full>: quota\n", ["552 5.2.2 <Full>: quota", ""]),
    ],
)
def test_what_the_text_says_of_the_next_recipient_is_not_said_of_this_one(text: str, answers: list[str]) -> None:
    assert [each.diagnostic for each in read(report(SEVERAL, text=text)).recipients] == answers


def test_an_exit_code_is_kept_where_the_text_says_no_more() -> None:
    fields = "Final-Recipient: rfc822; user@example.com\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: x-unix; 77\n"
    fields += "\nFinal-Recipient: rfc822; two@example.com\nAction: failed\nStatus: 5.0.0\n"
    found = read(report(fields, text="It failed."))
    assert [(each.diagnostic, each.place) for each in found.recipients] == [("77", Place.DIAGNOSTIC), ("", Place.STATUS)]


def test_a_long_diagnostic_is_cut() -> None:
    fields = (
        f"Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 {'x' * 5000}\n"
    )
    found, one = only(report(fields))
    assert len(one.diagnostic) == 2000
    assert Defect.DIAGNOSTIC_CUT in found.defects


CHALLENGES = [
    "Please confirm that you are a human by clicking the link below.",
    "This is a challenge-response system.",
    "Your message was waitlisted. Please add yourself to my guest list.",
]


@pytest.mark.parametrize("text", CHALLENGES)
def test_a_challenge_may_dress_as_a_report(text: str) -> None:
    fields = "Final-Recipient: rfc822; user@example.com\nAction: failed\nStatus: 5.7.1\n"
    assert read(report(fields, text=text)).kind is Kind.CHALLENGE
    # what a server answered is a bounce, whatever it asks for
    assert read(report(FIELDS, text=text)).kind is Kind.BOUNCE
