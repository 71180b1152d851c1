"""Weather for a server: peers that are slow, that flood, that bring huge mails; a locked database, a full disk, sudden deaths.

Each is a task that goes on until it is told to stop, counts what it did, and does not mind whether the server is there.
"""

import asyncio
import contextlib
import random
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

MEGABYTE = 1_048_576
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
BIG_HEAD = b"Subject: Undelivered\r\nX-Big: %d\r\n\r\n<big@example.com>: 550 5.1.1 User unknown\r\n\r\n"


@dataclass(slots=True)
class Storm:
    """``port`` is the server's; ``stop`` ends every task."""

    port: int
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    slow_peers: int = 0  # connections that were held open
    forged: int = 0  # recipients that were refused
    big: list[int] = field(default_factory=list)  # acknowledged huge mails, by number
    blows: int = 0

    async def slow(self, peers: int) -> None:
        """So many peers at once, each saying a letter now and then, for as long as they are let."""
        await asyncio.gather(*(self._again(self._dribble) for _ in range(peers)))

    async def _dribble(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.slow_peers += 1
        for letter in b"EHLO slow.example\r\nMAIL FROM:<>\r\n" * 100:
            writer.write(bytes([letter]))
            await writer.drain()
            if await self._pause(1.0 + random.random()) or reader.at_eof():
                return

    async def flood(self, sessions: int) -> None:
        """Forged recipients as fast as they are refused."""
        await asyncio.gather(*(self._again(self._forge) for _ in range(sessions)))

    async def _forge(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"EHLO flood.example\r\nMAIL FROM:<>\r\n")
        while not self.stop.is_set():
            writer.write(b"RCPT TO:<%032x=victim@b.example>\r\n" % random.getrandbits(128))
            await writer.drain()
            line = await asyncio.wait_for(reader.readline(), 60)
            if not line or line.startswith(b"421"):
                return
            self.forged += line.startswith(b"550")

    async def giants(self, forward_path: str, size: int) -> None:
        """One huge mail after the other, each until it is acknowledged."""

        async def bring(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for line in ("EHLO big.example", "MAIL FROM:<>", f"RCPT TO:<{forward_path}>", "DATA"):
                writer.write(f"{line}\r\n".encode())
                if not await _answered(reader, b"23"):
                    return
            writer.write(BIG_HEAD % len(self.big))
            block = (b"x" * 998 + b"\r\n") * 64
            for _ in range(size // len(block)):
                writer.write(block)
                await writer.drain()
            writer.write(b".\r\n")
            if await _answered(reader, b"2"):
                self.big.append(len(self.big))

        while not await self._pause(0.5):
            await self._visit(bring)

    async def lock(self, database: Path, seconds: float, every: float) -> None:
        """Somebody else's write lock on the database, for so long, now and then."""
        while not await self._pause(every):
            with (
                contextlib.suppress(sqlite3.Error),
                closing(sqlite3.connect(database, timeout=5, isolation_level=None)) as other,
            ):
                other.execute("BEGIN IMMEDIATE")
                self.blows += 1
                await self._pause(seconds)
                other.execute("ROLLBACK")

    async def fill(self, folder: Path, seconds: float, every: float) -> None:
        """A disk without room, for so long, now and then."""
        filler = folder / "filler"
        while not await self._pause(every):
            with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
                while file.write(bytes(MEGABYTE)) == MEGABYTE:
                    pass
            self.blows += 1
            await self._pause(seconds)
            filler.unlink(missing_ok=True)

    async def strike(self, blow: Callable[[], Awaitable[None]], every: float) -> None:
        """``blow`` again and again."""
        while not await self._pause(every):
            await blow()
            self.blows += 1

    async def watch(self, resident: Callable[[], int]) -> int:
        """The most that the server held in memory, in octets."""
        most = 0
        while not await self._pause(0.05):
            most = max(most, resident())
        return most

    async def _pause(self, seconds: float) -> bool:
        """Whether it is over."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stop.wait(), seconds)
        return self.stop.is_set()

    async def _again(self, talk: Talk) -> None:
        while not self.stop.is_set():
            await self._visit(talk)

    async def _visit(self, talk: Talk) -> None:
        """One connection; nothing where the server is not there, or would rather not."""
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.port), 5)
        except (OSError, TimeoutError):
            await self._pause(0.2)
            return
        try:
            if await _answered(reader, b"2"):
                await talk(reader, writer)
            else:
                await self._pause(0.2)
        except (OSError, TimeoutError):
            await self._pause(0.2)
        finally:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), 5)


async def _answered(reader: asyncio.StreamReader, classes: bytes) -> bool:
    while True:
        line = await asyncio.wait_for(reader.readline(), 60)
        if not line or line[:1] not in (bytes([each]) for each in classes):
            return False
        if line[3:4] == b" ":
            return True


def percentile(seconds: list[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[int(share * (len(ordered) - 1))] if ordered else 0.0


class Clock:
    """Seconds from now."""

    def __init__(self) -> None:
        self.began = monotonic()

    def __call__(self) -> float:
        return monotonic() - self.began
