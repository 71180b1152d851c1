"""DSN: delivery status notifications of RFC 3464 and RFC 6533, well-formed or as they come.

Promises: whatever names a recipient's Action, Status or Diagnostic-Code in the form of RFC 3464 fields is read, in its own
part, in a part of a wrong subtype, or written into the text; every field is optional, and what is missing, odd or contradictory
is named. The kind follows the Actions: any failed one makes a bounce, else any delayed one a delay, else it was delivered.
Knows nothing of what codes and words mean beyond their first digit.
"""

import re
from collections.abc import Sequence

from bouncesink.core.address import parse_all
from bouncesink.core.defect import Defect
from bouncesink.core.fields import FieldGroups, Fields, apart, host, mailbox_behind, parse_fields, recipient, unxtext
from bouncesink.core.mime import Part
from bouncesink.core.readers.challenge import is_challenge
from bouncesink.core.readers.diagnostics import Diagnostic, diagnose, status_of
from bouncesink.core.readers.likeness import (
    has_bounce_sender,
    has_bounce_subject,
    has_null_return_path,
    is_delay,
    is_personal,
    tells_failure,
)
from bouncesink.core.readers.message import Message, Said
from bouncesink.core.readers.phrases.delay import GIVEN_UP
from bouncesink.core.readers.prose import Mined, about, answer_in, mine
from bouncesink.core.readers.returned import RETURNED_TYPES
from bouncesink.core.report import Action, Kind, Place, Report, ReportedRecipient
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.transfer import decode_transfer, looks_base64

_RECIPIENTS = 100
_STATUS_TYPES = frozenset(("message/delivery-status", "message/global-delivery-status"))
_MAJOR = frozenset(("message", "text", "application", "multipart"))
_UNTYPED = frozenset(("message/delivery", "application/octet-stream"))  # "message/delivery status", and what nobody knew

# Words that mean one of RFC 3464's five; only those five are as they should be.
_ACTIONS = {
    "failed": Action.FAILED,
    "delayed": Action.DELAYED,
    "delivered": Action.DELIVERED,
    "relayed": Action.RELAYED,
    "expanded": Action.EXPANDED,
    "bounced": Action.FAILED,
    "denied": Action.FAILED,
    "error": Action.FAILED,
    "expired": Action.FAILED,
    "fail": Action.FAILED,
    "failure": Action.FAILED,
    "rejected": Action.FAILED,
    "undeliverable": Action.FAILED,
    "undelivered": Action.FAILED,
    "deferred": Action.DELAYED,
    "delay": Action.DELAYED,
    "warning": Action.DELAYED,
    "deliverable": Action.DELIVERED,
    "delivery": Action.DELIVERED,
    "success": Action.DELIVERED,
    "relay": Action.RELAYED,
    "expand": Action.EXPANDED,
}
_KINDS = {
    Action.FAILED: Kind.BOUNCE,
    Action.DELAYED: Kind.DELAYED,
    Action.DELIVERED: Kind.DELIVERED,
    Action.RELAYED: Kind.DELIVERED,
    Action.EXPANDED: Kind.DELIVERED,
    None: Kind.UNKNOWN,
}
_FIRST_OF = tuple(dict.fromkeys(_KINDS.values()))
_WORD = re.compile(r"[a-z]+")
_KIND_OF_CLASS = {5: Action.FAILED, 4: Action.DELAYED, 2: Action.DELIVERED}


def read(message: Message) -> Report | None:
    """A report with at least one recipient's fields, None where there is none."""
    groups = _groups(message)
    if groups is None:
        return None
    groups = apart(groups)
    message.remark(*groups.defects)
    recipients = tuple([_recipient(message, fields, alone=len(groups.recipients) == 1) for fields in groups.recipients])
    kind = _KINDS[recipients[0].action]
    if len(recipients) > 1:
        kind = min([_KINDS[each.action] for each in recipients], key=_FIRST_OF.index)
    if kind is Kind.BOUNCE and recipients[0].reply_code is None and is_challenge(message.header("subject"), message.text):
        kind = Kind.CHALLENGE  # what a server answered is a failure, whatever it asks for; a challenge answers for itself
    said = groups.message
    return message.report(
        kind,
        "dsn",
        recipients,
        Said(
            reporting_mta=host(said.get("reporting-mta", "")),
            received_from_mta=host(said.get("received-from-mta", "")),
            original_envelope_id=said.get("original-envelope-id", ""),
            arrival_date=said.get("arrival-date", ""),
            recipients_omitted=_omitted(message, groups),
        ),
    )


