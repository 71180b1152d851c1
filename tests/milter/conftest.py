"""An MTA of the tests' own, in octets, and a milter to talk to: real sessions on a real socket, with a mailbox behind them."""

import asyncio
import io
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bouncesink.config import LogSection, MilterSection
from bouncesink.configwords import MilterMode
from bouncesink.core.mail import Admitted, Mail
from bouncesink.core.reply import NO_SUCH_ADDRESS, Reply, recorded_as
from bouncesink.core.verp.attribution import Attribution, Grammar
from bouncesink.errors import StoreBusy, StoreFull
from bouncesink.fronts.content import Room
from bouncesink.fronts.memory import Memory
from bouncesink.fronts.milter.server import MilterSession, terms_of
from bouncesink.fronts.milter.wire import Answer, Command
from bouncesink.fronts.sessions import Sessions
from bouncesink.observe import log

PATIENCE = 20.0
EVERYTHING = (6, 0x1FF, 0x1FFFFF)
NOTHING = (2, 0x3F, 0x7F)


def packet(command: Command, data: bytes = b"") -> bytes:
    return struct.pack("!IB", len(data) + 1, command) + data


def strings(*each: bytes | str) -> bytes:
    return b"".join((one.encode() if isinstance(one, str) else one) + b"\0" for one in each)


LIMITS = ("size_limit", "kept", "memory_limit", "max_recipients", "max_connections", "space")


@dataclass
class Mailbox:
    """What stands behind the door. Only ``ours.example`` is ours; the troubles are those that recipients are named after."""

    mails: list[Mail] = field(default_factory=list)
    entered: threading.Event = field(default_factory=threading.Event)
    may_commit: threading.Event = field(default_factory=threading.Event)

    def is_ours(self, forward_path: str) -> bool:
        return forward_path.endswith("@ours.example")

    def admit(self, forward_path: str, *, told: bool = True) -> Admitted | Reply:
        if forward_path.startswith("nobody"):
            if told:
                log.mail_refused(forward_path=forward_path, reply=NO_SUCH_ADDRESS)
            return NO_SUCH_ADDRESS
        if forward_path.startswith("admit-bug"):
            raise KeyError("secret of admit")
        return Admitted(forward_path, Attribution(Grammar.NONE))

    async def accept(self, mail: Mail) -> Reply:
        self.entered.set()
        trouble = mail.envelope.admitted[0].forward_path.partition("@")[0]
        if trouble == "busy":
            raise StoreBusy("/secret/path is locked")
        if trouble == "full":
            raise StoreFull("/secret/path is full")
        if trouble == "bug":
            raise KeyError("secret of accept")
        if trouble == "slow":
            await asyncio.to_thread(self.may_commit.wait, PATIENCE)
        self.mails.append(mail)
        return recorded_as(str(len(self.mails)))


class Door:
    """Milter sessions in a thread. ``stop`` is what SIGTERM does."""

    def __init__(self, path: Path | None, mode: MilterMode, limits: dict[str, Any], settings: dict[str, Any]) -> None:
        self.mailbox = Mailbox()
        self.troubles: list[str] = []
        self.address: Any = None
        self.sessions = Sessions(limits.get("max_connections", 100))
        self.memory = Memory(limits.get("memory_limit", 100_000_000))
        room = Room(limits.get("size_limit", 1_000_000), limits.get("kept", 100_000_000), self.memory)
        self._terms = terms_of(self.mailbox, mode, room, limits.get("max_recipients", 100), limits.get("space"))
        self._section = MilterSection(mode=mode, **settings)
        self._path = path
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(PATIENCE)

    def stop(self) -> None:
        with suppress(RuntimeError):  # it has stopped already
            self._loop.call_soon_threadsafe(self._stop.set)

    def join(self) -> None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the milter did not end"
        assert self.troubles == []

    def do(self, act: Callable[[], object]) -> None:
        """Have ``act`` done on the loop."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (act(), done.set()))
        assert done.wait(PATIENCE)

    def held(self) -> int:
        """Octets that we hold for the session that has most."""
        everyone = tuple(self.sessions._open)
        return max(len(one._packets) + one._wire.get_write_buffer_size() for one in everyone if one._wire is not None)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            self.troubles.append(repr(error))
            raise
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: self.troubles.append(str(context)))
        self._stop = asyncio.Event()

        def new_session() -> MilterSession:
            return MilterSession(self.mailbox, self._terms, self._section, self.sessions, loop)

        if self._path is None:
            server = await loop.create_server(new_session, "127.0.0.1", 0)
            self.address = server.sockets[0].getsockname()
        else:
            server = await loop.create_unix_server(new_session, str(self._path))
            self.address = str(self._path)
        self._ready.set()
        await self._stop.wait()
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
        self.send(packet(Command.NEGOTIATE, struct.pack("!III", version, actions, steps)))
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
    doors: list[Door] = []

    def _open(*, path: Path | None = None, mode: MilterMode = MilterMode.CONSUME, **given: Any) -> Door:
        limits = {name: given.pop(name) for name in LIMITS if name in given}
        doors.append(Door(path, mode, limits, given))
        return doors[-1]

    yield _open
    for door in doors:
        door.mailbox.may_commit.set()
        door.stop()
        door.join()


@pytest.fixture
def call() -> Iterator[Callable[..., Mta]]:
    """``call(door)``: an Mta that hangs up at the end."""
    callers: list[Mta] = []

    def _call(door: Door) -> Mta:
        callers.append(Mta(door.address))
        return callers[-1]

    yield _call
    for caller in callers:
        caller.close()


@pytest.fixture(autouse=True)
def written() -> Iterator[io.StringIO]:
    """What the log says during the test."""
    stream = io.StringIO()
    log.configure(LogSection(), stream)
    yield stream
    log.configure(LogSection())
