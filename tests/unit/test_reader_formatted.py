"""Notices in prose, read as a format describes them: where blocks begin and end, and what is taken out of them."""

import pytest
from formatted_notices import HEAD, OPENING, formats, read, said
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.core.defect import Defect
from bouncesink.core.readers import formatted
from bouncesink.core.readers.message import Message
from bouncesink.core.report import Action, Kind, Place

ANEW = """
Hello
was not delivered to <a@example.org>
because: first
<x@example.org>

was not delivered to <b@example.org>: second
because: third

{}
"""
AGAIN = {
    "again": ["was not delivered to"],
    "end": ["because"],
    "recipient": ["(?:was not delivered to )?<{recipient}>(?:: {diagnostic})?"],
    "block": "line",
    "shared": ["because: {diagnostic}", "by {reporting_mta} "],
    "subject": ["said {diagnostic}"],
}


class TestANoticeThatBeginsAnew:
    def test_is_one_notice_for_each(self) -> None:
        report = read(ANEW.format("was not delivered to <c@example.org>\nby mx.example.net today"), AGAIN)
        assert said(report)[0] == ("a@example.org", "first <x@example.org>")
        assert said(report)[1:] == [("b@example.org", "second"), ("c@example.org", "")]
        assert report is not None
        assert report.reporting_mta == "mx.example.net"

    def test_the_subject_is_nobodys(self) -> None:
        report = read(ANEW.format("was not delivered to <c@example.org>"), AGAIN, head=HEAD.replace("Returned", "said no"))
        assert ("c@example.org", "") in said(report)

    def test_a_header_may_name_who_has_no_piece(self) -> None:
        head = HEAD + "X-Failed-Recipients: c@example.org, a@example.org\n"
        report = read(ANEW.format(""), AGAIN | {"named_by": "x-failed-recipients"}, head=head)
        assert [name for name, _ in said(report)] == ["a@example.org", "b@example.org", "c@example.org"]
        assert said(report)[2] == ("c@example.org", "")

    def test_about_the_same_one_it_is_one_notice(self) -> None:
        report = read("was not delivered to <a@example.org>\n\nwas not delivered to <a@example.org>\nbecause: first", AGAIN)
        assert said(report) == [("a@example.org", "first")]

    def test_what_begins_once_is_one_notice(self) -> None:
        assert said(read("was not delivered to <a@example.org>\nbecause: first", AGAIN)) == [("a@example.org", "first")]


THREE = """
<a@example.org>: first
  more of it

  still more
other
<b@example.org>
  second

third
"""


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("line", [("a@example.org", "first"), ("b@example.org", "")]),
        ("indented", [("a@example.org", "first more of it still more"), ("b@example.org", "second")]),
        ("paragraph", [("a@example.org", "first more of it"), ("b@example.org", "second")]),
        ("next", [("a@example.org", "first more of it still more other"), ("b@example.org", "second third")]),
    ],
)
def test_a_block_goes_as_far_as_the_format_says(block, expected):
    assert said(read(THREE, {"block": block})) == expected


def test_what_is_said_may_stand_before_the_recipient():
    body = "-- Reasons --\nno such user\n<a@example.org>\n\nmailbox full\n<b@example.org>\nrest"
    report = read(body, {"block": "before", "begin": "-- reasons"})
    assert said(report) == [("a@example.org", "no such user"), ("b@example.org", "mailbox full")]


def test_an_indented_line_is_the_block_s_even_if_it_looks_like_a_recipient():
    body = "  <a@example.org>\n    <b@example.org>: rejected\n  <c@example.org>: gone"
    report = read(body, {"recipient": " {1,8}<{recipient}>(?:: {diagnostic})?", "block": "indented"})
    assert said(report) == [("a@example.org", "<b@example.org>: rejected"), ("c@example.org", "gone")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "<x@example.org>\nThe following\nFAILED:\n\n<a@example.org>\n--- Copy of the mail\n<y@example.org>",
            ["a@example.org"],
        ),
        ("<x@example.org>\nthe   following failed:\n<a@example.org>\n-----\n<y@example.org>", ["a@example.org"]),
        ("the following failed:\n<a@example.org>\n > | copy of  the mail\n<y@example.org>", ["a@example.org"]),
        ("the following failed:\n<a@example.org>\nno copy of the mail\n<y@example.org>", ["a@example.org", "y@example.org"]),
    ],
)
def test_recipients_stand_after_the_beginning_and_before_the_end(body, expected):
    report = read(body, {"begin": "the following failed:", "end": ["Copy of the mail", "-----"]})
    assert [address for address, _ in said(report)] == expected


