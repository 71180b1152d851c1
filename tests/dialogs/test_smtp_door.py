"""What a transcript cannot show: timing, floods, lost peers, and the end of the server. Real sockets throughout."""

import io
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from bouncesink.config import SmtpSection
from bouncesink.core.mail import Via
from bouncesink.fronts import smtp
from bouncesink.fronts import smtp_replies as say
from bouncesink.fronts.smtp_dialog import SmtpDialog

OpenDoor = Callable[..., Any]
Call = Callable[..., Any]

MEGABYTE = 1_048_576


def until(condition: Callable[[], object], what: str, within: float = 20) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.005)


def events(written: io.StringIO, expected: int) -> list[dict[str, Any]]:
    """What the log says, once it says ``expected`` lines: those of one turn of the loop are written at its end."""
    until(lambda: written.getvalue().count("\n") >= expected, f"{expected} lines in the log")
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_mail_says_who_brought_it_and_when(open_door: OpenDoor, call: Call) -> None:
    door = open_door()
    caller = call(door)
    caller.reply()
    caller.send(b"EHLO relay\x1b[31m\xff.example\r\n")
    caller.reply()
    caller.send(b"MAIL FROM:<>\r\nRCPT TO:<a@mx.example>\r\nDATA\r\n.\r\n")
    assert [caller.reply()[:3] for _ in range(4)] == [b"250", b"250", b"354", b"250"]
    (mail,) = door.mailbox.mails
    assert (mail.peer.via, mail.peer.address, mail.peer.helo, mail.peer.tls) == (
        Via.SMTP,
        "127.0.0.1",
        "relay?[31m?.example",
        "",
    )
    assert mail.received_at.utcoffset().total_seconds() == 0
    assert abs(mail.received_at.timestamp() - time.time()) < 60
    assert type(mail.content) is bytes


def test_octet_by_octet(open_door: OpenDoor, call: Call) -> None:
    door = open_door()
    caller = call(door)
    caller.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for octet in b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@mx.example>\r\nDATA\r\n..x\r\n.\r\nQUIT\r\n":
        caller.send(bytes([octet]))
    assert [caller.reply()[:3] for _ in range(7)] == [b"220", b"250", b"250", b"250", b"354", b"250", b"221"]
    assert [mail.content for mail in door.mailbox.mails] == [b".x\r\n"]


def test_a_peer_that_half_closes_is_answered_to_its_end(open_door: OpenDoor, call: Call) -> None:
    door = open_door()
    caller = call(door)
    caller.send(b"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<slow@mx.example>\r\nDATA\r\nx\r\n.\r\n")
    caller.socket.shutdown(socket.SHUT_WR)
    assert [caller.reply()[:3] for _ in range(5)] == [b"220", b"250", b"250", b"250", b"354"]
    assert door.mailbox.entered.wait(20)
    door.mailbox.may_commit.set()
    assert caller.reply().startswith(b"250 2.0.0 recorded")
    assert caller.line() == b""


@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_peer_that_drops_in_the_middle_of_content_leaves_nothing(
    open_door: OpenDoor, call: Call, written: io.StringIO, end: str
) -> None:
    door = open_door()
    caller = call(door)
    caller.start()
    caller.send(b"half a content\r\n.\r")
    if end == "reset":
        caller.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    caller.close()
    until(lambda: door.sessions() == 0, "the session has gone")
    assert door.mailbox.mails == []
    assert not door.mailbox.entered.is_set()
    assert [event["event"] for event in events(written, 1)] == ["peer.dropped"]


def test_a_mail_whose_peer_left_before_its_250_is_recorded_all_the_same(open_door: OpenDoor, call: Call) -> None:
    door = open_door()
    caller = call(door)
    caller.start("slow@mx.example")
    caller.send(b"x\r\n.\r\n")
    assert door.mailbox.entered.wait(20)
    caller.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    caller.close()
    door.mailbox.may_commit.set()
    until(lambda: door.sessions() == 0, "the session has gone")
    assert [mail.content for mail in door.mailbox.mails] == [b"x\r\n"]


@pytest.mark.parametrize(("recipient", "event"), [("busy@mx.example", "mail.deferred"), ("bug@mx.example", "bug")])
def test_our_trouble_is_in_the_log_and_not_in_the_reply(
    open_door: OpenDoor, call: Call, written: io.StringIO, recipient: str, event: str
) -> None:
    caller = call(open_door())
    caller.start(recipient)
    reply = caller.say(".")
    assert reply == b"451 4.3.0 cannot record now, try again later"
    (logged,) = events(written, 1)
    assert logged["event"] == event
    assert "secret" in logged["detail"]


