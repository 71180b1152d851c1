"""The subject: what is watched, as the composition root hands it over. Facts of the whole server are asked for, never kept."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bouncesink.config.sections import StoreSection, WatchSection
from bouncesink.core.rulebook import Rulebook
from bouncesink.observe.tally import TALLY, Tally
from bouncesink.store.intake import Intake


class Sessions(Protocol):
    """Who is in, how many may be, and what was counted: numbers that only grow."""

    @property
    def limit(self) -> int: ...
    def counted(self) -> Mapping[str, int]: ...
    def __len__(self) -> int: ...


class Doors(Protocol):
    """The listener, as far as it is watched."""

    @property
    def is_open(self) -> bool: ...
    @property
    def addresses(self) -> tuple[str, ...]: ...
    @property
    def sessions(self) -> Sessions | None: ...


def _no_certificates() -> Mapping[str, datetime]:
    return {}


def _own_tally() -> Tally:
    return TALLY


@dataclass(slots=True)
class Subject:
    """``doors`` is None until they are open. ``certificates`` tells when each of ours expires, by name, in aware times;
    ``tally`` is what all our processes counted.
    """

    store: StoreSection
    intake: Intake
    rulebook: Callable[[], Rulebook]
    stopping: Callable[[], bool]
    certificates: Callable[[], Mapping[str, datetime]] = _no_certificates
    tally: Callable[[], Tally] = _own_tally
    doors: Doors | None = None

    def all_tallied(self) -> Tally:
        """What ``tally`` says now: it is another one once there are workers."""
        return self.tally()


@asynccontextmanager
async def watched(section: WatchSection, subject: Subject) -> AsyncIterator[None]:
    """Metrics, health and readiness, where somebody wants them: their libraries are imported then, and not before."""
    if not section.listen:
        yield
        return
    from bouncesink.watch.server import serving  # noqa: PLC0415 - see above

    async with serving(section, subject):
        yield
