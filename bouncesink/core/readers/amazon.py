"""Amazon SES: its notifications and events in JSON, as SNS sends them on by mail.

https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html and event-publishing-retrieving-sns-contents.html tell
the fields. Promises: total and bounded, whatever stands in the JSON; it is read bare, in the envelope of SNS or EventBridge,
before the words that SNS puts under it, and where an old MTA wrapped its lines. A complaint that may be of one of several
names nobody: SES lists everybody at the provider that complained. Knows nothing of what a bounce type is worth.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from bouncesink.core.defect import Defect
from bouncesink.core.fields import host, recipient
from bouncesink.core.headers import Headers
from bouncesink.core.readers.arf import kind_of_type
from bouncesink.core.readers.diagnostics import diagnose, status_of
from bouncesink.core.readers.message import Message, Said
from bouncesink.core.report import Action, Kind, Place, Report, ReportedRecipient, ReturnedOriginal
from bouncesink.core.status import EnhancedStatusCode

Row = Mapping[str, Any]

_LIMIT: Final = 262_144  # what SNS allows to one message
_BRACKETS: Final = 800  # nothing nests deeper than it has brackets, and the interpreter's own bound is 1000
_ENVELOPES: Final = 3
_RECIPIENTS: Final = 100
_HEADERS: Final = 200
_VALUE: Final = 8192


class _Event(NamedTuple):
    """What an event means: the key of its own object, and that of its recipients in there."""

    key: str
    recipients: str
    kind: Kind
    action: Action | None


_EVENTS = {
    "Bounce": _Event("bounce", "bouncedRecipients", Kind.BOUNCE, Action.FAILED),
    "Complaint": _Event("complaint", "complainedRecipients", Kind.COMPLAINT, None),
    "Delivery": _Event("delivery", "recipients", Kind.DELIVERED, Action.DELIVERED),
    "DeliveryDelay": _Event("deliveryDelay", "delayedRecipients", Kind.DELAYED, Action.DELAYED),
    "Reject": _Event("reject", "", Kind.BOUNCE, Action.FAILED),
}
# These tell of no delivery.
_OTHERS = frozenset(
    ("AmazonSnsSubscriptionSucceeded", "Click", "Open", "Received", "Rendering Failure", "Send", "Subscription")
)
_CLASSES = {"Permanent": EnhancedStatusCode(5, 0, 0), "Transient": EnhancedStatusCode(4, 0, 0)}
# What the documents say that bounceSubType, delayType and reason mean, for where no server's answer stands beside them.
_MEANINGS = {
    "AttachmentRejected": "message rejected: attachment not allowed",
    "Bad content": "message contained a virus",
    "ContentRejected": "message content rejected",
    "MailboxFull": "mailbox full",
    "MessageTooLarge": "message too large",
    "OnAccountSuppressionList": "on the suppression list for your account",
    "SpamDetected": "message identified as spam",
    "Suppressed": "Amazon SES has suppressed sending to this address",
    "TransientCommunicationFailure": "connection to the recipient's server failed",
}


def read(message: Message) -> Report | None:
    """A notification of SES."""
    found = _notification(message)
    if found is None:
        return None
    event = _EVENTS.get(_name(found))
    if event is None:
        return message.report(Kind.REPORT, "amazon-ses")
    mail, told = _row(found.get("mail")), _row(found.get(event.key))
    recipients = _recipients(event, told, mail)
    if not any(block.final_recipient or block.original_recipient for block in recipients):
        message.remark(Defect.RECIPIENT_MISSING)
    feedback_type = (_text(told, "complaintFeedbackType") or "abuse") if event.kind is Kind.COMPLAINT else ""
    said = Said(
        reporting_mta=host(_text(told, "reportingMTA")),
        arrival_date=_text(mail, "timestamp"),
        feedback_type=feedback_type,
        recipients_omitted=max(0, len(recipients) - _RECIPIENTS),
    )
    kind = kind_of_type(feedback_type) if feedback_type else event.kind
    report = message.report(kind, "amazon-ses", recipients[:_RECIPIENTS], said)
    return report if report.original is not None else replace(report, original=_original(mail))


def _notification(message: Message) -> Row | None:
    """The object that tells of an event of SES, out of whatever it is wrapped in."""
    for text in _texts(message):
        found = _object(text)
        for _ in range(_ENVELOPES):
            name = _name(found)
            if name in _OTHERS or (name in _EVENTS and _EVENTS[name].key in found):
                return found
            found = _row(found.get("detail")) or _object(_string(found, "Message"))  # EventBridge; SNS
    return None


def _name(found: Row) -> str:
    return _text(found, "notificationType") or _text(found, "eventType")


def _texts(message: Message) -> list[str]:
    parts = [part for part in message.parts if part.content_type == "application/json"]
    if message.text.lstrip().startswith("{"):
        parts = [*message.readable_parts()[:1], *parts]
    return [message.text_of(part) for part in parts[:2]]


_DECODER = json.JSONDecoder(strict=False)  # a line end inside a string is an old MTA's


def _object(text: str) -> Row:
    """The object with which a text begins; an empty one where it begins with none."""
    # No JSON has this in it: sendmail cuts a line that is too long with an exclamation mark.
    text = text[:_LIMIT].replace("!\n ", "").lstrip()
    if not text.startswith("{") or text.count("{") + text.count("[") > _BRACKETS:
        return {}
    try:
        return _row(_DECODER.raw_decode(text)[0])
    except ValueError:
        return {}


def _row(value: Any) -> Row:
    return value if isinstance(value, dict) else {}


def _rows(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _string(row: Row, key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else ""


def _text(row: Row, key: str) -> str:
    """A string of a stranger's, on one line: JSON can spell halves of characters, and NUL."""
    value = _string(row, key)[:_VALUE]
    return " ".join(value.encode("utf-8", "replace").decode().replace("\0", "").split())


