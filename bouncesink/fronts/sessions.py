"""The sessions that are open, over all listeners: how many there may be, and when the last one has gone.

Knows no protocol: a session is whatever can be asked to end.
"""

import asyncio
from typing import Protocol

from bouncesink.core.reply import SHUTTING_DOWN, TOO_BUSY, Reply


class Session(Protocol):
    """One connection of any front."""

    def drain(self) -> None:
        """End as soon as no transaction is open."""
        ...

    def cut(self) -> None:
        """End now, telling the peer to come again. The session sees to it itself that this does not take long."""
        ...


class Sessions:
    """Who is in. ``limit`` are the connections at once; one that finds no room counts until it has gone."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: set[Session] = set()
        self._left = asyncio.Event()
        self._draining = False

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, session: Session) -> Reply | None:
        """Let ``session`` in; the Reply says why it must go again. It counts until it has left."""
        self._open.add(session)
        if self._draining:
            return SHUTTING_DOWN
        return TOO_BUSY if len(self._open) > self._limit else None

    def leave(self, session: Session) -> None:
        self._open.discard(session)
        self._left.set()

    async def drain(self, patience: float, linger: float) -> None:
        """Let every transaction finish within ``patience`` seconds, then cut, and give the cut ones ``linger`` to be gone."""
        self._draining = True
        for session in tuple(self._open):
            session.drain()
        if await self._all_gone(patience):
            return
        for session in tuple(self._open):
            session.cut()
        await self._all_gone(linger)

    async def _all_gone(self, patience: float) -> bool:
        try:
            async with asyncio.timeout(patience):
                while self._open:
                    self._left.clear()
                    await self._left.wait()
        except TimeoutError:
            return False
        return True
