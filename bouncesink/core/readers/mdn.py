"""MDN: message disposition notifications of RFC 8098, and the refusals that dress as one (RFC 5429 section 2.1).

Promises: what was displayed, processed or deleted is a receipt, and so is that somebody denies one; what failed, was refused,
or was thrown away by a Sieve script that says so is a bounce. Knows nothing of why somebody refused.
"""

import re

from bouncesink.core.defect import Defect
from bouncesink.core.fields import host, parse_fields, recipient
from bouncesink.core.readers.diagnostics import diagnose
from bouncesink.core.readers.message import Message, Said
from bouncesink.core.readers.phrases import answers, receipts
from bouncesink.core.report import Action, Kind, Place, Report, ReportedRecipient

_TYPES = frozenset(("message/disposition-notification", "message/global-disposition-notification"))
_REFUSED = frozenset(("failed", "denied", "rejected", "refused"))
_DISPOSITION = re.compile(r"(?:[^;]*;)?[ \t]*([a-z-]+)", re.IGNORECASE)
# RFC 2298 section 3.2.6.2: of somebody who keeps to himself whether he read the mail.
_WITHHELD = re.compile(r"manual-action\b[^;]*;[ \t]*denied", re.IGNORECASE)
_WORDS_LIMIT = 1000
# What a receipt quotes of the mail that it is for: "Subject: Your claim was rejected", in a line or between quotation marks.
_QUOTED = re.compile(r"^[ \t>]*+[^\W\d_]{2,20}[ \t]?:[ \t]+\S.*|\"[^\"\n]{1,200}\"|[“„«][^“”»\n]{1,200}[“”»]", re.MULTILINE)


def read(message: Message) -> Report | None:
    """A report with a disposition-notification part."""
    for part in message.parts:
        if part.content_type in _TYPES:
            groups = parse_fields(message.text_of(part), 1)
            fields = {**groups.message, **(groups.recipients[0] if groups.recipients else {})}
            return _report(message, fields)
    return None


def read_prose(message: Message) -> Report | None:
    """A receipt without a part that makes it one."""
    subject, low = message.header("subject")[:512], message.low
    if receipts.READ_SUBJECT.match(subject) is None or not any(words in low for words in receipts.READ_ON):
        return None
    return message.report(Kind.RECEIPT, "mdn")


def _report(message: Message, fields: dict[str, str]) -> Report:
    disposition = fields.get("disposition", "")
    found = _DISPOSITION.match(disposition)
    word = found[1].lower() if found is not None else ""
    refused = word in _REFUSED or (word == "deleted" and "automatic" in disposition.lower() and _is_refusal(message))
    refused = refused and not _WITHHELD.match(disposition)
    final = recipient(fields.get("final-recipient", ""))
    original = recipient(fields.get("original-recipient", ""))
    if final is None and original is None:
        message.remark(Defect.RECIPIENT_MISSING)
    words = fields.get("failure") or fields.get("error") or " ".join(message.text.split())[:_WORDS_LIMIT]
    diagnostic = diagnose(words if refused else "")
    return message.report(
        Kind.BOUNCE if refused else Kind.RECEIPT,
        "mdn",
        (
            ReportedRecipient(
                final_recipient=final,
                original_recipient=original,
                action=Action.FAILED if refused else None,
                diagnostic_type=diagnostic.type,
                diagnostic=diagnostic.text,
                reply_code=diagnostic.reply_code,
                diagnostic_status=diagnostic.status,
                place=Place.PROSE if refused else Place.DIAGNOSTIC,
            ),
        ),
        Said(reporting_mta=host(fields.get("mdn-gateway", "")), original_envelope_id=fields.get("original-envelope-id", "")),
    )


def _is_refusal(message: Message) -> bool:
    """Whether the notice itself speaks of refusing, and not only the mail that it quotes."""
    subject = message.header("subject")[:512]
    if receipts.READ_SUBJECT.match(subject) is None and answers.REFUSAL.search(subject) is not None:
        return True
    return answers.REFUSAL.search(_QUOTED.sub("", message.text)) is not None