def test_a_notice_that_never_begins_is_of_another_format():
    assert read("<a@example.org>", {"begin": "the following failed:"}) is None
    report = read("<a@example.org>", {"begin": "the following failed:"}, {})
    assert report is not None
    assert report.reader == "test/1"


@pytest.mark.parametrize("end", ["-----", "Copy"])
def test_an_end_of_one_sort_is_enough(end):
    assert said(read("<a@example.org>\n----- Copy\n<b@example.org>", {"end": end})) == [("a@example.org", "")]


def test_details_come_out_of_the_block_and_shared_ones_out_of_all():
    body = (
        "I run on mail.example.net, sorry.\n<a@example.org>\n at mx.example.org: after RCPT: <alias@example.com>\n"
        " said 550 5.1.1 no\n"
        "<b@example.org>\n nothing\nBecause: too old"
    )
    change = {
        "block": "indented",
        "detail": ["at {remote_mta}:", "after {command}:", "<{original_recipient}>", "said {diagnostic}"],
        "shared": ["run on {reporting_mta},", "because: {diagnostic}"],
    }
    report = read(body, change)
    assert report is not None
    first, second = report.recipients
    assert (report.kind, report.reporting_mta) == (Kind.BOUNCE, "mail.example.net")
    assert (first.remote_mta, first.smtp_command, first.original_recipient) == ("mx.example.org", "RCPT", "alias@example.com")
    assert (first.diagnostic, first.reply_code, str(first.diagnostic_status)) == ("550 5.1.1 no", 550, "5.1.1")
    assert first.place is Place.DIAGNOSTIC
    assert (second.diagnostic, second.remote_mta, second.place) == ("nothing", None, Place.PROSE)


def test_what_is_shared_speaks_for_those_of_whom_nothing_is_said():
    report = read("<a@example.org>\nBecause: 552 full", {"block": "line", "shared": "because: {diagnostic}"})
    assert said(report) == [("a@example.org", "552 full")]


def test_codes_may_stand_apart_from_the_words():
    report = read("<a@example.org>\n code 550 (5.1.1) gone", {"detail": "code {reply_code} \\({status}\\) {diagnostic}"})
    assert report is not None
    one = report.recipients[0]
    assert (one.reply_code, str(one.status), one.diagnostic, one.place) == (550, "5.1.1", "gone", Place.DIAGNOSTIC)


@pytest.mark.parametrize(
    ("words", "command"), [("192.0.2.1 does not like  recipient.", "RCPT"), ("end of data refused", "DATA"), ("nothing", "")]
)
def test_words_may_tell_the_command(words, command):
    report = read(
        f"<a@example.org>\n {words}", {"commands": {"Does not like recipient": "rcpt"}, "detail": "^{command} refused"}
    )
    assert report is not None
    assert report.recipients[0].smtp_command == command


@pytest.mark.parametrize(
    ("subject", "body", "action", "kind"),
    [
        ("Returned", "<a@example.org>", Action.FAILED, Kind.BOUNCE),
        ("Warning: not sent", "<a@example.org>", Action.DELAYED, Kind.DELAYED),
        ("Returned", "<a@example.org>\nWe will\n  keep trying", Action.DELAYED, Kind.DELAYED),
    ],
)
def test_a_phrase_makes_it_a_delay(subject, body, action, kind):
    head = f"From: MAILER-DAEMON@example.net\nSubject: {subject}\n"
    report = read(body, {"delayed": ["warning: not sent", "will keep trying"]}, head=head)
    assert report is not None
    assert (report.kind, report.recipients[0].action) == (kind, action)


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_whom_the_server_accepted_is_no_failure(action):
    body = "<a@example.org>: 250 ok\n<b@example.org>: 550 no"
    assert said(read(body, {"detail": "^{diagnostic}"})) == [("b@example.org", "550 no")]
    report = read(body, {"detail": "^{diagnostic}", "action": action})
    assert len(said(report)) == 2
    assert report is not None
    assert report.kind is Kind.DELIVERED


def test_recipients_over_the_limit_are_counted():
    report = read("\n".join(f"<user{number}@example.org>" for number in range(130)))
    assert report is not None
    assert (len(report.recipients), report.recipients_omitted) == (100, 30)
    assert Defect.RECIPIENTS_CUT in report.defects


def test_no_notice_makes_more_blocks_than_a_bound():
    report = read("\n".join(f"<{number}@a.example>" for number in range(1500)))
    assert report is not None
    assert report.recipients_omitted == 900


@given(st.text(), st.text())
def test_any_text_is_survived(subject, body):
    message = Message(f"Subject: {subject}\n\n{OPENING}\n{body}".encode("utf-8", "replace"))
    report = formatted.read(message, formats({}, {"recipient": "{name}"}))
    assert report is None or report.recipients
