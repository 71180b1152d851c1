"""Incident: a burst of failures that no recipient is to blame for, seen while it happens.

    detector = Detector(IncidentPolicy())
    changes = detector.observe(sighting)        each verdict of a failure, in their order
    changes = detector.rest(now)                now and then: what has been quiet long enough is over

Two kinds. Verdicts that blame the sender or the message open an incident by what they name: a blocklist, or the provider
and the reason. Hard failures that look like dead addresses open one where a provider says more of them in an hour than
``burst_factor`` times the most that it said in any hour before, and more than the other providers' rise explains: a mailing
makes all of them say more at once, an outage one of them. Those that were judged in the hour before it was recognised
belong to it too (``since``).

Promises: deterministic, no clock of its own, bounded in memory. Only proven verdicts are seen, since anybody could forge the
others. On its first day nothing is a burst: a first mailing has many dead addresses. What a burst said is never learnt as
usual, so that the next outage is an incident again. Knows nothing of how incidents are kept, or of what holding a verdict
does to its recipient.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from bouncesink.core.policy import CONDEMNING, NEVER_THE_RECIPIENT, THE_RECIPIENTS
from bouncesink.core.report import Kind
from bouncesink.core.value import value
from bouncesink.core.verdict import Disposition, FailureClass, Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Authenticity

_TALLIES: Final = 2_000
_INCIDENTS: Final = 1_000
_HOUR: Final = timedelta(hours=1)
_SLICE: Final = 600  # seconds
_SLICES: Final = 6
_LEARNING: Final = timedelta(days=1)


class Scope(StrEnum):
    """What an incident is about."""

    BURST = "burst"  # hard failures at one provider
    BLOCKLIST = "blocklist"
    SENDER = "sender"  # our identity or reputation, as one provider has it
    MESSAGE = "message"


class Change(StrEnum):
    OPENED = "opened"
    FED = "fed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class IncidentPolicy:
    """Verdicts over ``recipients`` within an hour open an incident of the sender's; a burst wants ``burst_recipients`` and
    ``burst_factor`` times the most of any hour before, which is forgotten by half in ``half_life_days``. After ``quiet_hours``
    without another verdict an incident is over.
    """

    recipients: int = 5
    burst_recipients: int = 50
    burst_factor: int = 4
    quiet_hours: int = 6
    half_life_days: int = 28


@value
class Sighting:
    """One verdict of a failure. ``provider`` is who answered (see ``provider_of``)."""

    at: datetime
    recipient_key: str
    provider: str
    class_: FailureClass | None
    reason: Reason
    fault: Fault
    blocklist: str = ""


class IncidentKey(NamedTuple):
    """What tells one open incident from another."""

    scope: Scope
    subject: str
    reason: Reason | None


@value
class IncidentChange:
    """``since`` is from when on verdicts belong to an incident that has just been opened; else the same as ``at``."""

    change: Change
    key: IncidentKey
    at: datetime
    since: datetime


@dataclass(slots=True)
class _Tally:
    """Whom the last hour was about, in slices of ten minutes; ``said`` is how many. ``peak`` is the most of any hour that was
    no incident, ``most`` that of the one that began at ``hour_at``.
    """

    slices: dict[int, dict[str, None]] = field(default_factory=dict)
    said: int = 0
    peak: int = 0
    peak_at: datetime | None = None
    most: int = 0
    hour_at: datetime | None = None

    def add(self, number: int, recipient_key: str) -> None:
        """To the slice of that number."""
        seen = self.slices.get(number)
        if seen is None:
            self.slices = {each: seen for each, seen in self.slices.items() if each > number - _SLICES}
            self.said = sum(map(len, self.slices.values()))
            seen = self.slices[number] = {}
        if recipient_key not in seen:
            seen[recipient_key] = None
            self.said += 1
        self.most = max(self.most, self.said)

    def clear(self) -> None:
        """What it said is an incident's, and never usual."""
        self.slices, self.said, self.most = {}, 0, 0

    def usual(self, at: datetime, half_life_days: int) -> float:
        if self.peak_at is None:
            return 0.0
        return float(self.peak * 0.5 ** (max(at - self.peak_at, timedelta(0)) / timedelta(days=half_life_days)))

    def learn(self, at: datetime, half_life_days: int) -> None:
        """Once an hour: what the hour said that is over was usual. One that is not over may yet be an incident."""
        if self.hour_at is None or at - self.hour_at >= _HOUR:
            if self.most > self.usual(at, half_life_days):
                self.peak, self.peak_at = self.most, at
            self.hour_at, self.most = at, 0


