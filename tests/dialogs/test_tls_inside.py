"""What holds at a door in the clear holds inside TLS: octets, silence, back-pressure, the end."""

import socket
from collections.abc import Callable
from typing import Any

import pytest
from doors import MEGABYTE, Call, OpenDoor
from tls_client import offers, start_tls

from bouncesink.config.sections import TlsSection


@pytest.fixture
def inside(open_door: OpenDoor, call: Call, tls: TlsSection) -> Callable[..., tuple[Any, Any]]:
    def _inside(**settings: Any) -> tuple[Any, Any]:
        door = open_door(tls=tls, **settings)
        caller = call(door)
        caller.reply()
        start_tls(caller)
        offers(caller)
        return door, caller

    return _inside


def test_a_big_content_with_every_octet(inside: Any) -> None:
    door, caller = inside()
    content = bytes(range(256)) * 4 * 1024
    caller.send(b"MAIL FROM:<>\r\nRCPT TO:<a@mx.example>\r\nDATA\r\n")
    assert [caller.reply()[:3] for _ in range(3)] == [b"250", b"250", b"354"]
    caller.send(content + b"\r\n.\r\n")
    assert caller.reply().startswith(b"250 2.0.0 ")
    assert door.mailbox.mails[0].content == content + b"\r\n"


def test_octet_by_octet(inside: Any) -> None:
    door, caller = inside()
    for octet in b"MAIL FROM:<>\r\nRCPT TO:<a@mx.example>\r\nDATA\r\n..x\r\n.\r\nQUIT\r\n":
        caller.send(bytes([octet]))
    assert [caller.reply()[:3] for _ in range(5)] == [b"250", b"250", b"354", b"250", b"221"]
    assert caller.line() == b""
    assert door.mailbox.mails[0].content == b".x\r\n"


def test_a_peer_that_says_goodbye_first_is_answered_to_its_end(inside: Any) -> None:
    _, caller = inside()
    caller.send(b"NOOP\r\n")
    assert caller.reply() == b"250 2.0.0 ok"
    assert caller.socket.unwrap() is not None


def test_a_long_silence_is_told_inside(inside: Any) -> None:
    _, caller = inside(command_timeout=1.0)
    assert caller.reply() == b"421 4.4.2 timed out waiting for you"
    assert caller.line() == b""


def test_the_end_of_the_server_is_told_inside(inside: Any) -> None:
    door, caller = inside()
    door.stop()
    assert caller.reply() == b"421 4.3.2 shutting down, try again later"
    assert caller.line() == b""


def test_who_reads_nothing_is_not_read_from(inside: Any) -> None:
    door, caller = inside()
    caller.socket.settimeout(0.5)
    with pytest.raises(TimeoutError):
        caller.send(b"EHLO c\r\n" * 8 * MEGABYTE)
    assert door.held() < 4 * MEGABYTE


def test_garbage_in_the_middle_ends_it(inside: Any) -> None:
    door, caller = inside()
    with socket.socket(fileno=caller.socket.detach()) as beneath:
        beneath.settimeout(20)
        beneath.sendall(b"MAIL FROM:<>\r\n" * 10)
        while beneath.recv(4_096):
            pass
    assert door.mailbox.mails == []
