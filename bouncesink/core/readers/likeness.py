"""Likeness: what a mail looks like from outside, before anybody has read it. Words of other people's, kept in one place.

Promises: linear patterns on bounded text. Each answer is a presumption: a reader that finds the facts does not need it. Knows
nothing of recipients.
"""

from collections.abc import Sequence

from bouncesink.core.address import parse
from bouncesink.core.readers.message import Message
from bouncesink.core.readers.phrases import abroad, answers, delay, failure, likeness
from bouncesink.core.readers.phrases.row import Row


def says(low: str, words: Sequence[Row]) -> bool:
    """Whether a text in lower case holds one of the phrases."""
    for literal, pattern in words:  # noqa: SIM110 - there are many, and a generator takes twice as long
        if literal in low and (pattern is None or pattern.search(low) is not None):
            return True
    return False


def has_bounce_sender(message: Message) -> bool:
    """Sent by a mail system, as it says of itself, and not to its own postmaster about a session that it had."""
    if likeness.DAEMON.search(message.header("from")[:512]) is None:
        return False
    return answers.OWN_TROUBLE.match(message.header("subject")[:512]) is None


def has_bounce_address(message: Message) -> bool:
    """Sent from a mail system's own mailbox: a display name is anybody's to choose."""
    sender = parse(message.header("from")[:512])
    return sender is not None and likeness.DAEMON.search(str(sender)) is not None


def is_list_mail(message: Message) -> bool:
    """Mail of a list (RFC 2369, RFC 2919), which may speak of any delivery."""
    return "list-unsubscribe" in message.headers or "list-id" in message.headers


def is_from_daemon(message: Message) -> bool:
    """Sent by what calls itself MAILER-DAEMON, or as a report: whoever writes so has a delivery to tell of."""
    daemon = "daemon" in message.header("from")[:512].lower() and has_bounce_sender(message)
    return daemon or message.report_type == "delivery-status"


def has_bounce_subject(message: Message) -> bool:
    return likeness.SUBJECT.search(message.header("subject")[:512]) is not None


def has_null_return_path(message: Message) -> bool:
    """RFC 3834 section 3 wants one of auto-replies too, so that it alone says little."""
    return message.header("return-path").strip() == "<>"


def is_nobodys(message: Message) -> bool:
    """Without a From, or with an empty one: people's mail programs never leave it out (RFC 5322 section 3.6), mail systems do.

    Where it was lost on the way, a Return-Path still tells a person from a mail system.
    """
    if message.header("from").strip(" <>"):
        return False
    path = message.header("return-path")[:512].strip(" <>")
    return not path or likeness.DAEMON.search(path) is not None


_BULK = frozenset(("bulk", "list"))


def is_answer(message: Message) -> bool:
    """A person's answer, which may quote any notice."""
    if has_null_return_path(message) or likeness.ANSWER.match(message.header("subject")[:512]) is None:
        return False
    return not has_bounce_sender(message) or ("in-reply-to" in message.headers and not is_from_daemon(message))


def is_personal(message: Message) -> bool:
    """Written by a person or sent by a list, as far as headers tell: such mail may speak of any notice, or pass it on.

    Mail systems thread their notices too (Exchange, Gmail), but they say who they are or leave the reverse-path empty. Exchange
    leaves it empty for what its distribution lists pass on.
    """
    if has_bounce_sender(message):
        return is_answer(message)
    headers = message.headers
    subject = message.header("subject")[:512]
    if answers.PASSED_ON.match(subject) is not None or says(message.low, answers.ASKS) or is_list_mail(message):
        return True
    threaded = any(name in headers for name in ("in-reply-to", "references", "user-agent"))
    answer = likeness.ANSWER.match(subject) is not None
    if has_null_return_path(message) or is_nobodys(message):
        return (threaded and answer) or (not message.header("from") and only_quotes(message))
    return threaded or answer or message.header("precedence").strip().lower() in _BULK


def only_quotes(message: Message) -> bool:
    """Whether only the lines that a mail program marks as quoted tell of a failure."""
    lines = message.text.lower().split("\n")
    own = [line for line in lines if not line.startswith(">")]
    return len(own) < len(lines) and not says("\n".join(own), failure.FAILURE)


def speaks_of_mail(message: Message) -> bool:
    """Whether a failure that it tells of is a mail's: asked where nothing else about the mail is a mail system's."""
    return failure.OF_MAIL.search(message.low) is not None or not message.low.isascii()


def tells_failure(message: Message) -> bool:
    """Whether the words are about a delivery that failed."""
    return says(message.low, failure.FAILURE) or says(message.low, abroad.FAILURE_ABROAD)


def is_delay(message: Message) -> bool:
    """A warning that delivery is still being tried, not a failure."""
    subject, low = message.header("subject")[:512].lower(), message.low
    delayed = says(subject, delay.DELAY)
    if says(subject, delay.FINAL) or says(low, delay.FINAL):
        return delayed and "warning" in subject
    return delayed or says(low, delay.DELAY)


_PLAIN_DELAY = tuple(row for row in delay.DELAY if row[0].isascii())


def is_titled_delay(message: Message) -> bool:
    """A warning that its subject calls one: what a notice of a known shape must say before it is no failure."""
    subject = message.header("subject")[:512].lower()
    return says(subject, _PLAIN_DELAY if subject.isascii() else delay.DELAY) and is_delay(message)
