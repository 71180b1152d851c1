"""The JSON of ``classify``: one object for each mail, with the same keys every time, null where nothing was said.

Names of keys and values are stable: programs read them. ``recipient`` is the subscriber; ``disposition`` is the default for a
proven first verdict, as a mail by itself says nothing of the envelope that it came in. docs/reference/json.md is drawn from the
tables below.
"""

from collections.abc import Callable, Mapping
from typing import Any

from bouncesink.cli.mails import Found
from bouncesink.core.report import Report
from bouncesink.core.verdict import Alternative, Evidence, Verdict
from bouncesink.library import Classification

Telling = tuple[str, str]  # type, meaning

MAIL_KEYS: Mapping[str, Telling] = {
    "source": ("string", "the file it came from, as it was named or found; `-` is standard input"),
    "number": ("integer", "which mail of an mbox it is, from 1; this key is there for an mbox only"),
    "kind": ("string", "what kind of mail it is: {Kind}"),
    "auto_submitted": ("string or null", "its Auto-Submitted field (RFC 3834)"),
    "defects": ("array of strings", "what is wrong with it, by name; damage is read around, never refused"),
    "recipients": ("array of objects", "one for each recipient that it is about, in its own order"),
}
RECIPIENT_KEYS: Mapping[str, Telling] = {
    "recipient": ("string or null", "the subscriber: the VERP address, else Original-Recipient, else Final-Recipient"),
    "final_recipient": ("string or null", "Final-Recipient (RFC 3464 section 2.3.2), where delivery was tried at last"),
    "original_recipient": ("string or null", "Original-Recipient (RFC 3464 section 2.3.1)"),
    "action": ("string or null", "Action (RFC 3464 section 2.3.3): {Action}"),
    "class": ("string or null", "what codes and words say of permanence: {FailureClass}; null where nothing failed"),
    "status": ("string or null", "the enhanced status code (RFC 3463) that counts"),
    "reply_code": ("integer or null", "the SMTP reply code (RFC 5321) that counts"),
    "reason": ("string or null", "what happened; null where nothing failed"),
    "fault": ("string or null", "whose fault it was: {Fault}"),
    "disposition": ("string", "what to do about it: {Disposition}"),
    "diagnostic": ("string or null", "the receiver's own words, decoded and unfolded"),
    "reporting_mta": ("string or null", "who wrote the report"),
    "remote_mta": ("string or null", "who refused the mail"),
    "rule": ("string or null", "the rule that decided the reason"),
    "evidence": ("object", "why"),
}
EVIDENCE_KEYS: Mapping[str, Telling] = {
    "words": ("string or null", "the words or code that matched"),
    "place": ("string", "where they stood: {Place}"),
    "alternatives": ("array of objects", "what else was possible: `rule` and `reason` of rules that matched too, and lost"),
    "blocklist": ("string or null", "the blocklist that was named"),
    "note": ("string or null", "anything else that decided"),
}

_RECIPIENT: Mapping[str, Callable[[Verdict], Any]] = {
    "recipient": lambda verdict: verdict.recipient,
    "final_recipient": lambda verdict: verdict.final_recipient,
    "original_recipient": lambda verdict: verdict.original_recipient,
    "action": lambda verdict: verdict.action,
    "class": lambda verdict: verdict.class_,
    "status": lambda verdict: str(verdict.status) if verdict.status else None,
    "reply_code": lambda verdict: verdict.reply_code,
    "reason": lambda verdict: verdict.reason,
    "fault": lambda verdict: verdict.fault,
    "disposition": lambda verdict: verdict.disposition,
    "diagnostic": lambda verdict: verdict.diagnostic or None,
    "reporting_mta": lambda verdict: verdict.reporting_mta,
    "remote_mta": lambda verdict: verdict.remote_mta,
    "rule": lambda verdict: verdict.rule or None,
    "evidence": lambda verdict: evidence_object(verdict.evidence),
}
_EVIDENCE: Mapping[str, Callable[[Evidence], Any]] = {
    "words": lambda evidence: evidence.words or None,
    "place": lambda evidence: evidence.place,
    "alternatives": lambda evidence: [_alternative(each) for each in evidence.alternatives],
    "blocklist": lambda evidence: evidence.blocklist or None,
    "note": lambda evidence: evidence.note or None,
}


def mail_object(found: Found, classification: Classification) -> dict[str, Any]:
    """One mail as programs get it."""
    report: Report = classification.report
    number = {} if found.number is None else {"number": found.number}
    return {
        "source": found.source,
        **number,
        "kind": report.kind,
        "auto_submitted": report.auto_submitted or None,
        "defects": list(report.defects),
        "recipients": [recipient_object(verdict) for verdict in classification.verdicts],
    }


def recipient_object(verdict: Verdict) -> dict[str, Any]:
    return {name: value(verdict) for name, value in _RECIPIENT.items()}


def evidence_object(evidence: Evidence) -> dict[str, Any]:
    return {name: value(evidence) for name, value in _EVIDENCE.items()}


def _alternative(alternative: Alternative) -> dict[str, str]:
    return {"rule": alternative.rule, "reason": alternative.reason}
