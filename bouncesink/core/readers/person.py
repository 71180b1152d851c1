"""Persons: what people and lists send to a Return-Path. Answers, requests to be taken off, everything else.

Promises: nothing here is ever a failure, and ``read`` always answers, so it is asked last. Knows nothing of what a person wants
beyond one word in the subject.
"""

from bouncesink.core.readers.likeness import is_answer
from bouncesink.core.readers.message import Message
from bouncesink.core.readers.phrases import answers
from bouncesink.core.report import Kind, Report

_BULK = frozenset(("bulk", "list", "junk"))


def read_request(message: Message) -> Report | None:
    """A request to be taken off. Asked before auto-replies: a mail program may send it for somebody (RFC 2369 section 3.2)."""
    if answers.UNSUBSCRIBE.match(message.header("subject")[:512]) and not _is_bulk(message):
        return message.report(Kind.UNSUBSCRIBE, "person")
    return None


def read(message: Message) -> Report:
    """A reply, or other mail."""
    if not _is_bulk(message) and ("in-reply-to" in message.headers or is_answer(message)):
        return message.report(Kind.REPLY, "person")
    return message.report(Kind.OTHER, "person")


def _is_bulk(message: Message) -> bool:
    return "list-id" in message.headers or message.header("precedence").strip().lower() in _BULK
