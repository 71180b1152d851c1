"""Content-Type values: RFC 2045 section 5.1 (type and parameters) and RFC 2231 (parameters in pieces or in a charset).

Promises: total and linear; a value that no RFC allows gives the type "" and whatever parameters can be made out. Knows nothing of
what a type or a parameter is for.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from bouncesink.core.charset import decode_text

_TYPE = re.compile(rb"[ \t\n\"']*+([^\s;/\"()]++)[ \t\n]*+/[ \t\n]*+([^\s;/\"()]++)")
_PARAMETER = re.compile(rb";[\s;]*+([^\s=;\"]++)[ \t\n]*+=[ \t\n]*+(?:\"((?:[^\"\\]++|\\.)*+)(?:\"|$)|([^;]*+))", re.DOTALL)
_QUOTED_PAIR = re.compile(rb"\\(.)", re.DOTALL)
_COMMENT = re.compile(rb"[ \t\n]+\([^()]*+\)?[ \t\n]*+$")
_FOLD = re.compile(rb"\n[ \t]*+")
_SECTION = re.compile(rb"(.+?)(?:\*(\d{1,3}))?(\*)?", re.DOTALL)

_CACHED = 256  # octets; longer values are rare, and hostile ones must not fill the cache

ContentType = tuple[str, Mapping[str, str]]


def parse_content_type(value: bytes) -> ContentType:
    """The type in lower case ("" where there is none) and its parameters by lower-case name."""
    return _cached(value) if len(value) <= _CACHED else _parse(value)


def _parse(value: bytes) -> ContentType:
    match = _TYPE.match(value)
    content_type = b"/".join(match.groups()).lower().decode("ascii", "replace") if match else ""
    semicolon = value.find(b";")
    if semicolon < 0:
        return content_type, _NONE
    return content_type, MappingProxyType(_parameters(value[semicolon:]))


_cached = lru_cache(maxsize=1024)(_parse)
_NONE: Mapping[str, str] = MappingProxyType({})


def _parameters(text: bytes) -> dict[str, str]:
    found: dict[bytes, bytes] = {}
    in_sections = False
    for match in _PARAMETER.finditer(text):
        name, quoted, token = match.groups()
        if quoted is not None:
            plain = _QUOTED_PAIR.sub(rb"\1", quoted) if b"\\" in quoted else quoted
        else:
            plain = _COMMENT.sub(b"", token).strip(b" \t\n\"")
        in_sections = in_sections or b"*" in name
        found.setdefault(name.lower(), _FOLD.sub(b"", plain) if b"\n" in plain else plain)
    if in_sections:
        return _joined(found)
    return {name.decode("ascii", "replace"): _text(value, "") for name, value in found.items()}


def _joined(found: dict[bytes, bytes]) -> dict[str, str]:
    """RFC 2231 sections 3 and 4: ``name*0=``, ``name*1*=``, ``name*=charset'language'octets``."""
    values: dict[bytes, list[tuple[int, bytes]]] = {}
    charsets: dict[bytes, str] = {}
    for key, value in found.items():
        match = _SECTION.fullmatch(key)
        assert match is not None  # a name is never empty
        name, section, encoded = match.groups()
        octets = value
        if encoded and (section is None or int(section) == 0) and value.count(b"'") >= 2:
            charset, _, octets = value.split(b"'", 2)
            charsets[name] = charset.decode("ascii", "replace")
        values.setdefault(name, []).append((int(section or 0), unquote_to_bytes(octets) if encoded else octets))
    return {
        name.decode("ascii", "replace"): _text(b"".join(piece for _, piece in sorted(pieces)), charsets.get(name, ""))
        for name, pieces in values.items()
    }


def _text(value: bytes, charset: str) -> str:
    return value.decode("ascii") if not charset and value.isascii() else decode_text(value, charset)[0]
