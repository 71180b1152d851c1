"""The bulletin: what a worker tells of itself to the process that is watched, at a steady pace.

Promises: it is all that was counted since the worker's start, never a difference, so that one that is lost is no loss; it is
plain values, since it goes over the wire; the last one is told when nothing more will be counted. It goes with the event loop's
pulse, which is taken where a process is watched itself too.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple

from bouncesink.background import beside
from bouncesink.observe.tally import TALLY
from bouncesink.watch.pulse import take_pulse
from bouncesink.watch.subject import Sessions

BULLETIN, LINE = "bulletin", "line"
"""Kinds of words of a worker: a Bulletin, and a ``trace.Line``."""


class Bulletin(NamedTuple):
    """``tally`` is what ``Tally.told`` gives, ``doors`` what ``Sessions.counted``; ``certificates`` when each expires,
    in seconds of the epoch.
    """

    tally: Mapping[str, Any]
    doors: Mapping[str, int]
    open: int
    limit: int
    certificates: Mapping[str, float]


class Herald:
    """Tells ``say`` of this process: ``sessions`` are its own, and ``expiries`` those of the certificates that it shows."""

    def __init__(
        self, say: Callable[[object], None], sessions: Sessions, expiries: Callable[[], Mapping[str, datetime]]
    ) -> None:
        self._say = say
        self._sessions = sessions
        self._expiries = expiries

    def tell(self) -> None:
        who = self._sessions
        expiries = {name: expires.timestamp() for name, expires in self._expiries().items()}
        told = Bulletin(TALLY.told(), dict(who.counted()), len(who), who.limit, expiries)
        self._say((BULLETIN, tuple(told)))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell at once, and from time to time; the last one is the caller's, when it has counted the last."""
        self.tell()
        async with beside(herald=take_pulse(lambda _: self.tell())):
            yield
