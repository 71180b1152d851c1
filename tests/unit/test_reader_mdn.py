"""Disposition notifications: RFC 8098 receipts, and refusals in their form."""

import pytest

from bouncesink.core.defect import Defect
from bouncesink.core.reading import read
from bouncesink.core.report import Action, Kind, Place


def notification(
    disposition: str, *, text: str = "Your mail was displayed.", subject: str = "Read: hello", more: str = ""
) -> bytes:
    return (
        f"From: user@example.com\nSubject: {subject}\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n"
        f"--b\nContent-Type: text/plain\n\n{text}\n"
        "--b\nContent-Type: message/disposition-notification\n\n"
        f"Reporting-UA: mua.example; 1\nFinal-Recipient: rfc822; user@example.com\nOriginal-Message-ID: <1@sender.example>\n"
        f"{disposition}\n{more}--b--\n"
    ).encode()


@pytest.mark.parametrize(
    "disposition",
    [
        "Disposition: manual-action/MDN-sent-manually; displayed",
        "Disposition: automatic-action/MDN-sent-automatically; processed",
        "Disposition: automatic-action/MDN-sent-automatically; deleted",
        "Disposition: manual-action/MDN-sent-manually; deleted",
        "Disposition: displayed",
        "Disposition:",
        "X-None: here",
    ],
)
def test_receipts(disposition: str) -> None:
    found = read(notification(disposition))
    assert (found.kind, found.reader) == (Kind.RECEIPT, "mdn")
    (one,) = found.recipients
    assert (one.final_recipient, one.action, one.diagnostic) == ("user@example.com", None, "")


QUOTES = [
    ("Not read: hello", "Your message\n\n  To: user\n  Subject: It was rejected\n\nwas deleted without being read."),
    ("Not read: It was rejected", "It was deleted unread."),
    ("Message deleted", 'The message with the subject "Your card was refused" was deleted unseen.'),
    ("Message deleted", "The message \u201cYour card was refused\u201d was deleted unseen."),
]


def test_who_denies_a_receipt_by_hand_refuses_no_mail() -> None:
    found = read(notification("Disposition: manual-action/MDN-sent-manually; denied", text="The recipient denied a receipt."))
    assert (found.kind, found.recipients[0].action) == (Kind.RECEIPT, None)


@pytest.mark.parametrize(("subject", "text"), QUOTES)
def test_a_receipt_may_quote_a_mail_that_speaks_of_refusing(subject: str, text: str) -> None:
    found = read(notification("Disposition: automatic-action/MDN-sent-automatically; deleted", subject=subject, text=text))
    assert (found.kind, found.recipients[0].action) == (Kind.RECEIPT, None)


REFUSALS = [
    (notification("Disposition: automatic-action/MDN-sent-automatically; failed", text="Out of space."), "Out of space."),
    (notification("Disposition: automatic-action/MDN-sent-automatically; denied", text="No."), "No."),
    (
        notification(
            "Disposition: automatic-action/MDN-sent-automatically; deleted",
            text="Your mail was automatically rejected:\nI know you not.",
        ),
        "Your mail was automatically rejected: I know you not.",
    ),
    (
        notification(
            "Disposition: automatic-action/MDN-sent-automatically; deleted",
            text="Go away.",
            subject="Automatically rejected mail",
        ),
        "Go away.",
    ),
    (
        notification("Disposition: automatic-action/MDN-sent-automatically; failed", more="Failure: 552 5.2.2 full\n"),
        "552 5.2.2 full",
    ),
]


@pytest.mark.parametrize(("content", "words"), REFUSALS)
def test_a_refusal_in_the_form_of_a_receipt_is_a_bounce(content: bytes, words: str) -> None:
    found = read(content)
    assert (found.kind, found.reader) == (Kind.BOUNCE, "mdn")
    (one,) = found.recipients
    assert (one.final_recipient, one.action, one.diagnostic, one.place) == (
        "user@example.com",
        Action.FAILED,
        words,
        Place.PROSE,
    )


def test_a_receipt_that_names_nobody() -> None:
    found = read(notification("Disposition: displayed").replace(b"Final-Recipient", b"X-Recipient"))
    assert (found.kind, found.recipients[0].final_recipient) == (Kind.RECEIPT, None)
    assert found.defects == (Defect.RECIPIENT_MISSING,)
