"""Rows: values to rows and back. The one place that knows which column holds what.

Promises: every text that goes in is storable (see ``text``); ``verdict_of`` and ``attribution_of`` give back what went in
but for that spelling. Enums go in as exact ``str``: sqlite3 asks its adapters about every subclass, which costs more than
the row. Knows nothing of transactions.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson

from bouncesink.core.address import address_key
from bouncesink.core.mail import Admitted, Mail
from bouncesink.core.report import Action, Kind, Place, Report
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.value import value
from bouncesink.core.verdict import Alternative, Disposition, Evidence, FailureClass, Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar, Nesting
from bouncesink.store.content import PackedContent
from bouncesink.store.many import places
from bouncesink.store.text import Row, as_json, storable, storable_row, timestamp


@value
class Judged:
    """One recipient of the envelope, and what was judged of the mail for it."""

    admitted: Admitted
    verdicts: tuple[Verdict, ...]


@value
class Recorded:
    """The row of one recipient; ``duplicate``: it was there already, and nothing was written."""

    mail_id: int
    duplicate: bool


def insert(table: str, columns: Sequence[str], rest: str = "") -> str:
    """The statement that adds one row, with a place for each column."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places(len(columns))}) {rest}".rstrip()  # noqa: S608 - our own names


CONTENT_COLUMNS = ("hash", "size", "kept", "encoding", "body")
# What a mail and a verdict say themselves; in front of it stand their own ids, and those of the content and of the mail.
MAIL_COLUMNS = (
    *("received_at", "via", "remote_address", "helo", "tls", "reverse_path", "forward_path"),
    *("grammar", "recipient", "reference", "authenticity", "list_name", "issued_on", "key_id", "nesting", "note"),
    *("kind", "reader", "auto_submitted", "feedback_type", "message_id", "subject"),
    *("original_message_id", "original_envelope_id", "recipients_omitted", "defects"),
)
VERDICT_COLUMNS = (
    *(
        "recipient",
        "recipient_key",
        "kind",
        "action",
        "class",
        "reason",
        "fault",
        "authenticity",
        "disposition",
    ),
    *("status", "reply_code", "diagnostic", "final_recipient", "original_recipient", "reporting_mta", "remote_mta"),
    *("rule", "rulebook", "evidence"),
)
_DISPOSITION = VERDICT_COLUMNS.index("disposition")
_HOLD = str(Disposition.HOLD)


def content_row(packed: PackedContent) -> Row:
    return (packed.hash, packed.size, packed.kept, packed.encoding, packed.body)


def mail_row(mail: Mail, report: Report, admitted: Admitted) -> Row:
    attribution, peer, original = admitted.attribution, mail.peer, report.original
    return storable_row(
        (
            timestamp(mail.received_at),
            str(peer.via),
            peer.address,
            peer.helo,
            peer.tls,
            mail.envelope.reverse_path,
            admitted.forward_path,
            str(attribution.grammar),
            attribution.recipient,
            attribution.reference,
            str(attribution.authenticity),
            attribution.list_name,
            attribution.issued_on.isoformat() if attribution.issued_on else None,
            attribution.key_id,
            as_json(attribution.nesting) if attribution.nesting else "[]",
            attribution.note,
            str(report.kind),
            report.reader,
            report.auto_submitted,
            report.feedback_type,
            report.headers.get("message-id", ""),
            report.headers.get("subject", ""),
            original.message_id if original else "",
            report.original_envelope_id,
            report.recipients_omitted,
            as_json(report.defects) if report.defects else "[]",
        )
    )


def verdict_row(verdict: Verdict) -> Row:
    return storable_row(
        (
            verdict.recipient,
            address_key(verdict.recipient) if verdict.recipient else None,
            str(verdict.kind),
            str(verdict.action) if verdict.action else None,
            str(verdict.class_) if verdict.class_ else None,
            str(verdict.reason) if verdict.reason else None,
            str(verdict.fault) if verdict.fault else None,
            str(verdict.authenticity),
            str(verdict.disposition),
            str(verdict.status) if verdict.status else None,
            verdict.reply_code,
            verdict.diagnostic,
            verdict.final_recipient,
            verdict.original_recipient,
            verdict.reporting_mta,
            verdict.remote_mta,
            verdict.rule,
            verdict.rulebook,
            _evidence_text(verdict.evidence),
        )
    )


def held_row(row: Row, evidence: Evidence) -> Row:
    """``row`` as that of the same verdict, held back, with another evidence."""
    return (*row[:_DISPOSITION], _HOLD, *row[_DISPOSITION + 1 : -1], _evidence_text(evidence))


def verdict_of(row: sqlite3.Row | Mapping[str, Any]) -> Verdict:
    """The inverse of ``verdict_row``."""
    return Verdict(
        recipient=row["recipient"],
        kind=Kind(row["kind"]),
        action=Action(row["action"]) if row["action"] else None,
        class_=FailureClass(row["class"]) if row["class"] else None,
        reason=Reason(row["reason"]) if row["reason"] else None,
        fault=Fault(row["fault"]) if row["fault"] else None,
        authenticity=Authenticity(row["authenticity"]),
        disposition=Disposition(row["disposition"]),
        status=EnhancedStatusCode.find(row["status"]) if row["status"] else None,
        reply_code=row["reply_code"],
        diagnostic=row["diagnostic"],
        final_recipient=row["final_recipient"],
        original_recipient=row["original_recipient"],
        reporting_mta=row["reporting_mta"],
        remote_mta=row["remote_mta"],
        rule=row["rule"],
        rulebook=row["rulebook"],
        evidence=_evidence_of(row["evidence"]),
    )


def attribution_of(row: sqlite3.Row) -> Attribution:
    """What ``mail_row`` kept of the forward-path's attribution."""
    return Attribution(
        grammar=Grammar(row["grammar"]),
        recipient=row["recipient"],
        reference=row["reference"],
        authenticity=Authenticity(row["authenticity"]),
        list_name=row["list_name"],
        issued_on=date.fromisoformat(row["issued_on"]) if row["issued_on"] else None,
        key_id=row["key_id"],
        nesting=tuple(Nesting(name) for name in orjson.loads(row["nesting"])),
        note=row["note"],
    )


def _evidence_text(evidence: Evidence) -> str:
    facts: dict[str, object] = {"words": storable(evidence.words), "place": evidence.place}
    if evidence.alternatives:
        facts["alternatives"] = [{"rule": other.rule, "reason": other.reason} for other in evidence.alternatives]
    if evidence.blocklist:
        facts["blocklist"] = storable(evidence.blocklist)
    if evidence.note:
        facts["note"] = storable(evidence.note)
    return as_json(facts)


def _evidence_of(text: str) -> Evidence:
    facts = orjson.loads(text)
    return Evidence(
        words=facts["words"],
        place=Place(facts["place"]),
        alternatives=tuple(Alternative(other["rule"], Reason(other["reason"])) for other in facts.get("alternatives", ())),
        blocklist=facts.get("blocklist", ""),
        note=facts.get("note", ""),
    )
