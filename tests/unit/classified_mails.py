"""Mails that are classified and explained in tests, and a verdict to tell of."""

from dataclasses import replace

from verdicts import DEAD

from bouncesink.cli.welcome import SAMPLE_DSN
from bouncesink.core.report import Place
from bouncesink.core.verdict import Disposition, Evidence, Fault, Reason, Verdict

HOSTILE = SAMPLE_DSN.replace("User unknown", "User unknown =?utf-8?q?=1B[2J?= \x1b[31m[bold]").replace(
    "reader@", "re\x1b[2Jader@"
)
OTHER = "Subject: hello\n\nnothing to see\n"


def verdict(**changes: object) -> Verdict:
    """A fault of the sender's, which tests of telling have most to tell of."""
    blocked = replace(
        DEAD,
        reason=Reason.IP_BLOCKLISTED,
        fault=Fault.SENDER_REPUTATION,
        disposition=Disposition.IGNORE,
        status=None,
        reply_code=554,
        diagnostic="554 blocked",
        reporting_mta="mx.example.com",
        remote_mta=None,
        rule="blocklist/x",
        evidence=Evidence("blocked", Place.DIAGNOSTIC),
    )
    return replace(blocked, **changes)