class Detector:
    """The open incidents, and what every provider says usually."""

    def __init__(self, policy: IncidentPolicy) -> None:
        self._policy = policy
        self._open: dict[IncidentKey, datetime] = {}
        self._tallies: OrderedDict[IncidentKey, _Tally] = OrderedDict()
        self._everybody = _Tally()
        self._first_at: datetime | None = None

    def observe(self, sighting: Sighting) -> tuple[IncidentChange, ...]:
        """What one verdict changes. A change that is OPENED or FED says to which incident the verdict belongs."""
        key = _key_of(sighting)
        if key is None:
            return ()
        if key in self._open:
            self._open[key] = max(self._open[key], sighting.at)
            return (IncidentChange(Change.FED, key, sighting.at, sighting.at),)
        tally = self._tally(key)
        opens = self._bursts(tally, sighting) if key.scope is Scope.BURST else self._spreads(tally, sighting)
        if not opens or len(self._open) >= _INCIDENTS:
            return ()
        self._open[key] = sighting.at
        tally.clear()
        return (IncidentChange(Change.OPENED, key, sighting.at, sighting.at - _HOUR),)

    def rest(self, now: datetime) -> tuple[IncidentChange, ...]:
        """The incidents that are over."""
        quiet = timedelta(hours=self._policy.quiet_hours)
        over = [key for key, last in self._open.items() if now - last >= quiet]
        for key in over:
            del self._open[key]
        return tuple([IncidentChange(Change.CLOSED, key, now, now) for key in over])

    def resume(self, key: IncidentKey, last: datetime) -> None:
        """An incident that was open when the last process ended."""
        self._open[key] = last

    def close(self, key: IncidentKey) -> None:
        """An incident that somebody closed by hand."""
        self._open.pop(key, None)

    def _tally(self, key: IncidentKey) -> _Tally:
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = _Tally()
            if len(self._tallies) > _TALLIES:
                self._tallies.popitem(last=False)
        else:
            self._tallies.move_to_end(key)
        return tally

    def _spreads(self, tally: _Tally, sighting: Sighting) -> bool:
        tally.add(_slice_of(sighting), sighting.recipient_key)
        return tally.said >= self._policy.recipients

    def _bursts(self, tally: _Tally, sighting: Sighting) -> bool:
        policy, at, number = self._policy, sighting.at, _slice_of(sighting)
        for each in (tally, self._everybody):
            each.learn(at, policy.half_life_days)
            each.add(number, sighting.recipient_key)
        if self._first_at is None:
            self._first_at = at
        said = tally.said
        if said < policy.burst_recipients or at - self._first_at < _LEARNING:
            return False
        usual = tally.usual(at, policy.half_life_days)
        others = self._everybody.said - said
        others_usual = self._everybody.usual(at, policy.half_life_days) - usual
        rise = max(1.0, others / others_usual) if others_usual >= 1 else 1.0
        return said > policy.burst_factor * usual * rise


def _slice_of(sighting: Sighting) -> int:
    return int(sighting.at.timestamp()) // _SLICE


def _key_of(sighting: Sighting) -> IncidentKey | None:
    if sighting.fault is Fault.MESSAGE:
        return IncidentKey(Scope.MESSAGE, sighting.blocklist, sighting.reason)
    if sighting.fault in NEVER_THE_RECIPIENT:
        if sighting.blocklist:
            return IncidentKey(Scope.BLOCKLIST, sighting.blocklist, None)
        return IncidentKey(Scope.SENDER, sighting.provider, sighting.reason)
    if sighting.class_ is FailureClass.HARD and sighting.reason in CONDEMNING:
        return IncidentKey(Scope.BURST, sighting.provider, None)
    return None


_BLAMED: Final = NEVER_THE_RECIPIENT | THE_RECIPIENTS


def sighting_of(verdict: Verdict, recipient_key: str, at: datetime) -> Sighting | None:
    """None where a verdict can neither open nor feed an incident, nor turn out later to belong to one."""
    reason, fault = verdict.reason, verdict.fault
    if verdict.kind is not Kind.BOUNCE or verdict.authenticity is not Authenticity.PROVEN or verdict.recipient is None:
        return None
    if reason is None or fault is None or verdict.disposition is Disposition.REVIEW:
        return None
    if fault not in _BLAMED and (verdict.class_ is not FailureClass.HARD or reason not in CONDEMNING):
        return None
    provider = provider_of(verdict.remote_mta, verdict.recipient)
    return Sighting(at, recipient_key, provider, verdict.class_, reason, fault, verdict.evidence.blocklist)


# Registries under a country's domain that sell names one label further down (co.uk, com.br, ne.jp).
_SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "edu", "go", "gob", "gov", "ne", "net", "or", "org"})


def provider_of(mta: str | None, recipient: str) -> str:
    """Whose server answered: the registrable part of ``mta`` (RFC 3464 Remote-MTA), else the recipient's domain."""
    return (_named(mta) if mta else "") or _registrable(recipient.rpartition("@")[2].lower())


# A few providers have most of the mail.
@lru_cache(maxsize=4_096)
def _named(mta: str) -> str:
    """The registrable part of a host's name; "" for what is none."""
    host = mta.rstrip(".").lower()
    last = host.rpartition(".")[2]
    return "" if "." not in host or last.isdigit() or ":" in last else _registrable(host)


@lru_cache(maxsize=4_096)
def _registrable(domain: str) -> str:
    labels = domain.split(".")
    deep = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if deep else -2 :])
