"""The staff: what the workers tell of themselves, as the process that is watched keeps it, and the doors that are theirs.

A worker tells all that it has counted since its start, twice a second and once more at its end (``bulletin``); so a word that
is lost is made up for by the next one. Promises: what a worker told last is in the sums for ever, though it is gone; a sum
never falls; who is in now is of those that live. Knows neither processes nor sockets.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bouncesink.observe.tally import MOST_SERIES, TALLY, Tally
from bouncesink.observe.trace import TRACES, Line
from bouncesink.watch.bulletin import BULLETIN, LINE, Bulletin


@dataclass(slots=True)
class StaffSessions:
    """The sessions of all workers that live; what was counted, of all that ever lived."""

    limit: int
    open: int
    counts: Mapping[str, int]

    def __len__(self) -> int:
        return self.open

    def counted(self) -> Mapping[str, int]:
        return self.counts


def _nobody() -> bool:
    return False


@dataclass(slots=True)
class Staff:
    """The doors, where workers keep them. ``present`` is whether any of them can take a mail."""

    addresses: tuple[str, ...]
    present: Callable[[], bool] = _nobody
    _living: dict[int, Bulletin] = field(default_factory=dict)
    _tally_of_gone: Tally = field(default_factory=Tally)
    _doors_of_gone: Counter[str] = field(default_factory=Counter)

    @property
    def is_open(self) -> bool:
        return self.present()

    @property
    def sessions(self) -> StaffSessions | None:
        """None until one of them has told of its own."""
        if not self._living and not self._doors_of_gone:
            return None
        told = self._living.values()
        counts = Counter(self._doors_of_gone)
        for each in told:
            counts.update(each.doors)
        return StaffSessions(sum(each.limit for each in told), sum(each.open for each in told), counts)

    def tally(self) -> Tally:
        """What all processes counted, our own included."""
        total = Tally()
        for told in (TALLY.told(), self._tally_of_gone.told(), *(each.tally for each in self._living.values())):
            total.add(told)
        return total

    def certificates(self) -> Mapping[str, datetime]:
        """When each certificate expires that is shown now; where workers differ, the first that does."""
        found: dict[str, float] = {}
        for each in self._living.values():
            for name, expires in each.certificates.items():
                found[name] = min(expires, found.get(name, expires))
        return {name: datetime.fromtimestamp(expires, UTC) for name, expires in found.items()}

    def take_up(self, say: Callable[[object], None], present: Callable[[], bool]) -> None:
        """The workers are there: ``say`` tells all of them."""
        self.present = present
        TRACES.changed = lambda: say(self.greet())

    def lay_down(self) -> None:
        """Nobody new is let in."""
        self.present = _nobody

    def greet(self) -> object:
        """What a worker is told first, and all of them when it changes: the traces that they are to follow."""
        return tuple(str(trace) for trace in TRACES.running())

    def hear(self, life: int, said: Any) -> None:
        """A word of the worker whose process is the ``life``th."""
        kind, told = said
        if kind == BULLETIN:
            self._living[life] = Bulletin(*told)
        elif kind == LINE:
            TRACES.hear(life, Line(*told))

    def bury(self, life: int) -> None:
        """That process is gone and will say nothing more."""
        last = self._living.pop(life, None)
        if last is not None:
            self._tally_of_gone.add(last.tally, MOST_SERIES)
            self._doors_of_gone.update(last.doors)


def follow(peers: Iterable[str], say: Callable[[object], None]) -> None:
    """In a worker: trace whom ``Staff.greet`` names, and ``say`` the lines."""
    TRACES.follow(peers, lambda line: say((LINE, tuple(line))))
