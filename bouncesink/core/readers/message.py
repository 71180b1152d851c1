"""Message: one mail as all readers see it. What several of them ask is answered here, once, and only if somebody asks.

Promises: total and bounded, as ``mime`` is. Knows nothing of what kind of mail it is.
"""

import html
import re
from typing import Final, NamedTuple

from bouncesink.core.defect import Defect
from bouncesink.core.mime import Part, split, text_of
from bouncesink.core.octets import CR, ESC, NUL
from bouncesink.core.readers.returned import RETURNED_TYPES, cut_original, returned_part
from bouncesink.core.report import Kind, Report, ReportedRecipient, ReturnedOriginal

TEXT_LIMIT: Final = 32_768
_LOW_LIMIT: Final = 6144
_MARKUP_LIMIT: Final = 131_072
_TEXT_PARTS: Final = 8


class Said(NamedTuple):
    """What a report says of itself, beside its recipients (RFC 3464 section 2.2, RFC 5965 section 3.1)."""

    reporting_mta: str | None = None
    received_from_mta: str | None = None
    original_envelope_id: str = ""
    arrival_date: str = ""
    feedback_type: str = ""
    recipients_omitted: int = 0
    original_mail_from: str = ""


_NOTHING: Final = Said()

# A mail of one part is read when it can be text at all: a multipart whose boundary never came, a body in JSON.
_READABLE: Final = ("text/", "multipart/", "message/", "application/json")


class Message:
    """A mail that has been taken apart. Readers add the defects that they meet."""

    __slots__ = ("_folded", "_low", "_original", "_report_type", "_text", "content", "defects", "headers", "parts", "top")

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.parts, defects = split(content)
        self.top = self.parts[0]
        self.headers = self.top.headers
        self.defects: dict[Defect, None] = dict.fromkeys(defects)
        self._text: str | None = None
        self._folded: str | None = None
        self._low: str | None = None
        self._original: ReturnedOriginal | None = None
        self._report_type: str | None = None

    def header(self, name: str) -> str:
        """The first value of a lower-case name, decoded, "" where absent."""
        return self.headers.value(name)

    @property
    def report_type(self) -> str:
        """The report-type that the Content-Type tells (RFC 6522 section 3), "" where it tells none."""
        if self._report_type is None:
            self._report_type = self.top.parameters.get("report-type", "")
        return self._report_type

    def remark(self, *defects: Defect) -> None:
        self.defects |= dict.fromkeys(defects)

    def text_of(self, part: Part) -> str:
        """A part as text, what was wrong with it remarked upon."""
        text, defects = text_of(part)
        if defects:
            self.remark(*defects)
        return text

    @property
    def text(self) -> str:
        """What a person would read of it, line by line, without the original."""
        if self._text is None:
            self._read()
            assert self._text is not None
        return self._text

    @property
    def folded(self) -> str:
        """The text on one line, white space folded."""
        if self._folded is None:
            words = self._words() if self._text is None else None
            self._folded = " ".join(self.text.split()) if words is None else words
        return self._folded

    @property
    def low(self) -> str:
        """The head of the text, folded and in lower case: where words are looked for."""
        if self._low is None:
            self._low = self.folded[:_LOW_LIMIT].lower()
        return self._low

    @property
    def original(self) -> ReturnedOriginal | None:
        """What came back of the mail that was sent: in its own part, else in the text."""
        if self._original is None and self._text is None:
            self._read()
        return self._original

    def _words(self) -> str | None:
        """The folded text of a usual report: one part of plain ASCII beside a returned original; None of any other mail."""
        octets = original = None
        for part in self.parts[1:]:
            content_type = part.content_type
            if content_type in RETURNED_TYPES:
                original = original or returned_part(part)
            elif content_type.startswith("text/"):
                if octets is not None or content_type != "text/plain" or part.transfer_encoding not in _PLAIN_ENCODINGS:
                    return None
                if part.charset not in _PLAIN_CHARSETS:
                    return None
                octets = part.body
        text = _plain(octets) if original is not None and octets is not None else None
        if text is not None:
            self._original = original
            text = " ".join(text.split())
        return text

    def _read(self) -> None:
        for part in self.parts:
            original = returned_part(part) if part.content_type in RETURNED_TYPES else None
            if original is not None:
                self._original = original
                self._text = self._written()
                return
        self._text, self._original = cut_original(self._written())

    def _written(self) -> str:
        parts = self.readable_parts()
        if len(parts) == 1 and parts[0].content_type != "text/html":
            return self.text_of(parts[0])[:TEXT_LIMIT]
        texts: list[str] = []
        room = TEXT_LIMIT
        for part in parts[:_TEXT_PARTS]:
            text = self.text_of(part)
            text = plain_text(text[:_MARKUP_LIMIT])[:room] if part.content_type == "text/html" else text[:room]
            texts.append(text)
            room -= len(text)
        return "\n".join(texts)

    def readable_parts(self) -> list[Part]:
        """The parts that a person reads, in order; of alternatives the plain one."""
        if len(self.parts) == 1:
            return [self.top] if self.top.content_type.startswith(_READABLE) else []
        texts = [
            part for part in self.parts if part.content_type.startswith("text/") and part.content_type not in RETURNED_TYPES
        ]
        if len(texts) < 2:
            return texts
        plain = {part.parent for part in texts if part.content_type == "text/plain"}
        return [
            part
            for part in texts
            if part.content_type == "text/plain"
            or part.parent not in plain
            or self.parts[part.parent].content_type != "multipart/alternative"
        ]

    def report(self, kind: Kind, reader: str, recipients: tuple[ReportedRecipient, ...] = (), said: Said = _NOTHING) -> Report:
        """The Report of a reader: what it found, and what is the same whoever read it."""
        text = self.folded  # before the defects: reading the text may find some
        return Report(
            kind,
            reader,
            recipients,
            said.recipients_omitted,
            said.reporting_mta,
            said.received_from_mta,
            said.original_envelope_id,
            said.arrival_date,
            self.headers.value("auto-submitted").lower().replace("\x00", ""),
            said.feedback_type,
            said.original_mail_from,
            self.headers,
            text,
            self.original,
            tuple(self.defects),
        )


