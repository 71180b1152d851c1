"""The tally: what happened since the start, in plain numbers. ``metrics`` shows it when somebody asks; nothing here is shown.

Every event of the log is counted here, by ``stream``, before its level decides whether the line is written: so a metric and a
line cannot drift apart. An event that LABELS does not name is counted by its name alone. One mail costs a few microseconds,
which is why these are dictionaries and lists and not the objects of a metrics library.

Of several processes each has its own: what one ``told`` is plain values, which another may ``add``.

Promises: a label never has more values than MOST_SERIES lets it, whatever comes in the facts; what counts may count from any
thread. Must not know who counts, nor what is done with the numbers.
"""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from operator import attrgetter, itemgetter
from time import time
from typing import Any

Labels = tuple[str, ...]


def _pick_one(label: str) -> Callable[[Mapping[str, Any]], tuple[Any]]:
    return lambda facts: (facts[label],)


# Which facts of an event tell its counts apart. Each has few values: words of ours and of closed vocabularies.
LABELS: Mapping[str, Labels] = {
    "mail.recorded": ("via", "kind", "reason", "fault", "disposition"),
    "mail.refused": ("via", "reply"),
    "mail.deferred": ("via", "error"),
    "peer.dropped": ("via", "why"),
    "store.trouble": ("error",),
    "bug": ("where",),
    "library": ("logger",),
}
VERDICT_LABELS: Labels = ("kind", "class", "reason", "fault", "authenticity", "disposition")
SEVERAL = "several"  # the value of these labels where the verdicts of one mail differ, and the line joins them by commas
_JOINED = frozenset({"reason", "fault", "disposition"})
OTHER = "other"  # every label of what came after MOST_SERIES
MOST_SERIES = 1_000  # of one event

_Facts = tuple[Hashable, ...]
_PICK: Mapping[str, Callable[[Mapping[str, Any]], _Facts]] = {
    event: itemgetter(*labels) if len(labels) > 1 else _pick_one(*labels) for event, labels in LABELS.items()
}
_OF_A_VERDICT: Callable[[object], _Facts] = attrgetter(*(f"{name}_" if name == "class" else name for name in VERDICT_LABELS))


class Histogram:
    """How many observations were at most each of ``bounds``, as separate bins; the last bin is above all of them."""

    __slots__ = ("bins", "bounds", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.bins = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.bins[bisect_left(self.bounds, value)] += 1
        self.total += value

    def add(self, bins: Sequence[int], total: float) -> None:
        """The observations of another one, of the same bounds."""
        self.bins = [ours + theirs for ours, theirs in zip(self.bins, bins, strict=True)]
        self.total += total

    @property
    def count(self) -> int:
        return sum(self.bins)


class Tally:
    """The numbers of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: dict[str, dict[_Facts, int]] = {}
        self._verdicts: dict[_Facts, int] = {}
        self.duplicates = 0
        self.last_bounce: float | None = None  # seconds since the epoch
        self.mail_seconds = Histogram((0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10))
        self.mail_octets = Histogram((1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864))
        self.commit_seconds = Histogram((0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5))
        self.batch_mails = Histogram((1, 2, 5, 10, 20, 50, 100, 200, 500))
        self.checkpoint_seconds = Histogram((0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5))
        self.loop_lag_seconds = Histogram((0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5))

    def event(self, name: str, facts: Mapping[str, Any]) -> None:
        """One event, with the facts of its line."""
        pick = _PICK.get(name)
        try:
            key = pick(facts) if pick else ()
        except KeyError:
            key = tuple(facts.get(label) for label in LABELS[name])
        with self._lock:
            series = self._events.get(name)
            if series is None:
                series = self._events[name] = {}
            _count(series, key)

    def verdict(self, verdict: object) -> None:
        """A verdict that is a row of the database now and was none before."""
        with self._lock:
            _count(self._verdicts, _OF_A_VERDICT(verdict))

    def bounced(self) -> None:
        """A bounce was recorded just now: silence begins anew."""
        self.last_bounce = time()

    def counted(self) -> dict[str, dict[Labels, int]]:
        """All counts by event and by the values of its LABELS."""
        with self._lock:
            events = {name: dict(series) for name, series in self._events.items()}
        return {name: _spelled(LABELS.get(name, ()), series) for name, series in events.items()}

    def counted_verdicts(self) -> dict[Labels, int]:
        """The same of verdicts, by the values of VERDICT_LABELS."""
        with self._lock:
            verdicts = dict(self._verdicts)
        return _spelled(VERDICT_LABELS, verdicts)

    def told(self) -> dict[str, Any]:
        """All of it since the start, in dictionaries, tuples, strings and numbers: for another process to ``add``."""
        return {
            "events": self.counted(),
            "verdicts": self.counted_verdicts(),
            "duplicates": self.duplicates,
            "last_bounce": self.last_bounce,
            "histograms": {name: (tuple(each.bins), each.total) for name, each in self._histograms().items()},
        }

    def add(self, told: Mapping[str, Any], most: int | None = None) -> None:
        """What another tally ``told`` is counted here too. ``most`` bounds the series of one event, as MOST_SERIES does."""
        with self._lock:
            for name, series in told["events"].items():
                _add(self._events.setdefault(name, {}), series, most)
            _add(self._verdicts, told["verdicts"], most)
        self.duplicates += told["duplicates"]
        self.last_bounce = max(filter(None, (self.last_bounce, told["last_bounce"])), default=None)
        histograms = self._histograms()
        for name, (bins, total) in told["histograms"].items():
            histograms[name].add(bins, total)

    def _histograms(self) -> dict[str, Histogram]:
        return {name: each for name, each in vars(self).items() if isinstance(each, Histogram)}


def _count(series: dict[_Facts, int], key: _Facts, count: int = 1, most: int | None = MOST_SERIES) -> None:
    before = series.get(key)
    if before is None:
        if most is not None and len(series) >= most:
            key = (OTHER,) * len(key)
        before = series.get(key, 0)
    series[key] = before + count


def _add(series: dict[_Facts, int], told: Mapping[Labels, int], most: int | None) -> None:
    for labels, count in told.items():
        _count(series, labels, count, most)


def _spelled(labels: Labels, series: Mapping[_Facts, int]) -> dict[Labels, int]:
    """Facts as the values of labels. It is done when somebody asks, for a mail's way has no time for it."""
    spelled: Counter[Labels] = Counter()
    for facts, count in series.items():
        spelled[tuple(map(_value, labels, facts))] += count
    return dict(spelled)


def _value(label: str, fact: object) -> str:
    value = "" if fact is None else str(fact)
    return SEVERAL if label in _JOINED and "," in value else value


TALLY = Tally()
