"""Signs: by what a vendor or a blocklist is known in a report. Data of rule files: ``[[vendor]]`` and ``[[blocklist]]``.

A vendor is whoever runs the receiving side; it is known by the host that spoke, by the recipient's domain, or by words that
only its servers write. A rule with ``vendor`` holds only where that vendor is known. A blocklist is known by the zone or the
name that stands in the refusal; the first one listed is the one that is named, so special zones stand before general names.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bouncesink.core.problems import Table
from bouncesink.core.rule import Rule

MINIMUM_SIGN = 5
NO_VENDORS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Vendor:
    """``hosts`` and ``domains`` are suffixes, ``signatures`` words; all lower case."""

    name: str
    hosts: tuple[str, ...]
    domains: tuple[str, ...]
    signatures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blocklist:
    """``name`` is what verdicts call it."""

    name: str
    literals: tuple[str, ...]


class Signs(NamedTuple):
    """All that a book knows of whose words they are."""

    vendors: tuple[Vendor, ...]
    blocklists: tuple[Blocklist, ...]


class Sign(NamedTuple):
    """Whom a literal names: vendors, and a blocklist by its rank."""

    vendors: frozenset[str]
    blocklist: int


class Gate(NamedTuple):
    """What a literal means: the rules that it opens and those that it shuts, by number, and whom it names, if anybody.

    (A tuple: a few of them are looked at for every text.)
    """

    opens: tuple[int, ...]
    shuts: frozenset[int]
    sign: Sign | None


def read_vendor(table: Table, file: str) -> Vendor:
    name = table.text("name", needed=True)
    table.place = f"{file}: vendor {name or '(without name)'}"
    table.only(("name", "hosts", "domains", "signatures"))
    vendor = Vendor(
        name=name,
        hosts=tuple(host.lower() for host in table.texts("hosts")),
        domains=tuple(domain.lower() for domain in table.texts("domains")),
        signatures=_signs(table, "signatures"),
    )
    if not (vendor.hosts or vendor.domains or vendor.signatures):
        table.wrong("says neither hosts nor domains nor signatures")
    return vendor


def read_blocklist(table: Table, file: str) -> Blocklist:
    name = table.text("name", needed=True)
    table.place = f"{file}: blocklist {name or '(without name)'}"
    table.only(("name", "literal"))
    blocklist = Blocklist(name, _signs(table, "literal"))
    if not blocklist.literals:
        table.wrong("literal is missing")
    return blocklist


def _signs(table: Table, key: str) -> tuple[str, ...]:
    """Signs keep the blanks around them: " gsmtp" is a word of its own."""
    signs = tuple(text.lower() for text in table.texts(key))
    for sign in signs:
        if len(sign) < MINIMUM_SIGN:
            table.wrong(f"{key} {sign!r} is too short: {MINIMUM_SIGN} characters or more")
    return signs


def gates(rules: Sequence[Rule], vendors: Sequence[Vendor], blocklists: Sequence[Blocklist]) -> dict[str, Gate]:
    """Every literal that is looked for, and what it means."""
    opens: dict[str, list[int]] = {}
    shuts: dict[str, list[int]] = {}
    signs: dict[str, frozenset[str]] = {}
    ranks: dict[str, int] = {}
    for number, rule in enumerate(rules):
        for literal in rule.literals:
            opens.setdefault(literal, []).append(number)
        for phrase in rule.unless:
            shuts.setdefault(phrase, []).append(number)
    for vendor in vendors:
        for sign in vendor.signatures:
            signs[sign] = signs.get(sign, NO_VENDORS) | {vendor.name}
    for rank, blocklist in enumerate(blocklists):
        for literal in blocklist.literals:
            ranks.setdefault(literal, rank)
    names = {literal: Sign(signs.get(literal, NO_VENDORS), ranks.get(literal, len(blocklists))) for literal in (*signs, *ranks)}
    return {
        literal: Gate(tuple(opens.get(literal, ())), frozenset(shuts.get(literal, ())), names.get(literal))
        for literal in (*opens, *shuts, *names)
    }


def by_suffix(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Names of vendors by the end of a host or a domain."""
    table: dict[str, frozenset[str]] = {}
    for suffix, name in pairs:
        table[suffix] = table.get(suffix, NO_VENDORS) | {name}
    return table


def within(table: Mapping[str, frozenset[str]], name: str) -> frozenset[str]:
    """What ``table`` says of ``name`` and of every domain above it."""
    known, at = NO_VENDORS, 0
    while at >= 0:
        known |= table.get(name[at:], NO_VENDORS)
        at = name.find(".", at) + 1 or -1
    return known
