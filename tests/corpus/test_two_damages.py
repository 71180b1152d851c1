"""Two damages at once: every pair of what senders and systems on the way do to a failure report leaves it the same failure.

``test_families`` and the golden mails have each damage alone; what is read rightly alone may hide the other from its reader.
"""

import re
from base64 import encodebytes
from collections.abc import Callable
from itertools import permutations
from quopri import encodestring

import pytest
from golden_answers import answer

Damage = Callable[[str], str]

REPORT = """\
From: Mail Delivery System <MAILER-DAEMON@mail.example.org>
To: bounces+1001@b.example.com
Subject: Undelivered Mail Returned to Sender
Date: Mon, 4 May 2026 08:00:05 +0000
Message-ID: <77@mail.example.org>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=us-ascii

Your message could not be delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.org

Final-Recipient: rfc822; nobody@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--b1
Content-Type: message/rfc822

Return-Path: <bounces+1001@b.example.com>
Received: from news.example.com (news.example.com [192.0.2.25])
	by out.example.com (Postfix) with ESMTP id 4QxT1001z9Zz
	for <nobody@example.org>; Mon,  4 May 2026 08:00:02 +0000 (UTC)
From: Example News <news@example.com>
To: nobody@example.org
Subject: News of May

Dear reader
--b1--
"""
# Its type, what else stands in its header, and the fields.
STATUS = re.compile(
    r"^(Content-Type: (?:message/x?delivery-status|application/octet-stream)\n)((?:[^\n]+\n)*\n)(.+?\n)(?=\n--b1\b)",
    re.DOTALL | re.MULTILINE,
)


def put(pattern: str, words: str, count: int = 0) -> Damage:
    return lambda content: re.sub(pattern, words, content, count=count, flags=re.MULTILINE)


def lost(name: str) -> Damage:
    return put(rf"^{name}:.*\n", "", 1)


def encoded(encoding: str, encode: Callable[[bytes], bytes]) -> Damage:
    header = f"Content-Transfer-Encoding: {encoding}\n"
    return lambda content: STATUS.sub(lambda part: f"{part[1]}{header}{part[2]}{encode(part[3].encode()).decode()}", content)


def indented(content: str) -> str:
    return STATUS.sub(lambda part: part[1] + part[2] + re.sub(r"^(?=.)", "  ", part[3], flags=re.MULTILINE), content)


def wrapped(content: str) -> str:
    kind = re.search(r"^Content-Type:.*\n", content, re.MULTILINE)
    assert kind
    head, _, body = content.replace(kind[0], 'Content-Type: multipart/mixed; boundary="o"\n', 1).partition("\n\n")
    return f"{head}\n\n--o\n{kind[0]}\n{body}\n--o\nContent-Type: text/plain\n\nThis mail was scanned.\n--o--\n"


DAMAGES: dict[str, Damage] = {
    "an mbox line": lambda content: f"From MAILER-DAEMON Mon May  4 08:00:05 2026\n{content}",
    "a blank line first": lambda content: f"\n{content}",
    "an MTA's fields in front": lambda content: f"Return-Path: <>\nReceived: from a by b;\n\tMon, 4 May 2026\n{content}",
    "no From": lost("From"),
    "no Subject": lost("Subject"),
    "no MIME-Version": lost("MIME-Version"),
    "no Content-Type": lost("Content-Type"),
    "a wrapped Subject": put("Undelivered Mail Returned", "Undelivered\nMail Returned", 1),
    "an auto-reply's header": lambda content: f"Auto-Submitted: auto-replied\n{content}",
    "a threaded notice": lambda content: f"In-Reply-To: <1@news.example.com>\n{content}",
    "another multipart": put("multipart/report", "multipart/mixed", 1),
    "a boundary without quotes": put('="b1"', "=b1"),
    "another boundary": put('="b1"', '="b2"'),
    "no last boundary": put(r"^--b1--\n", ""),
    "blanks behind boundaries": put(r"^--b1$", "--b1  "),
    "a wrong subtype": put("message/delivery-status", "message/xdelivery-status"),
    "octets": put("message/delivery-status", "application/octet-stream"),
    "a blank line in the part's header": put("(/delivery-status)$", r"\1\n\nContent-Description: Report"),
    "base64": encoded("base64", encodebytes),
    "quoted-printable": encoded("quoted-printable", encodestring),
    "an unknown charset": put("us-ascii", "x-unknown-9"),
    "a long line": put("^Your message", "x" * 3000 + "\nYour message"),
    "a part around it": wrapped,
    "no original": put(r"^--b1\nContent-Type: message/rfc822\n(?:.*\n)*?(?=--b1--)", ""),
    "headers of the original": put("message/rfc822", "text/rfc822-headers"),
    "indented fields": indented,
    "lower case": put(r"^(Final-Recipient|Action|Status|Diagnostic-Code|Reporting-MTA):", lambda name: name[0].lower()),  # type: ignore[arg-type]
    "no blank line above the group": put(r"(mail\.example\.org)\n\n(?=\s*Final)", r"\1\n"),
    "a type twice": put("rfc822; nobody", "rfc822;rfc822; nobody"),
    "no type": put("rfc822; nobody", "nobody"),
    "a folded recipient": put("rfc822; nobody", "rfc822;\n\tnobody"),
    "angle brackets": put("rfc822; nobody@example.org", "rfc822; <nobody@example.org>"),
    "a list of one": put("rfc822; nobody@example.org", "rfc822; nobody@example.org,"),
    "no Action": put(r"^ *Action:.*\n", ""),
    "another Action": put("Action: failed", "Action: expired"),
    "no Status": put(r"^ *Status:.*\n", ""),
    "an odd Status": put(r"Status: 5\.1\.1", "Status: 5.1.1 (bad address)"),
    "a lazy Status": put(r"Status: 5\.1\.1", "Status: 5.0.0"),
    "a reply of two lines": put(r"550 5\.1\.1 User", r"550-5.1.1 No such\n    550 5.1.1 User"),
    "raw letters": put("User unknown", "User unknown (Empfänger)"),
    "NUL": put("User unknown", "User\\0 unknown"),
    "CRLF": lambda content: content.replace("\n", "\r\n"),
    "CR CRLF": lambda content: content.replace("\n", "\r\r\n"),
}
LAST = {"CRLF", "CR CRLF"}
# What nobody could read: base64 that nothing says is base64.
TOO_MUCH = {("base64", "no Content-Type"), ("no Content-Type", "base64")}
RIGHT = ("bounce", [("nobody@example.org", "failed", "mailbox_unknown", "suppress")])


def told(content: str) -> object:
    said = answer(content.encode())
    return said["kind"], [
        (each["recipient"], each["action"], each["reason"], each["disposition"]) for each in said["recipients"]
    ]


@pytest.mark.parametrize("name", DAMAGES)
def test_one_damage_is_one(name):
    assert DAMAGES[name](REPORT) != REPORT
    assert told(DAMAGES[name](REPORT)) == RIGHT


@pytest.mark.parametrize("first", [name for name in DAMAGES if name not in LAST])
def test_two_damages_leave_the_same_failure(first):
    for one, other in permutations(DAMAGES, 2):
        if one == first and (one, other) not in TOO_MUCH:
            assert told(DAMAGES[other](DAMAGES[one](REPORT))) == RIGHT, f"{one}, {other}"
