"""A sender's sixty days, under three policies: who is dropped, and who should have been.

    ./scripts/simulate                      200,000 recipients, the table of docs/explain/simulation.md
    ./scripts/simulate --recipients 20000 --json

People die, mailboxes fill and are emptied, a provider answers 550 to everybody for three hours, another lists our address
for two days, and one bounce in twenty is forged. Each answer is judged by the packaged rules; then the standing is folded
as the server folds it, incidents and all. "Any 5xx" suppresses at the first reply of 500 or above; "Mailman" is its score:
a point a day for a hard bounce, half for a soft one, forgotten after a quiet week, out at five.

The same seed gives the same table.
"""

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Protocol

from bouncesink.core.classify import judge
from bouncesink.core.incident import Change, Detector, IncidentPolicy, Scope, Sighting
from bouncesink.core.occurrence import Occurrence
from bouncesink.core.policy import Policy
from bouncesink.core.reading import read
from bouncesink.core.recipient import Recipient, advance, expire
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.standing import Standing
from bouncesink.core.verdict import Disposition, Verdict
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.rulefiles import load_rulebook

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PROVIDERS = {"big.example": 35, "second.example": 20, "third.example": 10, "fourth.example": 5}  # per cent; the rest is small
SMALL_DOMAINS = 2_000
DEAD_A_WEEK = 0.004
FULL_AT_ONCE = 0.008
GREYLISTED = 0.002
FORGED = 0.05
OUTAGE_DAY, OUTAGE_AT = 24, "second.example"
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


@dataclass(slots=True)
class Outcome:
    """``wrong`` counts the living that a mailing's bounces suppressed, by cause; ``late`` the dead that were not suppressed two
    mailings after their first proven bounce.
    """

    policy: str
    mails: int = 0
    bounces: int = 0
    suppressed: int = 0
    dead_seen: int = 0
    late: int = 0
    wrong: Counter[str] = field(default_factory=Counter)

    @property
    def recall(self) -> float:
        return 1 - self.late / max(self.dead_seen, 1)


class Sender(Protocol):
    """A policy at work: whom it still mails, and what it makes of a bounce."""

    name: str

    def mails(self, person: Person, at: datetime) -> bool: ...
    def hears(self, bounce: Bounce) -> None: ...
    def rests(self, at: datetime) -> None: ...


@cache
def _rulebook() -> Rulebook:
    return load_rulebook(None)


@cache
def _judged(cause: str, *, forged: bool) -> Verdict:
    """The packaged rules' verdict on an answer; the address in it plays no part."""
    action, status, words = ANSWERS[cause]
    address = "reader@example.com"
    content = (
        "From: MAILER-DAEMON@mx.example.net\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; out.example.com\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\nRemote-MTA: dns; mx.example.net\r\n"
        f"Diagnostic-Code: smtp; {words.format(a=address)}\r\n\r\n--b--\r\n"
    ).encode()
    authenticity = Authenticity.UNPROVEN if forged else Authenticity.PROVEN
    attribution = Attribution(grammar=Grammar.SIGNED, recipient=address, authenticity=authenticity)
    (verdict,) = judge(read(content, _rulebook().formats), attribution, _rulebook())
    return verdict


