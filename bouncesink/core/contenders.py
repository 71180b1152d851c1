"""Contenders: every rule that had something to say of one observation, and what kept those from holding that did not.

For people who write rules: ``Rulebook.search`` says who wins, this says who else was there and why they lost. It asks every
rule in turn, without the automaton and the indexes of the book, so that the two can be held against each other by the tests.

Promises: total; in the order in which the book hears them, text by text, then the codes. Slow: nothing here is on a mail's way.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import NamedTuple

from bouncesink.core.letters import bare, spellings
from bouncesink.core.names import search_outside, stands_outside
from bouncesink.core.report import Place
from bouncesink.core.rule import Conditions, Observation, Rule, is_within
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.scan import fold

# How the keys of a rule file are called that stand behind each condition.
KEYS = {
    "vendors": "vendor",
    "statuses": "status",
    "reply_codes": "reply_code",
    "commands": "smtp_command",
    "domains": "domain",
    "diagnostic_types": "diagnostic_type",
    "places": "place",
}


@dataclass(frozen=True, slots=True)
class Contender:
    """One rule at one place. ``words`` are those that it found ("" for a code); ``objection`` is "" where it holds."""

    rule: Rule
    place: Place
    words: str
    objection: str = ""

    @property
    def holds(self) -> bool:
        return not self.objection


def contenders(book: Rulebook, seen: Observation) -> tuple[Contender, ...]:
    """Every rule of which a literal stands in a text, and every rule of codes that holds."""
    shown = [fold(text) for _, text in seen.texts]
    texts = [(place, bare(text.lower())) for (place, _), text in zip(seen.texts, shown, strict=True)]
    found: list[Contender] = []
    for rank, (place, low) in enumerate(texts):
        vendors = _vendors(book, seen, [text for _, text in texts[: rank + 1]])
        text = _Text(place, shown[rank] if len(shown[rank]) == len(low) else low, low)
        found += [each for rule in book.rules if (each := _of_words(rule, text, seen, vendors))]
    return (*found, *_of_codes(book, seen, _vendors(book, seen, [text for _, text in texts])))


def _vendors(book: Rulebook, seen: Observation, texts: list[str]) -> frozenset[str]:
    """Who is known by a host, by the recipient's domain, or by words of the texts that were read so far."""
    hosts = [host.lower() for host in seen.hosts]
    return frozenset(
        vendor.name
        for vendor in book.vendors
        if any(is_within(host, suffix) for host in hosts for suffix in vendor.hosts)
        or any(is_within(seen.domain, suffix) for suffix in vendor.domains)
        or any(sign in text for text in texts for each in vendor.signatures for sign in spellings(each))
    )


class _Text(NamedTuple):
    """One text as it is shown, and in lower case."""

    place: Place
    shown: str
    low: str

    def says(self, words: str) -> bool:
        """Whether words stand in it outside of names."""
        places = [match.start() for match in re.finditer(f"(?={re.escape(words)})", self.low)]
        return any(stands_outside(self.shown, place, place + len(words)) for place in places)


def _of_words(rule: Rule, text: _Text, seen: Observation, vendors: frozenset[str]) -> Contender | None:
    literals = tuple(each for literal in rule.literals for each in spellings(literal))
    literal = next((literal for literal in literals if literal in text.low), "")
    if not literal:
        return None
    objections = list(_unmet(rule.conditions, seen, text.place, vendors))
    objections += [f"unless {phrase!r}, which stands there" for phrase in rule.unless if any(map(text.says, spellings(phrase)))]
    said = literal if rule.names else next((literal for literal in literals if text.says(literal)), "")
    if not said:
        objections.append(f"{literal!r} is part of a name")
    match = rule.pattern.search(text.low) if rule.pattern else None
    if rule.pattern and not match:
        objections.append("pattern does not match")
    elif rule.pattern and not rule.names and not (match := search_outside(rule.pattern, text.shown, text.low)):
        objections.append("pattern matches only part of a name")
    return Contender(rule, text.place, match[0] if match else said or literal, "; ".join(objections))


def _of_codes(book: Rulebook, seen: Observation, vendors: frozenset[str]) -> Iterator[Contender]:
    """An enhanced status code is heard before a reply code, whatever file it stands in."""
    for place in (Place.STATUS, Place.REPLY_CODE):
        for rule in book.rules:
            conditions = rule.conditions
            if rule.literals or conditions is None or bool(conditions.statuses) is not (place is Place.STATUS):
                continue
            if conditions.hold(seen, place, vendors):
                yield Contender(rule, place, "")


def _unmet(conditions: Conditions | None, seen: Observation, place: Place, vendors: frozenset[str]) -> Iterator[str]:
    for field in fields(conditions) if conditions else ():
        alone = Conditions(**{field.name: getattr(conditions, field.name)})
        if not alone.hold(seen, place, vendors):
            yield f"{KEYS[field.name]} is another"
