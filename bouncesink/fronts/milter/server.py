"""The milter front's connection: octets of an MTA become packets, actions of the dialog are carried out, and the clock is kept.

Promises: while the way through has a mail the MTA hears PROGRESS, so that its patience lasts as long as the store's; what is no
packet closes the connection at once, which to an MTA is a 4xx (its default action ``tempfail``); a mail is answered DISCARD or
ACCEPT only when ``accept`` has returned; everything a stranger controls is bounded (packet, octets waiting, packets in one
turn of the loop, silence, the time that a packet may take). A bug of ours is 451, and no text of an exception is ever sent.

What may follow what is ``session``'s; this module moves octets.
"""

import asyncio
from datetime import UTC, datetime

from bouncesink.config.sections import MilterSection
from bouncesink.config.words import MilterMode
from bouncesink.core import reply as core
from bouncesink.core.mail import Admitted, Mail, Peer, Via
from bouncesink.core.reply import Reply, reply_to
from bouncesink.fronts.content import Room
from bouncesink.fronts.conversation import Conversation
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
_LOST = "lost in the middle of a mail"


def terms_of(pipeline: WayThrough, mode: MilterMode, room: Room, max_recipients: int, space: Space | None = None) -> Terms:
    """What the dialog needs of the way through: one question about a recipient, which never raises."""

    def admit(forward_path: str, peer: Peer) -> Admitted | Reply | None:
        try:
            if not pipeline.is_ours(forward_path):
                return None
            return pipeline.admit(forward_path, peer=peer if mode is MilterMode.CONSUME else None)
        except Exception as error:  # noqa: BLE001 - a bug of ours must never cost a bounce: told as 451, kept in the log
            log.bug("admit", error)
            return reply_to(error)

    return Terms(admit, mode, room, max_recipients, space)


class MilterSession(Conversation):
    """One connection that speaks milter."""

    def __init__(
        self,
        pipeline: WayThrough,
        terms: Terms,
        section: MilterSection,
        sessions: Sessions,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(pipeline, sessions, loop)
        self._section = section
        self._dialog = MilterDialog(terms)
        self._packets = Packets()
        self._pulse: asyncio.TimerHandle | None = None  # the next PROGRESS, while the way through is at it
        self._draining = False  # we are shutting down

    @property
    def peer(self) -> Peer:
        """The MTA."""
        return Peer(Via.MILTER, self._address)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        refusal = self._sessions.enter(self)
        if refusal is not None:
            self._end(str(refusal))
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:
        if self._dialog.is_open and self._work is None and not self._over:
            log.peer_dropped(peer=self.peer, why=_LOST)
        self._dialog.close()
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        if not self._packets:
            self._quiet_since = self.loop.time()
        self._packets.feed(data)
        self._proceed()

    def drain(self) -> None:
        """Close as soon as no transaction is open. An MTA that comes back hears that nobody listens, and tempfails."""
        self._draining = True
        self._proceed()

    def _part(self) -> None:
        if self._work is not None:
            self._speak(wire.spell_reply(core.SHUTTING_DOWN))
        self._over = True

    def _proceed(self) -> None:
        """Obey what has arrived and may be obeyed now; then write every answer at once."""
        left = PACKETS_A_TURN
        while left and self._may_listen() and (found := self._packets.take()) is not None:
            self._obey(found)
            left -= 1
        if not left:
            self.loop.call_soon(self._proceed)
        elif self._work is None and self._writable and not self._over:
            self._end_if_due()
        self._flush()
        self._regulate(full=not left or len(self._packets) > INBOX_LIMIT)

    def _end_if_due(self) -> None:
        if self._heard_all and self._dialog.is_open:
            self._end(_LOST)
        elif self._heard_all or (self._draining and not self._dialog.is_open):
            self._over = True

    def _may_listen(self) -> bool:
        if self._work is not None or self._over or not self._writable:
            return False
        return self._dialog.is_open or not self._draining

    def _obey(self, found: Packet | Fault) -> None:
        self._quiet_since = self.loop.time()
        if TRACES.on:
            told = wire.told(found) if isinstance(found, Packet) else b"PACKET, a bad one"
            TRACES.line(self, self._client(), Side.PEER, told)
        for action in self._dialog.obey(found) if isinstance(found, Packet) else (Leave(found),):
            match action:
                case Say():
                    self._speak(action.wire)
                case Record():
                    self._sessions.counts.contents_spooled += action.is_spooled
                    self._sessions.counts.contents_cut += action.whole is not None
                    self._pulse = self.loop.call_later(self._section.progress_interval, self._reassure)
                    self._hand_over(_mail_of(action))
                case Refuse():
                    for forward_path in action.forward_paths:
                        log.mail_refused(peer=action.peer, forward_path=forward_path, reply=action.reply)
                case Leave(fault=None):
                    self._over = True
                case Leave(fault=fault):
                    self._end(str(fault))

    def _answer(self, reply: Reply) -> None:
        self._speak(self._dialog.settle(reply).wire)

    def _reassure(self) -> None:
        """The store is slow: an MTA that hears this waits on."""
        if self._writable:
            self._speak(PROGRESS)
            self._flush()
        self._pulse = self.loop.call_later(self._section.progress_interval, self._reassure)

    def _rest(self) -> None:
        if self._pulse is not None:
            self._pulse.cancel()
            self._pulse = None
        super()._rest()

    def _speak(self, octets: bytes) -> None:
        if self._over:
            return
        if TRACES.on:
            TRACES.line(self, self._client(), Side.US, wire.told_answer(octets))
        self._outbox.append(octets)

    def _client(self) -> Peer:
        """Whose mail this is, for those who read along: the client of the MTA, or the MTA as long as it names none."""
        return self._dialog.peer if self._dialog.peer.address else self.peer

    def _patience(self) -> float:
        return self._section.packet_timeout if self._packets else self._section.idle_timeout

    def _look(self, now: float) -> None:
        if self._silence(now) >= self._patience():
            self._end("timed out in the middle of a packet" if self._packets else "timed out waiting for the MTA")

    def _next_look(self, now: float) -> float:
        return min(self._patience() - self._silence(now), self._section.packet_timeout)


def _mail_of(record: Record) -> Mail:
    return Mail(record.envelope, record.content, datetime.now(UTC), record.peer, record.whole)
