"""ARF: feedback reports of RFC 5965, and of the loops that are older than it.

Promises: every Original-Rcpt-To is a recipient; where none is told, whom the returned original was sent to. ``abuse`` and its
kin, which a reader presses a button for, are complaints; ``opt-out`` asks to be taken off; all other types are feedback, which
says nothing against an address. Knows nothing of whether a complaint is believed.
"""

import re

from bouncesink.core.address import parse_all
from bouncesink.core.defect import Defect
from bouncesink.core.fields import host, listed, recipient
from bouncesink.core.headers import Headers
from bouncesink.core.mime import payload
from bouncesink.core.readers.likeness import is_personal
from bouncesink.core.readers.message import Message, Said
from bouncesink.core.readers.phrases import answers
from bouncesink.core.readers.returned import returned_octets
from bouncesink.core.report import Kind, Place, Report, ReportedRecipient, ReturnedOriginal

# RFC 5965 section 7.3, RFC 6650 section 5; what is not here is feedback of another sort. A virus is a scanner's finding in our
# mail, and no reader's wish. Drafts of RFC 5965 had opt-out, and loops still send it.
_KINDS = {
    **dict.fromkeys(("abuse", "complaint", "fraud", "other", "spam"), Kind.COMPLAINT),
    **dict.fromkeys(("opt-out", "opt-out-list", "unsubscribe"), Kind.UNSUBSCRIBE),
}

_HOTMAIL = "x-hmxmroriginalrecipient"
_RECIPIENT_FIELDS = ("original-rcpt-to", "removal-recipient", _HOTMAIL)
_ORIGINAL_RECIPIENT = (_HOTMAIL, "x-original-to", "delivered-to", "to")
_LIMIT = 100
_FIELDS_LIMIT = 65_536
_WORD = re.compile(r"[a-z][a-z-]*")
_FIRST = re.compile(r"^feedback-type[ \t]*:", re.IGNORECASE | re.MULTILINE)
_HINT = re.compile(rb"\nfeedback-type[ \t]*:", re.IGNORECASE)


def kind_of_type(feedback_type: str) -> Kind:
    """What a Feedback-Type in lower case makes of a report."""
    return _KINDS.get(feedback_type, Kind.FEEDBACK)


def read(message: Message) -> Report | None:
    """A report with a feedback-report part, or from a loop that sends none but names the recipient in the original."""
    for part in message.parts:
        if part.content_type == "message/feedback-report":
            return _report(message, Headers(payload(part)[0][:_FIELDS_LIMIT].strip()))
    if message.report_type.lower() == "feedback-report":
        message.remark(Defect.REPORT_PART_MISSING)
        return _report(message, Headers(_in_text(message)))
    fields = _untyped(message)
    if fields is not None:
        message.remark(Defect.REPORT_PART_MISSING)
        return _report(message, fields)
    original = _forwarded(message)
    if original is not None and (_HOTMAIL in original.headers or answers.COMPLAINT.match(message.header("subject"))):
        message.remark(Defect.REPORT_PART_MISSING)
        return _report(message, Headers(b""), original)
    return None


def _forwarded(message: Message) -> ReturnedOriginal | None:
    """The original of a mail that consists of parts, or is nothing but that original."""
    if len(message.parts) > 1:
        return message.original
    if message.top.content_type == "message/rfc822":
        return returned_octets(payload(message.top)[0], complete=True)
    return None


def _untyped(message: Message) -> Headers | None:
    """The fields of a report that says nowhere that it is one, and that nobody passes on."""
    if _HINT.search(message.content) is None or is_personal(message):
        return None
    fields = Headers(_in_text(message))
    if not fields:
        for part in message.parts:
            if part.content_type == "application/octet-stream" and _FIRST.match(message.text_of(part).lstrip()):
                fields = Headers(payload(part)[0][:_FIELDS_LIMIT].strip())
    return fields if "version" in fields or "user-agent" in fields else None  # both are required (RFC 5965 section 3.1)


def _in_text(message: Message) -> bytes:
    """The fields, where they stand in a part that a person reads."""
    start = _FIRST.search(message.text)
    return message.text[start.start() :][:_FIELDS_LIMIT].encode() if start is not None else b""


def _report(message: Message, fields: Headers, original: ReturnedOriginal | None = None) -> Report:
    word = _WORD.search(fields.value("feedback-type").lower())
    feedback_type = word[0] if word is not None else "abuse"
    told = [value for name in _RECIPIENT_FIELDS for value in fields.all(name)]
    named = [recipient(each) for value in told for each in listed(value)]
    addresses = dict.fromkeys(address for address in named if address is not None and "@" in address)
    place = Place.DIAGNOSTIC
    original = original or message.original
    if not addresses and original is not None:
        addresses = _sent_to(original)
        place = Place.ORIGINAL
    if not addresses:
        message.remark(Defect.RECIPIENT_MISSING)
    if len(addresses) > _LIMIT:
        message.remark(Defect.RECIPIENTS_CUT)
    return message.report(
        kind_of_type(feedback_type),
        "arf",
        tuple([ReportedRecipient(original_recipient=address, place=place) for address in list(addresses)[:_LIMIT]]),
        Said(
            reporting_mta=host(fields.value("reporting-mta")),
            original_envelope_id=fields.value("original-envelope-id"),
            arrival_date=fields.value("arrival-date") or fields.value("received-date"),
            feedback_type=feedback_type,
            recipients_omitted=max(0, len(addresses) - _LIMIT),
            original_mail_from=fields.value("original-mail-from").strip("<> "),
        ),
    )


def _sent_to(original: ReturnedOriginal) -> dict[str, None]:
    """Whom the original was sent to, if that is one: of several nobody knows who complained."""
    for name in _ORIGINAL_RECIPIENT:
        addresses = dict.fromkeys(str(address) for address in parse_all(original.headers.get(name, "")) if address.domain)
        if len(addresses) == 1:
            return addresses
    return {}
