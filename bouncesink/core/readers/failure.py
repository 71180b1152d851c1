"""Failure notices in prose: three readers on the one miner of ``prose``, in falling order of how sure they are.

X-Failed-Recipients (Exim, Gmail) names recipients in a header; QSBMF (qmail and its relatives) in paragraphs of a fixed shape;
everything else only looks like a bounce. Promises: a notice that names nobody still makes a recipient without an address,
since the VERP address may know; one that says nothing at all is UNKNOWN. Knows nothing of any one MTA's words.
"""

import re
from dataclasses import replace

from bouncesink.core.address import parse_all
from bouncesink.core.defect import Defect
from bouncesink.core.readers.autoreply import has_auto_reply_subject, is_auto_reply, tells_absence
from bouncesink.core.readers.challenge import is_challenge
from bouncesink.core.readers.likeness import (
    has_bounce_address,
    has_bounce_sender,
    has_bounce_subject,
    has_null_return_path,
    is_delay,
    is_from_daemon,
    is_list_mail,
    is_nobodys,
    is_personal,
    only_quotes,
    says,
    speaks_of_mail,
    tells_failure,
)
from bouncesink.core.readers.message import Message
from bouncesink.core.readers.phrases import answers
from bouncesink.core.readers.prose import Mined, about, mine, recipients_of
from bouncesink.core.readers.sender import own_addresses, without_own
from bouncesink.core.report import Action, Kind, Report, ReportedRecipient

_LIMIT = 100
_LURES = 2


def read_failed_recipients(message: Message) -> Report | None:
    """X-Failed-Recipients: one or more addresses by commas, quoted, folded, or something that is no address."""
    values = message.headers.all("x-failed-recipients")
    if not values:
        return None
    named = dict.fromkeys(str(address) for value in values for address in parse_all(value) if address.domain)
    own = own_addresses(message) - {name.lower() for name in named}
    mined = {each.address.lower(): each for each in mine(message.text, own)}
    if named:
        found = [
            mined.get(name.lower()) or Mined(name, about(message.text, name) or (message.text if len(named) == 1 else ""))
            for name in named
        ]
    else:
        message.remark(Defect.BAD_RECIPIENT)
        found = list(mined.values())
    return _report(message, "x-failed-recipients", found)


_QSBMF = re.compile(r"\A\s*Hi\. (?:This is|The) ", re.IGNORECASE)
_PARAGRAPH = re.compile(r"^<([^<>\n]{1,256})>:?[ \t]*\n?((?:(?!<[^<>\n]+>:).+\n?)*)", re.MULTILINE)


def read_qsbmf(message: Message) -> Report | None:
    """The qmail-send bounce message format: "Hi. This is the", then a paragraph ``<recipient>:`` for each."""
    if message.top.content_type.startswith("multipart/") or _QSBMF.match(message.text) is None:
        return None
    found = []
    for match in _PARAGRAPH.finditer(message.text):
        address = parse_all(match[1])
        found.append(Mined(str(address[0]) if address else "", match[2]))
    return _report(message, "qsbmf", found[:_LIMIT]) if found else None


def read_prose(message: Message) -> Report | None:
    """A notice that only looks like one: by its sender or the lack of one, its subject or its null reverse-path; its words."""
    sender, subject, nobodys = has_bounce_sender(message), has_bounce_subject(message), is_nobodys(message)
    looks = sender + subject + (nobodys or has_null_return_path(message))
    doubtful = looks == 1 and not sender
    if not looks or _is_elses(message, doubtful=doubtful) or _answers(message, looks=sender or subject):
        return None
    told = tells_failure(message) or (sender and is_delay(message))
    plain = subject and (sender or has_null_return_path(message))
    if not (told and (speaks_of_mail(message) or not doubtful)) and not plain:
        return None
    text = message.text
    if is_challenge(message.header("subject"), text):
        return message.report(Kind.CHALLENGE, "prose")
    # Who has only the subject of a mail system, or no sender and another subject, or its sender and no word of it, must name
    # recipients as one does. (Of other languages we may not know the words, and of a system's own mailbox that says by its
    # subject what the mail is, none need be known.)
    named = subject or (not has_null_return_path(message) and message.header("subject") != "")
    mute = not told and text.isascii() and not (subject and has_bounce_address(message))
    found = mine(text, own_addresses(message), plainly=(doubtful and named) or mute)
    nameless = not found and (doubtful or not _may_name_nobody(message) or _speaks_of_else(message, sender=sender))
    if nameless or _is_to_owner(message):
        return None
    return _report(message, "prose", list(without_own(message, found, lambda each: each.address)))


