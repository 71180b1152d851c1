"""The hand-over: how other processes of ours (``ingest``, a pipe transport's among them) give mails to the one that writes.

Whoever has the database listens on a Unix socket beside it, ``PATH.sock``, and is the only writer as ever
(docs/decisions/0025-files-go-to-the-one-writer.md). Promises: a mail is answered once it is committed, or not at all: then
it is to be handed in again; leaving drains what is complete. Who may connect is the socket's mode (owner and group). Bounded:
connections, octets in memory over all of them, silence in the middle of a mail.

A socket that cannot be made costs this door alone, and is told. Knows no store, rule or key.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from bouncesink.core.reply import TOO_BIG, Reply
from bouncesink.fronts.files import FileDoor
from bouncesink.fronts.handover_socket import bound_socket
from bouncesink.fronts.handover_wire import GIVE_WAY, MAX_LINE, Offer, answer_line, gives_way_line, greeting, parse_offer
from bouncesink.observe import log

CONNECTIONS = 64
OCTETS = 67_108_864  # of content in memory, over all connections; one mail may always be there
IN_FLIGHT = 256  # mails of one connection that wait for their answer
SILENCE = 60.0  # seconds in the middle of a mail
IDLE = 600.0  # seconds between two mails
LINGER = 5.0  # seconds that a peer has to take its last answers
_PIECE = 65_536


class Handover:
    """The socket and the connections behind it. Entered by whoever holds the server's lock."""

    def __init__(self, door: FileDoor, give_way: Callable[[], None] | None = None) -> None:
        self._door = door
        self._give_way = give_way
        self._sessions: set[asyncio.Task[None]] = set()
        self._octets = 0
        self._room = asyncio.Condition()

    @classmethod
    @asynccontextmanager
    async def start(
        cls, path: Path, door: FileDoor, mode: int = 0o660, give_way: Callable[[], None] | None = None
    ) -> AsyncIterator[Self]:
        """Listen at ``path``, whose permissions are ``mode``; leaving answers what is complete. ``give_way`` is called where
        somebody asks for the database, of one that lets go of it.
        """
        handover = cls(door, give_way)
        server = await handover._open(path, mode)
        try:
            yield handover
        finally:
            if server is not None:
                server.close()
                await asyncio.to_thread(path.unlink, missing_ok=True)
            await handover._drain()

    async def _open(self, path: Path, mode: int) -> asyncio.Server | None:
        try:
            listening = bound_socket(path, mode)
        except OSError as error:
            log.file_trouble(path=path, why=f"no hand-over for `bouncesink ingest`: {error.strerror or error}")
            return None
        return await asyncio.start_unix_server(self._connected, sock=listening, limit=MAX_LINE, backlog=CONNECTIONS)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._sessions) >= CONNECTIONS:
            writer.close()
            return
        session = asyncio.get_running_loop().create_task(self._session(reader, writer), name="handover")
        self._sessions.add(session)
        session.add_done_callback(self._sessions.discard)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mails: set[asyncio.Task[None]] = set()
        try:
            writer.write(greeting())
            await self._read(reader, writer, mails)
        except (OSError, ValueError, EOFError, TimeoutError):
            pass  # gone, silent, or not one of ours: what it has no answer to it hands in again
        finally:
            # Cancelled when we are ending: what is complete is still recorded and answered.
            if mails:
                await asyncio.wait(mails)
            writer.close()
            try:
                async with asyncio.timeout(LINGER):
                    await writer.wait_closed()
            except (OSError, TimeoutError):
                writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mails: set[asyncio.Task[None]]) -> None:
        while True:
            if len(mails) >= IN_FLIGHT:
                await asyncio.wait(mails, return_when=asyncio.FIRST_COMPLETED)
            async with asyncio.timeout(IDLE):
                line = await reader.readline()
            if not line:
                return
            if line == GIVE_WAY:
                writer.write(gives_way_line(gives_way=self._give_way is not None))
                await writer.drain()
                if self._give_way is not None:
                    self._give_way()
                return
            offer = parse_offer(line)
            if offer.octets > self._door.size_limit:
                await _skip(reader, offer.octets)
                writer.write(answer_line(offer.n, TOO_BIG))
                continue
            await self._take(offer.octets)
            try:
                async with asyncio.timeout(SILENCE):
                    content = await reader.readexactly(offer.octets)
            except BaseException:
                await self._give_back(offer.octets)
                raise
            mail = asyncio.get_running_loop().create_task(self._answer(writer, offer, content))
            mails.add(mail)
            mail.add_done_callback(mails.discard)
            await writer.drain()

    async def _answer(self, writer: asyncio.StreamWriter, offer: Offer, content: bytes) -> None:
        try:
            reply: Reply = await self._door.hand(offer.with_content(content))
        finally:
            await self._give_back(offer.octets)
        if not writer.is_closing():
            writer.write(answer_line(offer.n, reply))

    async def _take(self, octets: int) -> None:
        async with self._room:
            await self._room.wait_for(lambda: not self._octets or self._octets + octets <= OCTETS)
            self._octets += octets

    async def _give_back(self, octets: int) -> None:
        async with self._room:
            self._octets -= octets
            self._room.notify_all()

    async def _drain(self) -> None:
        sessions = tuple(self._sessions)
        for session in sessions:
            session.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)


async def _skip(reader: asyncio.StreamReader, octets: int) -> None:
    while octets > 0:
        async with asyncio.timeout(SILENCE):
            octets -= len(await reader.readexactly(min(octets, _PIECE)))
