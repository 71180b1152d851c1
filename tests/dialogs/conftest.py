"""A door to knock at: the real listener on a free port, in a loop and thread of its own, and a mailbox behind it."""

import io
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import doors
import pytest
from doors import PATIENCE, Mailbox
from tls_client import ECDSA, written_to

from bouncesink.config.sections import ListenerSection, SmtpSection, TlsSection
from bouncesink.fronts.binding import bound
from bouncesink.fronts.certificates import Certificates
from bouncesink.fronts.endpoint import Endpoint, parse_endpoints
from bouncesink.fronts.listener import FrontSettings, Listener
from bouncesink.fronts.proxy import parse_networks


def _loops() -> list[Any]:
    try:
        import uvloop
    except ImportError:
        skipped = pytest.mark.skip(reason="uvloop is not installed: pip install bouncesink[fast]")
        return [pytest.param(None, id="asyncio"), pytest.param(None, id="uvloop", marks=skipped)]
    return [pytest.param(None, id="asyncio"), pytest.param(uvloop.new_event_loop, id="uvloop")]


class Door(doors.Door):
    """A listener in a thread."""

    def __init__(
        self,
        section: SmtpSection,
        listen: tuple[str, ...],
        new_loop: Callable[[], Any] | None,
        tls: TlsSection | None,
        space: Any,
        proxies: tuple[str, ...],
    ) -> None:
        self.addresses: tuple[str, ...] = ()
        self._section, self._listen, self._space = section, listen, space
        self._proxies = parse_networks(proxies)
        self.certificates = Certificates(tls) if tls else None
        super().__init__(Mailbox(), new_loop)

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
        return max(len(one._lines.waiting) + one._wire.get_write_buffer_size() for one in everyone if one._wire is not None)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[None]:
        settings = FrontSettings(
            self._section, content_limit=1 << 26, space=self._space, proxies=self._proxies
        )  # nothing is cut
        with bound(parse_endpoints(self._listen), ListenerSection()) as sockets:
            async with Listener.start(sockets, settings, self.mailbox, self.certificates) as self._listener:
                self.addresses = self._listener.addresses
                yield


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
    with doors.closed_at_the_end() as opened:

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
            opened.append(Door(section, listen, request.param, tls, space, proxies))
            return opened[-1]

        yield _open


@pytest.fixture
def call() -> Iterator[Callable[..., Caller]]:
    """``call(door)``: a Caller that is hung up at the end."""
    with doors.hung_up_at_the_end() as callers:

        def _call(door: Door, **options: int) -> Caller:
            callers.append(Caller(door.endpoint, **options))
            return callers[-1]

        yield _call


@pytest.fixture(autouse=True)
def written() -> Iterator[io.StringIO]:
    """What the log says during the test."""
    with doors.logged() as stream:
        yield stream


@pytest.fixture
def tls(tmp_path: Path) -> TlsSection:
    """For a door that shows a certificate of ``mx.example``."""
    return TlsSection((written_to(tmp_path, "ecdsa", ECDSA),))
