"""Limits that take time or a neighbour to be seen: who takes too long, sends too slowly, errs too often. Real sockets."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from bouncesink.core.reply import TOO_MANY_OF_YOURS
from bouncesink.fronts.sessions import Sessions, network_of

OpenDoor = Callable[..., Any]
Call = Callable[..., Any]


def counts(door: Any) -> Any:
    return door._listener.sessions.counts


def test_content_that_comes_too_slowly_is_cut(open_door: OpenDoor, call: Call) -> None:
    door = open_door(min_rate=100, rate_window=0.3)
    caller = call(door)
    caller.start()
    caller.socket.settimeout(0.05)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        caller.send(b"x")  # about 20 octets a second
        try:
            assert caller.socket.recv(100) == b"421 4.4.2 content comes too slowly\r\n"
            break
        except TimeoutError:
            continue
    else:
        pytest.fail("it may drip for ever")
    assert door.mailbox.mails == []
    assert counts(door).too_slow == 1


def test_content_that_is_slow_and_not_too_slow_arrives(open_door: OpenDoor, call: Call) -> None:
    door = open_door(min_rate=100, rate_window=0.2)
    caller = call(door)
    caller.start()
    for _ in range(10):
        caller.send(b"x" * 200)
        time.sleep(0.1)
    assert caller.say("\r\n.").startswith(b"250 2.0.0 ")
    assert counts(door).too_slow == 0


def test_a_session_that_takes_too_long_may_finish_its_transaction_and_no_other(open_door: OpenDoor, call: Call) -> None:
    door = open_door(session_timeout=1.0)
    idle, busy = call(door), call(door)
    idle.reply()
    busy.start()
    assert idle.reply() == b"421 4.4.2 session takes too long, come again"
    assert idle.line() == b""
    busy.send(b".\r\nMAIL FROM:<>\r\n")
    assert busy.reply().startswith(b"250 2.0.0 recorded")
    assert busy.reply() == b"421 4.4.2 session takes too long, come again"
    assert busy.line() == b""
    assert len(door.mailbox.mails) == 1


def test_a_transaction_that_does_not_end_is_cut_after_all(open_door: OpenDoor, call: Call) -> None:
    door = open_door(session_timeout=1.0, command_timeout=1.0, min_rate=0)
    caller = call(door)
    caller.start()
    caller.socket.settimeout(0.1)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        caller.send(b"x" * 1_000)
        try:
            assert caller.socket.recv(100) == b"421 4.4.2 session takes too long, come again\r\n"
        except TimeoutError:
            continue
        return
    pytest.fail("it may go on for ever")


def test_too_many_commands(open_door: OpenDoor, call: Call) -> None:
    door = open_door(max_commands=10)
    caller = call(door)
    caller.reply()
    caller.send(b"NOOP\r\n" * 11)
    said = [caller.reply() for _ in range(12)]
    assert said[10:] == [b"250 2.0.0 ok", b"421 4.7.0 too many commands in this session"]
    assert caller.line() == b""
    assert counts(door).too_many_commands == 1


def test_who_errs_often_is_answered_late_and_then_not_at_all(open_door: OpenDoor, call: Call) -> None:
    """A flood of forged recipients: nothing of it is recorded, and ten of them take the time of those that are held back."""
    door = open_door(slow_errors=2, error_delay=0.2, max_errors=6)
    caller, other = call(door), call(door)
    caller.reply()
    other.reply()
    assert caller.say("EHLO c").startswith(b"250 ")
    assert caller.say("MAIL FROM:<>").startswith(b"250 ")
    began = time.monotonic()
    caller.send(b"RCPT TO:<nobody@mx.example>\r\n" * 10)
    said = [caller.reply()[:9] for _ in range(2)]
    assert other.say("NOOP") == b"250 2.0.0 ok"  # nobody else has to wait
    assert time.monotonic() - began < 0.2
    said += [caller.reply()[:9] for _ in range(5)]
    assert time.monotonic() - began > 0.55
    assert said == [b"550 5.1.1"] * 6 + [b"421 4.7.0"]
    assert caller.line() == b""
    assert (counts(door).slowed, counts(door).too_many_errors) == (4, 1)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", bytes([192, 0, 2])),
        ("::ffff:192.0.2.9", bytes([192, 0, 2])),
        ("2001:db8::1", bytes.fromhex("20010db800000000")),
        ("fe80::1%eth0", bytes.fromhex("fe80000000000000")),
        ("127.0.0.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("", None),
        ("nowhere", None),
    ],
)
def test_what_counts_as_one_network(address: str, network: bytes | None) -> None:
    assert network_of(address) == network


class Guest:
    def drain(self) -> None:
        """Nobody asks."""

    cut = drain


async def test_one_network_may_not_have_every_place() -> None:
    sessions = Sessions(10, per_network=2)
    guests = [Guest() for _ in range(5)]
    assert [sessions.enter(guest, f"192.0.2.{n}") for n, guest in enumerate(guests[:3])] == [None, None, TOO_MANY_OF_YOURS]
    assert sessions.enter(guests[3], "198.51.100.1") is None
    assert sessions.counts.refused_of_network == 1
    sessions.leave(guests[0])
    sessions.leave(guests[2])
    assert sessions.enter(guests[4], "192.0.2.77") is None
    for guest in guests:
        sessions.leave(guest)
    assert not sessions._networks


def test_a_disk_that_is_nearly_full_takes_no_new_mail_and_those_that_have_begun(open_door: OpenDoor, call: Call) -> None:
    class Disk:
        is_low = False

    door = open_door(space=Disk)
    caller, other = call(door), call(door)
    caller.start()
    other.reply()
    other.say("EHLO c")
    Disk.is_low = True
    assert other.say("MAIL FROM:<>") == b"452 4.3.1 insufficient system storage, try again later"
    assert caller.say(".").startswith(b"250 2.0.0 ")
    Disk.is_low = False
    assert other.say("MAIL FROM:<>").startswith(b"250 ")
