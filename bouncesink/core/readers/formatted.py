"""Formatted notices: prose that some MTA writes in a shape of its own, read as ``rules/formats`` describes it.

Four bounces in ten carry no fields of RFC 3464. Where a format knows the notice, it says exactly who failed and what was
answered, and which address was mailed where an alias hides it; the general miner of prose guesses only at what no format knows.
Promises: total, linear and bounded; what stands behind the separator of the original is never searched; a notice that is of no
format, or names nobody in the way of its format, is None. ``Report.reader`` is the id of the format.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bouncesink.core.address import parse_all, spelled
from bouncesink.core.defect import Defect
from bouncesink.core.format import Format, folded, straight
from bouncesink.core.format_notice import Named, Notice, blocks, joined
from bouncesink.core.format_transcript import Answer, answer_for, answers, refused
from bouncesink.core.formats import Formats
from bouncesink.core.readers.autoreply import is_auto_reply
from bouncesink.core.readers.challenge import is_challenge
from bouncesink.core.readers.diagnostics import diagnose, status_of
from bouncesink.core.readers.likeness import (
    has_bounce_sender,
    has_bounce_subject,
    has_null_return_path,
    is_answer,
    is_personal,
    is_titled_delay,
    speaks_of_mail,
)
from bouncesink.core.readers.mentions import joined_to, said_of
from bouncesink.core.readers.message import Message, Said
from bouncesink.core.readers.prose import Mined, about, answer_in
from bouncesink.core.readers.sender import without_own
from bouncesink.core.report import Action, Kind, Place, Report, ReportedRecipient
from bouncesink.core.value import value

_RECIPIENTS = 100
_HEADER = 2048
_REFUSAL = re.compile(r"[45]\d\d[ -]")

_KINDS = {
    Action.FAILED: Kind.BOUNCE,
    Action.DELAYED: Kind.DELAYED,
    Action.DELIVERED: Kind.DELIVERED,
    Action.RELAYED: Kind.DELIVERED,
    Action.EXPANDED: Kind.DELIVERED,
}
_COMMANDS = {
    "end of data": "DATA",
    "final data": "DATA",
    "message body": "DATA",
    "final dot": "DATA",
    "initial connection": "CONNECT",
    "connection": "CONNECT",
    "greeting": "CONNECT",
}
# A dialogue also shows whom the server did accept.
_ACCEPTED = re.compile(r"2\d\d[ -]")


@dataclass(slots=True)
class _Found:
    """What a notice says of one recipient: by group, and in all its words."""

    recipient: str = ""
    original: str = ""
    said: dict[str, str] = field(default_factory=dict)
    words: str = ""


@value
class _Finding:
    """What one format makes of a notice: its recipients, what is true of them all, and what servers answered."""

    format: Format
    found: Sequence[_Found] = ()
    shared: Mapping[str, str] = field(default_factory=dict)
    heard: Sequence[Answer] = ()

    @property
    def names_somebody(self) -> bool:
        return any(one.recipient or one.original for one in self.found)


def read(message: Message, formats: Formats) -> Report | None:
    """The report of the first format that knows this notice and finds an address in it, else of the first that finds a name."""
    headers: dict[str, str] = {}

    def header_of(name: str) -> str:
        if name not in headers:
            headers[name] = folded(message.header(name)[:_HEADER])
        return headers[name]

    low = straight(message.folded).lower()
    notice: Notice | None = None
    nameless: _Finding | None = None
    for each in formats.candidates(low, header_of):
        if not _is_credible(each, message):
            continue
        notice = notice or Notice(message.text)
        finding = _find(each, message, notice)
        if finding.names_somebody:
            return _report(message, finding, low)
        if finding.found and nameless is None:
            nameless = finding
    return _report(message, nameless, low) if nameless is not None else None


def _is_credible(each: Format, message: Message) -> bool:
    """Whether a mail system may have sent this: a person or a list may pass a notice on, and some words are everybody's."""
    if has_bounce_sender(message) or message.header("x-failed-recipients"):
        return not (each.doubtful and is_answer(message))
    if has_null_return_path(message):
        return not is_personal(message) and not (each.doubtful and is_auto_reply(message))
    if each.doubtful:
        return has_bounce_subject(message) and not is_personal(message) and speaks_of_mail(message)
    return bool(each.headers) or not is_personal(message)


