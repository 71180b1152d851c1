"""Diagnostics: what an SMTP server answered, as reports quote it. RFC 5321 section 4.2, RFC 3463, RFC 3464 section 2.3.6.

Promises: total, linear and bounded. A reply of several lines becomes one sentence with one code, and the codes that stand
inside the words are found, since they are truer than the Status field beside them. Knows nothing of what a code or a
word means.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from bouncesink.core.charset import decode_header
from bouncesink.core.fields import typed
from bouncesink.core.status import EnhancedStatusCode, find_reply_code

DIAGNOSTIC_LIMIT = 2000
_SUBJECTS = 9  # RFC 3463 has seven; servers make up some more

# "550 5.1.1 ..." at the start, and "550-'5.1.1 ..." wherever it stands: a pair is never a number by chance.
_AT_START = re.compile(r"[\"'<(]?([2-5]\d\d)(?:[ -]+[#'\"(<]?([245]\.\d{1,3}\.\d{1,3})(?![.\d]))?(?=[\s\-;,:)'\">]|$)")
_PAIR = re.compile(r"([45](?<![\d.][45])\d\d)[ -]+[#'\"(<]?([245]\.\d{1,3}\.\d{1,3})(?![.\d])")
_REFUSAL = re.compile(r"[45]\d\d(?![\d.])")  # stands wherever any reply code does that is looked for below
_SAID = re.compile(
    r"(?:said|says|reason|response|responded|replied|error|code|returned)\b[^\w\n]{1,4}(?:was )?([45]\d\d)(?![\d.])",
    re.IGNORECASE,
)
# Begins with the hyphen, not with the code before it: a single character is found at the speed of memory.
_SEVERAL_LINES = re.compile(r"-(?<=([245](?<![\d.][245])\d\d)-)((?:[245]\.\d{1,3}\.\d{1,3})?)[ ]?")


class Diagnostic(NamedTuple):
    """The words of an answer and the codes inside them."""

    text: str
    reply_code: int | None
    status: EnhancedStatusCode | None
    type: str = ""
    cut: bool = False


@lru_cache(maxsize=1024)
def _status(code: str) -> EnhancedStatusCode | None:
    return EnhancedStatusCode.find(code)


def status_of(value: str) -> EnhancedStatusCode | None:
    """The code of a Status field, whatever words follow it."""
    return _status(value) if len(value) <= 11 else EnhancedStatusCode.find(value)


_SMTP = ("smtp; ", "SMTP; ")


def diagnose(value: str) -> Diagnostic:
    """A Diagnostic-Code field, or a quoted answer, unfolded."""
    if "=?" in value:
        value = decode_header(value.encode("utf-8", "replace"))
    kind, text = ("smtp", value[6:]) if value.startswith(_SMTP) and value[6:9].isdigit() else typed(value)
    cut = len(text) > DIAGNOSTIC_LIMIT
    text = text[:DIAGNOSTIC_LIMIT]
    text = one_line(_answered(text) if "-'" in text or _PASSED_ON in text else text)
    reply_code, status = codes_of(text)
    return Diagnostic(text, reply_code, status, kind, cut)


_PASSED_ON = " an error -> "
# What AsyncOS thinks of an answer stands in front of it, the answer in single quotes, and its attempts behind.
_FRAMED = re.compile(
    r"([245]\.\d\.\d) - [A-Za-z ]{1,60} ([45]\d\d)-'(#?[245]\.\d{1,3}\.\d{1,3} )?(.*)'"
    r"(?: \(delivery attempts: \d+\)| \[[^\]]{0,200}\])?$",
    re.DOTALL,
)


def _answered(text: str) -> str:
    """What was answered, without the words of Exchange Online and of AsyncOS that pass it on and say no more than that."""
    framed = _FRAMED.match(text)
    if framed is not None:
        return f"{framed[2]} {framed[3] or framed[1] + ' '}{framed[4]}"
    before, _, answer = text.partition(_PASSED_ON)
    return answer if answer[:3].isdigit() and ".350 " in before else text


def codes_of(text: str) -> tuple[int | None, EnhancedStatusCode | None]:
    """The reply code and the enhanced status code that an answer gives; a refusal before a greeting or a success."""
    match = _AT_START.match(text)
    if match is None or not match[2] or match[1] < "4":
        match = _PAIR.search(text) or match
    if match is not None and match[2]:
        return int(match[1]), _status(match[2])
    status = EnhancedStatusCode.find(text)
    if status is not None and status.subject > _SUBJECTS:
        status = None  # the version of some software
    if match is None and _REFUSAL.search(text) is None:
        return None, status
    match = match or _SAID.search(text)
    if match is not None:
        return int(match[1]), status
    code = find_reply_code(text)
    return code if code is not None and code >= 400 else None, status


def one_line(text: str) -> str:
    """``550-5.1.1 No such 550 5.1.1 user`` to ``550 5.1.1 No such user``."""
    match = _SEVERAL_LINES.search(text)
    if match is None:
        return text
    code, status = match.groups()
    rest = text[match.end() :]
    for between in "- ":
        rest = rest.replace(f" {code}{between}{status} " if status else f" {code}{between}", " ")
    return " ".join(filter(None, (text[: match.start(1)].rstrip(), code, status, rest.lstrip())))
