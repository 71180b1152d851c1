"""Reports of RFC 3464 for their reader: one that is well-formed, to be damaged as a test likes."""

from bouncesink.core.reading import read
from bouncesink.core.report import Report, ReportedRecipient

FIELDS = """\
Reporting-MTA: dns; mx.example.net
Received-From-MTA: dns; out.sender.example
Original-Envelope-Id: env-42
Arrival-Date: Mon, 1 Jan 2024 00:00:00 +0000

Final-Recipient: rfc822; user@example.com
Original-Recipient: rfc822;alias@example.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; mail.example.com
Diagnostic-Code: smtp; 550 5.1.1 <user@example.com>: Recipient address
    rejected: User unknown
Last-Attempt-Date: Mon, 1 Jan 2024 00:00:02 +0000
"""
ORIGINAL = """\
Return-Path: <bounce+1@bounces.sender.example>
From: Shop <news@sender.example>
To: alias@example.com
Message-ID: <1@sender.example>
Subject: =?utf-8?q?gr=C3=B6=C3=9Fer?=
X-Campaign: 7

Hello
"""


def report(
    fields: str | bytes = FIELDS,
    *,
    subtype: str = "message/delivery-status",
    part_headers: str = "",
    text: str = "Your mail was not delivered.",
    original: str = ORIGINAL,
    original_type: str = "message/rfc822",
    subject: str = "Undelivered Mail Returned to Sender",
) -> bytes:
    body = fields if isinstance(fields, bytes) else fields.encode()
    return (
        (
            f"From: MAILER-DAEMON@mx.example.net\nSubject: {subject}\nAuto-Submitted: Auto-Replied\nMIME-Version: 1.0\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
            f"--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n\n--b\nContent-Type: {subtype}\n{part_headers}\n"
        ).encode()
        + body
        + f"\n--b\nContent-Type: {original_type}\n\n{original}\n--b--\n".encode()
    )


def only(content: bytes) -> tuple[Report, ReportedRecipient]:
    found = read(content)
    assert len(found.recipients) == 1
    return found, found.recipients[0]
