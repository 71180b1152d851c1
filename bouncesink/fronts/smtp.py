"""The SMTP front's session: a subclass of aiosmtpd's SMTP that takes commands and content out of octets, and answers.

Promises: a 250 after content is written only when ``accept`` has returned it (``conversation``); whatever goes wrong on our
side is 4xx, and no text of an exception is ever sent; a peer that drops in the middle leaves nothing; everything a stranger
controls is bounded (command line, octets waiting, commands in one turn of the loop, errors).

Of aiosmtpd it keeps the commands that are seldom said, the parser for odd addresses, and the place as a protocol of the loop.
It replaces the loop of ``_handle_client`` and the common commands, because a mail spends most of its time there in stock
aiosmtpd: content read line by line, a new class made for every address, a task switch for every command, a write for every
line. Here a command is answered in the call that brought it, a content is handed over in the call that brought its end, and
pipelined answers leave in one write. What may be said when is ``smtp_dialog``'s; the wire and the clocks are ``connection``'s.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from aiosmtpd.smtp import SMTP

from bouncesink.config.sections import SmtpSection
from bouncesink.core import reply as core
from bouncesink.core.mail import Peer
from bouncesink.core.reply import Reply, reply_to
from bouncesink.fronts import smtp_replies as say
from bouncesink.fronts.connection import Connection
from bouncesink.fronts.content import NoRoomError
from bouncesink.fronts.memory import SMALL
from bouncesink.fronts.sessions import Network, Sessions, network_of
from bouncesink.fronts.smtp_address import split_forward_path
from bouncesink.fronts.smtp_data import ContentGatherer
from bouncesink.fronts.smtp_dialog import SmtpDialog, Terms
from bouncesink.fronts.smtp_lines import CommandLines
from bouncesink.fronts.smtp_replies import Line
from bouncesink.observe import log
from bouncesink.observe.trace import TRACES, Side

COMMAND_LIMIT = 4_096  # octets of a command line; RFC 5321 section 4.5.3.1.4 asks for 512
INBOX_LIMIT = 65_536  # octets that may wait for their turn before we stop reading
COMMANDS_A_TURN = 100  # then the other sessions have theirs

# What aiosmtpd's own methods answer, through ``push`` below; the others are listed by its HELP.
_HELPED = ("DATA", "EHLO", "HELO", "HELP", "MAIL", "NOOP", "QUIT", "RCPT", "RSET", "VRFY")
_OF_AIOSMTPD = {b"HELP": SMTP.smtp_HELP, b"VRFY": SMTP.smtp_VRFY, b"EXPN": SMTP.smtp_EXPN}


class SmtpSession(Connection, SMTP):
    """One connection that speaks SMTP."""

    _DIALOG: ClassVar[type[SmtpDialog]] = SmtpDialog
    LISTED: ClassVar[dict[str, Any]] = {verb: getattr(SMTP, f"smtp_{verb}") for verb in _HELPED}

    def __init__(self, terms: Terms, section: SmtpSection, sessions: Sessions, loop: asyncio.AbstractEventLoop) -> None:
        # aiosmtpd's own __init__ is not called: for every connection it would inspect itself and its handler.
        Connection.__init__(self, terms, section, sessions, loop)
        self._gatherer: ContentGatherer | None = None  # while content comes
        self._errors = 0
        self._network: Network | None = None  # whose errors are remembered
        self._commands = 0
        self._mark: tuple[ContentGatherer, int, float] | None = None  # a content, how much of it there was, and when

    @property
    def peer(self) -> Peer:
        return self._dialog.peer

    def _meet(self, tls: str) -> None:
        self._dialog = self._DIALOG(self._terms, self._address, tls)
        self._lines = CommandLines(COMMAND_LIMIT)

    def _greet(self) -> None:
        """As one who is known: the errors of its network's former connections are its own."""
        offences, now = self._terms.offences, self.loop.time()
        if offences is not None and (network := network_of(self._address)) is not None:
            self._network = network
            if offences.refuses(network, now):
                self._sessions.counts.refused_for_errors += 1
                self._drop(say.TOO_MANY_ERRORS_OF_YOURS)
                return
            self._errors = min(offences.carried(network, now), self._section.max_errors - 1)
            self._sessions.counts.met_again += self._errors > 0
        self._speak(self._terms.greeting)

    def connection_lost(self, error: Exception | None) -> None:
        if self._gatherer is not None:
            log.peer_dropped(peer=self.peer, why="lost in the middle of content")
            self._gatherer.close()
            self._gatherer = None
        super().connection_lost(error)

    def _hear(self, octets: bytes) -> None:
        if self._gatherer is not None:
            self._gather(self._gatherer, octets)
        else:
            self._lines.feed(octets)
        self._proceed()

    def _part(self) -> None:
        if self._gatherer is not None:
            self._gatherer.close()
            self._gatherer = None
        self._speak(self._dialog.spell(core.SHUTTING_DOWN) if self._work is not None else say.SHUTTING_DOWN)

    async def push(self, status: str | bytes) -> None:
        """Where aiosmtpd's own methods speak."""
        self._speak(say.translate(status))

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Where aiosmtpd's own methods have addresses parsed."""
        return split_forward_path(arg) or (None, None)

    def _proceed(self) -> None:
        """Obey what has arrived and may be obeyed now; then write every answer at once."""
        left = COMMANDS_A_TURN
        while left and self._lines.waiting and self._may_listen() and (line := self._lines.take()) is not None:
            self._obey(line)
            left -= 1
        self._commands += COMMANDS_A_TURN - left
        if self._commands > self._section.max_commands and not self._over:
            self._sessions.counts.too_many_commands += 1
            self._drop(say.TOO_MANY_COMMANDS)
        if not left:
            self.loop.call_soon(self._proceed)
        elif self._work is None and self._writable and not self._held:
            if self._last is not None and not self._dialog.is_open:
                self._speak(self._last)
            elif self._heard_all:
                self._over = True
        self._flush()
        full = not left or len(self._lines.waiting) > INBOX_LIMIT
        if full is self._reading:
            self._regulate(full=full)

    def _may_listen(self) -> bool:
        if self._work is not None or self._gatherer is not None or self._over or not self._writable or self._held:
            return False
        return self._last is None or self._dialog.is_open

    def _is_too_slow(self, now: float) -> bool:
        """Looked at over a whole window of one content, and never while it is we who do not read."""
        gatherer, mark, section = self._gatherer, self._mark, self._section
        if gatherer is None or not section.min_rate:
            return False
        if mark is not None and mark[0] is gatherer and self._reading:
            seconds = now - mark[2]
            if seconds < section.rate_window:
                return False
            if gatherer.received - mark[1] < section.min_rate * seconds:
                return True
        self._mark = (gatherer, gatherer.received, now)
        return False

    def _obey(self, line: bytes) -> None:
        self._quiet_since = self.loop.time()
        if TRACES.on:
            TRACES.line(self, self.peer, Side.PEER, line)
        if len(line) > COMMAND_LIMIT:
            self._speak(say.COMMAND_TOO_LONG)
            return
        verb, _, rest = line.partition(b" ")
        verb = verb.upper()
        argument = rest.decode("utf-8", "surrogateescape").strip(" \t")
        try:
            answer = self._dialog.answer(verb, argument)
        except Exception as error:  # noqa: BLE001 - a bug of ours must never cost a bounce: told as 451, kept in the log
            log.bug("smtp", error)
            answer = say.spell(reply_to(error))
        if answer is None:
            self._obey_rare(verb, argument)
            return
        self._speak(answer)
        if answer is say.START_CONTENT:
            self._gatherer = ContentGatherer(self._terms.room)
            if self._lines.waiting:
                self._gather(self._gatherer, self._lines.take_rest())

    def _obey_rare(self, verb: bytes, argument: str) -> None:
        method = _OF_AIOSMTPD.get(verb)
        if method is not None:
            self._work = self.loop.create_task(self._ask_aiosmtpd(method, argument))
        elif verb == b"BDAT":
            # Its chunk follows without waiting for us, and must not be heard as commands.
            count = argument.partition(" ")[0]
            self._lines.skip(int(count) if count.isascii() and count.isdecimal() else 0)
            self._speak(say.NOT_IMPLEMENTED)
        elif verb == b"STARTTLS":
            self._answer_starttls(argument)
        else:
            self._speak(say.UNKNOWN_COMMAND)

    def _answer_starttls(self, argument: str) -> None:
        """RFC 3207 section 4. Whatever is pipelined behind it came in the clear, and is forgotten with everything else."""
        if self._terms.certificates is None or self._secured:
            self._speak(say.NOT_IMPLEMENTED)
        elif argument:
            self._speak(say.NO_ARGUMENT_WANTED)
        elif self._dialog.is_open:
            self._speak(say.NESTED_TLS)
        else:
            self._speak(say.READY_FOR_TLS)
            self._lines = CommandLines(COMMAND_LIMIT)
            self._start_tls()

    def _gather(self, gatherer: ContentGatherer, piece: bytes) -> None:
        self._quiet_since = self.loop.time()
        after = gatherer.feed(piece)
        if after is None:
            return
        self._gatherer = None
        self._lines.feed(after)
        refusal = core.TOO_BIG
        try:
            content = gatherer.take()
        except NoRoomError:
            content, refusal = None, core.NO_ROOM
        if gatherer.received > SMALL:
            self._sessions.counts.contents_spooled += gatherer.is_spooled
            self._sessions.counts.contents_cut += gatherer.whole is not None
            gatherer.close()
        if TRACES.on:
            told = b"(content) refused" if content is None else b"(content) %d octets" % len(content)
            TRACES.line(self, self.peer, Side.PEER, told)
        if content is not None:
            self._hand_over(self._dialog.mail(content, gatherer.whole))
            return
        self._dialog.refuse_content(refusal)
        answer = self._dialog.spell(refusal)
        self._dialog.reset()
        self._speak(answer)

    def _answer(self, reply: Reply) -> None:
        if reply.accepted and not reply.duplicate and self._terms.offences is not None:
            self._terms.offences.redeem(self._network, self.loop.time())
        answer = self._dialog.spell(reply)
        self._dialog.reset()
        self._speak(answer)

    async def _ask_aiosmtpd(self, method: Callable[[SMTP, str], Awaitable[None]], argument: str) -> None:
        self._smtp_methods, self._handle_hooks = self.LISTED, {}
        self._auth_required, self.tls_context = False, None
        self.session = self._create_session()
        self.session.extended_smtp = True
        try:
            await method(self, argument)
        except Exception as error:  # noqa: BLE001 - see _obey
            log.bug("aiosmtpd", error)
            self._speak(say.spell(reply_to(error)))
        finally:
            self._rest()

    def _speak(self, line: Line) -> None:
        if self._over:
            return
        if TRACES.on:
            TRACES.line(self, self.peer, Side.US, line.wire)
        late = line.code >= 400 and self._errors >= self._section.slow_errors and self._section.error_delay > 0
        if late:
            self._flush()  # only this one is late
            self._hold(self._section.error_delay)
        self._outbox.append(line.wire)
        if line.code in say.LAST_WORDS:
            self._over = True
        elif line.code >= 400:
            self._errors += 1
            if line.code >= 500 and self._terms.offences is not None:
                self._terms.offences.offend(self._network, self.loop.time())
            # Who has a recipient that was let in may finish: the others' faults must not cost its bounce.
            if self._errors >= self._section.max_errors and not self._dialog.has_recipients:
                self._sessions.counts.too_many_errors += 1
                self._drop(say.TOO_MANY_ERRORS)
