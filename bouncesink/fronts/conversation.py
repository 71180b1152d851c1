"""A conversation: what the session of every front does alike on its wire, whatever the protocol (RFC 5321 section 3.8).

Promises: answers of one turn leave in one write; who sends faster than it is answered can be kept from it; while somebody else
is at work on a mail the silence is ours; last words have a bounded time to arrive; a session that has work counts among the
open ones until that is done, though its peer be gone. A mail is acknowledged in one place, with what ``accept`` returned;
whatever goes wrong on our side is 4xx, and no text of an exception is ever sent.

Knows no protocol and no configuration: a front is a subclass, which says what may be obeyed (``_proceed``), what an answer to a
mail looks like (``_answer``), its last words (``_part``), and what is overdue and when (``_look``, ``_next_look``).
"""

import asyncio
from abc import abstractmethod
from functools import partial
from typing import Any, cast

from bouncesink.core.mail import Mail, Peer
from bouncesink.core.reply import CANNOT_NOW, SHUTTING_DOWN, Reply, reply_to
from bouncesink.errors import BouncesinkError
from bouncesink.fronts.sessions import Sessions
from bouncesink.fronts.tls_wire import TlsWire
from bouncesink.fronts.way_through import WayThrough
from bouncesink.observe import log

LINGER = 5.0  # seconds a peer has to take our last words


class Conversation(asyncio.Protocol):
    """One connection. The loop calls ``connection_made`` and ``data_received``; everything follows from there."""

    def __init__(self, pipeline: WayThrough, sessions: Sessions, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._pipeline = pipeline
        self._sessions = sessions
        self._wire: asyncio.Transport | TlsWire | None = None
        self._address = ""
        self._outbox: list[bytes] = []
        self._work: asyncio.Future[Any] | None = None  # while somebody else is at it, and the peer has to wait
        self._reading = True
        self._writable = True
        self._heard_all = False  # the peer sends no more
        self._held = False  # an answer is held back, and only last words would go out before it
        self._over = False  # our last words are said

    @property
    @abstractmethod
    def peer(self) -> Peer:
        """Who it is, for the log."""

    @abstractmethod
    def _proceed(self) -> None:
        """Do what may be done now, and flush."""

    @abstractmethod
    def _answer(self, reply: Reply) -> None:
        """Say what came of the mail that was handed over."""

    @abstractmethod
    def _part(self) -> None:
        """Say what is to be said to a peer that is cut off, and that it is over."""

    @abstractmethod
    def _look(self, now: float) -> None:
        """End it if something is overdue."""

    @abstractmethod
    def _next_look(self, now: float) -> float:
        """Seconds until something may be overdue."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if isinstance(peer, tuple) else ""
        self._quiet_since = now = self.loop.time()
        self._timer = self.loop.call_later(self._next_look(now), self._watch)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - it is gone, however it went
        self._over = True
        self._timer.cancel()
        self._outbox.clear()
        self._wire = None
        if self._work is None:
            self._sessions.leave(self)

    def eof_received(self) -> bool:
        """What was said before is still answered. A mail without its end is none."""
        self._heard_all = True
        self._proceed()
        return True

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._proceed()

    @abstractmethod
    def drain(self) -> None:
        """End as soon as no transaction is open."""

    def cut(self) -> None:
        """End now, telling the peer to come again. What has not been answered was not accepted; that we may have it all the
        same is no harm.
        """
        if not self._over:
            log.peer_dropped(peer=self.peer, why=str(SHUTTING_DOWN))
        self._part()
        self._flush()
        if self._work is not None:
            self.loop.call_soon(self._work.cancel)  # no sooner than it has begun: it is what lets the session go

    def _hand_over(self, mail: Mail) -> None:
        """Have ``mail`` accepted; until then it is our turn."""
        work = asyncio.ensure_future(self._pipeline.accept(mail))
        work.add_done_callback(partial(self._acknowledge, mail))
        self._work = work

    def _acknowledge(self, mail: Mail, work: asyncio.Future[Reply]) -> None:
        """Say what came of ``mail``. The one place where a mail is acknowledged."""
        reply: Reply = CANNOT_NOW
        error = None if work.cancelled() else work.exception()
        if isinstance(error, BouncesinkError):
            reply = reply_to(error)
            log.mail_deferred(mail=mail, error=error)
        elif error is not None:  # a bug of ours must never cost a bounce: told as 451, kept in the log
            log.bug("accept", error)
        elif not work.cancelled():
            reply = work.result()
        self._answer(reply)
        self._rest()

    def _rest(self) -> None:
        """The work is done."""
        self._work = None
        self._quiet_since = self.loop.time()
        if self._wire is None:
            self._sessions.leave(self)
        else:
            self._proceed()

    def _end(self, why: str) -> None:
        """It cannot go on. Nothing more is said but what waits to be."""
        log.peer_dropped(peer=self.peer, why=why)
        self._over = True

    def _flush(self) -> None:
        wire = self._wire
        if wire is None:
            return
        if self._outbox and (self._over or not self._held):
            wire.write(b"".join(self._outbox))
            self._outbox.clear()
        if self._over and not wire.is_closing():
            wire.close()
            self._timer.cancel()
            self._timer = self.loop.call_later(LINGER, wire.abort)

    def _regulate(self, *, full: bool) -> None:
        """Stop reading from a peer that sends faster than it is answered."""
        if full is not self._reading or self._over or self._wire is None:
            return
        if full:
            self._wire.pause_reading()
        else:
            self._wire.resume_reading()
        self._reading = not full

    def _silence(self, now: float) -> float:
        """While we are at work it is ours."""
        return 0.0 if self._work is not None else now - self._quiet_since

    def _watch(self) -> None:
        """One timer a connection, set anew only when it rings."""
        now = self.loop.time()
        self._look(now)
        if self._over:
            self._flush()
        else:
            self._timer = self.loop.call_later(self._next_look(now), self._watch)
