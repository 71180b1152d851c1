"""Wrapped reports: a daemon's plain letter that says nothing itself and carries, below a line, the report that it was sent.

Providers put a letter of their own around a notice (RFC 3464 knows nothing of it): the report is then text in a text,
headers and boundary and all, or a mail attached to the letter. Promises: one level deep, bounded; only where the letter itself
names nobody. Whether the report inside can be read is ``dsn``'s to say.
"""

import re
from dataclasses import replace

from bouncesink.core.mime import payload
from bouncesink.core.readers import dsn
from bouncesink.core.readers.likeness import has_bounce_sender, is_from_daemon, is_nobodys
from bouncesink.core.readers.message import Message
from bouncesink.core.readers.prose import addresses_in, mine
from bouncesink.core.report import Report

_REPORT_TYPE = re.compile(rb"^content-type:[ \t]*(?:\n[ \t]+)?multipart/report\b", re.IGNORECASE | re.MULTILINE)
_FIELD = re.compile(rb"[!-9;-~]{1,76}[ \t]*:")
_FIELDS = 100
_HEADER_LIMIT = 1024


def read(message: Message) -> Report | None:
    """The report inside, with the letter's headers; None where there is none."""
    if message.top.content_type.startswith("multipart/"):
        return _attached(message) if has_bounce_sender(message) or is_nobodys(message) else None
    if not is_from_daemon(message) and not is_nobodys(message):
        return None
    body, _ = payload(message.top)
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n")
    found = _REPORT_TYPE.search(body)
    if found is None:
        return None
    start = _start(body, found.start())
    if mine(body[:start].decode("ascii", "replace"), _own(message)):
        return None
    report = dsn.read(Message(body[start:]))
    return replace(report, headers=message.headers) if report is not None else None


def _attached(message: Message) -> Report | None:
    """The report in a part: sent to whom the letter came, since a notice about somebody's bounce returns that bounce too."""
    part = next((part for part in message.parts if part.content_type == "message/rfc822"), None)
    if part is None or message.report_type or mine(message.text, _own(message)):
        return None
    inside = Message(payload(part)[0])
    receivers = addresses_in(message.header("to")[:_HEADER_LIMIT])
    if receivers.isdisjoint(addresses_in(inside.header("to")[:_HEADER_LIMIT])) or not is_from_daemon(inside):
        return None
    report = dsn.read(inside)
    return replace(report, headers=message.headers) if report is not None else None


def _start(body: bytes, place: int) -> int:
    """Where the header begins that has a field at ``place``."""
    start = place
    for _ in range(_FIELDS):
        if not start:
            break
        before = body.rfind(b"\n", 0, start - 1) + 1
        if body[before:start].startswith((b" ", b"\t")) or _FIELD.match(body, before, start):
            start = before
            continue
        break
    return start


def _own(message: Message) -> frozenset[str]:
    return addresses_in(" ".join(message.header(name)[:_HEADER_LIMIT] for name in ("from", "to", "reply-to", "return-path")))
