"""Content-Type values: RFC 2045 section 5.1 (type and parameters) and RFC 2231 (parameters in pieces or in a charset).

Promises: total and linear; a value that no RFC allows gives the type "" and whatever parameters can be made out. Knows nothing
of what a type or a parameter is for.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from bouncesink.core.charset import decode_text

_TYPE = re.compile(rb"[ \t\n\"']*+([^\s;/\"()]++)[ \t\n]*+/[ \t\n]*+([^\s;/\"()]++)")
_PARAMETER = re.compile(rb";[ \t\n]*+([^\s=;\"]++)[ \t\n]*+=[ \t\n]*+(?:\"((?:[^\"\\]++|\\.)*+)(?:\"|$)|([^;]*+))", re.DOTALL)
_QUOTED_PAIR = re.compile(rb"\\(.)", re.DOTALL)
_COMMENT = re.compile(rb"[ \t\n]+\([^()]*+\)?[ \t\n]*+$")
_FOLD = re.compile(rb"\n[ \t]*+")
_SECTION = re.compile(rb"(.+?)(?:\*(\d{1,3}))?(\*)?", re.DOTALL)

_USUAL_BOUNDARY = re.compile(rb";[ \t\n]*boundary=(?:\"([^\"\\\n*]+)\"|([!#-:<-~]+))", re.IGNORECASE)
_CACHED = 256  # octets; longer values are rare, and hostile ones must not fill the cache


def media_type(value: bytes) -> str:
    """The type and subtype of a Content-Type in lower case, "" where there are none."""
    semicolon = value.find(b";")
    essence = value if semicolon < 0 else value[:semicolon]
    return _type_often(essence) if len(essence) <= _CACHED else _type(essence)


def parse_parameters(value: bytes) -> Mapping[str, str]:
    """The parameters of a Content-Type by lower-case name."""
    semicolon = value.find(b";")
    if semicolon < 0:
        return _NONE
    return _parameters_often(value[semicolon:]) if len(value) <= _CACHED else _parameters(value[semicolon:])


def boundary_of(value: bytes) -> bytes:
    """The boundary of a multipart as it stands in delimiters, b"" where there is none."""
    match = _USUAL_BOUNDARY.search(value)
    if match is not None:
        return (match[1] or match[2]).rstrip()
    return (
        _parameters(value[value.find(b";") :]).get("boundary", "").rstrip().encode("utf-8", "replace") if b";" in value else b""
    )


def _type(essence: bytes) -> str:
    match = _TYPE.match(essence)
    return b"/".join(match.groups()).lower().decode("ascii", "replace") if match else ""


def _parameters(text: bytes) -> Mapping[str, str]:
    found: dict[bytes, bytes] = {}
    in_sections = False
    for match in _PARAMETER.finditer(text):
        name, quoted, token = match.groups()
        if quoted is not None:
            plain = _QUOTED_PAIR.sub(rb"\1", quoted) if b"\\" in quoted else quoted
        else:
            plain = _COMMENT.sub(b"", token).strip(b' \t\n"')
        in_sections = in_sections or b"*" in name
        found.setdefault(name.lower(), _FOLD.sub(b"", plain) if b"\n" in plain else plain)
    if in_sections:
        return _joined(found)
    return MappingProxyType({name.decode("ascii", "replace"): _text(value, "") for name, value in found.items()})


def _joined(found: dict[bytes, bytes]) -> Mapping[str, str]:
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
    return MappingProxyType(
        {
            name.decode("ascii", "replace"): _text(b"".join(piece for _, piece in sorted(pieces)), charsets.get(name, ""))
            for name, pieces in values.items()
        }
    )


def _text(value: bytes, charset: str) -> str:
    return value.decode("ascii") if not charset and value.isascii() else decode_text(value, charset)[0]


_NONE: Mapping[str, str] = MappingProxyType({})
_type_often = lru_cache(maxsize=1024)(_type)
_parameters_often = lru_cache(maxsize=1024)(_parameters)
