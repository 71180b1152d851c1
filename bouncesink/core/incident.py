"""Incident: a burst of failures that no recipient is to blame for, seen while it happens.

    detector = Detector(IncidentPolicy())
    change = detector.observe(sighting)         each verdict of a failure, in their order; None: it belongs to none
    changes = detector.rest(now)                now and then: what has been quiet long enough is over

Two kinds. Verdicts that blame the sender or the message open an incident by what they name: a blocklist, or the provider and
the reason. Hard failures that look like dead addresses open one, and so do failures that count though they are the provider's
own or the way's to it (nobody could be reached for days), where a provider says more of them in an hour, or in a day, than
``burst_factor`` times the most that it said in any before, and more than the other providers' rise explains: a mailing makes
all of them say more at once, an outage one of them. Once a sender is known, ``burst_factor`` times as much again is what no
mailing explains: a list was garbled, or several providers fail at once. The hour sees it soon, the day sees it at a sender of
few mails. Those that were judged within it before it was recognised belong to it too (``since``), and so does what comes until
that provider has said no more than usual for ``quiet_hours``.

Promises: deterministic, no clock of its own, bounded in memory. Only proven verdicts are seen, since anybody could forge the
others; those of addresses that bear no tag, which count too, open bursts of their own and hold nothing that is proven. At
first nothing is a burst (``_WINDOWS``): a first mailing has many dead addresses. What a burst said is never learnt as usual, so
that the next outage is an incident again. Knows nothing of how incidents are kept, or of what holding a verdict does to its
recipient.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from bouncesink.core.policy import CONDEMNING
from bouncesink.core.sighting import LOOKED_UP, THE_PROVIDERS, Sighting
from bouncesink.core.tally import Tally
from bouncesink.core.value import value
from bouncesink.core.verdict import NEVER_THE_RECIPIENT, FailureClass, Fault, Reason

# Of each scope, so that nobody who forges what bears no tag displaces what is proven.
_TALLIES: Final = 2_000
_INCIDENTS: Final = 1_000
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
# Over how long failures are counted, and for how long at first they are only learnt from.
_WINDOWS: Final = ((_HOUR, _DAY), (_DAY, 7 * _DAY))
_KNOWN_AFTER: Final = 14 * _DAY  # heard of for so long, a sender is no beginner who tries a few mails first
LOOKS_BACK: Final = _DAY  # no incident begins longer before it is seen


class Scope(StrEnum):
    """What an incident is about."""

    BURST = "burst"  # hard failures at one provider
    UNSIGNED_BURST = "unsigned_burst"  # the same, of addresses that bear no tag
    OUTAGE = "outage"  # failures of one provider's own, or of the way to it
    UNSIGNED_OUTAGE = "unsigned_outage"
    BLOCKLIST = "blocklist"
    SENDER = "sender"  # our identity or reputation, as one provider has it
    MESSAGE = "message"


EVERYBODY: Final = "*"  # the subject of a burst that is no one provider's

# Whose verdicts are held.
HOLDING: Final = frozenset({Scope.BURST, Scope.UNSIGNED_BURST, Scope.OUTAGE, Scope.UNSIGNED_OUTAGE})


class Change(StrEnum):
    OPENED = "opened"
    FED = "fed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class IncidentPolicy:
    """Verdicts over ``recipients`` within an hour open an incident of the sender's; a burst wants ``burst_recipients`` and
    ``burst_factor`` times the most of any hour or day before, which is forgotten by half in ``half_life_days``. After
    ``quiet_hours`` without another verdict, or without more than usual, an incident is over.
    """

    recipients: int = 5
    burst_recipients: int = 20
    burst_factor: int = 4
    quiet_hours: int = 6
    half_life_days: int = 28


class IncidentKey(NamedTuple):
    """What tells one open incident from another."""

    scope: Scope
    subject: str
    reason: Reason | None

    def covers(self, other: "IncidentKey") -> bool:
        """Whether what would open ``other`` belongs to it."""
        return self == other or (self.subject == EVERYBODY and self.scope is other.scope)


_OF_ALL: Final = {scope: IncidentKey(scope, EVERYBODY, None) for scope in HOLDING}


@value
class IncidentChange:
    """``since`` is from when on verdicts belong to an incident that has just been opened; else the same as ``at``."""

    change: Change
    key: IncidentKey
    at: datetime
    since: datetime


def _tallies(lag: timedelta = timedelta()) -> tuple[Tally, ...]:
    return tuple([Tally(window.total_seconds(), lag.total_seconds()) for window, _ in _WINDOWS])


class _Heard(NamedTuple):
    """In one window, by one provider and by all: the tallies, and of how many recipients something was said."""

    own: Tally
    all_: Tally
    said: int
    by_all: int
    now: float


class Detector:
    """The open incidents, and what every provider says usually."""

    def __init__(self, policy: IncidentPolicy, since: datetime | None = None) -> None:
        """``since`` is when anything was heard first; None: nothing was."""
        self._policy = policy
        self._open: dict[IncidentKey, datetime] = {}
        self._tallies: dict[Scope, OrderedDict[IncidentKey, tuple[Tally, ...]]] = {scope: OrderedDict() for scope in Scope}
        # A mailing is not usual while it lasts: else what its first hour says of all hides that all say more in its second.
        self._everybody = {scope: _tallies(_DAY) for scope in HOLDING}
        self._first_at = since

    def observe(self, sighting: Sighting) -> IncidentChange | None:
        """Which incident one verdict belongs to, OPENED by it or FED; None where it belongs to none."""
        key, at = key_of(sighting), sighting.at
        if key is None:
            return None
        belongs = key if key in self._open else _OF_ALL.get(key.scope)
        if belongs in self._open:
            if key.scope not in HOLDING or self._goes_on(belongs, sighting):
                self._open[belongs] = max(self._open[belongs], at)
            return IncidentChange(Change.FED, belongs, at, at)
        opened = self._burst(key, sighting) if key.scope in HOLDING else self._spread(key, sighting)
        if opened is None or sum(each.scope is key.scope for each in self._open) >= _INCIDENTS:
            return None
        self._open[opened.key] = at
        return opened

    def rest(self, now: datetime) -> tuple[IncidentChange, ...]:
        """The incidents that are over."""
        quiet = timedelta(hours=self._policy.quiet_hours)
        over = [key for key, last in self._open.items() if now - last >= quiet]
        for key in over:
            self.close(key)
        return tuple([IncidentChange(Change.CLOSED, key, now, now) for key in over])

    def resume(self, key: IncidentKey, last: datetime) -> None:
        """An incident that was open when the last process ended."""
        self._open[key] = last

    def close(self, key: IncidentKey) -> None:
        """An incident that is over, or that somebody closed by hand."""
        self._open.pop(key, None)
        for tally in self._tallied(key):
            tally.clear()

    def teach(self, key: IncidentKey, recipients: int, last: datetime) -> None:
        """Somebody says that a burst of so many recipients was none: from now on that is usual."""
        for tally in self._tallied(key):
            tally.teach(recipients, last.timestamp(), self._policy.half_life_days)

    def _tallied(self, key: IncidentKey) -> tuple[Tally, ...]:
        if key.subject == EVERYBODY and key.scope in HOLDING:
            return self._everybody[key.scope]
        known = self._tallies[key.scope]
        tallies = known.get(key)
        if tallies is None:
            tallies = known[key] = _tallies()
            if len(known) > _TALLIES:
                known.popitem(last=False)
        else:
            known.move_to_end(key)
        return tallies

    def _spread(self, key: IncidentKey, sighting: Sighting) -> IncidentChange | None:
        at, hour = sighting.at, self._tallied(key)[0]
        said = hour.add(at.timestamp(), sighting.recipient_key)
        return IncidentChange(Change.OPENED, key, at, at - _HOUR) if said >= self._policy.recipients else None

    def _burst(self, key: IncidentKey, sighting: Sighting) -> IncidentChange | None:
        """The provider's, or everybody's."""
        policy, at, now = self._policy, sighting.at, sighting.at.timestamp()
        if self._first_at is None:
            self._first_at = at
        found = None
        heard_for = at - self._first_at
        for own, all_, (window, learning) in zip(self._tallied(key), self._everybody[key.scope], _WINDOWS, strict=True):
            said = own.hear(now, sighting.recipient_key, policy.half_life_days)
            by_all = all_.hear(now, sighting.recipient_key, policy.half_life_days)
            if found is not None or heard_for < learning:
                continue
            if self._stands_out(key, _Heard(own, all_, said, by_all, now)) or self._is_inexplicable(own, said, heard_for):
                found = IncidentChange(Change.OPENED, key, at, at - window)
            elif self._is_inexplicable(all_, by_all, heard_for):
                found = IncidentChange(Change.OPENED, _OF_ALL[key.scope], at, at - window)
        if found is not None and found.key == key:
            for own, all_ in zip(self._tallied(key), self._everybody[key.scope], strict=True):
                all_.explain(own)
        return found

    def _stands_out(self, key: IncidentKey, heard: _Heard) -> bool:
        """Whether a provider says more than the rise of the others explains, of those that are no incident themselves."""
        own, all_, said, by_all, now = heard
        policy, days = self._policy, self._policy.half_life_days
        if said < policy.burst_recipients:
            return False
        usual = own.usual(now, days)
        open_ = [each for each in self._open if each.scope is key.scope and each.subject != EVERYBODY]
        theirs = [tally.usual(now, days) for each in open_ for tally in self._tallied(each) if tally.window == own.window]
        others_usual = max(1.0, all_.usual(now, days) - usual - sum(theirs))
        rise = max(1.0, (by_all - said - len(all_.explained)) / others_usual)
        return said > policy.burst_factor * usual * rise

    def _is_inexplicable(self, tally: Tally, said: int, heard_for: timedelta) -> bool:
        """Whether no mailing explains it, though others say more too: it is far beyond what was ever heard there."""
        policy = self._policy
        many = heard_for >= _KNOWN_AFTER and said >= policy.burst_recipients
        return many and said > policy.burst_factor**2 * max(1, tally.ever)

    def _goes_on(self, key: IncidentKey, sighting: Sighting) -> bool:
        """Whether more than usual is still said, in the last hour. Of what is said meanwhile nothing is learnt."""
        policy, now, hour = self._policy, sighting.at.timestamp(), self._tallied(key)[0]
        said = hour.add(now, sighting.recipient_key)
        usual = hour.usual(now, policy.half_life_days)
        return said >= policy.burst_recipients and said > policy.burst_factor * usual


def key_of(sighting: Sighting) -> IncidentKey | None:
    """Which incident it may open or feed."""
    if sighting.fault is Fault.MESSAGE:
        return IncidentKey(Scope.MESSAGE, sighting.blocklist, sighting.reason)
    if sighting.fault in NEVER_THE_RECIPIENT:
        if sighting.blocklist:
            return IncidentKey(Scope.BLOCKLIST, sighting.blocklist, None)
        return IncidentKey(Scope.SENDER, sighting.provider, sighting.reason)
    if sighting.class_ is FailureClass.HARD and sighting.reason in CONDEMNING:
        # Whether a domain is there somebody looks up; whether a mailbox is, its own server says.
        scope = Scope.BURST if sighting.proven else Scope.UNSIGNED_BURST
        return IncidentKey(scope, sighting.provider, reason if (reason := sighting.reason) in LOOKED_UP else None)
    if sighting.fault in THE_PROVIDERS:
        return IncidentKey(Scope.OUTAGE if sighting.proven else Scope.UNSIGNED_OUTAGE, sighting.provider, None)
    return None