class Ours:
    """bouncesink: fault apart from hard and soft, incidents, a standing for each recipient."""

    name = "bouncesink"

    def __init__(self) -> None:
        self._policy = Policy()
        self._detector = Detector(IncidentPolicy())
        self._standing: dict[str, Recipient] = {}
        self._heard: dict[str, list[Occurrence]] = {}  # what is not held, by address
        self._recent: list[tuple[str, Occurrence]] = []  # of the last hours, with the provider
        self._number = 0

    def mails(self, person: Person, at: datetime) -> bool:
        recipient = self._standing.get(person.address)
        return recipient is None or expire(recipient, at, self._policy).standing is not Standing.SUPPRESSED

    def hears(self, bounce: Bounce) -> None:
        verdict = _judged(bounce.cause, forged=bounce.forged)
        self._number += 1
        person = bounce.person
        occurrence = Occurrence(
            *(self._number, bounce.at, person.address, person.address, "", verdict.kind, verdict.class_, verdict.reason),
            *(verdict.fault, verdict.authenticity, verdict.disposition, f"<{bounce.at.toordinal()}@example.com>"),
        )
        if not bounce.forged:
            occurrence = self._watched(bounce, verdict, occurrence)
        self._heard.setdefault(person.address, []).append(occurrence)
        self._fold(person.address, occurrence)

    def _watched(self, bounce: Bounce, verdict: Verdict, occurrence: Occurrence) -> Occurrence:
        assert verdict.reason is not None
        assert verdict.fault is not None
        sighting = Sighting(
            *(bounce.at, bounce.person.address, bounce.person.provider, verdict.class_, verdict.reason, verdict.fault),
            verdict.evidence.blocklist,
        )
        for change in self._detector.observe(sighting):
            if change.key.scope is Scope.BURST:
                if change.change is Change.OPENED:
                    self._hold_since(change.key.subject, change.since)
                return replace(occurrence, disposition=Disposition.HOLD)
        if verdict.disposition is Disposition.SUPPRESS:
            self._recent.append((bounce.person.provider, occurrence))
        return occurrence

    def _hold_since(self, provider: str, since: datetime) -> None:
        """Those that were judged before the burst was seen are held too, and their standing folded again without them."""
        for other, occurrence in self._recent:
            if other == provider and occurrence.at >= since:
                heard = self._heard[occurrence.key]
                heard[heard.index(occurrence)] = replace(occurrence, disposition=Disposition.HOLD)
                self._standing.pop(occurrence.key, None)
                for each in heard:
                    self._fold(occurrence.key, each)

    def _fold(self, address: str, occurrence: Occurrence) -> None:
        after = advance(self._standing.get(address), occurrence, self._policy)
        if after is not None:
            self._standing[address] = after

    def rests(self, at: datetime) -> None:
        self._detector.rest(at)
        self._recent = [(provider, each) for provider, each in self._recent if at - each.at < timedelta(hours=2)]


class Any5xx:
    """What many do."""

    name = "any 5xx"

    def __init__(self) -> None:
        self._out: set[str] = set()

    def mails(self, person: Person, at: datetime) -> bool:  # noqa: ARG002 - for good
        return person.address not in self._out

    def hears(self, bounce: Bounce) -> None:
        if (_judged(bounce.cause, forged=False).reply_code or 0) >= 500:
            self._out.add(bounce.person.address)

    def rests(self, at: datetime) -> None:
        """It never does."""


class Mailman:
    """GNU Mailman's score."""

    name = "Mailman's score"

    def __init__(self) -> None:
        self._score: dict[str, tuple[float, int]] = {}

    def mails(self, person: Person, at: datetime) -> bool:  # noqa: ARG002 - for good
        return self._score.get(person.address, (0.0, 0))[0] < 5

    def hears(self, bounce: Bounce) -> None:
        day = bounce.at.toordinal()
        score, last = self._score.get(bounce.person.address, (0.0, 0))
        if last == day:
            return
        if day - last > 7:
            score = 0.0
        hard = (_judged(bounce.cause, forged=False).reply_code or 0) >= 500
        self._score[bounce.person.address] = (score + (1.0 if hard else 0.5), day)

    def rests(self, at: datetime) -> None:
        """It never does."""


def people(count: int, days: int, chance: random.Random) -> list[Person]:
    names, weights = [*PROVIDERS, ""], [*PROVIDERS.values(), 100 - sum(PROVIDERS.values())]
    found = []
    for number in range(count):
        provider = chance.choices(names, weights)[0] or f"domain{chance.randrange(SMALL_DOMAINS)}.example"
        dies = int(chance.expovariate(DEAD_A_WEEK / 7)) + 1
        begins = chance.randrange(-20, days) if chance.random() < FULL_AT_ONCE * days / 12 else 10 * days
        found.append(Person(f"p{number}@{provider}", provider, dies, (begins, begins + chance.randrange(2, 25))))
    return found


