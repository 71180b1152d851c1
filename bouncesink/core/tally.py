"""Tally: of how many recipients something was said within an hour, or a day, and how many that usually are.

Times are seconds since the epoch: most failures are heard by four tallies. Promises: bounded in memory, however many are
named. Knows nothing of what is said, or of what follows if it is too much.
"""

from dataclasses import dataclass, field
from typing import Final

_SLICES: Final = 6
_NAMED: Final = 2_000  # recipients that are told apart; whatever comes beyond is another each time
_NEVER: Final = float("-inf")
_DAY: Final = 86_400


@dataclass(slots=True)
class Tally:
    """How many recipients the last ``window`` was about: ``said``, in slices of a sixth. ``peak`` is the most of any window
    that was no incident, as far as it is not forgotten, ``ever`` that of all of them, ``most`` that of the one that began at
    ``began_at``. What a window said is usual ``lag`` after it is over; until then it waits in ``over``, with when that was.
    What is said of an older window is counted ``behind``.
    """

    window: float
    lag: float = 0.0
    slices: dict[int, int] = field(default_factory=dict)
    newest: int = 0  # of the slices
    named: dict[str, int] = field(default_factory=dict)  # the slice that each was heard in
    said: int = 0
    peak: int = 0
    peak_at: float = _NEVER
    ever: int = 0
    most: int = 0
    began_at: float = _NEVER
    over: list[tuple[float, int]] = field(default_factory=list)
    behind: "Tally | None" = None
    explained: dict[str, int] = field(default_factory=dict)  # those of ``named`` whom an incident explains

    def hear(self, at: float, recipient_key: str, half_life_days: int) -> int:
        """Add, and once a window learn: what was said in the one that is over was usual. One that is not over may yet be an
        incident.
        """
        if at - self.began_at >= self.window:
            self.over.append((self.began_at + self.window, self.most))
            self.began_at, self.most = at, 0
            self._learn(at, half_life_days)
        return self.add(at, recipient_key)

    def add(self, at: float, recipient_key: str) -> int:
        """Of how many recipients it was said in the window that ends then."""
        number = int(at * _SLICES / self.window)
        if number > self.newest:
            self._turn(number)
        elif number <= self.newest - _SLICES:
            return self._add_behind(number, at, recipient_key)
        if recipient_key not in self.named:
            self.slices[number] = self.slices.get(number, 0) + 1
            self.said += 1
            self.most = max(self.most, self.said)
            if len(self.named) < _NAMED:
                self.named[recipient_key] = number
        return self.said

    def teach(self, most: int, at: float, half_life_days: int) -> None:
        """That many were usual then."""
        self.ever = max(self.ever, most)
        if most > self.usual(at, half_life_days):
            self.peak, self.peak_at = most, at

    def clear(self) -> None:
        """What it said is an incident's, and never usual."""
        self.slices, self.newest, self.named, self.said, self.most = {}, 0, {}, 0, 0
        self.behind, self.explained = None, {}

    def explain(self, other: "Tally") -> None:
        """What another tally has named is an incident's."""
        self.explained |= {key: self.named[key] for key in other.named if key in self.named}

    def usual(self, at: float, half_life_days: int) -> float:
        """One at least: nobody is known well enough for less."""
        halved = max(at - self.peak_at, 0.0) / (half_life_days * _DAY)
        return max(1.0, float(self.peak * 0.5**halved))

    def _add_behind(self, number: int, at: float, recipient_key: str) -> int:
        """A clock was ahead for a while, or mails come out of a mailbox: that is counted beside, and never usual."""
        if self.behind is None or number <= self.behind.newest - _SLICES:
            self.behind = Tally(self.window)
        return self.behind.add(at, recipient_key)

    def _learn(self, at: float, half_life_days: int) -> None:
        waiting = []
        for over_at, most in self.over:
            if at - over_at < self.lag:
                waiting.append((over_at, most))
            else:
                self.teach(most, at, half_life_days)
        self.over = waiting

    def _turn(self, number: int) -> None:
        """To the slice of that number."""
        oldest = number - _SLICES
        self.newest = number
        self.slices = {each: count for each, count in self.slices.items() if each > oldest}
        self.named = {key: each for key, each in self.named.items() if each > oldest}
        self.explained = {key: each for key, each in self.explained.items() if each > oldest}
        self.said = sum(self.slices.values())