def _find(each: Format, message: Message, notice: Notice) -> _Finding:
    """Nobody is found where the notice is not of this format."""
    pieces = notice.pieces(each.again) if each.again else ()
    if len(pieces) > 1:
        found = _named(each, message, {}, [one for piece in pieces for one in _of_piece(each, message, piece)])
        if len({one.recipient or one.original for one in found}) > 1:
            return _Finding(each, found, _of_all(_taken(each.shared, notice.whole)))
    return _find_in(each, message, notice)


def _of_piece(each: Format, message: Message, piece: Notice) -> list[_Found]:
    """Whom one piece of a notice names by itself, with what it says of them all."""
    finding = _find_in(replace(each, named_by="", original_to=False, subject=()), message, piece)
    shared = {name: text for name, text in finding.shared.items() if name != "recipient"}
    return [replace(one, said=shared | ({"diagnostic": one.words} if one.words else {}) | one.said) for one in finding.found]


def _of_all(shared: Mapping[str, str]) -> dict[str, str]:
    """What is not of one recipient alone."""
    return {name: text for name, text in shared.items() if name == "reporting_mta"}


def _find_in(each: Format, message: Message, notice: Notice) -> _Finding:
    lines = notice.section(each.begin, each.end)
    if lines is None:
        return _Finding(each)
    shared = _taken(each.shared, notice.whole) if each.shared else {}
    if each.subject:
        shared = _taken(each.subject, message.header("subject")[:_HEADER]) | shared
    found = [one for block in blocks(lines, each) for one in _found(block, each)]
    if each.action in (Action.FAILED, Action.DELAYED):
        found = [one for one in found if not _ACCEPTED.match(one.said.get("diagnostic", ""))]
    dialogue = notice.section(each.transcript, None) if each.transcript else None
    heard = answers(dialogue) if dialogue else []
    named = _named(each, message, shared, found) or [_Found(name) for text in refused(heard) if (name := _address(text))]
    return _Finding(each, named, shared, heard)


def _taken(patterns: Sequence[re.Pattern[str]], text: str) -> dict[str, str]:
    """Every group that the patterns take out of a text, the first value of each."""
    groups: dict[str, str] = {}
    for pattern in patterns:
        match = None if pattern.groupindex.keys() <= groups.keys() else pattern.search(text)
        if match is not None:
            groups = {name: value for name, value in match.groupdict().items() if value} | groups
    return groups


def _found(block: Named, each: Format) -> list[_Found]:
    """Whom a block is about: the recipient that its line names, and those that the line joins to it."""
    words = block.words()
    # What stands on the line that names the recipient is only the beginning of what is said.
    said = {name: value for name, value in block.groups.items() if name != "diagnostic"} | _taken(each.detail, words)
    if each.commands and "command" not in said:
        low = words.lower()
        said["command"] = next((verb for phrase, verb in each.commands if phrase in low), "")
    named = said.get("recipient") or (f"{said['name']}@{each.domain}" if each.domain and "name" in said else "")
    first = _Found(_address(named), _address(said.get("original_recipient", "")), said, words)
    others, after = joined_to(block.rest)
    group = [name for name in (first.recipient, *map(_address, others)) if name]
    if len(group) < 2:
        return [first]
    before = block.groups.get("diagnostic", "")
    words = joined(["" if before in block.rest else before, after, *block.lines])
    return [_Found(name, "", {}, said_of(name, group, words)) for name in group]


def _address(text: str) -> str:
    return spelled(text.lstrip("`")) if text else ""  # `name@example.com': quotes of old


def _named(each: Format, message: Message, shared: Mapping[str, str], found: list[_Found]) -> list[_Found]:
    """The recipients, one of a kind: as their blocks name them, then the notice as a whole, a header, or the original's To."""
    addressed = _merged(one for one in found if one.recipient or one.original)
    if each.doubtful:
        addressed = list(without_own(message, addressed, lambda one: one.recipient or one.original))
    known = {name.lower() for one in addressed for name in (one.recipient, one.original)}
    names = [_address(shared.get("recipient", ""))] if not addressed else []
    if each.named_by:
        names += [str(address) for address in parse_all(message.header(each.named_by)) if address.domain]
    if each.original_to and found and not addressed and not any(names) and message.original is not None:
        listed = parse_all(message.original.headers.get("to", "")[:_HEADER])
        names = [str(address) for address in listed if address.domain and len(listed) == 1]
    names = [name for name in dict.fromkeys(names) if name and name.lower() not in known]
    nameless = [one for one in found if not (one.recipient or one.original)]
    if not names:
        return addressed or nameless
    return addressed + _called(names, nameless)


