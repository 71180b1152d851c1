"""MIME: content to parts. RFC 5322 (header and body), RFC 2045 (content type, transfer encoding), RFC 2046 (multipart).

Promises: total, iterative and bounded, whatever the bytes are: ``LIMITS`` says how much is read, and what a limit cut off is a
named defect. A multipart is taken apart by a memory search for its delimiter, never line by line. Parts come in document order,
the top first; message/* parts are leaves, since what they hold is another mail. What no RFC allows but senders do (a boundary
that never comes, header lines wrapped by hand, a blank line before the headers) is read as it was meant, and named.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from bouncesink.core.charset import decode_text
from bouncesink.core.content import LIMITS, Defects, bounded, past_envelope, without_gap
from bouncesink.core.defect import Defect
from bouncesink.core.headers import Headers, with_lf
from bouncesink.core.octets import CR
from bouncesink.core.parameters import boundary_of, media_type, parse_parameters
from bouncesink.core.transfer import decode_transfer


class Part(NamedTuple):
    """One body part, or the whole mail, whose ``parent`` is -1. ``payload`` and ``text_of`` decode the ``body``."""

    headers: Headers
    content_type: str
    charset: str
    transfer_encoding: str
    body: bytes
    depth: int
    parent: int

    @property
    def parameters(self) -> Mapping[str, str]:
        """The parameters of the Content-Type, by lower-case name."""
        return parse_parameters(self.headers.raw("content-type") or b"")

    def header(self, name: str) -> str:
        """The first value of a lower-case name, decoded and unfolded, "" where absent."""
        return self.headers.value(name)


class Split(NamedTuple):
    """``parts[0]`` is the top; the others follow in document order, each after its parent."""

    parts: tuple[Part, ...]
    defects: tuple[Defect, ...]


def split(content: bytes) -> Split:
    """Take a mail apart."""
    defects: Defects = {}
    text = bounded(content, defects)
    parts: list[Part] = []
    # A stack of our own: a stranger's nesting must never be the interpreter's. (start, end, depth, parent, default type)
    pending = [(past_envelope(text, defects), len(text), 0, -1, "text/plain")]
    while pending:
        if len(parts) == LIMITS.parts:
            defects[Defect.PARTS_CUT] = None
            break
        start, end, depth, parent, default_type = pending.pop()
        found = _usual_head(text, start, end) if depth else None
        described, body_start = found or _head(text, start, end, depth, defects)
        headers, content_type, charset, encoding, boundary, _ = described
        if not content_type:
            whole = without_gap(text, start, body_start, defects) if not depth else None
            if whole is not None:
                text = whole
                pending.append((0, len(text), 0, -1, default_type))
                continue
            content_type = default_type
        parts.append(Part(headers, content_type, charset, encoding, text[body_start:end], depth, parent))
        if boundary is not None:
            if depth == LIMITS.depth:
                defects[Defect.DEPTH_CUT] = None
                continue
            child_type = "message/rfc822" if content_type == "multipart/digest" else "text/plain"
            index = len(parts) - 1
            for child_start, child_end in reversed(_children(text, body_start, end, boundary, defects)):
                pending.append((child_start, child_end, depth + 1, index, child_type))
    if not parts[0].headers.block.isascii():
        defects[Defect.RAW_8BIT_HEADER] = None
    return Split(tuple(parts), tuple(defects))


_NO_DEFECTS: tuple[Defect, ...] = ()


def payload(part: Part) -> tuple[bytes, tuple[Defect, ...]]:
    """The part's body with its transfer encoding taken off."""
    return decode_transfer(part.body, part.transfer_encoding)


def text_of(part: Part) -> tuple[str, tuple[Defect, ...]]:
    """The part's payload as text: decoded, line ends LF, without NUL."""
    octets, defects = part.body, _NO_DEFECTS
    if part.transfer_encoding:
        octets, defects = decode_transfer(octets, part.transfer_encoding)
    if CR in octets:
        lf = octets.replace(b"\r\n", b"\n")
        if CR in lf:
            defects += (Defect.BARE_CR,)
            lf = with_lf(lf)
        octets = lf
    text, more = decode_text(octets, part.charset)
    if more:
        defects += more
    if "\0" in text:
        return text.replace("\0", ""), (*defects, Defect.NUL_BYTE)
    return text, defects


