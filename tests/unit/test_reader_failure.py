"""Failure notices in prose: X-Failed-Recipients, QSBMF, and everything that only looks like a bounce."""

import pytest

from bouncesink.core.defect import Defect
from bouncesink.core.reading import read
from bouncesink.core.report import Action, Kind, Place, Report

DAEMON = "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\nTo: news@sender.example\nSubject: Mail delivery failed\n"
ORIGINAL = (
    "Received: by mx.example.net; Monday\nReturn-Path: <news@sender.example>\n"
    "From: news@sender.example\nTo: other@example.org\n"
)


def notice(text: str, headers: str = DAEMON) -> Report:
    return read(f"{headers}\n{text}".encode())


def named(found: Report) -> list[tuple[str | None, int | None]]:
    return [(each.final_recipient, each.reply_code) for each in found.recipients]


EXIM = """\
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  one@example.com
    host mx.example.com [192.0.2.1]
    SMTP error from remote mail server after RCPT TO:<one@example.com>:
    550 5.1.1 User unknown
  two@example.com
    mailbox is full: retry timeout exceeded

------ This is a copy of the message, including all the headers. ------

Return-path: <news@sender.example>
From: news@sender.example
To: other@example.org
"""


def test_failed_recipients_of_a_header() -> None:
    found = notice(EXIM, DAEMON + "X-Failed-Recipients: one@example.com,\n two@example.com\n")
    assert (found.kind, found.reader) == (Kind.BOUNCE, "x-failed-recipients")
    assert named(found) == [("one@example.com", 550), ("two@example.com", None)]
    one, two = found.recipients
    assert (one.diagnostic, one.smtp_command, one.place) == ("550 5.1.1 User unknown", "RCPT", Place.DIAGNOSTIC)
    assert two.diagnostic == "mailbox is full: retry timeout exceeded"
    assert found.original is not None
    assert found.original.return_path == "news@sender.example"


HEADERS = [
    ("<one@example.com>", "It failed: 550 no.", [("one@example.com", 550)], set()),
    ('"One" <one@example.com>', "one@example.com failed", [("one@example.com", None)], set()),
    # the header names the recipient though the text names another, or the sender itself
    ("news@sender.example", "It failed permanently.", [("news@sender.example", None)], set()),
    ("one@example.com, two@example.com", "It failed.", [("one@example.com", None), ("two@example.com", None)], set()),
    ("no address", "could not be delivered to:\n\n  one@example.com\n", [("one@example.com", None)], {Defect.BAD_RECIPIENT}),
    ("no address", "550 it failed", [(None, 550)], {Defect.BAD_RECIPIENT, Defect.RECIPIENT_MISSING}),
]


@pytest.mark.parametrize(("value", "text", "expected", "defects"), HEADERS)
def test_odd_values_of_the_header(
    value: str, text: str, expected: list[tuple[str | None, int | None]], defects: set[Defect]
) -> None:
    found = notice(text, DAEMON + f"X-Failed-Recipients: {value}\n")
    assert named(found) == expected
    assert set(found.defects) == defects


QMAIL = """\
Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<one@example.com>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 no such user
Giving up on 192.0.2.1.

<two@example.com>:
This address no longer accepts mail.

--- Below this line is a copy of the message.

Return-Path: <news@sender.example>
To: other@example.org
"""


def test_qsbmf() -> None:
    found = notice(QMAIL, "From: MAILER-DAEMON@mx.example.net\nSubject: failure notice\n")
    assert (found.kind, found.reader) == (Kind.BOUNCE, "qsbmf")
    assert named(found) == [("one@example.com", 550), ("two@example.com", None)]
    assert found.recipients[0].diagnostic == "550 5.1.1 no such user Giving up on 192.0.2.1."
    assert found.recipients[1].diagnostic == "This address no longer accepts mail."


def test_qsbmf_that_names_nobody_or_is_none() -> None:
    assert named(notice(QMAIL.replace("<one@example.com>", "<>"))) == [("two@example.com", None)]
    assert named(notice(QMAIL.replace("<one@example.com>", "<no address>"))) == [(None, 550), ("two@example.com", None)]
    assert notice(QMAIL.replace("<", "").replace(">", "")).reader == "prose"
    parts = "Content-Type: multipart/mixed; boundary=b\n"
    assert notice(f"--b\n\n{QMAIL}\n--b--\n", DAEMON + parts).reader == "prose"


