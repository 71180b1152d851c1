"""The listener: bound sockets take connections, each is a session of its front, and on the way out every session ends well.

``FRONTS`` is the table of who speaks what: another front is a row here, and its schemes are rows of ``endpoint.SCHEMES``.
Promises: what does not hold is a ConfigError with every problem at once, and then nothing listens; at the end no new connection
is taken, idle peers hear 421, transactions may finish within ``drain_timeout`` and are cut after it, and no cut one has heard
250 (RFC 5321 section 3.8).

Knows fronts by name, and nothing of what they say.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from bouncesink.config.sections import MilterSection, SmtpSection
from bouncesink.core.excerpt import octets_kept
from bouncesink.core.mail import Via
from bouncesink.errors import ConfigError
from bouncesink.fronts.binding import Bound, explain
from bouncesink.fronts.certificates import Certificates
from bouncesink.fronts.content import Room
from bouncesink.fronts.conversation import LINGER
from bouncesink.fronts.endpoint import Endpoint
from bouncesink.fronts.lmtp import LmtpSession
from bouncesink.fronts.memory import Memory
from bouncesink.fronts.milter.server import MilterSession, terms_of
from bouncesink.fronts.offences import Offences
from bouncesink.fronts.proxy import Network
from bouncesink.fronts.sessions import Sessions
from bouncesink.fronts.smtp import SmtpSession
from bouncesink.fronts.smtp_dialog import DEFAULT_MEMORY, Terms
from bouncesink.fronts.way_through import Space, WayThrough

BACKLOG = 1_024  # connections that may wait while we start sessions; Linux cuts it at net.core.somaxconn


@dataclass(frozen=True, slots=True)
class FrontSettings:
    """The sections of the configuration that the fronts are handed, and what they should know of the store."""

    smtp: SmtpSection
    milter: MilterSection = field(default_factory=MilterSection)
    content_limit: int = 0  # octets of a content that are stored
    space: Space | None = None  # on the disk that they are stored on
    proxies: tuple[Network, ...] = ()  # whose PROXY headers are believed


@dataclass(frozen=True, slots=True)
class Premises:
    """What a front finds when the listener opens it."""

    pipeline: WayThrough
    sessions: Sessions
    settings: FrontSettings
    loop: asyncio.AbstractEventLoop
    certificates: Certificates | None = None
    memory: Memory = field(default_factory=lambda: Memory(DEFAULT_MEMORY))
    space: Space | None = None
    offences: Offences | None = None


NewSession = Callable[[], asyncio.Protocol]


def _open_smtp(premises: Premises, endpoint: Endpoint) -> NewSession:
    section = premises.settings.smtp
    name = section.hostname or socket.gethostname()
    speaker = LmtpSession if endpoint.via is Via.LMTP else SmtpSession
    terms = Terms(
        premises.pipeline,
        name,
        section.size_limit,
        section.max_recipients,
        via=endpoint.via,
        certificates=premises.certificates,
        tls_first=endpoint.tls,
        kept=octets_kept(premises.settings.content_limit),
        memory=premises.memory,
        space=premises.space,
        # LMTP is spoken by an MTA of one's own, whose errors are everybody's.
        offences=premises.offences if endpoint.via is Via.SMTP else None,
        proxies=premises.settings.proxies,
    )
    return lambda: speaker(terms, section, premises.sessions, premises.loop)


def _open_milter(premises: Premises, endpoint: Endpoint) -> NewSession:  # noqa: ARG001 - one milter is like another
    section, limits = premises.settings.milter, premises.settings.smtp
    room = Room(limits.size_limit, octets_kept(premises.settings.content_limit), premises.memory)
    terms = terms_of(premises.pipeline, section.mode, room, limits.max_recipients, premises.space)
    return lambda: MilterSession(premises.pipeline, terms, section, premises.sessions, premises.loop)


FRONTS: Mapping[Via, Callable[[Premises, Endpoint], NewSession]] = {
    Via.SMTP: _open_smtp,
    Via.LMTP: _open_smtp,
    Via.MILTER: _open_milter,
}


class Listener:
    """The listening sockets and the sessions behind them. ``async with Listener.start(...)``; leaving it drains."""

    def __init__(self, sockets: Sequence[Bound], settings: FrontSettings, certificates: Certificates | None) -> None:
        self._sockets = sockets
        self._certificates = certificates
        self._settings = settings
        self._servers: list[asyncio.Server] = []
        smtp = settings.smtp
        self.sessions = Sessions(smtp.max_connections, smtp.max_connections_per_network)
        self._offences = Offences(smtp.max_errors_per_network, smtp.max_errors, smtp.error_memory)

    @classmethod
    @asynccontextmanager
    async def start(
        cls, sockets: Sequence[Bound], settings: FrontSettings, pipeline: WayThrough, certificates: Certificates | None = None
    ) -> AsyncIterator[Self]:
        """Listen on every one of ``sockets`` (``binding.bound``), or raise ConfigError and listen on none.

        ``certificates`` there are where any of the sockets speaks TLS from the start.
        """
        listener = cls(sockets, settings, certificates)
        try:
            await listener._open(pipeline)
            yield listener
        finally:
            await listener._drain()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where it really listens, as ``listen`` would have it."""
        return tuple(str(one.endpoint) for one in self._sockets)

    @property
    def is_open(self) -> bool:
        """Whether every socket takes connections."""
        return all(server.is_serving() for server in self._servers)

    async def _open(self, pipeline: WayThrough) -> None:
        memory = Memory(self._settings.smtp.memory_limit)
        loop = asyncio.get_running_loop()
        premises = Premises(
            pipeline,
            self.sessions,
            self._settings,
            loop,
            self._certificates,
            memory,
            self._settings.space,
            self._offences,
        )
        problems = []
        for one in self._sockets:
            new_session = FRONTS[one.endpoint.via](premises, one.endpoint)
            try:
                self._servers.append(await _listen(new_session, one))
            except OSError as error:
                problems.append(f"listen: {one.endpoint}: {explain(error)}")
        if problems:
            raise ConfigError(tuple(problems))

    async def _drain(self) -> None:
        for server in self._servers:
            server.close()
        await self.sessions.drain(self._settings.smtp.drain_timeout, 2 * LINGER)


async def _listen(new_session: NewSession, one: Bound) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if one.endpoint.path:
        return await loop.create_unix_server(new_session, sock=one.socket, backlog=BACKLOG)
    return await loop.create_server(new_session, sock=one.socket, backlog=BACKLOG)
