"""Content: a stranger's bytes before they are MIME. RFC 5322 section 2.1: how much of them, which line ends, from where on.

Promises: total and bounded. What a limit cuts off or a mail system damaged is a named defect. Knows nothing of bounces, but for
one thing: of content over the limit, a delivery-status part that stands beyond it is kept.
"""

import re
from dataclasses import dataclass
from typing import Final

from bouncesink.core.defect import Defect
from bouncesink.core.headers import with_lf
from bouncesink.core.octets import CR, LF


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a stranger's mail is read. ``line_octets`` (RFC 5322 section 2.1.1) is only remarked upon;
    ``near_misses`` are lines that begin like a multipart's delimiter and are none.
    """

    parsed_octets: int = 1_000_000
    rescued_octets: int = 65_536
    header_octets: int = 65_536
    parts: int = 200
    depth: int = 20
    line_octets: int = 998
    near_misses: int = 2000


LIMITS: Final = Limits()

Defects = dict[Defect, None]  # a set that keeps the order of finding


def bounded(content: bytes, defects: Defects) -> bytes:
    """The head of what is too long, with a report part that stands beyond it put behind. Line ends that are none are mended."""
    if len(content) > LIMITS.parsed_octets:
        defects[Defect.SIZE_CUT] = None
        content = _head_and_report(content)
    if content.find(b"\r\r", 0, 512) >= 0 or (LF not in content and CR in content):
        defects[Defect.BARE_CR] = None
        content = with_lf(content)
    if not content:
        defects[Defect.EMPTY_CONTENT] = None
    elif _has_long_line(content):
        defects[Defect.LONG_LINE] = None
    return content


def _head_and_report(content: bytes) -> bytes:
    limit = LIMITS.parsed_octets
    head = content[:limit]
    if b"message/delivery-status" not in head:
        found = content.find(b"message/delivery-status", limit)
        part = content.rfind(b"\n--", max(limit, found - LIMITS.line_octets), found) if found >= 0 else -1
        if part >= 0:
            return head + content[part : part + LIMITS.rescued_octets]
    return head


def _has_long_line(text: bytes) -> bool:
    """Leaps from the last line end within reach to the next: one short search for every thousand octets."""
    place, limit, size = 0, LIMITS.line_octets + 2, len(text)
    while size - place >= limit:
        place = text.rfind(b"\n", place, place + limit) + 1
        if place == 0:
            return True
    return False


_ENVELOPE = re.compile(rb"(?:\xef\xbb\xbf)?((?:[ \t\r]*+\n)*+)(>?From [^\n]*+\n(?:[ \t\r]*+\n)*+)?(?=[!-9;-~]++[ \t]*+:)")


# What a delivering MTA sets in front of a mail, and how a mail begins.
_ADDED = re.compile(
    rb"(?>(?:(?:return-path|received|delivered-to|x-original-to|envelope-to|delivery-date|date|message-id)[ \t]*+:[^\n]*+\n"
    rb"(?:[ \t][^\n]*+\n)*+)+)",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    rb"(?:\r?+\n)*+((?:from|to|subject|date|message-id|mime-version|content-type|return-path|received)[ \t]*+:)", re.IGNORECASE
)


def without_gap(text: bytes, start: int, body_start: int, defects: Defects) -> bytes | None:
    """The mail whose headers came behind a blank line, below those of an MTA that took them for a body; None of all others."""
    begins = _BEGINS.match(text, body_start)
    if begins is None or Defect.BLANK_LINE_BEFORE_HEADERS in defects:
        return None
    added = _ADDED.match(text, start, body_start)
    if added is None or text[added.end() : body_start].strip(b"\r\n"):
        return None
    defects[Defect.BLANK_LINE_BEFORE_HEADERS] = None
    return text[start : added.end()] + text[begins.start(1) :]


def past_envelope(text: bytes, defects: Defects) -> int:
    """Where the headers begin: after blank lines and an mbox's "From " line, if that is what stands there."""
    if text[:1].isalpha() and text[:5] != b"From ":
        return 0
    match = _ENVELOPE.match(text)
    if match is None:
        return 0
    if match[1]:
        defects[Defect.BLANK_LINE_BEFORE_HEADERS] = None
    if match[2]:
        defects[Defect.MBOX_FROM_LINE] = None
    return match.end()