def _usual_head(text: bytes, start: int, end: int) -> tuple["_Described", int] | None:
    """The same as ``_head`` of what stands above nearly every part: a short block of good lines. None where it is not so."""
    stop = text.find(b"\n\r\n", start, start + _SHORT)
    if not 0 <= stop <= end - 3:
        return None
    described = _describe_often(text[start:stop])
    return (described, stop + 3) if described.is_usual else None


def _head(text: bytes, start: int, end: int, depth: int, defects: Defects) -> tuple["_Described", int]:
    """What stands above a part's body, and where the body begins."""
    start, block_end, body_start = _header_block(text, start, end, depth, defects)
    described = _describe(text[start:block_end])
    if described.headers.bad_lines:
        stray = _stray_body(text, start, block_end, depth, defects)
        if stray >= 0:
            return _describe(text[start:stray]), stray
    return described, body_start


_LINE_END = (b"\n", b"\r")
_BLANK = re.compile(rb"(?:\r?+\n)++")
_MIME_FIELD = re.compile(rb"content-[a-z-]++[ \t]*+:", re.IGNORECASE)


def _header_block(text: bytes, start: int, end: int, depth: int, defects: Defects) -> tuple[int, int, int]:
    """Where the header block begins and ends, and where the body begins."""
    if text[start : start + 1] in _LINE_END:
        blank = _BLANK.match(text, start, end)
        if blank is not None:
            if not depth or not _MIME_FIELD.match(text, blank.end(), end):
                return start, start, text.find(b"\n", start, end) + 1
            defects[Defect.BLANK_LINE_BEFORE_HEADERS] = None
            start = blank.end()
    limit = min(end, start + LIMITS.header_octets)
    stop = text.find(b"\n\r\n", start, limit)
    bare = text.find(b"\n\n", start, stop if stop >= 0 else limit)
    if bare >= 0:
        return start, bare, bare + 2
    if stop >= 0:
        return start, stop, stop + 3
    if limit == end:
        return start, end, end
    defects[Defect.HEADER_BLOCK_CUT] = None
    body = _BLANK_LINE.search(text, limit - 3, end)
    cut = text.rfind(b"\n", start, limit)
    return start, cut if cut >= 0 else limit, body.end() if body is not None else end


_BLANK_LINE = re.compile(rb"\n\r?\n")


class _Described(NamedTuple):
    headers: Headers
    content_type: str
    charset: str
    transfer_encoding: str
    boundary: bytes | None  # None where it is no multipart
    is_usual: bool = False  # whether it is short and ends at the first blank line, whatever stands around it


_TOKEN = re.compile(rb"[\s\"']*+([A-Za-z0-9-]++)")


def _describe_block(block: bytes) -> _Described:
    headers = Headers(block)
    raw = headers.raw("content-type")
    content_type = charset = ""
    boundary = None
    if raw is not None:
        content_type = media_type(raw) or "text/plain"  # RFC 2045 section 5.2
        if content_type.startswith("multipart/"):
            boundary = boundary_of(raw)
        else:
            charset = parse_parameters(raw).get("charset", "")
    raw = headers.raw("content-transfer-encoding")
    token = None if raw is None else _TOKEN.match(raw)
    encoding = "" if token is None else token[1].lower().decode("ascii")
    return _Described(headers, content_type, charset, encoding, boundary)


_NO_FIELD = (*_LINE_END, b"")
_SHORT = 200


@lru_cache(maxsize=1024)
def _describe_often(block: bytes) -> _Described:
    described = _describe_block(block)
    is_usual = not described.headers.bad_lines and block[:1] not in _NO_FIELD and b"\n\n" not in block
    return described._replace(is_usual=is_usual)


def _describe(block: bytes) -> _Described:
    """The same few header blocks stand above the parts of nearly every bounce of one MTA; a long one is a mail's own."""
    return _describe_often(block) if len(block) <= _SHORT else _describe_block(block)