def _bounces(persons: list[Person], day: int, sender: Sender, chance: random.Random, outcome: Outcome) -> Iterator[Bounce]:
    """One mailing, within two hours, and what is forged meanwhile."""
    at = START + timedelta(days=day)
    real = 0
    for number, person in enumerate(persons):
        moment = at + timedelta(seconds=7_200 * number / len(persons))
        if not sender.mails(person, moment):
            continue
        outcome.mails += 1
        cause = _cause(person, day, chance)
        if cause:
            real += 1
            yield Bounce(moment, person, cause, forged=False)
    for _ in range(int(real * FORGED)):
        yield Bounce(at + timedelta(hours=3), chance.choice(persons), "dead", forged=True)


def _cause(person: Person, day: int, chance: random.Random) -> str:
    if day == OUTAGE_DAY and person.provider == OUTAGE_AT:
        return "outage"
    if LISTING_DAYS[0] <= day <= LISTING_DAYS[1] and person.provider == LISTING_AT:
        return "listed"
    if person.dies <= day:
        return "dead"
    if person.full[0] <= day < person.full[1]:
        return "full"
    return "grey" if chance.random() < GREYLISTED else ""


def simulate(sender: Sender, recipients: int, days: int, every: int, seed: int) -> Outcome:
    """``every`` so many days there is a mailing."""
    chance = random.Random(seed)
    persons = people(recipients, days, chance)
    outcome = Outcome(sender.name)
    by_address = {person.address: person for person in persons}
    told: dict[str, int] = {}  # the dead, and the day of the second mailing after their first proven bounce
    for day in range(0, days, every):
        end = START + timedelta(days=day, hours=4)
        dropped: list[Bounce] = []
        for bounce in _bounces(persons, day, sender, chance, outcome):
            outcome.bounces += 1
            mailed = sender.mails(bounce.person, bounce.at)
            sender.hears(bounce)
            if mailed and not sender.mails(bounce.person, bounce.at):
                dropped.append(bounce)
            if bounce.person.dies <= day and bounce.cause == "dead" and not bounce.forged:
                told.setdefault(bounce.person.address, day + 2 * every)
        sender.rests(end + timedelta(hours=20))
        _due(by_address, told, day, end, sender, outcome)
        for bounce in dropped:  # of the living, those whom the end of the day has not given back
            if bounce.person.dies > day and not sender.mails(bounce.person, end):
                outcome.wrong["forgery" if bounce.forged else bounce.cause] += 1
    outcome.suppressed = sum(not sender.mails(person, START + timedelta(days=days)) for person in persons)
    return outcome


def _due(persons: dict[str, Person], told: dict[str, int], day: int, end: datetime, sender: Sender, outcome: Outcome) -> None:
    """The dead whose first proven bounce was two mailings ago."""
    for address in [address for address, due in told.items() if due == day]:
        outcome.dead_seen += 1
        outcome.late += sender.mails(persons[address], end)


def table(outcomes: list[Outcome]) -> str:
    causes = ("outage", "listed", "forgery", "full", "grey")
    head = ("policy", "bounces", "suppressed at the end", "dead found in two mailings", *(f"living: {each}" for each in causes))
    rows = [
        (
            *(one.policy, f"{one.bounces:,}", f"{one.suppressed:,}", f"{one.recall:.2%} of {one.dead_seen:,}"),
            *(f"{one.wrong[each]:,}" for each in causes),
        )
        for one in outcomes
    ]
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--recipients", type=int, default=200_000, help="how many (default: %(default)s)")
    parser.add_argument("--days", type=int, default=60, help="how long (default: %(default)s)")
    parser.add_argument("--every", type=int, default=3, help="a mailing every so many days (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another world (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="JSON for programs")
    arguments = parser.parse_args()
    outcomes = [
        simulate(sender, arguments.recipients, arguments.days, arguments.every, arguments.seed)
        for sender in (Ours(), Any5xx(), Mailman())
    ]
    if arguments.json:
        told = [
            {"policy": one.policy, "mails": one.mails, "bounces": one.bounces, "suppressed": one.suppressed}
            | {"dead_seen": one.dead_seen, "recall": one.recall, "living_suppressed": dict(one.wrong)}
            for one in outcomes
        ]
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
    else:
        sys.stdout.write(table(outcomes) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
