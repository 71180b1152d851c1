"""Arguments of MAIL and RCPT: RFC 5321 section 4.1.2 as it is written, and as it is really sent.

Accepted beside the grammar: a space after the colon, no angle brackets, no domain (``<MAILER-DAEMON>``, ``<postmaster>``),
8-bit octets declared or not, paths of up to 1,000 octets; source routes are dropped (RFC 5321 appendix C). What these patterns
do not know is asked of aiosmtpd's parser, which is slower and knows comments and obsolete quoting. A reverse-path that nobody
can parse is still kept, as it stood between the brackets: we only record it, and refusing it would lose the bounce.

Never raises. Linear in its input, which the front cuts at its command line limit.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from aiosmtpd.smtp import SMTP

MAX_PATH = 1_000  # octets; RFC 5321 section 4.5.3.1.3 asks for 256
_MAX_ODD = 512  # characters of an argument that aiosmtpd's parser is asked about: 4,096 quotes take it a tenth of a second

_UNQUOTED = r"[^\s<>\"@\\\x00-\x1f\x7f]+"
_LOCAL = rf'(?:{_UNQUOTED}|"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*")'
_DOMAIN = r"(?:\[[^\s<>\[\]\\\x00-\x1f\x7f]*\]|[^\s<>\"@\[\]\\\x00-\x1f\x7f]+)"
_MAILBOX = rf"{_LOCAL}(?:@{_DOMAIN})?"
_PATH = re.compile(rf"<[ \t]*(?:@[^\s<>\":]*:)?({_MAILBOX})?[ \t]*>(.*)", re.DOTALL)
_BARE = re.compile(rf"({_MAILBOX})(?![^ \t])(.*)", re.DOTALL)
_BRACKETED = re.compile(r"<([^<>\x00-\x1f\x7f]*)>([^<>]*)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

# RFC 5321 section 4.1.1.11, but "=" and 8-bit octets may stand in a value: an ORCPT of a VERP address often has them raw.
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^\x00-\x20\x7f]+))?")
_NO_PARAMETERS: Mapping[str, str] = MappingProxyType({})


class _Parser(SMTP):
    """What aiosmtpd makes of an address, without a connection."""

    def __init__(self) -> None:
        """Nothing of the base's is set up: its parser looks at a class attribute alone."""

    def split(self, text: str) -> tuple[str | None, str | None]:
        return self._getaddr(text)


_PARSER = _Parser()


def after_keyword(argument: str, keyword: str) -> str | None:
    """What follows ``FROM:`` or ``TO:``, or None where that is not what ``argument`` starts with."""
    head, colon, rest = argument.partition(":")
    if not colon or head.rstrip(" \t").upper() != keyword:
        return None
    return rest.strip(" \t")


def split_reverse_path(text: str) -> tuple[str, str] | None:
    """The reverse-path ("" is the null one) and the parameters after it, or None where nothing can be made of it."""
    found = _split(text)
    if found is None and (match := _BRACKETED.fullmatch(text)):
        found = match[1].strip(), match[2]
    return found if found is not None and _fits(found[0]) else None


def split_forward_path(text: str) -> tuple[str, str] | None:
    """The forward-path and the parameters after it, or None where it is no address. Nobody is called "" here."""
    found = _split(text)
    return found if found is not None and found[0] and _fits(found[0]) else None


def parse_parameters(text: str) -> Mapping[str, str] | None:
    """ESMTP parameters by upper-case keyword ("" where one has no value), or None where the syntax does not hold."""
    if not text or text.isspace():
        return _NO_PARAMETERS
    parameters = {}
    for word in text.split():
        match = _PARAMETER.fullmatch(word)
        if match is None:
            return None
        parameters[match[1].upper()] = match[2] or ""
    return parameters


def _split(text: str) -> tuple[str, str] | None:
    match = _PATH.fullmatch(text) or _BARE.fullmatch(text)
    if match is not None:
        return match[1] or "", match[2]
    return _ask_aiosmtpd(text)


def _ask_aiosmtpd(text: str) -> tuple[str, str] | None:
    if not text or len(text) > _MAX_ODD or _CONTROL.search(text):
        return None
    try:
        path, rest = _PARSER.split(text)
    except Exception:  # noqa: BLE001 - the standard library's address parser raises IndexError and RecursionError at strangers
        return None
    if not path or path == "<>" or _CONTROL.search(path):
        return None
    return path, rest or ""


def _fits(path: str) -> bool:
    return len(path) <= MAX_PATH and len(path.encode("utf-8", "replace")) <= MAX_PATH