def _recipients(event: _Event, told: Row, mail: Row) -> tuple[ReportedRecipient, ...]:
    rows = _rows(told.get(event.recipients)) or _rows(mail.get("destination"))
    named = [_row(row) or {"emailAddress": row} for row in rows]
    addressed = {address: row for row in named if (address := recipient(_text(row, "emailAddress"))) is not None}
    if event.action is None:
        return tuple(ReportedRecipient(original_recipient=address) for address in addressed if len(addressed) == 1)
    if not addressed and event.action is not Action.DELIVERED:
        return (_recipient(event, None, {}, told),)
    return tuple(_recipient(event, address, row, told) for address, row in addressed.items())


def _recipient(event: _Event, address: str | None, row: Row, told: Row) -> ReportedRecipient:
    words = _text(row, "diagnosticCode") or _text(told, "smtpResponse")
    diagnostic = diagnose(words or _meaning(told))
    status = status_of(_text(row, "status"))
    action = _text(row, "action").lower()
    return ReportedRecipient(
        final_recipient=address,
        action=Action(action) if action in _ACTIONS else event.action,
        status=status or (_CLASSES.get(_text(told, "bounceType")) if diagnostic.reply_code is None else None),
        diagnostic_type=diagnostic.type,
        diagnostic=diagnostic.text,
        reply_code=diagnostic.reply_code,
        diagnostic_status=diagnostic.status,
        remote_mta=_text(told, "remoteMtaIp") or None,
        last_attempt_date=_text(told, "timestamp"),
        will_retry_until=_text(told, "expirationTime"),
        place=Place.DIAGNOSTIC if words else Place.STATUS,
    )


_ACTIONS = frozenset(Action)


def _meaning(told: Row) -> str:
    names = (_text(told, key) for key in ("bounceSubType", "delayType", "reason"))
    return next((_MEANINGS[name] for name in names if name in _MEANINGS), "")


def _original(mail: Row) -> ReturnedOriginal | None:
    """The header fields of the mail that was sent, where SES was told to include them."""
    rows = [_row(row) for row in _rows(mail.get("headers"))[:_HEADERS]]
    fields = [f"{_text(row, 'name')}: {_text(row, 'value')}" for row in rows]
    block = "\n".join(fields).encode()
    return ReturnedOriginal(Headers(block), block) if block else None
