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
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulated_senders import Any5xx, Mailman, Ours, Sender
from simulated_world import START, Bounce, Person, bounce_of, forgeries, people


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


def _bounces(persons: list[Person], day: int, sender: Sender, chance: random.Random, outcome: Outcome) -> Iterator[Bounce]:
    """One mailing, within two hours, and what is forged meanwhile."""
    at = START + timedelta(days=day)
    real = 0
    for number, person in enumerate(persons):
        moment = at + timedelta(seconds=7_200 * number / len(persons))
        if not sender.mails(person, moment):
            continue
        outcome.mails += 1
        bounce = bounce_of(person, moment, day, chance)
        if bounce:
            real += 1
            yield bounce
    yield from forgeries(persons, at + timedelta(hours=3), real, chance)


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


def heard(recipients: int, seed: int, days: int = 60, every: int = 3) -> Iterator[Bounce]:
    """What comes back to our own sender, in its order."""
    chance = random.Random(seed)
    persons, sender = people(recipients, days, chance), Ours()
    for day in range(0, days, every):
        for bounce in _bounces(persons, day, sender, chance, Outcome(sender.name)):
            sender.hears(bounce)
            yield bounce
        sender.rests(START + timedelta(days=day, hours=24))


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
