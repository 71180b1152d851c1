"""The SMTP front's connection: a subclass of aiosmtpd's SMTP that hears octets, keeps time and writes the answers.

Promises: a 250 after content is written only when ``accept`` has returned it; whatever goes wrong on our side is 4xx, and no
text of an exception is ever sent; a peer that drops in the middle leaves nothing; everything a stranger controls is bounded
(command line, octets waiting, commands in one turn of the loop, errors, silence).

Of aiosmtpd it keeps the commands that are seldom said, the parser for odd addresses, and the place as a protocol of the loop.
It replaces the loop of ``_handle_client`` and the common commands, because a mail spends most of its time there in stock
aiosmtpd: content read line by line, a new class made for every address, a task switch for every command, a write for every
line. Here a command is answered in the call that brought it, pipelined answers leave in one write, and a task exists only while
the way through has the mail. What may be said when is ``smtp_dialog``'s; this module moves octets and watches the clock.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, cast

from aiosmtpd.smtp import SMTP

from bouncesink.config import SmtpSection
from bouncesink.core import reply as core
from bouncesink.core.mail import Mail
from bouncesink.core.reply import Reply, reply_to
from bouncesink.errors import BouncesinkError
from bouncesink.fronts import smtp_replies as say
from bouncesink.fronts.sessions import Sessions
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
LINGER = 5.0  # seconds a peer has to take our last words

# What aiosmtpd's own methods answer, through ``push`` below; the others are listed by its HELP.
_HELPED = ("DATA", "EHLO", "HELO", "HELP", "MAIL", "NOOP", "QUIT", "RCPT", "RSET", "VRFY")
_OF_AIOSMTPD = {b"HELP": SMTP.smtp_HELP, b"VRFY": SMTP.smtp_VRFY, b"EXPN": SMTP.smtp_EXPN}


class SmtpSession(SMTP):
    """One connection. The loop calls ``data_received``; everything follows from there."""

    _DIALOG: ClassVar[type[SmtpDialog]] = SmtpDialog
    LISTED: ClassVar[dict[str, Any]] = {verb: getattr(SMTP, f"smtp_{verb}") for verb in _HELPED}

    def __init__(self, terms: Terms, section: SmtpSection, sessions: Sessions, loop: asyncio.AbstractEventLoop) -> None:
        # The base's __init__ is not called: for every connection it would inspect itself and its handler.
        self.loop = loop
        self._wire: asyncio.Transport | None = None
        self._terms = terms
        self._section = section
        self._sessions = sessions
        self._lines = CommandLines(COMMAND_LIMIT)
        self._outbox: list[bytes] = []
        self._gatherer: ContentGatherer | None = None  # while content comes
        self._work: asyncio.Task[None] | None = None  # while the way through, or aiosmtpd, is at it
        self._errors = 0
        self._reading = True
        self._writable = True
        self._heard_all = False  # the peer sends no more
        self._draining = False  # we are shutting down
        self._over = False  # our last words are said

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._dialog = self._DIALOG(self._terms, str(peer[0]) if isinstance(peer, tuple) else "")
        self._quiet_since = self.loop.time()
        self._timer = self.loop.call_later(self._section.command_timeout, self._watch)
        if TRACES.on:
            TRACES.line(self, self._dialog.peer, Side.SESSION, b"connected")
        refusal = self._sessions.enter(self)
        if refusal is None:
            self._speak(self._terms.greeting)
        else:
            self._drop(say.spell(refusal))
        self._flush()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - it is gone, however it went
        if self._gatherer is not None:
            log.peer_dropped(peer=self._dialog.peer, why="lost in the middle of content")
        if TRACES.on:
            TRACES.line(self, self._dialog.peer, Side.SESSION, b"closed")
        self._over = True
        self._timer.cancel()
        self._gatherer = None
        self._outbox.clear()
        self._wire = None
        if self._work is None:
            self._sessions.leave(self)

    def data_received(self, data: bytes) -> None:
        if self._over:
            return
        if self._gatherer is not None:
            self._gather(self._gatherer, data)
        else:
            self._lines.feed(data)
        self._proceed()

    def eof_received(self) -> bool:
        """What was said before is still answered. A content without its end is none."""
        self._heard_all = True
        self._proceed()
        return True

    def pause_writing(self) -> None:
        self._writable = False

    def resume_writing(self) -> None:
        self._writable = True
        self._proceed()

    def drain(self) -> None:
        """Say 421 as soon as no transaction is open."""
        self._draining = True
        self._proceed()

    def cut(self) -> None:
        """Say 421 now. What has not been answered was not accepted."""
        self._speak(self._dialog.spell(core.SHUTTING_DOWN) if self._work is not None else say.SHUTTING_DOWN)
        self._flush()
        if self._work is not None:
            self._work.cancel()

    async def push(self, status: str | bytes) -> None:
        """Where aiosmtpd's own methods speak."""
        self._speak(say.translate(status))

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Where aiosmtpd's own methods have addresses parsed."""
        return split_forward_path(arg) or (None, None)

    def _proceed(self) -> None:
        """Obey what has arrived and may be obeyed now; then write every answer at once."""
        left = COMMANDS_A_TURN
        while left and self._may_listen() and (line := self._lines.take()) is not None:
            self._obey(line)
            left -= 1
        if not left:
            self.loop.call_soon(self._proceed)
        elif self._work is None and self._writable:
            if self._draining and not self._dialog.is_open:
                self._speak(say.SHUTTING_DOWN)
            elif self._heard_all:
                self._over = True
        self._flush()
        self._regulate(full=not left or len(self._lines) > INBOX_LIMIT)

    def _may_listen(self) -> bool:
        if self._work is not None or self._gatherer is not None or self._over or not self._writable:
            return False
        return self._dialog.is_open or not self._draining

    def _obey(self, line: bytes) -> None:
        self._quiet_since = self.loop.time()
        if TRACES.on:
            TRACES.line(self, self._dialog.peer, Side.PEER, line)
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
            self._gatherer = ContentGatherer(self._terms.size_limit)
            if self._lines:
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
        else:
            self._speak(say.UNKNOWN_COMMAND)

    def _gather(self, gatherer: ContentGatherer, piece: bytes) -> None:
        self._quiet_since = self.loop.time()
        after = gatherer.feed(piece)
        if after is None:
            return
        self._gatherer = None
        self._lines.feed(after)
        content = gatherer.take()
        if TRACES.on:
            TRACES.line(
                self,
                self._dialog.peer,
                Side.PEER,
                b"(content) too big" if content is None else b"(content) %d octets" % len(content),
            )
        if content is not None:
            self._work = self.loop.create_task(self._accept(self._dialog.mail(content)))
            return
        self._dialog.refuse_content(core.TOO_BIG)
        answer = self._dialog.spell(core.TOO_BIG)
        self._dialog.reset()
        self._speak(answer)

    async def _accept(self, mail: Mail) -> None:
        """Hand the mail over, and say what came of it. The one place where 250 is said of a mail."""
        reply: Reply = core.CANNOT_NOW
        try:
            reply = await self._terms.pipeline.accept(mail)
        except BouncesinkError as error:
            reply = reply_to(error)
            log.mail_deferred(mail=mail, error=error)
        except Exception as error:  # noqa: BLE001 - see _obey
            log.bug("accept", error)
        finally:
            answer = self._dialog.spell(reply)
            self._dialog.reset()
            self._speak(answer)
            self._rest()

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

    def _rest(self) -> None:
        self._work = None
        self._quiet_since = self.loop.time()
        if self._wire is None:
            self._sessions.leave(self)
        else:
            self._proceed()

    def _speak(self, line: Line) -> None:
        if self._over:
            return
        if TRACES.on:
            TRACES.line(self, self._dialog.peer, Side.US, line.wire)
        self._outbox.append(line.wire)
        if line.ends_session:
            self._over = True
        elif line.code >= 400:
            self._errors += 1
            # Who has a recipient that was let in may finish: the others' faults must not cost its bounce.
            if self._errors >= self._section.max_errors and not self._dialog.has_recipients:
                self._drop(say.TOO_MANY_ERRORS)

    def _drop(self, line: Line) -> None:
        log.peer_dropped(peer=self._dialog.peer, why=line.wire.decode("ascii").rstrip())
        self._speak(line)

    def _flush(self) -> None:
        wire = self._wire
        if wire is None:
            return
        if self._outbox:
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

    def _watch(self) -> None:
        """One timer a connection, set anew only when it rings. While we are at work, the silence is ours."""
        quiet = 0.0 if self._work is not None else self.loop.time() - self._quiet_since
        if quiet < self._section.command_timeout:
            self._timer = self.loop.call_later(self._section.command_timeout - quiet, self._watch)
            return
        self._drop(say.TIMED_OUT)
        self._flush()
