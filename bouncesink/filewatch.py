"""File watch: when files that the server was started with have changed, and may be read anew.

They are looked at every few seconds, and at once when it is told to (SIGHUP). What is looked at is names, sizes, times and
inodes. A change is told once it has held still for a whole round, so that half a copy is never read; after SIGHUP that is not
waited for. Looking is done in a thread.

Promises: each change is told once; nothing that goes wrong here ends the server. Must not know what the files are, nor signals.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bouncesink.background import beside
from bouncesink.observe import log

ROUND_SECONDS = 2.0

Mark = tuple[str, int, int, int]
Marks = tuple[Mark, ...]


class FileWatch:
    """``look`` gives the marks of what is watched, None where it cannot be looked at; ``name`` is told with a bug."""

    def __init__(self, name: str, look: Callable[[], Marks | None]) -> None:
        self._name = name
        self._look = look
        self._seen = self._tried = look()
        self._asked = asyncio.Event()

    @property
    def tried(self) -> Marks | None:
        """The marks of what was read last, whether or not it held."""
        return self._tried

    def read_before(self, marks: Marks | None) -> None:
        """What is in force was read where these were the marks: what has changed since then is a change."""
        self._seen = self._tried = marks

    def look_now(self) -> None:
        """Have everything read at once, whether or not it has changed."""
        self._asked.set()

    @asynccontextmanager
    async def running(self, reload: Callable[[], Awaitable[None]], seconds: float = ROUND_SECONDS) -> AsyncIterator[None]:
        """Watch while the context is open. ``reload`` is awaited for each change."""
        async with beside(filewatch=self._watch(reload, seconds)):
            yield

    async def stood_still(self) -> bool:
        """Whether everything is still as it was when ``reload`` was called. If not, it will be called again."""
        return await asyncio.to_thread(self._look) == self._tried

    async def _watch(self, reload: Callable[[], Awaitable[None]], seconds: float) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), seconds)
            asked = self._asked.is_set()
            self._asked.clear()
            try:
                await self._round(reload, asked=asked)
            except Exception as error:  # noqa: BLE001 - files that cannot be watched are no reason to end the server
                log.bug(self._name, error)

    async def _round(self, reload: Callable[[], Awaitable[None]], *, asked: bool) -> None:
        before, self._seen = self._seen, await asyncio.to_thread(self._look)
        if asked or (self._seen != self._tried and self._seen == before):
            self._tried = self._seen
            await reload()


def mark_of(path: Path) -> Mark:
    """What a change of a file shows by. One that cannot be looked at has a mark too: once it can be, that is a change."""
    try:
        found = path.stat()
    except OSError:
        return str(path), 0, 0, 0
    return str(path), found.st_mtime_ns, found.st_size, found.st_ino
