"""A door to knock at: the real listener on a free port, in a loop and thread of its own, and a mailbox behind it."""

import asyncio
import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from bouncesink.config import ListenerSection, LogSection, SmtpSection, TlsSection
from bouncesink.core.mail import Admitted, Mail
from bouncesink.core.reply import NO_SUCH_ADDRESS, Reply, recorded_as
from bouncesink.core.verp.attribution import Attribution, Grammar
from bouncesink.errors import StoreBusy, StoreFull
from bouncesink.fronts.binding import bound
from bouncesink.fronts.certificates import Certificates
from bouncesink.fronts.endpoint import Endpoint, parse_endpoints
from bouncesink.fronts.listener import FrontSettings, Listener
from bouncesink.fronts.proxy import parse_networks
from bouncesink.observe import log

PATIENCE = 20.0


def _loops() -> list[Any]:
    try:
        import uvloop
    except ImportError:
        skipped = pytest.mark.skip(reason="uvloop is not installed: pip install bouncesink[fast]")
        return [pytest.param(None, id="asyncio"), pytest.param(None, id="uvloop", marks=skipped)]
    return [pytest.param(None, id="asyncio"), pytest.param(uvloop.new_event_loop, id="uvloop")]


@dataclass
class Mailbox:
    """What stands behind the door: keeps mails, and has the troubles that its recipients are named after."""

    mails: list[Mail] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    entered: threading.Event = field(default_factory=threading.Event)
    may_commit: threading.Event = field(default_factory=threading.Event)

    def admit(self, forward_path: str) -> Admitted | Reply:
        self.named.append(forward_path)
        if forward_path.startswith("nobody"):
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
    """A listener in a thread. ``stop`` is what SIGTERM does: leave the listener, which drains."""

    def __init__(
        self,
        section: SmtpSection,
        listen: tuple[str, ...],
        new_loop: Callable[[], Any] | None,
        tls: TlsSection | None,
        space: Any,
        proxies: tuple[str, ...],
    ) -> None:
        self.mailbox = Mailbox()
        self.addresses: tuple[str, ...] = ()
        self.troubles: list[str] = []
        self._section, self._listen, self._new_loop, self._space = section, listen, new_loop, space
        self._proxies = parse_networks(proxies)
        self.certificates = Certificates(tls) if tls else None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(PATIENCE)

    @property
    def endpoint(self) -> Endpoint:
        """The first of those where it listens, with the real port."""
        return parse_endpoints(self.addresses)[0]

    @property
    def port(self) -> int:
        return self.endpoint.port

    def sessions(self) -> int:
        return len(self._listener.sessions)

    def held(self) -> int:
        """Octets that we hold for the session that has most: answers not taken yet, and commands not obeyed yet."""
        everyone = tuple(self._listener.sessions._open)
        return max(len(one._lines) + one._wire.get_write_buffer_size() for one in everyone if one._wire is not None)

    def stop(self) -> None:
        with suppress(RuntimeError):  # it has stopped already
            self._loop.call_soon_threadsafe(self._stop.set)

    def join(self) -> None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the listener did not end"
        assert self.troubles == []

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=self._new_loop) as runner:
                runner.run(self._serve())
        except Exception as error:
            self.troubles.append(repr(error))
            raise
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda _loop, context: self.troubles.append(str(context)))
        self._stop = asyncio.Event()
        settings = FrontSettings(
            self._section, content_limit=1 << 26, space=self._space, proxies=self._proxies
        )  # nothing is cut
        with bound(parse_endpoints(self._listen), ListenerSection()) as sockets:
            async with Listener.start(sockets, settings, self.mailbox, self.certificates) as self._listener:
                self.addresses = self._listener.addresses
                self._ready.set()
                await self._stop.wait()


class Caller:
    """A peer with a plain socket: it sends what it is told and reads replies one by one."""

    def __init__(self, endpoint: Endpoint, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket(socket.AF_UNIX if endpoint.path else socket.AF_INET)
        self.socket.settimeout(PATIENCE)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            self.socket.connect(endpoint.path or (endpoint.host, endpoint.port))
        except OSError:
            self.socket.close()
            raise
        self._file = self.socket.makefile("rb")

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def line(self) -> bytes:
        """The next line without its CRLF; b"" when the connection is closed."""
        try:
            line = self._file.readline()
        except ConnectionResetError:
            return b""
        assert not line or line.endswith(b"\r\n"), line
        return line[:-2]

    def reply(self) -> bytes:
        """The last line of the next reply."""
        while (line := self.line())[3:4] == b"-":
            pass
        return line

    def say(self, text: str) -> bytes:
        self.send(text.encode() + b"\r\n")
        return self.reply()

    def start(self, *recipients: str, hello: str = "EHLO") -> None:
        """Everything up to and including DATA's 354."""
        assert self.reply().startswith(b"220 ")
        assert self.say(f"{hello} client.example").startswith(b"250 ")
        assert self.say("MAIL FROM:<>").startswith(b"250 ")
        for recipient in recipients or ("a@mx.example",):
            assert self.say(f"RCPT TO:<{recipient}>").startswith(b"250 ")
        assert self.say("DATA").startswith(b"354 ")

    def close(self) -> None:
        self._file.close()
        self.socket.close()


@pytest.fixture(params=_loops())
def open_door(request: pytest.FixtureRequest) -> Iterator[Callable[..., Door]]:
    """``open_door(max_errors=3)``: a Door with such a section. It is closed, and was without trouble, at the end."""
    doors: list[Door] = []

    def _open(
        *,
        listen: tuple[str, ...] = ("127.0.0.1:0",),
        tls: TlsSection | None = None,
        proxies: tuple[str, ...] = (),
        space: Any = None,
        **settings: Any,
    ) -> Door:
        section = SmtpSection(
            **({"hostname": "mx.example", "drain_timeout": 0.2, "error_delay": 0.0, "max_commands": 10**9} | settings)
        )
        doors.append(Door(section, listen, request.param, tls, space, proxies))
        return doors[-1]

    yield _open
    for door in doors:
        door.mailbox.may_commit.set()
        door.stop()
        door.join()


@pytest.fixture
def call() -> Iterator[Callable[..., Caller]]:
    """``call(door)``: a Caller that is hung up at the end."""
    callers: list[Caller] = []

    def _call(door: Door, **options: int) -> Caller:
        callers.append(Caller(door.endpoint, **options))
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
