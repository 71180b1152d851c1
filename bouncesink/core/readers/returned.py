"""The returned original: what came back of the mail that was sent. RFC 3462 section 2, RFC 6533 section 4.

Promises: the original is a header block and whether its body came too; it is never scanned for recipients, since it may be a
bounce itself. It stands in a part of its own, or in the text after a line that announces it, or where trace fields begin in
the text. Knows nothing of why it came back.
"""

import re

from bouncesink.core.content import LIMITS
from bouncesink.core.headers import Headers
from bouncesink.core.mime import Part, payload
from bouncesink.core.readers.phrases.returned import ANNOUNCED
from bouncesink.core.report import ReturnedOriginal

_COMPLETE = frozenset(("message/rfc822", "message/global", "message/news"))
_HEADERS_ONLY = frozenset(
    (
        "text/rfc822-headers",
        "text/rfc822-header",
        "message/rfc822-headers",
        "message/global-headers",
        "message/delivery-headers",
    )
)
_WHITE = (b" ", b"\t", b"\r", b"\n")
RETURNED_TYPES = _COMPLETE | _HEADERS_ONLY

# It begins with a line end, not with "^", as ``ANNOUNCED`` does: that is found at the speed of memory. ``_where`` adds one.
# Fields that only a mail that has travelled bears, with another field or a folded line after them.
_TRACE = re.compile(
    r"\n(?:received|return-path|dkim-signature|domainkey-signature|x-originating-ip|message-id|mime-version|arc-seal)[ \t]*:"
    r".*\n(?:[ \t]+\S|[!-9;-~]+[ \t]*:)",
    re.IGNORECASE,
)
_FIELD_LINE = re.compile(r"[ \t>|]*[A-Za-z][!-9;-~]*[ \t]*:")
_MARKS = re.compile(r"^[>|] ?", re.MULTILINE)
# How a mail begins that a mail program has marked as quoted: two fields, or a folded one.
_MARKED_FIELDS = re.compile(r"(?>(?:>[ \t]*\n)*)> ?[A-Za-z][!-9;-~]*[ \t]*:.*\n>(?: ?[A-Za-z][!-9;-~]*[ \t]*:|[ \t]+\S)")


def returned_part(part: Part) -> ReturnedOriginal | None:
    """The original that a part holds, None where it holds none."""
    content_type = part.content_type
    if content_type not in RETURNED_TYPES or part.depth == 0:
        return None
    return returned_octets(payload(part)[0], complete=content_type in _COMPLETE)


def returned_octets(octets: bytes, *, complete: bool) -> ReturnedOriginal | None:
    """The original whose octets these are."""
    if octets[:1] in _WHITE:
        octets = octets.lstrip()
    # One style of line end is searched for at a time: that of the first line, since a block is hardly ever mixed.
    first = octets.find(b"\n")
    blank = b"\r\n\r\n" if first > 0 and octets[first - 1] == 13 else b"\n\n"
    end = octets.find(blank, 0, LIMITS.header_octets)
    block = octets[: end + len(blank) // 2 if end >= 0 else LIMITS.header_octets]
    return ReturnedOriginal(Headers(block), block, complete and end >= 0) if block else None


def cut_original(text: str) -> tuple[str, ReturnedOriginal | None]:
    """What a text says before it quotes the original, and the original that it quotes."""
    place, after = _where(text)
    if place < 0:
        place = after = _marked(text)
    if place < 0:
        return text, None
    quoted = text[after:].lstrip("\n -=*_")
    if _FIELD_LINE.match(quoted) is None:
        return text[:place], None
    block = quoted[: LIMITS.header_octets]
    if block[0] in ">|":
        block = _MARKS.sub("", block)
    return text[:place], returned_octets(block.encode(), complete=True)


def _marked(text: str) -> int:
    """Where the marked lines begin that end the text, if they are a mail and something is said before them; -1 elsewhere."""
    place = end = len(text.rstrip())
    while place > 0:
        start = text.rfind("\n", 0, place - 1) + 1
        if text[start] != ">":
            break
        place = start
    return place if 0 < place < end and _MARKED_FIELDS.match(text, place) is not None else -1


def _where(text: str) -> tuple[int, int]:
    """Where the quoting begins, and where the original itself does; -1 where nothing is quoted."""
    lines = "\n" + text
    trace = _TRACE.search(lines)
    end = trace.start() if trace is not None else len(text)
    announced = ANNOUNCED.search(lines, 0, end + 1)
    if announced is not None:
        return announced.start(), announced.end() - 1
    return (end, end) if trace is not None else (-1, -1)