def _groups(message: Message) -> FieldGroups | None:
    """The fields, from where they should stand or else from where they do."""
    found: list[FieldGroups] = []
    for part in message.parts:
        if part.content_type in _STATUS_TYPES and (groups := _groups_of(message, part)) is not None:
            found.append(groups)
        elif found and part.content_type in RETURNED_TYPES:
            break  # what follows may be the original's own, if both have one boundary
    if found:
        return found[0] if len(found) == 1 else _joined(found)
    for part in message.parts:
        if _is_misnamed(part) or (part.content_type in _UNTYPED and _may_inline(message)):
            groups = _groups_of(message, part)
            if groups is not None:
                message.remark(Defect.WRONG_REPORT_SUBTYPE)
                return groups
    return _inlined(message)


def _joined(found: Sequence[FieldGroups]) -> FieldGroups:
    """A part for each recipient, as some gateways have it."""
    recipients = [fields for groups in found for fields in groups.recipients]
    omitted = sum(groups.omitted for groups in found) + max(0, len(recipients) - _RECIPIENTS)
    defects = tuple(dict.fromkeys(defect for groups in found for defect in groups.defects))
    return FieldGroups(found[0].message, tuple(recipients[:_RECIPIENTS]), omitted, defects)


def _is_misnamed(part: Part) -> bool:
    major, _, minor = part.content_type.partition("/")
    return "status" in minor and major in _MAJOR and part.content_type not in _STATUS_TYPES


def _groups_of(message: Message, part: Part) -> FieldGroups | None:
    if part.transfer_encoding in ("base64", "quoted-printable"):
        message.remark(Defect.FIELDS_ENCODED)
    text = message.text_of(part)
    if "final-recipient" in part.headers or "reporting-mta" in part.headers:
        message.remark(Defect.FIELDS_OUTSIDE_PART)
        text = f"{_field_lines(part)}\n\n{text}"
    groups = parse_fields(text)
    if not groups.recipients:
        unveiled = _unveiled(text)
        if unveiled is not None:
            message.remark(Defect.FIELDS_ENCODED)
            groups = parse_fields(unveiled)
    return groups if groups.recipients else None


def _field_lines(part: Part) -> str:
    """The part's own header as fields: nobody set a blank line between them and it."""
    return "\n".join(f"{name}: {value.decode('utf-8', 'replace').strip()}" for name, value in part.headers.fields)


_ENCODING = re.compile(r"^content-transfer-encoding:[ \t]*([a-z0-9-]+).*\n+", re.IGNORECASE | re.MULTILINE)


def _unveiled(text: str) -> str | None:
    """Fields that are encoded inside the part, all (a blank line cut off what says so) or group by group, or are indented."""
    encoding = _ENCODING.search(text)
    if encoding is not None:
        octets, _ = decode_transfer(text[encoding.end() :].encode(), encoding[1].lower())
        return text[: encoding.start()] + octets.decode("utf-8", "replace").replace("\r\n", "\n")
    groups = [group.encode() for group in text.split("\n\n")]
    if any(looks_base64(group) for group in groups):
        plain = [decode_transfer(group, "base64")[0] if looks_base64(group) else group for group in groups]
        return b"\n\n".join(plain).decode("utf-8", "replace").replace("\r\n", "\n")
    return "\n\n".join(map(_set_out, text.split("\n\n"))) if _INDENTED.search(text) else None


_INDENTED = re.compile(r"(?:\A|\n\n)[ \t]++\S")


def _set_out(group: str) -> str:
    """Without the margin of its first line; what has another is folded."""
    margin = group[: len(group) - len(group.lstrip(" \t"))]
    return group[len(margin) :].replace(f"\n{margin}", "\n") if margin else group


