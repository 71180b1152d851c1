"""Feedback reports: RFC 5965, and loops that are older than it."""

import pytest

from bouncesink.core.defect import Defect
from bouncesink.core.reading import read
from bouncesink.core.report import Kind, Place

ORIGINAL = "Return-Path: <bounce@sender.example>\nTo: user@example.com\nMessage-ID: <1@sender.example>\nSubject: offer\n\nbuy\n"


def feedback(fields: str, original: str = ORIGINAL) -> bytes:
    return (
        "From: feedback@isp.example\nSubject: FW: offer\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n"
        "--b\nContent-Type: text/plain\n\nThis is an abuse report.\n"
        f"--b\nContent-Type: message/feedback-report\n\n{fields}\n"
        f"--b\nContent-Type: message/rfc822\n\n{original}\n--b--\n"
    ).encode()


TYPES = [
    ("abuse", Kind.COMPLAINT),
    ("Abuse", Kind.COMPLAINT),
    ("fraud", Kind.COMPLAINT),
    ("virus", Kind.FEEDBACK),
    ("other", Kind.COMPLAINT),
    ("not-spam", Kind.FEEDBACK),
    ("auth-failure", Kind.FEEDBACK),
    ("opt-out", Kind.UNSUBSCRIBE),
    ("dkim", Kind.FEEDBACK),
    ("", Kind.COMPLAINT),
]


@pytest.mark.parametrize(("feedback_type", "kind"), TYPES)
def test_the_feedback_type_makes_the_kind(feedback_type: str, kind: Kind) -> None:
    found = read(feedback(f"Feedback-Type: {feedback_type}\nOriginal-Rcpt-To: <user@example.com>"))
    assert found.kind is kind
    assert found.feedback_type == (feedback_type.lower() or "abuse")
    assert [each.original_recipient for each in found.recipients] == ["user@example.com"]
    assert found.recipients[0].action is None


def test_what_a_report_says_of_itself() -> None:
    found = read(
        feedback(
            "Feedback-Type: abuse\nReporting-MTA: dns; mx.isp.example\nOriginal-Envelope-Id: e1\nReceived-Date: Monday\n"
            "Original-Rcpt-To: one@example.com\nOriginal-Rcpt-To: two@example.com\nOriginal-Rcpt-To: <one@example.com>\n"
        )
    )
    assert (found.reader, found.reporting_mta, found.original_envelope_id, found.arrival_date) == (
        "arf",
        "mx.isp.example",
        "e1",
        "Monday",
    )
    assert [each.original_recipient for each in found.recipients] == ["one@example.com", "two@example.com"]
    assert found.original is not None
    assert found.original.message_id == "<1@sender.example>"


def test_a_field_may_list_several() -> None:
    found = read(feedback('Feedback-Type: abuse\nOriginal-Rcpt-To: <one@example.com>, "t,w,o"@example.com'))
    assert [each.original_recipient for each in found.recipients] == ["one@example.com", '"t,w,o"@example.com']


def test_without_a_recipient_it_is_whom_the_original_was_sent_to() -> None:
    found = read(feedback("Feedback-Type: abuse"))
    assert [(each.original_recipient, each.place) for each in found.recipients] == [("user@example.com", Place.ORIGINAL)]
    found = read(feedback("Feedback-Type: abuse", "Delivered-To: user@example.com\nTo: list@example.net\n\n"))
    assert [each.original_recipient for each in found.recipients] == ["user@example.com"]


@pytest.mark.parametrize("original", ["To: a@example.com, b@example.com\n\nx", "Subject: x\n\nx", ""])
def test_where_nobody_is_named_nobody_is_guessed(original: str) -> None:
    found = read(feedback("Feedback-Type: abuse\nOriginal-Rcpt-To: (redacted)", original))
    assert (found.kind, found.recipients) == (Kind.COMPLAINT, ())
    assert Defect.RECIPIENT_MISSING in found.defects


def test_recipients_over_the_limit_are_counted() -> None:
    found = read(feedback("".join(f"Original-Rcpt-To: u{number}@example.com\n" for number in range(150))))
    assert (len(found.recipients), found.recipients_omitted) == (100, 50)
    assert Defect.RECIPIENTS_CUT in found.defects


def test_a_loop_without_a_report_part_names_the_recipient_in_the_original() -> None:
    original = "X-HmXmrOriginalRecipient: user@example.com\nTo: list@example.net\nSubject: offer\n\nbuy\n"
    content = (
        "From: staff@loop.example\nContent-Type: multipart/mixed; boundary=b\n\n"
        f"--b\nContent-Type: message/rfc822\n\n{original}\n--b--\n"
    )
    found = read(content.encode())
    assert (found.kind, found.reader) == (Kind.COMPLAINT, "arf")
    assert [(each.original_recipient, each.place) for each in found.recipients] == [("user@example.com", Place.ORIGINAL)]
    assert Defect.REPORT_PART_MISSING in found.defects
    assert read(content.replace("X-HmXmr", "X-Other").encode()).kind is Kind.OTHER


BY_HAND = "Feedback-Type: abuse\nUser-Agent: x\nVersion: 1\nOriginal-Rcpt-To: <user@example.com>\n"


@pytest.mark.parametrize(
    ("headers", "text", "kind"),
    [
        ("Subject: spam", f"Spam.\n\n{BY_HAND}", Kind.COMPLAINT),
        ("Subject: spam", BY_HAND, Kind.COMPLAINT),
        ("Subject: spam", BY_HAND.replace("abuse", "not-spam"), Kind.FEEDBACK),
        ("Subject: spam", "Feedback-Type: abuse\nis a field of RFC 5965", Kind.OTHER),
        ("Subject: spam", f"> {BY_HAND}", Kind.OTHER),
        ("Subject: Re: spam", f"What is this?\n\n{BY_HAND}", Kind.REPLY),
        ("Subject: Fwd: spam", f"What is this?\n\n{BY_HAND}", Kind.OTHER),
        ("Subject: spam\nList-Id: <a.example>", f"Look:\n\n{BY_HAND}", Kind.OTHER),
    ],
)
def test_fields_that_nothing_announces(headers: str, text: str, kind: Kind) -> None:
    assert read(f"From: abuse@isp.example\n{headers}\n\n{text}".encode()).kind is kind


@pytest.mark.parametrize(("inside", "kind"), [(BY_HAND, Kind.COMPLAINT), (f"x\n{BY_HAND}", Kind.OTHER), ("", Kind.OTHER)])
def test_fields_in_a_part_without_its_type(inside: str, kind: Kind) -> None:
    content = (
        "From: fbl@isp.example\nSubject: spam\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nSpam.\n"
        f"--b\nContent-Type: application/octet-stream\n\n{inside}--b\nContent-Type: message/rfc822\n\n{BY_HAND}\n--b--\n"
    )
    assert read(content.encode()).kind is kind


COMPLAINT_OF_OLD = (
    f"From: staff@loop.example\nSubject: complaint about message from 192.0.2.1\nContent-Type: message/rfc822\n\n{ORIGINAL}"
)


def test_a_loop_may_send_nothing_but_the_original() -> None:
    found = read(COMPLAINT_OF_OLD.encode())
    assert (found.kind, found.reader) == (Kind.COMPLAINT, "arf")
    assert [(each.original_recipient, each.place) for each in found.recipients] == [("user@example.com", Place.ORIGINAL)]
    assert read(COMPLAINT_OF_OLD.replace("complaint about", "hello, a").encode()).kind is not Kind.COMPLAINT