def _called(names: Sequence[str], nameless: Sequence[_Found]) -> list[_Found]:
    """Whom the text only calls by name: one by one where there are as many, all of them where there is one."""
    if len(names) == len(nameless):
        return [_Found(name, "", one.said, one.words) for name, one in zip(names, nameless, strict=True)]
    only = nameless[0] if len(nameless) == 1 else _Found()
    return [_Found(name, "", only.said, only.words) for name in names]


def _merged(found: Iterable[_Found]) -> list[_Found]:
    """Who is named twice, as notices in two languages do, is reported once; what is said first is kept."""
    merged: dict[str, _Found] = {}
    for one in found:
        first = merged.setdefault((one.recipient or one.original).lower(), one)
        if first is not one:
            first.original = first.original or one.original
            first.said = one.said | first.said
            first.words = first.words or one.words
    return list(merged.values())


def _report(message: Message, finding: _Finding, low: str) -> Report:
    each, found, shared, heard = finding.format, finding.found, finding.shared, finding.heard
    action = each.action
    if action is Action.FAILED and each.delayed:
        told = f"{folded(message.header('subject')[:_HEADER])} {low}"
        action = Action.DELAYED if any(phrase in told for phrase in each.delayed) else action
    elif action is Action.FAILED and is_titled_delay(message):
        action = Action.DELAYED
    omitted = max(0, len(found) - _RECIPIENTS)
    if omitted:
        message.remark(Defect.RECIPIENTS_CUT)
    if not finding.names_somebody:
        message.remark(Defect.RECIPIENT_MISSING)
    alone = len(found) == 1
    # Of whom the format's words say nothing the text may, but for a dialogue, which tells of others too.
    quotes = not each.transcript and action is Action.FAILED and _REFUSAL.search(message.text) is not None
    recipients = tuple(
        _looked_for(message.text, one, shared, action, alone=alone)
        if quotes and one.recipient and not one.words and "diagnostic" not in one.said
        else _reported(one, shared, answer_for(one.recipient, heard, alone=alone) if heard else None, action)
        for one in found[:_RECIPIENTS]
    )
    said = Said(reporting_mta=shared.get("reporting_mta"), recipients_omitted=omitted)
    kind = _KINDS[action]
    if kind is Kind.BOUNCE and recipients[0].reply_code is None and is_challenge(message.header("subject"), message.text):
        kind = Kind.CHALLENGE  # as in a report with fields: nothing failed yet
    return message.report(kind, each.id, recipients, said)


def _looked_for(text: str, one: _Found, shared: Mapping[str, str], action: Action, *, alone: bool) -> ReportedRecipient:
    """With the answer that stands elsewhere in the text, if nothing that is shared was said of all."""
    answer, place = answer_in(text, Mined(one.recipient, about(text, one.recipient)), alone=alone)
    reported = _reported(one, shared, None, action)
    if reported.diagnostic or answer.reply_code is None:
        return reported
    return replace(reported, diagnostic=answer.text, reply_code=answer.reply_code, diagnostic_status=answer.status, place=place)


def _reported(one: _Found, shared: Mapping[str, str], heard: Answer | None, action: Action) -> ReportedRecipient:
    said = {**shared, **one.said}
    words = one.said.get("diagnostic") or one.words or shared.get("diagnostic", "")
    diagnostic, place = diagnose(words), Place.DIAGNOSTIC
    if heard is not None and diagnostic.reply_code is None and "reply_code" not in said:
        diagnostic, place = diagnose(heard.text), Place.TRANSCRIPT
        said = {"remote_mta": heard.host, "command": heard.command} | said
    code = int(said["reply_code"]) if "reply_code" in said else diagnostic.reply_code
    if code is None and diagnostic.status is None:
        place = Place.PROSE
    command = said.get("command", "").lower()
    return ReportedRecipient(
        final_recipient=one.recipient or None,
        original_recipient=one.original or None,
        action=action,
        status=status_of(said.get("status", "")),
        diagnostic=diagnostic.text,
        reply_code=code,
        diagnostic_status=diagnostic.status,
        remote_mta=said.get("remote_mta", "").strip("[]").rstrip(".") or None,
        smtp_command=_COMMANDS.get(command, command.upper()),
        place=place,
    )
