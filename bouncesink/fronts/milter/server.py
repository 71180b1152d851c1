"""The milter front's connection: octets of an MTA become packets, actions of the dialog are carried out, and the clock is kept.

Promises: while the way through has a mail the MTA hears PROGRESS, so that its patience lasts as long as the store's; what is no
packet closes the connection at once, which to an MTA is a 4xx (its default action ``tempfail``); a mail is answered DISCARD or
ACCEPT only when ``accept`` has returned; everything a stranger controls is bounded (packet, octets waiting, packets in one
turn of the loop, silence, the time that a packet may take). A bug of ours is 451, and no text of an exception is ever sent.

What may follow what is ``session``'s; this module moves octets.
"""

import asyncio
from datetime import UTC, datetime
from typing import cast

from bouncesink.config import MilterSection
from bouncesink.configwords import MilterMode
from bouncesink.core import reply as core
from bouncesink.core.mail import Admitted, Mail, Peer, Via
from bouncesink.core.reply import Reply, reply_to
from bouncesink.errors import BouncesinkError
from bouncesink.fronts.content import Room
from bouncesink.fronts.milter import wire
from bouncesink.fronts.milter.session import PROGRESS, Leave, MilterDialog, Record, Refuse, Say
from bouncesink.fronts.milter.transaction import Terms
from bouncesink.fronts.milter.wire import PACKET_LIMIT, Fault, Packet, Packets
from bouncesink.fronts.sessions import Sessions
from bouncesink.fronts.way_through import Space, WayThrough
from bouncesink.observe import log
from bouncesink.observe.trace import TRACES, Side

INBOX_LIMIT = PACKET_LIMIT + 65_536  # octets that may wait before we stop reading: more than one packet, or none would be whole
PACKETS_A_TURN = 100  # then the other sessions have theirs
LINGER = 5.0  # seconds an MTA has to take our last words
_LOST = "lost in the middle of a mail"


def terms_of(pipeline: WayThrough, mode: MilterMode, room: Room, max_recipients: int, space: Space | None = None) -> Terms:
    """What the dialog needs of the way through: one question about a recipient, which never raises."""

    def admit(forward_path: str) -> Admitted | Reply | None:
        try:
            if not pipeline.is_ours(forward_path):
                return None
            return pipeline.admit(forward_path, told=mode is MilterMode.CONSUME)
        except Exception as error:  # noqa: BLE001 - a bug of ours must never cost a bounce: told as 451, kept in the log
            log.bug("admit", error)
            return reply_to(error)

    return Terms(admit, mode, room, max_recipients, space)


