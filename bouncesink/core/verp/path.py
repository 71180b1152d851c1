"""The forward-path as a front hands it over: RFC 5321 section 4.1.2, with what peers make of it.

Angle brackets and a source route (RFC 5321 appendix C) are taken off, a wholly quoted local part is unquoted. Lenient where a
VERP address needs it: brackets and specials may stand in a local part unquoted, and it may be longer than 64 octets. Total:
surrogate escapes and any length are answered, with None where it is no path at all.
"""

import re

from bouncesink.core.address import to_ascii_domain, without_surrogates
from bouncesink.core.value import value

MAX_PATH = 2_048

_PLAIN = re.compile(r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+)@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63})")
_ROUTE = re.compile(r"(?:@(?:\[[^\[\]\s@]{1,80}\]|[^\s\[\]@,:\"]+),?)+:")
_LOCAL = re.compile(r"(?:\"(?:[^\"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*+\"|[^\s\"<>\x00-\x1f\x7f])+")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*+)\"")
_QUOTED_PAIR = re.compile(r"\\(.)")


@value
class ForwardPath:
    """``local`` is unquoted where it was one quoted string; ``domain`` is an A-label or literal in lower case, "" where there
    is none (``postmaster``). ``spelled`` is as the peer wrote it, less brackets and route.
    """

    local: str
    domain: str
    spelled: str


def parse_path(text: str) -> ForwardPath | None:
    plain = _PLAIN.fullmatch(text) if len(text) <= MAX_PATH else None
    if plain is not None and len(plain[2]) <= 253:
        return ForwardPath(plain[1], plain[2].lower(), text)
    if not 0 < len(text) <= MAX_PATH:
        return None
    spelled = text.strip(" ").removeprefix("<").removesuffix(">")
    route = _ROUTE.match(spelled)
    if route is not None:
        spelled = spelled[route.end() :]
    local, at, domain = spelled.rpartition("@") if "@" in spelled else (spelled, "", "")
    ascii_domain = to_ascii_domain(without_surrogates(domain)) if at else ""
    if ascii_domain is None or not _LOCAL.fullmatch(local):
        return None
    return ForwardPath(unquote(without_surrogates(local)), ascii_domain, spelled)


def is_address(text: str) -> bool:
    """Whether ``text`` is a forward-path that mail can come to: with a domain, or ``postmaster`` (RFC 5321 section 4.5.1)."""
    path = parse_path(text)
    return path is not None and (bool(path.domain) or path.local.lower() == "postmaster")


def unquote(local: str) -> str:
    """The content of a local part that is one quoted string (RFC 5321 section 4.1.2); any other as it stands."""
    quoted = _QUOTED.fullmatch(local)
    return _QUOTED_PAIR.sub(r"\1", quoted[1]) if quoted else local