PROSE = {
    "postfix": (
        (
            "I'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients.\n\n"
            "<one@example.com>: host mx.example.com[192.0.2.1] said: 550\n"
            "    5.1.1 User unknown (in reply to RCPT TO command)\n\n"
            "<two@example.com>: mail for example.com loops back to myself\n"
        ),
        [("one@example.com", 550), ("two@example.com", None)],
    ),
    "sendmail": (
        (
            "   ----- The following addresses had permanent fatal errors -----\n<one@example.com>\n"
            "    (reason: 550 5.1.1 User unknown)\n\n"
            "   ----- Transcript of session follows -----\n... while talking to mx.example.com.:\n"
            ">>> RCPT To:<one@example.com>\n"
            "<<< 550 5.1.1 User unknown\n"
        ),
        [("one@example.com", 550)],
    ),
    "sendmail 5": (
        (
            "   ----- Transcript of session follows -----\n554 <one@example.com>... 550 Host unknown\n250 x (smtp)... ok\n"
            "554 5.0.0 <two@example.com>... Remote protocol error\n554 <one@example.com>... again\n\n"
            "   ----- Unsent message follows -----\nTo: x@y.example\n"
        ),
        [("one@example.com", 550), ("two@example.com", 554)],
    ),
    "transcript": (
        (
            "Delivery failed.\n\nWhile talking to mx.example.com:\n>>> RCPT To:<one@example.com>\n"
            "<<< 550-5.1.1 No such\n<<< 550 5.1.1 user\n"
        ),
        [("one@example.com", 550)],
    ),
    "domino": (
        (
            "Your message\n\n  Subject: offer\n\nwas not delivered to:\n\n  one@example.com\n\nbecause:\n\n"
            "  User one not listed in Directory\n"
        ),
        [("one@example.com", None)],
    ),
    "exchange": (
        (
            "Your message did not reach some or all of the intended recipients.\n\n      To:\tnews@sender.example\n"
            "      Subject:\toffer\n\n"
            "The following recipient(s) could not be reached:\n\n      one@example.com on Monday\n"
            "            550 no such user\n"
        ),
        [("one@example.com", 550)],
    ),
    "sentence": (
        ("There was an error delivering your mail to <one@example.com>.\n\nmx.example.com did not like our RCPT TO:\n550 no\n"),
        [("one@example.com", 550)],
    ),
    "anywhere": (
        (
            "Undeliverable!\n[one@example.com]\n[one@example.com]\n[postmaster@mx.example.net]\n[news@sender.example]\n"
            "Please contact helpers@example.net for more.\n"
        ),
        [("one@example.com", None)],
    ),
    "nobody": ("Your mail could not be delivered. 550 5.7.1 refused\n", [(None, 550)]),
    "only words": ("Your mail could not be delivered.\n", [(None, None)]),
    "contact": ("Your mail could not be delivered.\nTo send again, contact <helper@example.net>.\n", [(None, None)]),
    "too long a pause": (
        ("The following addresses failed:\n\n  one@example.com\n\n\n\n  something\n\n\n\n  else\n"),
        [("one@example.com", None)],
    ),
    "heading without anybody": (
        ("The following addresses failed:\n\nnobody at all\n\n<one@example.com>: unknown\n"),
        [("one@example.com", None)],
    ),
    "heading at the end": ("<one@example.com>: unknown\n\nThe following addresses failed:\n", [("one@example.com", None)]),
    "without a domain": (
        ("The following addresses failed:\n\n<nobody>\n\n<one@example.com>... unknown\n"),
        [("one@example.com", None)],
    ),
    "section": (
        ("The following addresses failed:\n\n<one@example.com>\n---- Transcript ----\n<two@example.com>: 550 no\n"),
        [("one@example.com", None)],
    ),
}


@pytest.mark.parametrize("name", PROSE)
def test_prose(name: str) -> None:
    text, expected = PROSE[name]
    found = notice(text)
    assert (found.kind, found.reader) == (Kind.BOUNCE, "prose")
    assert named(found) == expected
    assert all(each.action is Action.FAILED for each in found.recipients)


