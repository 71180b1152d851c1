"""Reports made by hand for the judge, of one dead address, and what it thinks of them by the built-in rules."""

from dataclasses import replace

from bouncesink.core.classify import judge
from bouncesink.core.report import Action, Kind, Report, ReportedRecipient
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verdict import Verdict
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.rulefiles import load_rulebook

BOOK = load_rulebook(None)
MAILED = "user@example.com"
SIGNED = Attribution(Grammar.SIGNED, recipient=MAILED, authenticity=Authenticity.PROVEN)
NOBODY = Attribution(Grammar.NONE)


def status(text: str) -> EnhancedStatusCode | None:
    return EnhancedStatusCode.find(text)


UNKNOWN = ReportedRecipient(
    final_recipient=MAILED,
    action=Action.FAILED,
    status=status("5.1.1"),
    diagnostic_type="smtp",
    diagnostic="550 5.1.1 <user@example.com>: User unknown",
    reply_code=550,
    diagnostic_status=status("5.1.1"),
    remote_mta="mx.example.com",
)


def report(*blocks: ReportedRecipient, kind: Kind = Kind.BOUNCE, **fields: object) -> Report:
    return Report(kind=kind, reader="dsn", recipients=blocks, reporting_mta="mail.example.net", **fields)


def one(block: ReportedRecipient = UNKNOWN, attribution: Attribution = SIGNED, **fields: object) -> Verdict:
    (verdict,) = judge(report(block, **fields), attribution, BOOK)
    return verdict


def said(diagnostic: str, **fields: object) -> ReportedRecipient:
    codes: dict[str, object] = {
        "status": None,
        "reply_code": int(diagnostic[:3]) if diagnostic[:3].isdigit() else None,
        "diagnostic_status": status(diagnostic),
    }
    return replace(UNKNOWN, diagnostic=diagnostic, **{**codes, **fields})