_STRAY = re.compile(rb"^(?![!-9;-~]++[ \t]*+:|[ \t])", re.MULTILINE)
_KNOWN_FIELD = re.compile(
    rb"^(?:content-[a-z-]++|mime-version|received|return-path|subject|from|to|date|message-id|auto-submitted|x-[a-z-]++)"
    rb"[ \t]*+:",
    re.IGNORECASE | re.MULTILINE,
)


def _stray_body(text: bytes, start: int, end: int, depth: int, defects: Defects) -> int:
    """Where in a header block the body begins without a blank line before it; -1 where bad lines are only wrapped ones."""
    match = _STRAY.search(text, start, end)
    if match is None:
        return -1
    stray = match.start()
    if (stray > start or not depth) and _KNOWN_FIELD.search(text, stray, end):
        defects[Defect.BAD_HEADER_LINE] = None
        return -1
    defects[Defect.BAD_HEADER_LINE if stray > start else Defect.HEADERS_MISSING] = None
    return stray


_DELIMITER = re.compile(rb"^--(\S.*+)\n(?=content-[a-z-]++[ \t]*+:)", re.IGNORECASE | re.MULTILINE)


def _children(text: bytes, start: int, end: int, boundary: bytes, defects: Defects) -> list[tuple[int, int]]:
    """Where the parts of a multipart stand: at its boundary, or else at the one that it really uses."""
    ranges = _between(text, start, end, boundary, defects) if boundary else []
    if ranges:
        return ranges
    found = _DELIMITER.search(text, start, end)
    if found is not None:
        defects[Defect.BOUNDARY_MISSING] = None
        return _between(text, start, end, found[1].rstrip(), defects)
    defects[Defect.MULTIPART_WITHOUT_PARTS] = None
    return []


def _between(text: bytes, start: int, end: int, boundary: bytes, defects: Defects) -> list[tuple[int, int]]:
    """RFC 2046 section 5.1.1: a delimiter has a line of its own, and the line end before it is part of it."""
    delimiter = b"\n--" + boundary
    start = max(start - 1, 0)
    return _between_usual(text, start, end, delimiter) or _between_any(text, start, end, delimiter, defects)


_PIECES = 20


def _between_usual(text: bytes, start: int, end: int, delimiter: bytes) -> list[tuple[int, int]]:
    """A handful of delimiters, each alone on its line, the last one closing. Nothing where it is not so."""
    ranges: list[tuple[int, int]] = []
    opened = -1
    place = text.find(delimiter, start, end)
    while place >= 0 and len(ranges) < _PIECES:
        after = place + len(delimiter)
        if opened >= 0:
            ranges.append((opened, max(opened, place - 1 if text[place - 1] == CR else place)))
        rest = text[after : min(after + 4, end)]
        if rest[:2] == b"\r\n":
            opened = after + 2
        elif rest[:1] == b"\n":
            opened = after + 1
        else:
            return ranges if rest == b"--" or rest.startswith(_CLOSING) else []
        place = text.find(delimiter, after, end)
    return []


_CLOSING = (b"--\r\n", b"--\n")


def _between_any(text: bytes, start: int, end: int, delimiter: bytes, defects: Defects) -> list[tuple[int, int]]:
    """The same whatever stands there: near misses, delimiters without end, one that never closes."""
    ranges: list[tuple[int, int]] = []
    opened, misses = -1, 0
    place = text.find(delimiter, start, end)
    while place >= 0 and misses < LIMITS.near_misses:
        after = place + len(delimiter)
        line_end = text.find(b"\n", after, end)
        if line_end < 0:
            line_end = end
        rest = text[after:line_end].rstrip(b" \t\r")
        if not rest or rest == b"--":
            if opened >= 0:
                before = place - 1 if text[place - 1] == 13 else place
                ranges.append((opened, max(opened, before)))
            if rest or len(ranges) > LIMITS.parts:
                return ranges
            opened = min(line_end + 1, end)
        else:
            misses += 1
        place = text.find(delimiter, line_end, end)
    if opened >= 0:
        defects[Defect.BOUNDARY_UNCLOSED] = None
        if opened < end:
            ranges.append((opened, end))
    return ranges
