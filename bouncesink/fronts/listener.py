"""Where fronts listen: ``HOST:PORT`` as the operator wrote it becomes open sockets, and on the way out every session ends well.

Promises: what does not hold is a ConfigError with every problem at once, and then nothing listens; the addresses it reports are
the real ones (port 0 takes a free port); at the end no new connection is taken, idle peers hear 421, transactions may finish
within ``drain_timeout`` and are cut after it, and no cut one has heard 250 (RFC 5321 section 3.8).

Knows fronts by name, and nothing of what they say.
"""

import asyncio
import errno
import os
import re
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from bouncesink.config import SmtpSection
from bouncesink.errors import ConfigError
from bouncesink.fronts.sessions import Sessions
from bouncesink.fronts.smtp import LINGER, SmtpSession
from bouncesink.fronts.smtp_dialog import Terms
from bouncesink.fronts.way_through import WayThrough

BACKLOG = 1_024  # connections that may wait while we start sessions; Linux cuts it at net.core.somaxconn
FRONTS = ("smtp",)
_LISTEN = re.compile(
    r"(?:(?P<front>[A-Za-z][A-Za-z0-9+.-]*)://)?(?P<host>\[[^\[\]\s]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})/?", re.ASCII
)
_FORMS = "HOST:PORT, [IPV6]:PORT or smtp://HOST:PORT"

_WHAT_TO_DO: Mapping[int, str] = {
    errno.EADDRINUSE: "another program listens there already: stop it, or choose another port (port 0 takes a free one)",
    errno.EACCES: "this port needs a privilege: give the service CAP_NET_BIND_SERVICE, or choose a port from 1024 up",
    errno.EADDRNOTAVAIL: "this machine has no such address: choose one that it has, 127.0.0.1, 0.0.0.0 or [::]",
    errno.EAFNOSUPPORT: "this machine does not speak this kind of address",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place to listen at, and the front that speaks there. ``host`` is without brackets."""

    front: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_endpoints(listen: Sequence[str]) -> tuple[Endpoint, ...]:
    """What the configuration's ``listen`` means. Raises ConfigError with every problem."""
    found = [_parse(text) for text in listen]
    problems = tuple(one for one in found if isinstance(one, str)) or (() if found else (f"listen: empty; give {_FORMS}",))
    if problems:
        raise ConfigError(problems)
    return tuple(one for one in found if isinstance(one, Endpoint))


def _parse(text: str) -> Endpoint | str:
    match = _LISTEN.fullmatch(text.strip())
    if match is None:
        return f'listen: "{text}" is not {_FORMS}'
    front = (match["front"] or "smtp").lower()
    if front not in FRONTS:
        return f'listen: "{text}" asks for the front "{front}"; known: {", ".join(FRONTS)}'
    if int(match["port"]) > 65_535:
        return f'listen: "{text}" has no port between 0 and 65535'
    return Endpoint(front, match["host"].strip("[]"), int(match["port"]))


class Listener:
    """The open sockets and the sessions behind them. ``async with Listener.start(...)``; leaving it drains."""

    def __init__(self, section: SmtpSection) -> None:
        self._section = section
        self._servers: list[asyncio.Server] = []
        self.sessions = Sessions(section.max_connections)

    @classmethod
    @asynccontextmanager
    async def start(cls, listen: Sequence[str], section: SmtpSection, pipeline: WayThrough) -> AsyncIterator[Self]:
        """Listen everywhere that ``listen`` names, or raise ConfigError and listen nowhere."""
        endpoints = parse_endpoints(listen)
        listener = cls(section)
        try:
            await listener._open(endpoints, pipeline)
            yield listener
        finally:
            await listener._drain()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it really listens, as ``HOST:PORT``."""
        names = (bound.getsockname() for server in self._servers for bound in server.sockets)
        return tuple(str(Endpoint("smtp", str(name[0]), int(name[1]))) for name in names)

    async def _open(self, endpoints: Sequence[Endpoint], pipeline: WayThrough) -> None:
        section, loop = self._section, asyncio.get_running_loop()
        terms = Terms(pipeline, section.hostname or socket.gethostname(), section.size_limit, section.max_recipients)
        problems = []
        for endpoint in endpoints:
            try:
                self._servers.append(await _listen(lambda: SmtpSession(terms, section, self.sessions, loop), endpoint))
            except OSError as error:
                problems.append(f"listen: {endpoint}: {_explain(error)}")
        if problems:
            raise ConfigError(tuple(problems))

    async def _drain(self) -> None:
        for server in self._servers:
            server.close()
        await self.sessions.drain(self._section.drain_timeout, 2 * LINGER)


async def _listen(session: Callable[[], asyncio.Protocol], endpoint: Endpoint) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    return await loop.create_server(session, endpoint.host, endpoint.port, backlog=BACKLOG, reuse_address=True)


def _explain(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "no address is known for this name"
    number = error.errno or 0
    return _WHAT_TO_DO.get(number, os.strerror(number))
