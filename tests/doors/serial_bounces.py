"""Bounces by the serial number: each another mail, and what came of each is told by the number in its diagnostic."""

import re

RECORDED_AS = re.compile(rb"recorded as (\d+)")
DEAD = ("5.1.1", "550 5.1.1 User unknown")
FULL = ("4.2.2", "452 4.2.2 Mailbox full")

_CONTENT = """\
From: MAILER-DAEMON@mx.receiver.example\r
To: {to}\r
Subject: Undelivered Mail Returned to Sender\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="part"\r
\r
--part\r
Content-Type: text/plain\r
\r
Your mail could not be delivered.\r
\r
--part\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.receiver.example\r
\r
Final-Recipient: rfc822; {recipient}\r
Action: failed\r
Status: {status}\r
Diagnostic-Code: smtp; {answer} (serial {serial})\r
\r
--part\r
Content-Type: message/rfc822\r
\r
Message-ID: <{serial}@sender.example>\r
Subject: {padding}\r
\r
--part--\r
"""


def content_of(serial: int, recipient: str, to: str, said: tuple[str, str], padding: str) -> bytes:
    """``to`` is the forward-path; ``said`` a status and an answer."""
    status, answer = said
    return _CONTENT.format(to=to, recipient=recipient, serial=serial, status=status, answer=answer, padding=padding).encode()


def serial_of(diagnostic: str) -> int:
    """The inverse, of a verdict's diagnostic."""
    return int(diagnostic.rpartition("serial ")[2].rstrip(")"))
