"""Notices in prose, read as a format describes them: blocks, sections, dialogues, headers, and who is taken for whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.core.defect import Defect
from bouncesink.core.format_transcript import Answer, answer_for, answers
from bouncesink.core.formats import Formats, compile_formats
from bouncesink.core.readers import formatted
from bouncesink.core.readers.message import Message
from bouncesink.core.report import Action, Kind, Place, Report

HEAD = "From: MAILER-DAEMON@example.net\nSubject: Returned\n"
OPENING = "This is the test mailer."


def formats(*changes: dict[str, object]) -> Formats:
    rows = []
    for number, change in enumerate(changes or ({},)):
        row = {
            "id": f"test/{number}",
            "software": "Test",
            "source": "https://example.org/",
            "literal": OPENING,
            "recipient": ["<{recipient}>(?:: {diagnostic})?"],
            "example": [{"text": "x", "recipients": [{"recipient": "x"}]}],
            **change,
        }
        rows.append({key: value for key, value in row.items() if value is not None})
    return compile_formats({"test.toml": {"format": rows}})


def read(body: str, *changes: dict[str, object], head: str = HEAD) -> Report | None:
    return formatted.read(Message(f"{head}\n{OPENING}\n{body}".encode()), formats(*changes))


def said(report: Report | None) -> list[tuple[str | None, str]]:
    assert report is not None
    return [(one.final_recipient, one.diagnostic) for one in report.recipients]


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


def test_who_is_named_twice_is_reported_once():
    body = "<A@example.org>\n\n<a@example.org>\n alias <c@example.com>\n said 550 no"
    change = {"block": "paragraph", "detail": ["<{original_recipient}>", "said {diagnostic}"]}
    report = read(body, change)
    assert report is not None
    assert len(report.recipients) == 1
    assert (report.recipients[0].final_recipient, report.recipients[0].original_recipient) == ("A@example.org", "c@example.com")
    assert report.recipients[0].diagnostic == "550 no"


def test_recipients_over_the_limit_are_counted():
    report = read("\n".join(f"<user{number}@example.org>" for number in range(130)))
    assert report is not None
    assert (len(report.recipients), report.recipients_omitted) == (100, 30)
    assert Defect.RECIPIENTS_CUT in report.defects


def test_no_notice_makes_more_blocks_than_a_bound():
    report = read("\n".join(f"<{number}@a.example>" for number in range(1500)))
    assert report is not None
    assert report.recipients_omitted == 900


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


DIALOGUE = """
----- dialogue -----
... while talking to mx.example.org.:
>>> RCPT To:<a@example.org>
<<< 550-5.1.1 no such
<<< 550 5.1.1 user
550 5.1.1 <a@example.org>... User unknown
... while talking to mx.example.net.:
>>> DATA
<<< 554 5.7.1 spam
554 5.0.0 <b@example.net>... Service unavailable
... while talking to mx.example.com.:
>>> QUIT
<<< 221 bye
554 5.0.0 <c@example.com>... Data format error
"""


def test_a_dialogue_tells_what_the_list_does_not():
    body = "<a@example.org>\n<b@example.net>\n<c@example.com>\n<d@example.com>: 550 known" + DIALOGUE
    report = read(body, {"block": "line", "detail": "^{diagnostic}", "end": "-----", "transcript": "dialogue -----"})
    assert report is not None
    a, b, c, d = report.recipients
    assert (a.diagnostic, a.reply_code, a.remote_mta, a.smtp_command) == (
        "550 5.1.1 no such user",
        550,
        "mx.example.org",
        "RCPT",
    )
    assert (b.diagnostic, b.remote_mta, b.smtp_command, b.place) == (
        "554 5.7.1 spam",
        "mx.example.net",
        "DATA",
        Place.TRANSCRIPT,
    )
    assert (c.diagnostic, c.remote_mta) == ("554 5.0.0 <c@example.com>... Data format error", "mx.example.com")
    assert (d.diagnostic, d.place) == ("550 known", Place.DIAGNOSTIC)


def test_where_only_a_dialogue_names_somebody_the_refused_are_meant():
    body = """
----- dialogue -----
--> RCPT To:<a@example.org>
<-- 550 no
--> RCPT To:<b@example.org>
<-- 250 ok
--> RCPT To:<c@example.org>
<-- 250 ok
--> DATA
<-- 354 go on
<-- 554 spam
"""
    assert said(read(body, {"transcript": "dialogue -----"})) == [
        ("a@example.org", "550 no"),
        ("b@example.org", "554 spam"),
        ("c@example.org", "554 spam"),
    ]


def test_a_format_with_a_dialogue_does_without_one():
    assert said(read("<a@example.org>", {"transcript": "dialogue -----"})) == [("a@example.org", "")]


@pytest.mark.parametrize(
    "lines",
    [
        ["--> RCPT TO:<a@example.org>", "<-- 550 no"],
        ["Sent <<< RCPT TO:<a@example.org>", "Received >>> 550 no"],
        ["Thu 2026-01-01 00:00:00: [1] --> RCPT To:<a@example.org>", "Thu 2026-01-01 00:00:00: [1] <-- 550 no"],
        ["C: RCPT TO:<a@example.org>", "S: 550 no"],
    ],
)
def test_arrows_point_any_way(lines):
    (answer,) = answers(lines)
    assert (answer.text, answer.command, answer.about.lower()) == ("550 no", "RCPT", "rcpt to:<a@example.org>")


@pytest.mark.parametrize(
    ("address", "alone", "expected"),
    [
        ("a@example.org", False, "550 about rcpt"),
        ("b@example.org", False, "551 b@example.org named"),
        ("z@example.org", False, "552 general"),
        ("z@example.org", True, "550 about rcpt"),
        ("", False, "552 general"),
    ],
)
def test_an_answer_is_about_whom_it_names(address, alone, expected):
    found = [
        Answer("550 about rcpt", "RCPT", "rcpt to:<a@example.org>"),
        Answer("551 b@example.org named", "DATA"),
        Answer("553 summary", summary=True),
        Answer("552 general", "DATA"),
    ]
    answer = answer_for(address, found, alone=alone)
    assert answer is not None
    assert answer.text == expected


def test_where_only_the_notifier_speaks_it_is_heard():
    assert answer_for("a@example.org", [Answer("451 x", summary=True)], alone=False) == Answer("451 x", summary=True)
    assert answer_for("a@example.org", [], alone=True) is None


def test_a_dialogue_makes_no_more_answers_than_a_bound():
    assert len(answers(["<<< 550 no", "551 x... y"] * 300)) == 200


@given(
    st.lists(
        st.sampled_from(
            [">>> RCPT To:<a@example.org>", "<<< 550-no", "<<< 550 no", "551 x... y", "while talking to x.example:", "?", ""]
        )
    )
)
def test_any_dialogue_is_survived(lines):
    found = answers(lines * 20)
    assert len(found) <= 200
    assert all(answer.text[0] in "45" for answer in found)


@given(st.text(), st.text())
def test_any_text_is_survived(subject, body):
    message = Message(f"Subject: {subject}\n\n{OPENING}\n{body}".encode("utf-8", "replace"))
    report = formatted.read(message, formats({}, {"recipient": "{name}"}))
    assert report is None or report.recipients