class MilterSession(asyncio.Protocol):
    """One connection. The loop calls ``data_received``; everything follows from there."""

    def __init__(
        self,
        pipeline: WayThrough,
        terms: Terms,
        section: MilterSection,
        sessions: Sessions,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._pipeline = pipeline
        self._section = section
        self._sessions = sessions
        self._loop = loop
        self._dialog = MilterDialog(terms)
        self._packets = Packets()
        self._outbox: list[bytes] = []
        self._wire: asyncio.Transport | None = None
        self._work: asyncio.Task[None] | None = None  # while the way through is at it
        self._pulse: asyncio.TimerHandle | None = None  # and the next PROGRESS meanwhile
        self._reading = True
        self._writable = True
        self._heard_all = False  # the MTA sends no more
        self._draining = False  # we are shutting down
        self._over = False  # our last words are said

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast("asyncio.Transport", transport)
        name = transport.get_extra_info("peername")
        self._mta = Peer(Via.MILTER, str(name[0]) if isinstance(name, tuple) else "")
        self._since = self._loop.time()  # a packet was obeyed, or one has begun
        self._timer = self._loop.call_later(self._section.packet_timeout, self._watch)
        refusal = self._sessions.enter(self)
        if refusal is not None:
            self._drop(str(refusal))
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - it is gone, however it went
        if self._dialog.is_open and self._work is None and not self._over:
            log.peer_dropped(peer=self._mta, why=_LOST)
        self._over = True
        self._timer.cancel()
        self._outbox.clear()
        self._wire = None
        self._dialog.close()
        if self._work is None:
            self._sessions.leave(self)

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        if not self._packets:
            self._since = self._loop.time()
        self._packets.feed(data)
        self._proceed()

    def eof_received(self) -> bool:
        """What was said before is still answered."""
        self._heard_all = True
        self._proceed()
        return True

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._proceed()

    def drain(self) -> None:
        """Close as soon as no transaction is open. An MTA that comes back hears that nobody listens, and tempfails."""
        self._draining = True
        self._proceed()

    def cut(self) -> None:
        """Close now. A mail that is being recorded is answered 4xx; that we may have it all the same is no harm."""
        if not self._over:
            log.peer_dropped(peer=self._mta, why=str(core.SHUTTING_DOWN))
        if self._work is not None:
            self._speak(wire.spell_reply(core.SHUTTING_DOWN))
        self._over = True
        self._flush()
        if self._work is not None:
            self._work.cancel()

    def _proceed(self) -> None:
        """Obey what has arrived and may be obeyed now; then write every answer at once."""
        left = PACKETS_A_TURN
        while left and self._may_listen() and (found := self._packets.take()) is not None:
            self._obey(found)
            left -= 1
        if not left:
            self._loop.call_soon(self._proceed)
        elif self._work is None and self._writable and not self._over:
            self._end_if_due()
        self._flush()
        self._regulate(full=not left or len(self._packets) > INBOX_LIMIT)

    def _end_if_due(self) -> None:
        if self._heard_all and self._dialog.is_open:
            self._drop(_LOST)
        elif self._heard_all or (self._draining and not self._dialog.is_open):
            self._over = True

    def _may_listen(self) -> bool:
        if self._work is not None or self._over or not self._writable:
            return False
        return self._dialog.is_open or not self._draining

    def _obey(self, found: Packet | Fault) -> None:
        self._since = self._loop.time()
        if TRACES.on:
            TRACES.line(self, self._peer(), Side.PEER, wire.told(found) if isinstance(found, Packet) else b"PACKET, a bad one")
        for action in self._dialog.obey(found) if isinstance(found, Packet) else (Leave(found),):
            match action:
                case Say():
                    self._speak(action.wire)
                case Record():
                    self._sessions.counts.contents_spooled += action.is_spooled
                    self._sessions.counts.contents_cut += action.whole is not None
                    self._pulse = self._loop.call_later(self._section.progress_interval, self._reassure)
                    self._work = self._loop.create_task(self._accept(action))
                case Refuse():
                    for forward_path in action.forward_paths:
                        log.mail_refused(peer=action.peer, forward_path=forward_path, reply=action.reply)
                case Leave(fault=None):
                    self._over = True
                case Leave(fault=fault):
                    self._drop(str(fault))

    async def _accept(self, record: Record) -> None:
        """Hand the mail over, and say what came of it. The one place where a mail's DISCARD or ACCEPT is said."""
        mail = Mail(record.envelope, record.content, datetime.now(UTC), record.peer, record.whole)
        reply: Reply = core.CANNOT_NOW
        try:
            reply = await self._pipeline.accept(mail)
        except BouncesinkError as error:
            reply = reply_to(error)
            log.mail_deferred(mail=mail, error=error)
        except Exception as error:  # noqa: BLE001 - see terms_of
            log.bug("accept", error)
        finally:
            self._speak(self._dialog.settle(reply).wire)
            self._rest()

    def _reassure(self) -> None:
        """The store is slow: an MTA that hears this waits on."""
        if self._writable:
            self._speak(PROGRESS)
            self._flush()
        self._pulse = self._loop.call_later(self._section.progress_interval, self._reassure)

    def _rest(self) -> None:
        if self._pulse is not None:
            self._pulse.cancel()
        self._work = self._pulse = None
        self._since = self._loop.time()
        if self._wire is None:
            self._sessions.leave(self)
        else:
            self._proceed()

    def _speak(self, octets: bytes) -> None:
        if self._over:
            return
        if TRACES.on:
            TRACES.line(self, self._peer(), Side.US, wire.told_answer(octets))
        self._outbox.append(octets)

    def _peer(self) -> Peer:
        """Whose mail this is, for those who read along: the client of the MTA, or the MTA as long as it names none."""
        return self._dialog.peer if self._dialog.peer.address else self._mta

    def _drop(self, why: str) -> None:
        log.peer_dropped(peer=self._mta, why=why)
        self._over = True

    def _flush(self) -> None:
        wire_ = self._wire
        if wire_ is None:
            return
        if self._outbox:
            wire_.write(b"".join(self._outbox))
            self._outbox.clear()
        if self._over and not wire_.is_closing():
            wire_.close()
            self._timer.cancel()
            self._timer = self._loop.call_later(LINGER, wire_.abort)

    def _regulate(self, *, full: bool) -> None:
        """Stop reading from an MTA that sends faster than it is answered."""
        if full is not self._reading or self._over or self._wire is None:
            return
        if full:
            self._wire.pause_reading()
        else:
            self._wire.resume_reading()
        self._reading = not full

    def _patience(self) -> float:
        return self._section.packet_timeout if self._packets else self._section.idle_timeout

    def _watch(self) -> None:
        """One timer a connection, set anew only when it rings. While we are at work, the silence is ours."""
        quiet = 0.0 if self._work is not None else self._loop.time() - self._since
        if quiet < self._patience():
            self._timer = self._loop.call_later(min(self._patience() - quiet, self._section.packet_timeout), self._watch)
            return
        self._drop("timed out in the middle of a packet" if self._packets else "timed out waiting for the MTA")
        self._flush()
