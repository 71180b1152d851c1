"""A sender that behaves as MTAs do: what was not acknowledged is sent again, the same bytes, until it is.

Many sessions at once, many mails a session, each mail unique by a serial in its diagnostic. A mail whose 250 got lost with the
connection is not acknowledged: it is sent again, and must not be counted twice.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeVar

import pytest
from serial_bounces import DEAD, RECORDED_AS, content_of

T = TypeVar("T")

SESSIONS = 20


@dataclass(slots=True)
class Sent:
    """One mail and what became of it."""

    serial: int
    forward_path: str
    recipient: str
    content: bytes
    attempts: int = 0
    completed: int = 0  # how often the final dot went out
    mail_id: int | None = None  # what the 250 named


@dataclass(slots=True)
class Sender:
    """Twenty sessions against one port, with as many mails as are wanted, until told to stop or nothing is left."""

    port: int
    addresses: list[tuple[str, str]]
    sent: list[Sent] = field(default_factory=list)
    waiting: deque[Sent] = field(default_factory=deque)
    making: bool = True
    acknowledgements: int = 0
    milestone: int = 0
    last_trouble: str = ""
    latencies: list[float] = field(default_factory=list)  # seconds from MAIL to the 250, of what was acknowledged
    most: int | None = None  # mails so far; whoever paces it raises this
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def acknowledged(self) -> list[Sent]:
        return [mail for mail in self.sent if mail.mail_id is not None]

    @property
    def in_doubt(self) -> list[Sent]:
        """Sent to the final dot more than once: the first 250 was lost, or the commit was."""
        return [mail for mail in self.sent if mail.completed > 1]

    def next_mail(self) -> Sent | None:
        if self.waiting:
            return self.waiting.popleft()
        if not self.making or (self.most is not None and len(self.sent) >= self.most):
            return None
        serial = len(self.sent)
        recipient, forward_path = self.addresses[serial % len(self.addresses)]
        padding = "x" * (serial * 37 % 600)
        content = content_of(serial, recipient, forward_path, DEAD, padding)
        self.sent.append(Sent(serial, forward_path, recipient, content))
        return self.sent[-1]

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set, or until all is acknowledged when no more is made."""
        async with asyncio.TaskGroup() as sessions:
            for _ in range(SESSIONS):
                sessions.create_task(self._session(stop))

    async def _session(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if not self.making and not self.waiting:
                return
            if self.most is not None and len(self.sent) >= self.most and not self.waiting:
                await asyncio.sleep(0.02)  # more is allowed later
                continue
            try:
                await self._connection(stop)
            except (OSError, EOFError) as error:
                self.last_trouble = repr(error)
                await asyncio.sleep(0.01)  # a peer that is not there: again, soon

    async def _connection(self, stop: asyncio.Event) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            await expect(reader, b"220")
            writer.write(b"EHLO mx.receiver.example\r\n")
            await expect(reader, b"250")
            while not stop.is_set() and (mail := self.next_mail()) is not None:
                try:
                    await self._transaction(reader, writer, mail)
                finally:
                    if mail.mail_id is None:
                        self.waiting.append(mail)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _transaction(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mail: Sent) -> None:
        mail.attempts += 1
        began = monotonic()
        writer.write(b"MAIL FROM:<>\r\n")
        await expect(reader, b"250")
        writer.write(f"RCPT TO:<{mail.forward_path}>\r\n".encode())
        await expect(reader, b"250")
        writer.write(b"DATA\r\n")
        await expect(reader, b"354")
        writer.write(mail.content + b".\r\n")
        await writer.drain()
        mail.completed += 1
        reply = await expect(reader, b"250")
        named = RECORDED_AS.search(reply)
        assert named, reply
        mail.mail_id = int(named[1])
        self.latencies.append(monotonic() - began)
        self.acknowledgements += 1
        if self.acknowledgements >= self.milestone:
            self.reached.set()

    async def load_until(self, enough: int, then_wait: float, strike: Callable[[], T]) -> T:
        """Load the server, and ``strike`` it in the midst of that, once ``enough`` more mails are acknowledged."""
        stop = asyncio.Event()
        self.reached = asyncio.Event()
        self.milestone = self.acknowledgements + enough
        running = asyncio.create_task(self.run(stop))
        reached = asyncio.create_task(self.reached.wait())
        done, _ = await asyncio.wait({running, reached}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
        if running in done:
            await running  # it ends by itself only where a reply was not what it must be
        if reached not in done:
            running.cancel()
            missing = self.milestone - self.acknowledgements
            pytest.fail(f"{missing} of {enough} mails did not come through in 60 s: {self.last_trouble}")
        await asyncio.sleep(then_wait)
        struck = await asyncio.to_thread(strike)
        stop.set()
        await running
        return struck


async def expect(reader: asyncio.StreamReader, code: bytes) -> bytes:
    """The last line of a reply. A 4xx is the peer's wish to hear from us later; anything else than ``code`` is a failure."""
    while True:
        line = await reader.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError
        if line[:1] == b"4":
            raise EOFError(line)
        assert line[:3] == code, line
        if line[3:4] == b" ":
            return line


@pytest.fixture
def new_sender():
    return Sender


@pytest.fixture
def minted_addresses(server_process):
    """(recipient, forward path) of many recipients, minted once by the command that a sender would use."""
    recipients = [f"reader{number}@receiver.example" for number in range(500)]
    return list(zip(recipients, server_process.mint(*recipients), strict=True))
