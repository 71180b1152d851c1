"""Peers: several real SMTP sessions that bring bounces to a server in trouble, and judge how it answers.

What a peer may hear is 250, or 451 or 452, which it comes back for; a 5xx or a connection that is cut is the peer's bounce lost
to somebody else's disk, and fails the test at once. Only a test that kills the server lets connections break.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import monotonic

from serial_bounces import FULL, RECORDED_AS, content_of

SESSIONS = 4
DOMAIN = "receiver.example"


class Cut(Exception):
    """The connection is gone in the middle of something."""


@dataclass(slots=True)
class Bounce:
    """One mail about one recipient, and what became of it."""

    serial: int
    forward_path: str
    recipient: str
    content: bytes
    mail_id: int | None = None  # what its 250 named
    acknowledged_at: float = 0.0  # time.monotonic() as the 250 was here
    attempts: int = 0


@dataclass(slots=True)
class Peers:
    """``addresses`` are (recipient, forward path), as many as there will be mails: each recipient has one bounce."""

    port: int
    addresses: Sequence[tuple[str, str]]
    padding: int = 0
    may_be_cut: bool = False
    sent: list[Bounce] = field(default_factory=list)
    replies: Counter[str] = field(default_factory=Counter)

    @property
    def acknowledged(self) -> list[Bounce]:
        return [bounce for bounce in self.sent if bounce.mail_id is not None]

    @property
    def waiting(self) -> list[Bounce]:
        return [bounce for bounce in self.sent if bounce.mail_id is None]

    def make(self, count: int) -> list[Bounce]:
        """So many new ones."""
        made = []
        for serial in range(len(self.sent), len(self.sent) + count):
            recipient, to = self.addresses[serial]
            padding = f"{serial} ".ljust(self.padding, "x") if self.padding else str(serial)
            made.append(Bounce(serial, to, recipient, content_of(serial, recipient, to, FULL, padding)))
        self.sent += made
        return made

    def bring(self, bounces: Sequence[Bounce], seconds: float = 20.0) -> None:
        """Each is sent once, from several sessions; what came of it stands in it. Fails where a reply may not be."""
        asyncio.run(asyncio.wait_for(self._bring(bounces), seconds))

    def bring_until_taken(self, seconds: float = 20.0) -> float:
        """All that waits is sent until it is acknowledged; how long that took. TimeoutError after ``seconds``."""
        begun = monotonic()
        asyncio.run(asyncio.wait_for(self._bring_until_taken(), seconds))
        return monotonic() - begun

    async def _bring_until_taken(self) -> None:
        while waiting := self.waiting:
            await self._bring(waiting)
            if self.waiting:
                await asyncio.sleep(0.05)

    async def _bring(self, bounces: Sequence[Bounce]) -> None:
        queue = iter(bounces)
        async with asyncio.TaskGroup() as sessions:
            for _ in range(min(SESSIONS, len(bounces))):
                sessions.create_task(self._session(queue))

    async def _session(self, queue: Iterator[Bounce]) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError as error:
            if not self.may_be_cut:
                raise AssertionError("nobody listens") from error
            return
        try:
            if await self._hear(reader, "220") and await self._say(reader, writer, b"EHLO mx.receiver.example\r\n", "250"):
                for bounce in queue:
                    await self._transaction(reader, writer, bounce)
                writer.write(b"QUIT\r\n")
        except (Cut, ConnectionError) as error:
            if not self.may_be_cut:
                raise AssertionError("a connection was cut") from error
        finally:
            writer.close()

    async def _transaction(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bounce: Bounce) -> None:
        bounce.attempts += 1
        for line, code in (
            (b"MAIL FROM:<>\r\n", "250"),
            (f"RCPT TO:<{bounce.forward_path}>\r\n".encode(), "250"),
            (b"DATA\r\n", "354"),
        ):
            if not await self._say(reader, writer, line, code):
                await self._say(reader, writer, b"RSET\r\n", "250")
                return
        reply = await self._say(reader, writer, bounce.content + b".\r\n", "250")
        if reply:
            named = RECORDED_AS.search(reply)
            assert named, reply
            bounce.mail_id, bounce.acknowledged_at = int(named[1]), monotonic()

    async def _say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes, code: str) -> bytes:
        writer.write(line)
        await writer.drain()
        return await self._hear(reader, code)

    async def _hear(self, reader: asyncio.StreamReader, code: str) -> bytes:
        """The reply's last line; nothing where it asks to come again."""
        while True:
            line = await reader.readline()
            if not line.endswith(b"\r\n"):
                raise Cut(line)
            said = line[:3].decode()
            if line[3:4] != b" ":
                continue
            self.replies[said] += 1
            if said == "421" and self.may_be_cut:
                raise Cut(line)  # a worker whose server was killed takes its leave
            assert said in {code, "451", "452"}, f"our own trouble was answered {line!r}"
            return line if said == code else b""
