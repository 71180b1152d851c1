"""The dialogue that a notice in prose quotes: who said what to whom."""

import pytest
from formatted_notices import read, said
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.core.format_transcript import Answer, answer_for, answers
from bouncesink.core.report import Place

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


SERVER = "550 5.1.1 no such mailbox"


@pytest.mark.parametrize(
    ("command", "summary", "text"),
    [
        (">>> RCPT To:<one@example.org>", "550 <one@example.org>... User unknown", SERVER),
        (">>> RCPT To:<one@example.org>", "550 <One@host.example.org>... User unknown", SERVER),
        (">>> RCPT To:<one@example.org>", "554 <two@example.org>... Service unavailable", ""),
        (">>> RCPT To:<one@example.org>", "554 <ne@example.org>... Service unavailable", ""),
        (">>> MAIL From:<news@example.com>", "554 <two@example.org>... Service unavailable", SERVER),
        (">>> DATA", "554 <two@example.org>... Service unavailable", SERVER),
    ],
)
def test_what_was_said_of_one_recipient_is_not_said_of_the_next(command, summary, text):
    assert answers([command, f"<<< {SERVER}", summary])[-1].text == (text or summary)


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
