"""Diagnostics: the words of an answer and the codes inside them."""

import pytest

from bouncesink.core.readers.diagnostics import codes_of, diagnose, one_line, status_of

DIAGNOSED = [
    ("smtp; 550 5.1.1 User unknown", "smtp", "550 5.1.1 User unknown", 550, "5.1.1"),
    ("SMTP;550 5.1.1 User unknown", "smtp", "550 5.1.1 User unknown", 550, "5.1.1"),
    ("smtp; smtp; 550 no", "smtp", "550 no", 550, None),
    ("smtp; delivery temporarily suspended", "smtp", "delivery temporarily suspended", None, None),
    (
        "X-Postfix; host mx.example[192.0.2.1] said: 552 5.2.2 full",
        "x-postfix",
        "host mx.example[192.0.2.1] said: 552 5.2.2 full",
        552,
        "5.2.2",
    ),
    ("x-unix; 77", "x-unix", "77", None, None),
    ("550 5.7.26 refused", "", "550 5.7.26 refused", 550, "5.7.26"),
    ("", "", "", None, None),
    ("smtp; =?utf-8?Q?550_5=2E1=2E1_no_such_user?=", "smtp", "550 5.1.1 no such user", 550, "5.1.1"),
    ("smtp; 550 =?utf-8?Q?broken\udcff", "smtp", "550 =?utf-8?Q?broken?", 550, None),
    ("smtp; 550-5.1.1 No such 550-5.1.1 user 550 5.1.1 here", "smtp", "550 5.1.1 No such user here", 550, "5.1.1"),
    ("smtp; 550 5.0.350 Remote server returned an error -> 450 4.2.1 busy", "smtp", "450 4.2.1 busy", 450, "4.2.1"),
    ("smtp; 550 5.0.350 returned an error -> later", "smtp", "550 5.0.350 returned an error -> later", 550, "5.0.350"),
    ("smtp; 554 5.6.0 an error -> 550 here", "smtp", "554 5.6.0 an error -> 550 here", 554, "5.6.0"),
    ("smtp; 5.1.0 - Unknown address error 550-'5.7.1 SPAM' (delivery attempts: 0)", "smtp", "550 5.7.1 SPAM", 550, "5.7.1"),
    ("smtp; 5.1.0 - Unknown address error 550-'no such user'", "smtp", "550 5.1.0 no such user", 550, "5.1.0"),
    ("smtp; 5.1.2 - Bad destination host 'NXDomain'", "smtp", "5.1.2 - Bad destination host 'NXDomain'", None, "5.1.2"),
    ("smtp; 550-'5.1.1 it is", "smtp", "550 '5.1.1 it is", 550, "5.1.1"),
]


@pytest.mark.parametrize(("value", "kind", "text", "code", "status"), DIAGNOSED)
def test_diagnose(value: str, kind: str, text: str, code: int | None, status: str | None) -> None:
    found = diagnose(value)
    assert (found.type, found.text, found.reply_code, found.status and str(found.status), found.cut) == (
        kind,
        text,
        code,
        status,
        False,
    )


CODES = [
    ("550 5.1.1 no", 550, "5.1.1"),
    ("550 #5.1.1 no", 550, "5.1.1"),
    ("<550 no>", 550, None),
    ("550: no such user", 550, None),
    ("554", 554, None),
    ("550 User unknown (#5.1.1)", 550, "5.1.1"),
    ("5.1.0 - Unknown address error 550-'5.1.1 no such user'", 550, "5.1.1"),
    ("220 mx.example 421 4.2.1 try later", 421, "4.2.1"),
    ("250 2.0.0 Ok: queued", 250, "2.0.0"),
    ("250 Ok", 250, None),
    ("host mx.example[192.0.2.250] said: 452 full", 452, None),
    ("(reason: 550 no)", 550, None),
    ("error code: 554", 554, None),
    ("it was 553, they say", 553, None),
    ("after 300 seconds", None, None),
    ("no 5.1.1 here", None, "5.1.1"),
    ("Exim 4.94.2 on 192.0.2.5", None, None),
    ("nothing", None, None),
]


@pytest.mark.parametrize(("text", "code", "status"), CODES)
def test_codes(text: str, code: int | None, status: str | None) -> None:
    found = codes_of(text)
    assert (found[0], found[1] and str(found[1])) == (code, status)


LINES = [
    ("550 one line", "550 one line"),
    ("550-no 550-such 550 user", "550 no such user"),
    ("said: 550-5.1.1 no 550 5.1.1 user", "said: 550 5.1.1 no user"),
    ("a well-known host", "a well-known host"),
]


@pytest.mark.parametrize(("text", "expected"), LINES)
def test_several_lines_become_one(text: str, expected: str) -> None:
    assert one_line(text) == expected


def test_a_long_answer_is_cut() -> None:
    found = diagnose("smtp; 550 " + "x" * 5000)
    assert (len(found.text), found.cut) == (2000, True)


@pytest.mark.parametrize(
    ("value", "expected"), [("5.1.1", "5.1.1"), ("5.1.1 (bad destination mailbox address)", "5.1.1"), ("5.1", None), ("", None)]
)
def test_status_of(value: str, expected: str | None) -> None:
    status = status_of(value)
    assert (status and str(status)) == expected
