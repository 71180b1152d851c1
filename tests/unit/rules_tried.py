"""A rule of an operator's own, a report that it reads, and `bouncesink rules` run on them."""

from bouncesink.cli.exits import Exit
from bouncesink.cli.main import main
from bouncesink.rulefiles import load_rulebook

BOOK = load_rulebook(None)
BUILT_IN = len(BOOK.rules) + len(BOOK.formats.formats)
RULE = """\
[[rule]]
id = "local/counter"
reason = "mailbox_full"
literal = "the counter for letters is closed"
unless = "until tomorrow"
source = "https://receiver.example/postmaster"
examples = ["550 5.7.1 The counter for letters is closed"]
counterexamples = ["450 The counter for letters is closed until tomorrow"]
"""
DSN = """\
From: MAILER-DAEMON@mx.receiver.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="part"

--part
Content-Type: text/plain

{prose}

--part
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.receiver.example

Final-Recipient: rfc822; {recipient}
Action: failed
{fields}
--part--
"""


def dsn(diagnostic: str, recipient: str = "reader@receiver.example", prose: str = "Your mail could not be delivered.") -> str:
    fields = f"Diagnostic-Code: smtp; {diagnostic}\n" if diagnostic else "Status: 5.0.0\n"
    return DSN.format(prose=prose, recipient=recipient, fields=fields)


def run(capsys, *arguments: str, code: int = Exit.OK) -> str:
    assert main(["rules", *arguments]) == code
    return capsys.readouterr().out