def _is_elses(message: Message, *, doubtful: bool) -> bool:
    """A person's, a list's or a postmaster's own, where any notice may be quoted, or one that speaks of no mail at all."""
    subject = message.header("subject")[:512]
    if is_personal(message) or (doubtful and only_quotes(message)) or answers.OWN_TROUBLE.match(subject) is not None:
        return True
    if is_list_mail(message) and not is_from_daemon(message):
        return True
    if has_bounce_subject(message) or has_bounce_address(message) or is_nobodys(message) or not message.low.isascii():
        return False
    # Whoever only calls himself a mail system, or has no reverse-path, may speak of accounts that people log in to.
    return answers.OF_SENDING.search(message.low) is None and not _answered(message)


def _speaks_of_else(message: Message, *, sender: bool) -> bool:
    """Of one that names nobody: a machine's answer in a notice's words, what carriers write, what fishes for passwords."""
    if (not sender and is_auto_reply(message)) or (not has_bounce_address(message) and says(message.low, answers.GOODS)):
        return True
    return not is_from_daemon(message) and says(message.low, answers.LURE)


def _is_to_owner(message: Message) -> bool:
    """A mail to the owner of a mailbox, who is named for that: a warning, or lures of who only calls himself a mail system."""
    lures = sum(says(message.low, (lure,)) for lure in answers.LURE)
    if lures >= _LURES and not has_bounce_address(message) and not has_null_return_path(message):
        return True
    warns = not is_from_daemon(message) and says(message.low, answers.OWN_MAILBOX)
    return warns and not any(map(message.low.__contains__, answers.SENT_MAIL)) and not _answered(message)


def _answers(message: Message, *, looks: bool) -> bool:
    """A machine's answer for a person; its header alone stands on four in ten bounces too."""
    if is_from_daemon(message):
        return False
    if not looks:
        return is_auto_reply(message)
    return has_auto_reply_subject(message) or (tells_absence(message) and not _answered(message))


def _may_name_nobody(message: Message) -> bool:
    """Parcels are not delivered either, and anybody can call himself an administrator: somebody must be named, or a code,
    unless it was a mail system's own mailbox that wrote, or nobody's.
    """
    if is_from_daemon(message) or has_null_return_path(message):
        return True
    if has_bounce_address(message) and has_bounce_subject(message):
        return True
    return _answered(message)


def _answered(message: Message) -> bool:
    """Whether it quotes a code that some server answered."""
    nobody = recipients_of(message.text, [Mined("", message.text)], Action.FAILED)[0]
    return nobody.reply_code is not None or nobody.diagnostic_status is not None


def read_unreadable(message: Message) -> Report | None:
    """A notice without a word that anybody understands; asked when nobody else knew the mail."""
    if not is_from_daemon(message):
        return None
    message.remark(Defect.NOTHING_READABLE)
    return message.report(Kind.UNKNOWN, "prose")


def _report(message: Message, reader: str, found: list[Mined]) -> Report:
    delayed = is_delay(message)
    action = Action.DELAYED if delayed else Action.FAILED
    recipients = recipients_of(message.text, found, action)
    if not recipients:
        message.remark(Defect.RECIPIENT_MISSING)
        nobody = recipients_of(message.text, [Mined("", message.text)], action)
        if not delayed and not _says_something(nobody[0], message):
            message.remark(Defect.NOTHING_READABLE)
            return message.report(Kind.UNKNOWN, reader)
        recipients = (replace(nobody[0], original_recipient=_sent_to(message)),)
    return message.report(Kind.DELAYED if delayed else Kind.BOUNCE, reader, recipients)


def _sent_to(message: Message) -> str | None:
    """Whom the original was sent to, if that is one: the last resort."""
    if message.original is None:
        return None
    listed = parse_all(message.original.headers.get("to", "")[:1024])
    return str(listed[0]) if len(listed) == 1 and listed[0].domain else None


def _says_something(nobody: ReportedRecipient, message: Message) -> bool:
    return nobody.reply_code is not None or nobody.diagnostic_status is not None or tells_failure(message)
