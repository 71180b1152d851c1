"""Peers that are too many, send without end or read nothing: nobody else waits for them, and they fill no memory."""

import io
import socket
from typing import Any

import pytest
from doors import MEGABYTE, Call, OpenDoor, events, until

from bouncesink.config.sections import SmtpSection
from bouncesink.fronts import smtp_replies as say


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


def test_a_peer_that_does_not_read_cannot_hold_up_the_end(
    open_door: OpenDoor, call: Call, monkeypatch: pytest.MonkeyPatch
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
