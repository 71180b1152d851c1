"""Grammars: how everybody else writes a recipient, or an id that stands for one, into a local part.

One table, in the order it is tried: families with marks of their own first, then those that a delimiter alone tells, last the
shapes that only look like VERP. Groups: ``address`` is ``L=D``, split at the **last** ``=`` (a domain holds none) and refused
unless the domain is one; ``local`` and ``domain`` stand apart; ``reference`` is an id that only its sender can resolve;
``list`` is what stood before. Patterns are ASCII case-insensitive, linear, and see at most MAX_LOCAL characters.

No tag of these is checked: whoever reads by them must call the outcome unsigned.
"""

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from bouncesink.core.address import Address, is_domain
from bouncesink.core.value import value
from bouncesink.core.verp.attribution import Grammar
from bouncesink.core.verp.path import ForwardPath, unquote

MAX_LOCAL = 512

LOW_CONFIDENCE = "read by its shape alone, with low confidence"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@value
class Reading:
    """What one grammar made of a local part. ``recipient`` is None where only a ``reference`` is carried, or nothing."""

    grammar: Grammar
    recipient: str | None = None
    reference: str = ""
    list_name: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One way to write a family. ``under`` is what our domain must begin with, "" for any."""

    grammar: Grammar
    pattern: re.Pattern[str]
    under: tuple[str, ...] = ("",)
    note: str = ""


def _row(grammar: Grammar, pattern: str, *, under: tuple[str, ...] = ("",), note: str = "") -> Row:
    return Row(grammar, re.compile(pattern, re.IGNORECASE | re.ASCII), under, note)


MARKED: tuple[Row, ...] = (
    _row(Grammar.SYMPA, r"(?P<list>[^+]+)\+(?P<local>.+?)==a==(?P<domain>[^=]+)==[^=]+(?:==(?P<reference>[^=]+))?"),
    _row(Grammar.SENDGRID, r"(?P<list>bounces)\+(?P<reference>\d+-[0-9a-f]+)-(?P<address>.+)"),
    _row(Grammar.MAILGUN, r"(?P<list>bounce)\+(?P<reference>[0-9a-f]+\.[0-9a-f]+)-(?P<address>.+)"),
    _row(Grammar.SPARKPOST, r"msprvs1=(?P<reference>[^=]+=bounces-\d+-\d+)"),
    _row(Grammar.AMAZON_SES, rf"(?P<reference>[0-9a-f]{{16}}-{_UUID}-\d{{6}})"),
    _row(Grammar.HYVOR, rf"(?P<list>bounce)\+(?P<reference>{_UUID})"),
    _row(Grammar.CIVICRM, r"(?:(?P<list>[^+]+)\+)?(?P<reference>[bruo]\.\d+\.\d+\.[0-9a-f]{16})"),
    _row(Grammar.ODOO, r"(?P<list>[^+]+)\+(?P<reference>\d+-[a-z0-9_.]+-\d+)"),
    _row(Grammar.EZMLM, r"(?P<list>.+?)-return-(?P<reference>\d+)-(?P<address>.+=.+)"),
    _row(Grammar.EZMLM, r"(?P<list>.+?)-return-(?:warn|probe)-(?P<reference>[a-z0-9.]+)-(?P<address>.+=.+)"),
    _row(Grammar.EZMLM, r"(?P<list>.+?)-return-receipt-(?P<reference>[a-z0-9.]+-\d+)-?"),
    _row(Grammar.EZMLM, r"(?P<list>.+?)-return-(?P<reference>\d*)-?"),
    _row(Grammar.MEDIAWIKI, r"(?P<list>[^-]+)-(?P<reference>.+-[0-9a-z]{1,13}-[0-9a-z]{6}-[a-z0-9+/]{16}={0,2})"),
    _row(Grammar.MAUTIC, r"(?P<list>[^+]+)\+[^_]*_(?P<reference>[0-9a-f]{10,64})"),
    _row(Grammar.MAILTRAIN, r"(?P<reference>[a-z0-9_-]{6,24}\.[a-z0-9_-]{6,24}\.[a-z0-9_-]{6,24})"),
    _row(Grammar.POSTAL, r"(?P<reference>[a-z0-9]{6})(?:\+.*)?", under=("psrp.", "rp.")),
)

DELIMITED: tuple[Row, ...] = (
    _row(Grammar.MAILMAN, r"(?P<list>.+?)-bounces\+(?P<address>.+=.+)"),
    _row(Grammar.MAILMAN, r"(?P<list>.+?)-(?:bounces|confirm)\+(?P<reference>[0-9a-z]+)"),
    _row(Grammar.EXIM, r"(?P<list>.+?)-request\+(?P<address>.+=.+)"),
)

# Postfix joins SENDER, local part and domain by any two of "-+=" and escapes none of them, so these are guesses for all but the
# default: a sender that holds a delimiter wants a configured prefix. A "-" before the domain is read only where it is alone.
_PLUS = r"(?P<list>[^+]+)\+(?P<address>.+=.+)"
_DASH_WORD = r"(?P<list>(?:.+?-)?(?:bounces?|returns?|request|errors?|owner-[^-+=]+))-(?P<address>.+=.+)"
_DASH = r"(?P<list>[^-+=]+)-(?P<address>.+=.+)"

LOOSE: tuple[Row, ...] = (
    _row(Grammar.POSTFIX, _PLUS),
    _row(Grammar.POSTFIX, _DASH_WORD),
    _row(Grammar.POSTFIX, _DASH),
    _row(Grammar.POSTFIX, r"(?P<list>[^-+=]+)=(?P<address>.+=.+)"),
    _row(Grammar.POSTFIX, r"(?P<list>[^-+=]+)[-=+](?P<local>.+)\+(?P<domain>[^+=]+)"),
    _row(Grammar.POSTFIX, r"(?P<list>[^-+=]+)[+=](?P<local>[^-+=]+)-(?P<domain>[^-+=]+)"),
    _row(Grammar.POSTFIX, r"(?P<list>[^-+=]+)\+(?P<reference>[^-+=]+)", note="a recipient without a domain"),
    _row(Grammar.GENERIC, _PLUS, note=LOW_CONFIDENCE),
    _row(Grammar.GENERIC, _DASH_WORD, note=LOW_CONFIDENCE),
    _row(Grammar.GENERIC, _DASH, note=LOW_CONFIDENCE),
    _row(Grammar.GENERIC, r"(?P<address>[^-+=]+=[^=]+)", note=LOW_CONFIDENCE),
)

# A configured prefix says which family it is of by how it ends; its rest is then L=D, for ezmlm after a number.
_PREFIX_FAMILIES: tuple[tuple[str, Grammar], ...] = (
    ("-return-", Grammar.EZMLM),
    ("-bounces+", Grammar.MAILMAN),
    ("-request+", Grammar.EXIM),
    ("-", Grammar.POSTFIX),
    ("+", Grammar.POSTFIX),
    ("=", Grammar.POSTFIX),
)
_EZMLM_NUMBER = re.compile(r"(\d+)-(.+=.+)")


def read_rows(path: ForwardPath, rows: Iterable[Row], named: AbstractSet[Grammar]) -> Reading | None:
    """The first row of a ``named`` family that reads ``path`` whole and to a valid end."""
    for row in rows:
        match = row.pattern.fullmatch(path.local) if row.grammar in named and path.domain.startswith(row.under) else None
        reading = _reading(row, match) if match is not None else None
        if reading is not None:
            return reading
    return None


def read_prefixed(local: str, prefix: str) -> Reading | None:
    """What stands after a configured ``prefix``, which ``local`` begins with."""
    family = next((grammar for ending, grammar in _PREFIX_FAMILIES if prefix.lower().endswith(ending)), Grammar.CUSTOM)
    rest, number = local[len(prefix) :], ""
    numbered = _EZMLM_NUMBER.fullmatch(rest) if family is Grammar.EZMLM else None
    if numbered is not None:
        number, rest = numbered[1], numbered[2]
    recipient = split_recipient(rest)
    return Reading(family, recipient, number, prefix.rstrip("-+=")) if recipient else None


def read_custom(local: str, pattern: re.Pattern[str]) -> Reading | None:
    """By an operator's own ``pattern``: ``recipient`` (``L=D`` or ``L@D``), ``local`` and ``domain``, or ``reference``."""
    match = pattern.fullmatch(local)
    if match is None:
        return None
    groups = {name: value or "" for name, value in match.groupdict().items()}
    if "recipient" in groups:
        recipient = split_recipient(groups["recipient"], "@" if "@" in groups["recipient"] else "=")
    else:
        recipient = _join(groups.get("local", ""), groups.get("domain", ""))
    reference = groups.get("reference", "")
    return Reading(Grammar.CUSTOM, recipient, reference, groups.get("list", "")) if recipient or reference else None


def split_recipient(text: str, separator: str = "=") -> str | None:
    """``L=D`` as an address, split at the last ``separator``; None where a part is empty or the domain is none."""
    local, _, domain = text.rpartition(separator)
    return _join(local, domain)


def _join(local: str, domain: str) -> str | None:
    local = unquote(local)
    return str(Address(local, domain)) if local and is_domain(domain) else None


def _reading(row: Row, match: re.Match[str]) -> Reading | None:
    groups = match.groupdict()
    recipient = None
    if "address" in groups:
        recipient = split_recipient(groups["address"])
    elif "domain" in groups:
        recipient = _join(groups["local"], groups["domain"])
    carried = "address" in groups or "domain" in groups
    if carried and (recipient is None or (row.grammar is Grammar.GENERIC and not _is_public(recipient))):
        return None
    return Reading(row.grammar, recipient, groups.get("reference") or "", groups.get("list") or "", row.note)


def _is_public(recipient: str) -> bool:
    """A guess at least names a domain that the world could know."""
    domain = recipient[recipient.rfind("@") + 1 :]
    return "." in domain or domain.startswith("[")