def test_a_transcript_gives_each_recipient_its_own_answer() -> None:
    text = (
        "The following addresses failed:\n\n<one@example.com>\n<two@example.com>\n<three@example.com>\n\n---- Transcript ----\n"
        "<<< 550 5.1.1 <one@example.com> no\n<<< 552 5.2.2 <two@example.com> full\n"
    )
    found = notice(text)
    assert [(each.final_recipient, each.reply_code, each.place) for each in found.recipients] == [
        ("one@example.com", 550, Place.TRANSCRIPT),
        ("two@example.com", 552, Place.TRANSCRIPT),
        ("three@example.com", None, Place.PROSE),
    ]


def test_the_original_is_not_searched() -> None:
    text = f"Your mail could not be delivered to one@example.com.\n\n{ORIGINAL}\n<victim@example.org>: 550 unknown\n"
    found = notice(text)
    assert [each[0] for each in named(found)] == ["one@example.com"]
    assert found.original is not None
    assert found.original.headers["to"] == "other@example.org"


DELAYS = [
    ("Subject: Warning: could not send message for past 4 hours\n", "one@example.com: Deferred", True),
    (
        "Subject: Delivery Status Notification (Delay)\n",
        "THIS IS A WARNING MESSAGE ONLY. Delivery to one@example.com has been delayed.",
        True,
    ),
    ("Subject: Mail delivery\n", "Delivery to one@example.com failed temporarily. It will be retried.", True),
    ("Subject: Mail delivery failed\n", "Delivery to one@example.com has been delayed too long; I am giving up.", False),
    (
        "Subject: Warning: delivery delayed\n",
        "It is retried; if it is too long undeliverable: one@example.com, it fails.",
        True,
    ),
    ("Subject: Delivery failed\n", "one@example.com: mailbox unavailable", False),
]


@pytest.mark.parametrize(("subject", "text", "delayed"), DELAYS)
def test_delays(subject: str, text: str, delayed: bool) -> None:
    found = notice(text, "From: MAILER-DAEMON@mx.example.net\n" + subject)
    assert found.kind is (Kind.DELAYED if delayed else Kind.BOUNCE)
    assert [(each.final_recipient, each.action) for each in found.recipients] == [
        ("one@example.com", Action.DELAYED if delayed else Action.FAILED)
    ]


def test_what_looks_like_a_bounce_and_says_nothing_is_unknown() -> None:
    found = notice("Hello.\n")
    assert (found.kind, found.recipients) == (Kind.UNKNOWN, ())
    assert set(found.defects) == {Defect.RECIPIENT_MISSING, Defect.NOTHING_READABLE}


NO_BOUNCES = [
    ("From: friend@example.com\nSubject: hello\n", "Your mail could not be delivered to one@example.com.\n"),
    ("From: friend@example.com\nReturn-Path: <>\nSubject: hello\n", "All is well.\n"),
    (
        "From: friend@example.com\nSubject: Re: failed delivery\nPrecedence: bulk\n",
        "It could not be delivered to a@b.example.\n",
    ),
    ("From: friend@example.com\nReturn-Path: <>\nSubject: hello\n", "I could not be reached by anybody, no such user as me.\n"),
    ("From: System Administrator <admin@example.com>\nSubject: maintenance\n", "The server is down on Monday.\n"),
    (
        "From: Postmaster <postmaster@example.com>\nList-Id: <news.example.com>\nSubject: Undelivered mail\n",
        "It could not be delivered to one@example.com.\n",
    ),
    (
        "From: Carrier <parcels@example.com>\nReturn-Path: <>\nSubject: Delivery failed\n",
        "Your parcel could not be delivered: the recipient is unknown.\n",
    ),
    (
        "From: Mail <postmaster@example.com>\nSubject: Undelivered messages\n",
        "Some pending messages were not delivered. Click here to release them.\n",
    ),
    (
        "From: friend@example.com\nSubject: Undelivered mail\n",
        "I tried to write to Bob and got this:\n\n<bob@example.com>: 550 5.1.1 User unknown\n",
    ),
]


@pytest.mark.parametrize(("headers", "text"), NO_BOUNCES)
def test_what_is_no_bounce(headers: str, text: str) -> None:
    assert notice(text, headers).kind is Kind.OTHER


def test_a_null_return_path_and_words_are_enough() -> None:
    found = notice(
        "Your mail could not be delivered to one@example.com.\n", "From: friend@example.com\nReturn-Path: <>\nSubject: hello\n"
    )
    assert (found.kind, named(found)) == (Kind.BOUNCE, [("one@example.com", None)])
