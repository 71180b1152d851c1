"""The world of simulation.py: recipients as they really are, and what comes back of the mail to them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PROVIDERS = {"big.example": 35, "second.example": 20, "third.example": 10, "fourth.example": 5}  # per cent; the rest is small
SMALL_DOMAINS = 2_000
DEAD_A_WEEK = 0.004
FULL_AT_ONCE = 0.008
GREYLISTED = 0.002
FORGED = 0.05
OUTAGE_DAY, OUTAGE_AT = 24, {"second.example"}
LISTING_DAYS, LISTING_AT = (36, 38), "big.example"

ANSWERS = {
    "dead": ("failed", "5.1.1", "550 5.1.1 <{a}>: Recipient address rejected: User unknown in virtual mailbox table"),
    "full": ("failed", "4.2.2", "452 4.2.2 <{a}>: Mailbox full"),
    "grey": ("failed", "4.7.1", "450 4.7.1 <{a}>: Recipient address rejected: Greylisted, see http://postgrey.example/"),
    "outage": ("failed", "5.1.1", "550 5.1.1 <{a}>: Recipient address rejected: User unknown in local recipient table"),
    "listed": ("failed", "5.7.1", "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org"),
}


@dataclass(slots=True)
class Person:
    """One recipient as they really are."""

    address: str
    provider: str
    dies: int  # the day, or one that never comes
    full: tuple[int, int]  # from, until


@dataclass(frozen=True, slots=True)
class Bounce:
    """What came back of one mail. ``cause`` is what only the simulation knows."""

    at: datetime
    person: Person
    cause: str
    forged: bool


def people(count: int, days: int, chance: random.Random) -> list[Person]:
    names, weights = [*PROVIDERS, ""], [*PROVIDERS.values(), 100 - sum(PROVIDERS.values())]
    found = []
    for number in range(count):
        provider = chance.choices(names, weights)[0] or f"domain{chance.randrange(SMALL_DOMAINS)}.example"
        dies = int(chance.expovariate(DEAD_A_WEEK / 7)) + 1
        begins = chance.randrange(-20, days) if chance.random() < FULL_AT_ONCE * days / 12 else 10 * days
        found.append(Person(f"p{number}@{provider}", provider, dies, (begins, begins + chance.randrange(2, 25))))
    return found


def bounce_of(person: Person, at: datetime, day: int, chance: random.Random) -> Bounce | None:
    """What comes back of a mail to them, if anything does."""
    cause = _cause(person, day, chance)
    return Bounce(at, person, cause, forged=False) if cause else None


def forgeries(persons: list[Person], at: datetime, real: int, chance: random.Random) -> Iterator[Bounce]:
    """What others send meanwhile, beside so many ``real`` bounces."""
    for _ in range(int(real * FORGED)):
        yield Bounce(at, chance.choice(persons), "dead", forged=True)


def _cause(person: Person, day: int, chance: random.Random) -> str:
    if day == OUTAGE_DAY and person.provider in OUTAGE_AT:
        return "outage"
    if LISTING_DAYS[0] <= day <= LISTING_DAYS[1] and person.provider == LISTING_AT:
        return "listed"
    if person.dies <= day:
        return "dead"
    if person.full[0] <= day < person.full[1]:
        return "full"
    return "grey" if chance.random() < GREYLISTED else ""
