"""Space: whether the disk that the database is on has room for more, looked at now and then and not by every mail.

Promises: peers can be told to come again before a commit fails for want of room; what cannot be looked at is taken to have
room, because a commit that fails is still told as 452. Looking is done in a thread: a disk may be slow.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bouncesink.background import beside

ROUND_SECONDS = 1.0


class FreeSpace:
    """Of the disk that ``path`` is on; ``minimum`` octets are to be left."""

    def __init__(self, path: Path, minimum: int) -> None:
        self._folder = path.absolute().parent
        self._minimum = minimum
        self.is_low = False

    @asynccontextmanager
    async def watched(self, seconds: float = ROUND_SECONDS) -> AsyncIterator[None]:
        """Keep ``is_low`` true to life while the context is open."""
        self.is_low = self._look()
        async with beside(space=self._watch(seconds)):
            yield

    async def _watch(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            self.is_low = await asyncio.to_thread(self._look)

    def _look(self) -> bool:
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return False
        return found.f_bavail * found.f_frsize < self._minimum
