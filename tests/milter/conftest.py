"""An MTA of the tests' own, in octets, and a milter to talk to: real sessions on a real socket, with a mailbox behind them."""

import asyncio
import io
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import doors
import pytest
from doors import PATIENCE
from milter_octets import EVERYTHING, negotiation, packet, strings

from bouncesink.config.sections import MilterSection
from bouncesink.config.words import MilterMode
from bouncesink.core.mail import Admitted, Peer
from bouncesink.core.reply import Reply
from bouncesink.fronts.content import Room
from bouncesink.fronts.memory import Memory
from bouncesink.fronts.milter.server import MilterSession, terms_of
from bouncesink.fronts.milter.wire import Answer, Command
from bouncesink.fronts.sessions import Sessions
from bouncesink.observe import log

LIMITS = ("size_limit", "kept", "memory_limit", "max_recipients", "max_connections", "space")


class Mailbox(doors.Mailbox):
    """Only ``ours.example`` is ours."""

    def is_ours(self, forward_path: str) -> bool:
        return forward_path.endswith("@ours.example")

    def admit(self, forward_path: str, *, peer: Peer | None = None) -> Admitted | Reply:
        answer = super().admit(forward_path, peer=peer)
        if peer is not None and isinstance(answer, Reply):
            log.mail_refused(forward_path=forward_path, reply=answer, peer=peer)
        return answer


class Door(doors.Door):
    """Milter sessions in a thread."""

    def __init__(self, path: Path | None, mode: MilterMode, limits: dict[str, Any], settings: dict[str, Any]) -> None:
        self.address: Any = None
        self.sessions = Sessions(limits.get("max_connections", 100))
        self.memory = Memory(limits.get("memory_limit", 100_000_000))
        room = Room(limits.get("size_limit", 1_000_000), limits.get("kept", 100_000_000), self.memory)
        mailbox = Mailbox()
        self._terms = terms_of(mailbox, mode, room, limits.get("max_recipients", 100), limits.get("space"))
        self._section = MilterSection(mode=mode, **settings)
        self._path = path
        super().__init__(mailbox)

    def held(self) -> int:
        """Octets that we hold for the session that has most."""
        everyone = tuple(self.sessions._open)
        return max(len(one._packets) + one._wire.get_write_buffer_size() for one in everyone if one._wire is not None)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()

        def new_session() -> MilterSession:
            return MilterSession(self.mailbox, self._terms, self._section, self.sessions, loop)

        if self._path is None:
            server = await loop.create_server(new_session, "127.0.0.1", 0)
            self.address = server.sockets[0].getsockname()
        else:
            server = await loop.create_unix_server(new_session, str(self._path))
            self.address = str(self._path)
        yield
        server.close()
        await self.sessions.drain(0.2, 10)


class Mta:
    """A peer with a plain socket: it sends what it is told, and reads answers one by one."""

    def __init__(self, address: Any) -> None:
        self.socket = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(address)
        if not isinstance(address, str):
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.socket.makefile("rb")

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def tell(self, command: Command, *each: bytes | str) -> None:
        self.send(packet(command, strings(*each)))

    def hear(self) -> tuple[Answer, bytes] | None:
        """The next answer and its data; None when the connection is closed."""
        try:
            length = self._file.read(4)
            octets = self._file.read(int.from_bytes(length, "big")) if len(length) == 4 else b""
        except ConnectionResetError:
            return None
        return (Answer(octets[0]), octets[1:]) if octets else None

    def hear_answer(self) -> str:
        """The next answer as a word; a reply code as its text."""
        heard = self.hear()
        if heard is None:
            return "closed"
        return heard[1].decode().rstrip("\0") if heard[0] is Answer.REPLY_CODE else heard[0].name

    def ask(self, command: Command, *each: bytes | str) -> str:
        self.tell(command, *each)
        return self.hear_answer()

    def negotiate(self, version: int, actions: int, steps: int) -> tuple[int, ...]:
        self.send(negotiation(version, actions, steps))
        heard = self.hear()
        assert heard is not None
        assert heard[0] is Answer.NEGOTIATE
        return struct.unpack_from("!III", heard[1])

    def name(self, *recipients: str) -> None:
        """Everything up to RCPT, as an MTA does that offers everything."""
        self.negotiate(*EVERYTHING)
        self.send(packet(Command.CONNECT, b"peer.example\x004\x00\x19192.0.2.25\0"))
        self.tell(Command.HELO, "peer.example")
        self.tell(Command.MAIL, "<>")
        for recipient in recipients:
            assert self.ask(Command.RCPT, f"<{recipient}>") == "CONTINUE"

    def finish(self, body: bytes = b"body\r\n") -> str:
        """A content and its end; the last word of the milter."""
        assert self.ask(Command.DATA) == "CONTINUE"
        self.send(packet(Command.HEADER, b"Subject\0 x\0") + packet(Command.END_OF_HEADERS) + packet(Command.BODY, body))
        assert self.hear_answer() == "CONTINUE"
        self.send(packet(Command.END_OF_MESSAGE))
        return self.hear_answer()

    def close(self) -> None:
        self._file.close()
        self.socket.close()


@pytest.fixture
def open_door() -> Iterator[Callable[..., Door]]:
    """``open_door(mode=..., size_limit=..., idle_timeout=...)``. It is closed, and was without trouble, at the end."""
    with doors.closed_at_the_end() as opened:

        def _open(*, path: Path | None = None, mode: MilterMode = MilterMode.CONSUME, **given: Any) -> Door:
            limits = {name: given.pop(name) for name in LIMITS if name in given}
            opened.append(Door(path, mode, limits, given))
            return opened[-1]

        yield _open


@pytest.fixture
def call() -> Iterator[Callable[..., Mta]]:
    """``call(door)``: an Mta that hangs up at the end."""
    with doors.hung_up_at_the_end() as callers:

        def _call(door: Door) -> Mta:
            callers.append(Mta(door.address))
            return callers[-1]

        yield _call


@pytest.fixture(autouse=True)
def written() -> Iterator[io.StringIO]:
    """What the log says during the test."""
    with doors.logged() as stream:
        yield stream