_PLAIN_ENCODINGS: Final = ("", "7bit", "8bit")
_PLAIN_CHARSETS: Final = ("", "us-ascii", "utf-8")


def _plain(octets: bytes) -> str | None:
    """A short text of ASCII in which no octet is remarkable; None of any other."""
    if len(octets) > TEXT_LIMIT or not octets.isascii() or ESC in octets or NUL in octets:
        return None
    octets = octets.replace(b"\r\n", b"\n")
    return None if CR in octets else octets.decode("ascii")


# Runs up to the next "<" or "-" are taken whole, which is five times as fast as asking after each character for the end.
_UNSEEN = re.compile(
    r"<(style|script|head)\b[^<]*+(?>(?:<(?!/\1\s*>)[^<]*+)*)(?:</\1\s*>|\Z)|<!--[^-]*+(?>(?:-(?!->)[^-]*+)*)(?:-->|\Z)",
    re.IGNORECASE,
)
_BREAK = re.compile(r"<(?:br|/?p|/?div|/?tr|/?li|/?h\d|/?table|/?pre|hr)\b[^<>]*>(?:\r?\n)?", re.IGNORECASE)
_CELL = re.compile(r"</t[dh]>\s*(?=<t[dh]\b)", re.IGNORECASE)
# An address in angle brackets is no tag, though nobody escaped it.
_TAG = re.compile(r"<(?![^<>\s]*@)[A-Za-z/!?][^<>]*>")


def plain_text(markup: str) -> str:
    """HTML as the words in it, a line for a line."""
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", _CELL.sub(" ", _UNSEEN.sub(" ", markup))))).replace("\xa0", " ")
