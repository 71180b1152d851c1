"""The entrance: where a process that has mails hands them in, whoever has the database.

A server that runs is handed them over its socket (``handover``); where none runs we take the database ourselves, and serve the
socket to others meanwhile. Which of the two it is may change while mails are on their way: one that got no answer is handed in
again, since recording is idempotent. Promises: ``hand`` answers for every mail, never raises but for StoreError where the
database cannot be opened at all, and waits no longer than ``patience`` for somebody who has the database and does not listen.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Protocol, Self

from bouncesink.core.reply import CANNOT_NOW, Reply
from bouncesink.errors import StoreBusy
from bouncesink.fronts.handed import Handed
from bouncesink.fronts.handover_socket import short_name
from bouncesink.fronts.handover_wire import MAX_LINE, is_greeting, offer_line, parse_answer

_POLL = 0.05
_GREETING_SECONDS = 10.0
_LOSSES = 5  # a mail whose server goes away so often is left for later


class Door(Protocol):
    """Where a mail is handed in."""

    async def hand(self, handed: Handed) -> Reply: ...


class _LostError(Exception):
    """The server went away before it answered."""


class _Server:
    """A connection to whoever has the database."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._number = 0
        self._turn = asyncio.Lock()
        self._listening = asyncio.get_running_loop().create_task(self._listen(), name="entrance")

    async def hand(self, handed: Handed) -> Reply:
        """Raises _LostError."""
        async with self._turn:
            if self._listening.done():
                raise _LostError
            self._number += 1
            number = self._number
            future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
            self._waiting[number] = future
            try:
                self._writer.write(offer_line(number, handed))
                self._writer.write(handed.content)
                await self._writer.drain()
            except OSError:
                self._listening.cancel()
        try:
            return await future
        finally:
            self._waiting.pop(number, None)

    async def close(self) -> None:
        self._listening.cancel()
        await asyncio.wait([self._listening])
        self._writer.transport.abort()

    async def _listen(self) -> None:
        try:
            while line := await self._reader.readline():
                number, reply = parse_answer(line)
                future = self._waiting.get(number)
                if future is not None and not future.done():
                    future.set_result(reply)
        except (OSError, ValueError):
            pass  # as if it had gone
        finally:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(_LostError())


class Entrance:
    """``own`` takes the database and is our own door to it; StoreBusy where somebody else has it."""

    def __init__(self, path: Path, own: Callable[[], AbstractAsyncContextManager[Door]], patience: float) -> None:
        self._path = path
        self._own = own
        self._patience = patience
        self._stack = AsyncExitStack()
        self._server: _Server | None = None
        self._door: Door | None = None
        self._had_server = False
        self._finding: asyncio.Task[Door] | None = None
        self._in_hand = 0
        self._none_in_hand = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, path: Path, own: Callable[[], AbstractAsyncContextManager[Door]], patience: float
    ) -> AsyncIterator[Self]:
        """``path`` is the hand-over's socket."""
        entrance = cls(path, own, patience)
        try:
            yield entrance
        finally:
            await entrance._close()

    async def hand(self, handed: Handed) -> Reply:
        for _ in range(_LOSSES):
            while (door := self._door) is None:
                await self._found()
            self._in_hand += 1
            try:
                return await door.hand(handed)
            except _LostError:
                await self._lose(door)
            finally:
                self._in_hand -= 1
                if not self._in_hand:
                    self._none_in_hand.set()
        return CANNOT_NOW

    def give_way(self) -> None:
        """A server waits for the database that we have: let go once what is in hand is done, and hand in the rest there."""
        if self._door is not None and self._server is None:
            self._door = None
            self._finding = asyncio.get_running_loop().create_task(self._step_aside(), name="entrance")

    async def _step_aside(self) -> Door:
        while self._in_hand:
            self._none_in_hand.clear()
            await self._none_in_hand.wait()
        await self._stack.aclose()
        self._had_server = True
        return await self._find()

    async def _found(self) -> Door:
        """One search for all mails that wait. It is not cut short with them: a database that is half open is to be closed."""
        if self._finding is None or self._finding.done():
            self._finding = asyncio.get_running_loop().create_task(self._find(), name="entrance")
        return await asyncio.shield(self._finding)

    async def _find(self) -> Door:
        """Knock, or take it ourselves; while a server starts or ends it can be neither, for a moment. Where a server was, it is
        probably being restarted, and must find its database free: it is waited for first.
        """
        ours_from = monotonic() + (self._patience if self._had_server else 0.0)
        deadline = ours_from + self._patience
        while True:
            self._server = await self._knock()
            if self._server is not None:
                self._door, self._had_server = self._server, True
                return self._door
            if monotonic() < ours_from:
                await asyncio.sleep(_POLL)
                continue
            try:
                self._door = await self._stack.enter_async_context(self._own())
            except StoreBusy:
                if monotonic() >= deadline:
                    raise
                await asyncio.sleep(_POLL)
            else:
                return self._door

    async def _lose(self, door: Door) -> None:
        server = self._server
        if server is not None and server is door:
            self._door = self._server = None
            await server.close()

    async def _close(self) -> None:
        if self._finding is not None:
            await asyncio.gather(self._finding, return_exceptions=True)
        if self._server is not None:
            await self._server.close()
        await self._stack.aclose()

    async def _knock(self) -> _Server | None:
        try:
            with short_name(self._path) as name:
                reader, writer = await asyncio.open_unix_connection(name, limit=MAX_LINE)
        except OSError:
            return None
        try:
            async with asyncio.timeout(_GREETING_SECONDS):
                greeted = is_greeting(await reader.readline())
        except (OSError, ValueError, TimeoutError):
            greeted = False
        if greeted:
            return _Server(reader, writer)
        writer.close()
        return None
