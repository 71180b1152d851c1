"""What the sessions of every front do alike, where a door cannot be knocked at in the very moment."""

import asyncio
import socket
from collections.abc import Callable

import pytest
from milter_octets import EVERYTHING, negotiation, packet

from bouncesink.config.sections import MilterSection, SmtpSection
from bouncesink.config.words import MilterMode
from bouncesink.core.mail import Admitted, Mail, Peer
from bouncesink.core.reply import RECORDED, Reply
from bouncesink.core.verp.attribution import Attribution, Grammar
from bouncesink.fronts.content import Room
from bouncesink.fronts.conversation import Conversation
from bouncesink.fronts.memory import Memory
from bouncesink.fronts.milter.server import MilterSession, terms_of
from bouncesink.fronts.milter.wire import Command
from bouncesink.fronts.sessions import Sessions
from bouncesink.fronts.smtp import SmtpSession
from bouncesink.fronts.smtp_dialog import Terms


class Anybody:
    def is_ours(self, forward_path: str) -> bool:
        return True

    def admit(self, forward_path: str, *, peer: Peer | None = None) -> Admitted | Reply:
        return Admitted(forward_path, Attribution(Grammar.NONE))

    async def accept(self, mail: Mail) -> Reply:
        await asyncio.sleep(0)
        return RECORDED


SMTP_MAIL = b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@mx.example>\r\nDATA\r\n\r\n.\r\n"
MILTER_MAIL = (
    negotiation(*EVERYTHING)
    + packet(Command.MAIL, b"<>\0")
    + packet(Command.RCPT, b"<a@mx.example>\0")
    + packet(Command.DATA)
    + packet(Command.END_OF_HEADERS)
    + packet(Command.END_OF_MESSAGE)
)


def smtp(sessions: Sessions, loop: asyncio.AbstractEventLoop) -> Conversation:
    return SmtpSession(Terms(Anybody(), "mx.example", 1_000, 10), SmtpSection(), sessions, loop)


def milter(sessions: Sessions, loop: asyncio.AbstractEventLoop) -> Conversation:
    terms = terms_of(Anybody(), MilterMode.CONSUME, Room(1_000, 1_000, Memory(1_000)), 10)
    return MilterSession(Anybody(), terms, MilterSection(), sessions, loop)


@pytest.mark.parametrize(("begin", "mail"), [(smtp, SMTP_MAIL), (milter, MILTER_MAIL)], ids=["smtp", "milter"])
async def test_who_is_cut_in_the_moment_that_its_mail_has_come_hears_421_and_is_gone(
    begin: Callable[[Sessions, asyncio.AbstractEventLoop], Conversation], mail: bytes
) -> None:
    sessions, loop = Sessions(10), asyncio.get_running_loop()
    session = begin(sessions, loop)
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.settimeout(0)
        await loop.connect_accepted_socket(lambda: session, ours)
        session.data_received(mail)
        assert session._work is not None
        session.cut()
        said = b""
        async with asyncio.timeout(20):
            while more := await loop.sock_recv(theirs, 65_536):
                said += more
            await sessions.drain(20, 0)
    assert len(sessions) == 0
    assert b"421 4.3.2 shutting down" in said
    assert b"recorded" not in said
