"""Whom a notice in prose is about: addresses, bare names, headers, the subject, the original; and what is no notice."""

import pytest
from formatted_notices import HEAD, formats, read, said

from bouncesink.core.defect import Defect
from bouncesink.core.readers import formatted
from bouncesink.core.readers.message import Message


def test_who_is_named_twice_is_reported_once():
    body = "<A@example.org>\n\n<a@example.org>\n alias <c@example.com>\n said 550 no"
    change = {"block": "paragraph", "detail": ["<{original_recipient}>", "said {diagnostic}"]}
    report = read(body, change)
    assert report is not None
    assert len(report.recipients) == 1
    assert (report.recipients[0].final_recipient, report.recipients[0].original_recipient) == ("A@example.org", "c@example.com")
    assert report.recipients[0].diagnostic == "550 no"


NAMES = {"recipient": "to {name}", "named_by": "x-failed-recipients"}


@pytest.mark.parametrize(
    ("header", "body", "expected"),
    [
        (
            "a@example.org, b@example.org",
            "to alice\n gone\nto bob\n full",
            [("a@example.org", "gone"), ("b@example.org", "full")],
        ),
        ("a@example.org, b@example.org", "to alice\n gone", [("a@example.org", "gone"), ("b@example.org", "gone")]),
        ("a@example.org", "to alice\n gone\nto bob\n full", [("a@example.org", "")]),
        ("a@example.org", "", [("a@example.org", "")]),
        ("alice", "to alice\n gone", [(None, "gone")]),
    ],
)
def test_a_header_names_those_whom_the_text_only_calls_by_name(header, body, expected):
    report = read(body, NAMES, head=f"{HEAD}X-Failed-Recipients: {header}\n")
    assert said(report) == expected
    assert report is not None
    assert (Defect.RECIPIENT_MISSING in report.defects) == (expected[0][0] is None)


def test_a_header_names_those_whom_the_text_leaves_out():
    body = "to <a@example.org>\n gone\nto bob\n full"
    change = {**NAMES, "recipient": ["to <{recipient}>", "to {name}"]}
    report = read(body, change, head=f"{HEAD}X-Failed-Recipients: A@example.org, b@example.org\n")
    assert said(report) == [("a@example.org", "gone"), ("b@example.org", "full")]


def test_what_one_format_has_looked_up_serves_the_next():
    shared = {"begin": "failed:", "shared": "run on {reporting_mta},", "header": {"from": "mailer"}}
    report = read("run on mx.example.net,\nfailed:\n<a@example.org>", {**shared, "recipient": "no {recipient}"}, shared)
    assert report is not None
    assert (report.reader, report.reporting_mta) == ("test/1", "mx.example.net")


def test_a_format_that_finds_an_address_comes_before_one_that_finds_a_name():
    report = read("to alice\n<a@example.org>", {"recipient": "to {name}"}, {})
    assert report is not None
    assert (report.reader, said(report)) == ("test/1", [("a@example.org", "")])


def test_the_first_that_finds_a_name_answers_where_nobody_finds_an_address():
    report = read("to alice", {"recipient": "to {name}"}, {"recipient": "to {name}"}, {})
    assert report is not None
    assert (report.reader, report.recipients[0].final_recipient) == ("test/0", None)


@pytest.mark.parametrize(
    ("to", "expected"), [("a@example.org", "a@example.org"), ("a@example.org, b@example.org", None), ("undisclosed", None)]
)
def test_the_original_s_only_addressee_is_the_last_resort(to, expected):
    body = f"to alice\n\nReceived: from app.example.com\nSubject: x\nTo: {to}\n\n"
    report = read(body, {"recipient": "to {name}", "original_to": True})
    assert said(report)[0][0] == expected


def test_without_an_original_there_is_no_such_resort():
    assert said(read("to alice", {"recipient": "to {name}", "original_to": True})) == [(None, "")]


def test_the_notice_as_a_whole_and_its_subject_name_a_recipient_too():
    assert said(read("mail for a@example.org is lost", {"recipient": None, "shared": "mail for {recipient} is"})) == [
        ("a@example.org", "")
    ]
    head = "From: MAILER-DAEMON@example.net\nSubject: Lost: a@example.org (full)\n"
    report = read(
        "", {"recipient": None, "subject": "lost: {recipient} \\({diagnostic}\\)", "shared": "no {diagnostic}"}, head=head
    )
    assert said(report) == [("a@example.org", "full")]


def test_a_bare_name_is_completed_where_the_format_knows_the_domain():
    report = read("\tSomeBody", {"recipient": "\\s+{name}", "domain": "example.com"})
    assert said(report) == [("SomeBody@example.com", "")]
    assert read("", {"recipient": "\\s+{name}", "domain": "example.com"}) is None


def test_an_alias_of_a_pipe_is_whom_the_mail_was_for():
    report = read("|/bin/keep\n by <alias@example.com>", {"recipient": "\\|{name}", "detail": "<{original_recipient}>"})
    assert report is not None
    assert (report.recipients[0].final_recipient, report.recipients[0].original_recipient) == (None, "alias@example.com")


@pytest.mark.parametrize(
    ("head", "known"),
    [
        ("From: Reader <reader@example.org>\nSubject: Re: Returned\n", False),
        ("From: Reader <reader@example.org>\nSubject: Fwd: Returned\n", False),
        ("From: Reader <reader@example.org>\nSubject: Returned\nList-Id: <list.example.org>\n", False),
        ("From: Reader <reader@example.org>\nSubject: Returned\n", True),
        ("From: MAILER-DAEMON@example.org\nSubject: Re: Returned\n", True),
        ("From: Reader <reader@example.org>\nSubject: Re: Returned\nReturn-Path: <>\n", True),
        ("From: Reader <reader@example.org>\nSubject: Re: Returned\nX-Failed-Recipients: a@example.org\n", True),
    ],
)
def test_a_notice_that_a_person_passes_on_is_no_notice(head, known):
    assert (read("<a@example.org>", head=head) is not None) == known


@pytest.mark.parametrize(
    ("head", "known"),
    [
        ("From: Shop <shop@example.org>\nSubject: Your order\n", False),
        ("From: Shop <shop@example.org>\nSubject: Undeliverable: your order\n", False),
        ("From: postmaster@example.org\nSubject: Your order\n", True),
        ("From: Shop <shop@example.org>\nSubject: Your order\nReturn-Path: <>\n", True),
    ],
)
def test_words_that_are_everybody_s_want_a_mail_system_behind_them(head, known):
    assert (read("<a@example.org>", {"doubtful": True}, head=head) is not None) == known


def test_a_subject_alone_wants_words_of_mail_too():
    head = "From: Shop <shop@example.org>\nSubject: Undeliverable: your order\n"
    assert read("<a@example.org>: no such user", {"doubtful": True}, head=head) is not None


def test_a_format_that_knows_the_headers_knows_better():
    head = "From: odd@example.org\nSubject: Re: Returned\n"
    assert read("<a@example.org>", {"header": {"from": "odd@"}}, head=head) is not None


def test_a_notice_of_no_format_is_none():
    assert formatted.read(Message(f"{HEAD}\nHello.".encode()), formats()) is None
    assert read("nobody here") is None


def test_an_address_that_is_none_is_not_reported():
    assert read("to @", {"recipient": "to {name}"}) is not None
    assert said(read("<a@-->", {"recipient": "<(?P<recipient>.{1,20})>"})) == [(None, "")]
