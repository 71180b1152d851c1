"""One server's answer about one proven recipient, judged by the built-in rules."""

from bouncesink.core.classify import judge
from bouncesink.core.report import Action, Kind, Place, Report, ReportedRecipient
from bouncesink.core.status import EnhancedStatusCode, find_reply_code
from bouncesink.core.verdict import Reason, Verdict
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.rulefiles import load_rulebook

BOOK = load_rulebook(None)
PROVEN = Attribution(Grammar.SIGNED, recipient="user@example.com", authenticity=Authenticity.PROVEN)
# By its default the first proven verdict suppresses.
SUPPRESSING = {
    Reason.MAILBOX_UNKNOWN,
    Reason.BAD_ADDRESS_SYNTAX,
    Reason.MAILBOX_MOVED,
    Reason.DOMAIN_NULL_MX,
    Reason.MAILBOX_DISABLED,
}


def verdict_of(diagnostic: str, remote_mta: str = "", **fields: object) -> Verdict:
    """Its codes are those of ``diagnostic``, unless ``fields`` has others."""
    said = {"reply_code": find_reply_code(diagnostic), "diagnostic_status": EnhancedStatusCode.find(diagnostic)}
    named = {"final_recipient": "user@example.com", "remote_mta": remote_mta or "mx.example.com"}
    return _judged(ReportedRecipient(action=Action.FAILED, diagnostic=diagnostic, **(named | said | fields)))


def verdict_of_letter(text: str, status: EnhancedStatusCode | None) -> Verdict:
    """Of a report with no answer in its fields: all that is said stands in ``text``."""
    named = {"final_recipient": "user@example.com", "remote_mta": "mx.example.com"}
    return _judged(ReportedRecipient(action=Action.FAILED, status=status, place=Place.PROSE, **named), text)


def _judged(block: ReportedRecipient, text: str = "") -> Verdict:
    (verdict,) = judge(Report(kind=Kind.BOUNCE, reader="dsn", recipients=(block,), text=text), PROVEN, BOOK)
    return verdict
