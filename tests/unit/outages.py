"""A provider's outage, as the store's tests have it: bounces of a usual mailing, and then of everybody at one provider."""

import asyncio
from dataclasses import replace
from datetime import timedelta

MANY = 120


def at(bounce, hours: float, **changes):
    """One bounce, so many hours after the first."""
    moved = replace(bounce, mail=replace(bounce.mail, received_at=bounce.mail.received_at + timedelta(hours=hours)))
    return moved.with_verdict(**changes)


async def record(database, bounces):
    await asyncio.gather(*(database.intake.record(*each.arguments) for each in bounces))


async def usual(database, bounce):
    """A first mailing, two days before: some dead addresses elsewhere and one here."""
    before = [at(bounce(n, f"old{n}@example.org"), -48, remote_mta="mx.usual.example") for n in range(10)]
    await record(database, [*before, at(bounce(10, "old@example.com"), -48, remote_mta="mx.broken.example")])


def outage(bounce, count=MANY, hours=0.0, first=1_000, **changes):
    verdict = {"remote_mta": "mx2.broken.example"} | changes
    return [at(bounce(first + n, f"p{n}@example.com"), hours + n / 1_000, **verdict) for n in range(count)]
