"""Signs: by what a vendor or a blocklist is known in a report. Data of rule files: ``[[vendor]]`` and ``[[blocklist]]``.

A vendor is whoever runs the receiving side; it is known by the host that spoke, by the recipient's domain, or by words that
only its servers write. A rule with ``vendor`` holds only where that vendor is known. A blocklist is known by the zone or the
name that stands in the refusal; the first one listed is the one that is named, so special zones stand before general names.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bouncesink.core.problems import Table

MINIMUM_SIGN = 5


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
    """All that a book knows of whose words they are; ``plain`` are nobody's."""

    vendors: tuple[Vendor, ...]
    blocklists: tuple[Blocklist, ...]
    plain: tuple[str, ...] = ()
    plain_phrases: tuple[str, ...] = ()


class Marks(NamedTuple):
    """By what some vendors are known: bits of those whose words were found, and the ends of names, each after a dot."""

    bits: int
    hosts: tuple[str, ...]
    domains: tuple[str, ...]


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


def marks_of(names: frozenset[str], vendors: Sequence[Vendor]) -> Marks:
    """By what any of the vendors of these names is known."""
    asked = [(number, vendor) for number, vendor in enumerate(vendors) if vendor.name in names]
    return Marks(
        sum(1 << number for number, _ in asked),
        tuple("." + host for _, vendor in asked for host in vendor.hosts),
        tuple("." + domain for _, vendor in asked for domain in vendor.domains),
    )