@pytest.mark.parametrize(
    ("table", "verb"), [(SmtpDialog.VERBS, b"NOOP"), (smtp._OF_AIOSMTPD, b"VRFY")], ids=["ours", "aiosmtpd"]
)
def test_a_bug_in_a_command_is_451_and_the_session_goes_on(
    open_door: OpenDoor, call: Call, written: io.StringIO, monkeypatch: pytest.MonkeyPatch, table: dict[bytes, Any], verb: bytes
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("secret")

    monkeypatch.setitem(table, verb, broken)
    caller = call(open_door())
    caller.reply()
    assert caller.say(verb.decode()) == b"451 4.3.0 cannot record now, try again later"
    assert caller.say("RSET") == b"250 2.0.0 ok"
    assert [(event["event"], event["error"]) for event in events(written, 1)] == [("bug", "KeyError")]


def test_a_content_too_big_is_in_the_log_for_each_recipient(open_door: OpenDoor, call: Call, written: io.StringIO) -> None:
    caller = call(open_door(size_limit=10))
    caller.start("a@mx.example", "b@mx.example")
    assert caller.say("eleven octets\r\n.").startswith(b"552 5.3.4 ")
    assert [(event["event"], event["reply"][:9]) for event in events(written, 2)] == [("mail.refused", "552 5.3.4")] * 2


def test_a_big_content_with_every_octet(open_door: OpenDoor, call: Call) -> None:
    door = open_door()
    content = bytes(range(256)) * 16 * 1024 + b"\r\n.\n.\r\n..\r\n" * 1000
    caller = call(door)
    caller.start()
    caller.send(content.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n")
    assert caller.reply().startswith(b"250 2.0.0 ")
    assert door.mailbox.mails[0].content == content + b"\r\n"


def test_the_silence_of_our_own_work_is_not_the_peers(open_door: OpenDoor, call: Call) -> None:
    door = open_door(command_timeout=0.2)
    caller = call(door)
    caller.start("slow@mx.example")
    caller.send(b".\r\n")
    assert door.mailbox.entered.wait(20)
    time.sleep(0.6)  # three times the silence that a peer may keep
    door.mailbox.may_commit.set()
    assert caller.reply().startswith(b"250 2.0.0 ")
    assert caller.reply().startswith(b"421 4.4.2 ")


def test_a_content_that_keeps_coming_is_not_silence(open_door: OpenDoor, call: Call) -> None:
    door = open_door(command_timeout=1.0)
    caller = call(door)
    caller.start()
    for _ in range(10):
        caller.send(b"x")
        time.sleep(0.2)  # twice the silence that a peer may keep, in all
    assert caller.say("\r\n.").startswith(b"250 2.0.0 ")
    assert [mail.content for mail in door.mailbox.mails] == [b"xxxxxxxxxx\r\n"]


def test_a_command_that_drips_is_silence(open_door: OpenDoor, call: Call) -> None:
    caller = call(open_door(command_timeout=0.4))
    caller.reply()
    caller.socket.settimeout(0.05)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        caller.send(b"N")
        try:
            assert caller.socket.recv(100) == b"421 4.4.2 timed out waiting for you\r\n"
        except TimeoutError:
            continue
        return
    pytest.fail("it may drip for ever")


def test_more_connections_than_may_be_are_told_so(open_door: OpenDoor, call: Call, written: io.StringIO) -> None:
    door = open_door(max_connections=2)
    first, second = call(door), call(door)
    assert first.reply().startswith(b"220 ")
    assert second.reply().startswith(b"220 ")
    third = call(door)
    assert third.reply() == b"421 4.3.2 too many connections, try again later"
    assert third.line() == b""
    assert [event["why"] for event in events(written, 1)] == ["421 4.3.2 too many connections, try again later"]
    assert first.say("QUIT").startswith(b"221 ")
    until(lambda: door.sessions() == 1, "there is room again")
    assert call(door).reply().startswith(b"220 ")


LONG_ANSWER = b"EHLO c\r\n"  # each is answered with ten times its size


def push_until_stopped(caller: Any, witness: Any) -> int:
    """Send commands and read no answer, until nothing more is taken. How many were sent.

    ``witness`` is served meanwhile, and is the clock: one round trip of his is at least one turn of the loop, and in 600 turns
    even the biggest piece that may have been read would have been worked off.
    """
    caller.socket.settimeout(0)
    sent, turns = 0, 0
    while turns < 600:
        try:
            sent += caller.socket.send((LONG_ANSWER * 1_000)[sent % len(LONG_ANSWER) :])
            turns = 0
        except BlockingIOError:
            assert witness.say("NOOP") == b"250 2.0.0 ok"
            turns += 1
        assert sent < 64 * MEGABYTE, "it was never made to wait"
    caller.socket.settimeout(20)
    return sent // len(LONG_ANSWER)


def test_a_flood_of_commands_neither_starves_the_others_nor_fills_the_memory(open_door: OpenDoor, call: Call) -> None:
    """The flooder reads nothing: its answers pile up, so we stop reading."""
    door = open_door()
    flooder, other = call(door, receive_buffer=4_096), call(door)
    other.reply()
    commands = push_until_stopped(flooder, other)
    assert door.held() < MEGABYTE
    greeting, answer = say.greeting("mx.example").wire, say.answer_to_ehlo("mx.example", SmtpSection().size_limit).wire
    # More than the kernel can hold for both sides, so that some of it was answered only after we had begun to read.
    wanted = len(greeting) + min(commands * len(answer), 16 * MEGABYTE)
    flooder.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MEGABYTE)
    heard, last = 0, b""
    while heard < wanted:
        octets = flooder.socket.recv(MEGABYTE)
        assert octets
        heard, last = heard + len(octets), (last + octets)[-len(answer) :]
    at = (heard - len(greeting)) % len(answer)
    assert last == (answer * 2)[at : at + len(answer)]


def test_commands_that_wait_for_a_commit_are_bounded(open_door: OpenDoor, call: Call) -> None:
    door = open_door()
    caller = call(door)
    caller.start("slow@mx.example")
    caller.send(b".\r\n")
    assert door.mailbox.entered.wait(20)
    witness = call(door)
    witness.reply()
    push_until_stopped(caller, witness)
    assert door.held() < MEGABYTE
    door.mailbox.may_commit.set()
    assert caller.reply().startswith(b"250 2.0.0 recorded")
    for _ in range(1_000):
        assert caller.reply() == b"250 ENHANCEDSTATUSCODES"


class TestTheEnd:
    """SIGTERM: RFC 5321 section 3.8."""

    def test_idle_peers_hear_421_at_once(self, open_door: OpenDoor, call: Call) -> None:
        door = open_door(drain_timeout=20)
        silent, greeted, after = call(door), call(door), call(door)
        silent.reply()
        greeted.reply()
        greeted.say("EHLO c")
        after.start()
        assert after.say(".").startswith(b"250 ")
        door.stop()
        for caller in (silent, greeted, after):
            assert caller.reply() == b"421 4.3.2 shutting down, try again later"
            assert caller.line() == b""
        door.join()

    def test_nobody_new_is_let_in(self, open_door: OpenDoor, call: Call) -> None:
        door = open_door(drain_timeout=20)
        caller = call(door)
        caller.start()
        other = call(door)
        other.reply()
        door.stop()
        assert other.reply().startswith(b"421 ")
        with pytest.raises(OSError):
            call(door)
        assert caller.say(".").startswith(b"250 ")

    def test_a_transaction_may_finish(self, open_door: OpenDoor, call: Call) -> None:
        door = open_door(drain_timeout=20)
        caller, witness = call(door), call(door)
        caller.start()
        witness.reply()
        caller.send(b"half of it, ")
        door.stop()
        assert witness.reply().startswith(b"421 ")
        caller.send(b"and the rest\r\n.\r\n")
        assert caller.reply().startswith(b"250 2.0.0 recorded")
        assert caller.reply().startswith(b"421 4.3.2 ")
        assert caller.line() == b""
        door.join()
        assert [mail.content for mail in door.mailbox.mails] == [b"half of it, and the rest\r\n"]

    def test_a_next_transaction_may_not_begin(self, open_door: OpenDoor, call: Call) -> None:
        door = open_door(drain_timeout=20)
        caller = call(door)
        caller.start("slow@mx.example")
        caller.send(b".\r\nMAIL FROM:<>\r\nRCPT TO:<a@mx.example>\r\nDATA\r\n.\r\n")
        assert door.mailbox.entered.wait(20)
        witness = call(door)
        witness.reply()
        door.stop()
        assert witness.reply().startswith(b"421 ")
        door.mailbox.may_commit.set()
        assert caller.reply().startswith(b"250 2.0.0 recorded")
        assert caller.reply().startswith(b"421 4.3.2 ")
        assert caller.line() == b""
        assert len(door.mailbox.mails) == 1

    @pytest.mark.parametrize("where", ["between", "content", "commit"])
    def test_what_takes_too_long_is_cut_and_never_told_250(
        self, open_door: OpenDoor, call: Call, written: io.StringIO, where: str
    ) -> None:
        door = open_door(drain_timeout=0.2)
        caller = call(door)
        if where == "between":
            caller.reply()
            caller.say("HELO c")
            caller.say("MAIL FROM:<>")
        else:
            caller.start("slow@mx.example")
            caller.send(b"half" if where == "content" else b".\r\n")
        if where == "commit":
            assert door.mailbox.entered.wait(20)
        door.stop()
        assert caller.reply() == b"421 4.3.2 shutting down, try again later"
        assert caller.line() == b""
        until(lambda: door.sessions() == 0, "the session has gone", within=4)
        assert door.mailbox.mails == []
        told = [(event["event"], event["why"]) for event in events(written, 1)]
        assert told == [("peer.dropped", "421 4.3.2 shutting down, try again later")]
        door.mailbox.may_commit.set()
        door.join()

    def test_a_peer_that_does_not_read_cannot_hold_it_up(
        self, open_door: OpenDoor, call: Call, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for module in ("conversation", "listener"):
            monkeypatch.setattr(f"bouncesink.fronts.{module}.LINGER", 0.2)
        door = open_door(drain_timeout=0.1)
        witness = call(door)
        witness.reply()
        push_until_stopped(call(door, receive_buffer=4_096), witness)
        door.stop()
        door.join()
        assert door.sessions() == 0