# Begins with a line end, not with "^": that is found at the speed of memory.
_INLINED = re.compile(r"\n([ \t]*+)(?:final|original)-recipient[ \t]*:", re.IGNORECASE)
_TOLD = re.compile(r"^[ \t]*(?:action|status|diagnostic-code)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_FIRST = re.compile(
    r"^[ \t]*(?:reporting-mta|arrival-date|(?:final|original)-recipient|action|status|diagnostic-code)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)


def _inlined(message: Message) -> FieldGroups | None:
    """Fields written into the text that a person reads."""
    text = message.text
    if "ecipient" not in text and "ECIPIENT" not in text:
        return None
    named = _INLINED.search("\n" + text)
    if named is None or _TOLD.search(text) is None or not _may_inline(message):
        return None
    first = _FIRST.search(text)
    fields = text[first.start() if first is not None else named.start() :]
    if named[1]:
        fields = "\n".join(line.removeprefix(named[1]) for line in fields.split("\n"))
    groups = parse_fields(fields)
    message.remark(Defect.FIELDS_OUTSIDE_PART)
    return groups


def _may_inline(message: Message) -> bool:
    """Anybody may paste the fields of a report and ask what they mean."""
    if has_bounce_sender(message) or has_null_return_path(message):
        return not is_personal(message)
    return not parse_all(message.header("from")[:512]) or (has_bounce_subject(message) and not is_personal(message))


def _omitted(message: Message, groups: FieldGroups) -> int:
    """Recipients over the limit; of a report that was itself cut, those beyond the cut too."""
    if groups.omitted and Defect.SIZE_CUT in message.defects:
        return max(groups.omitted, message.content.lower().count(b"\nfinal-recipient:") - len(groups.recipients))
    return groups.omitted


def _recipient(message: Message, fields: Fields, *, alone: bool) -> ReportedRecipient:
    diagnostic = diagnose(fields.get("diagnostic-code", ""))
    if diagnostic.cut:
        message.remark(Defect.DIAGNOSTIC_CUT)
    status = _status(message, fields.get("status", ""))
    if status is not diagnostic.status and _contradict(status, diagnostic.status):
        message.remark(Defect.STATUS_CONTRADICTS_DIAGNOSTIC)
    final = _address(fields, "final-recipient")
    original = unxtext(_address(fields, "original-recipient"))
    if original is not None and final is not None and "@" in final and "@" not in original:
        original = None  # "unknown;nobody": a name of the sender's system
    if final is None:
        final = _elsewhere(message, fields, named=original is not None, alone=alone)
    elif behind := mailbox_behind(final, fields.get("x-actual-recipient", "")):
        original, final = original or final, behind
    action = _action(message, fields, status or diagnostic.status, diagnostic.reply_code)
    place = Place.DIAGNOSTIC
    if len(diagnostic.text) < _SAYS_NOTHING and action in _NEEDS_WORDS:
        diagnostic, place = _from_prose(message, final or original, diagnostic, alone=alone)
    if action is Action.DELAYED and GIVEN_UP.match(diagnostic.text.lower()):
        action = Action.FAILED
    return ReportedRecipient(
        final_recipient=final,
        original_recipient=original,
        action=action,
        status=status,
        diagnostic_type=diagnostic.type,
        diagnostic=diagnostic.text,
        reply_code=diagnostic.reply_code,
        diagnostic_status=diagnostic.status,
        remote_mta=host(fields.get("remote-mta", "")),
        last_attempt_date=fields.get("last-attempt-date", ""),
        will_retry_until=fields.get("will-retry-until", ""),
        place=place,
    )


# "77" is sendmail's word for an exit code; the words are then in the text, if anywhere.
_SAYS_NOTHING = 4
_NEEDS_WORDS = (Action.FAILED, Action.DELAYED)


def _from_prose(message: Message, address: str | None, diagnostic: Diagnostic, *, alone: bool) -> tuple[Diagnostic, Place]:
    """What the text says of a recipient of whom the fields give no words."""
    words = about(message.text, address) if address else ""
    if words or alone:
        found, place = answer_in(message.text, Mined(address or "", words), alone=alone)
        if found.text:
            return found, place
    return diagnostic, Place.DIAGNOSTIC if diagnostic.text else Place.STATUS


def _elsewhere(message: Message, fields: Fields, *, named: bool, alone: bool) -> str | None:
    """The final recipient where its field names nobody: an alias behind it, or (Exim) the header beside the report."""
    actual = _address(fields, "x-actual-recipient")
    if actual is not None or named:
        return actual
    told = fields.get("final-recipient") or fields.get("original-recipient")
    message.remark(Defect.BAD_RECIPIENT if told else Defect.RECIPIENT_MISSING)
    failed = [str(each) for each in parse_all(message.header("x-failed-recipients")) if each.domain] if alone else []
    if alone and not failed:
        failed = [each.address for each in mine(message.text, frozenset(), plainly=True)]
    return failed[0] if len(failed) == 1 else None


def _address(fields: Fields, name: str) -> str | None:
    return recipient(value) if (value := fields.get(name)) else None


def _contradict(status: EnhancedStatusCode | None, diagnostic: EnhancedStatusCode | None) -> bool:
    return status is not None and diagnostic is not None and status != diagnostic and not status.is_vague


def _status(message: Message, value: str) -> EnhancedStatusCode | None:
    status = status_of(value)
    if status is None:
        message.remark(Defect.ODD_STATUS if value else Defect.STATUS_MISSING)
    return status


def _action(message: Message, fields: Fields, status: EnhancedStatusCode | None, reply_code: int | None) -> Action | None:
    """The Action; where it says nothing known, what the codes say."""
    value = fields.get("action", "").lower()
    action = _ACTIONS.get(value)
    if action is not None and action == value:
        return action
    message.remark(Defect.ODD_ACTION if value else Defect.ACTION_MISSING)
    word = _WORD.search(value)
    action = _ACTIONS.get(word[0]) if word is not None else None
    if action is not None:
        return action
    digit = status.class_ if status is not None else (reply_code or 0) // 100
    if digit == 0 and tells_failure(message):
        return Action.DELAYED if is_delay(message) else Action.FAILED
    if digit == 4 and not fields.get("will-retry-until"):
        return Action.DELAYED if is_delay(message) else Action.FAILED
    return _KIND_OF_CLASS.get(digit)
