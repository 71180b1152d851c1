"""Mails that are classified and explained in tests, and a verdict to tell of."""

from bouncesink.cli.welcome import SAMPLE_DSN
from bouncesink.core.report import Action, Kind, Place
from bouncesink.core.verdict import (
    Disposition,
    Evidence,
    FailureClass,
    Fault,
    Reason,
    Verdict,
)
from bouncesink.core.verp.attribution import Authenticity

HOSTILE = SAMPLE_DSN.replace("User unknown", "User unknown =?utf-8?q?=1B[2J?= \x1b[31m[bold]").replace(
    "reader@", "re\x1b[2Jader@"
)
OTHER = "Subject: hello\n\nnothing to see\n"


def verdict(**changes) -> Verdict:
    facts = {
        "recipient": "reader@example.com",
        "kind": Kind.BOUNCE,
        "action": Action.FAILED,
        "class_": FailureClass.HARD,
        "reason": Reason.IP_BLOCKLISTED,
        "fault": Fault.SENDER_REPUTATION,
        "authenticity": Authenticity.PROVEN,
        "disposition": Disposition.IGNORE,
        "status": None,
        "reply_code": 554,
        "diagnostic": "554 blocked",
        "final_recipient": "reader@example.com",
        "original_recipient": None,
        "reporting_mta": "mx.example.com",
        "remote_mta": None,
        "rule": "blocklist/x",
        "rulebook": "0123456789ab",
        "evidence": Evidence("blocked", Place.DIAGNOSTIC),
    }
    return Verdict(**(facts | changes))
