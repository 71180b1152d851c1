"""What a transcript cannot show: timing, lost peers, and what the log says. Real sockets throughout."""

import io
import socket
import time
from typing import Any

import pytest
from doors import Call, OpenDoor, events, until

from bouncesink.core.mail import Via
from bouncesink.fronts import smtp
from bouncesink.fronts.smtp_dialog import SmtpDialog


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
