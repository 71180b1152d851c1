"""Limits that take time or a neighbour to be seen: who takes too long, sends too slowly, errs too often. Real sockets."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from doors import Call, OpenDoor

from bouncesink.core.reply import TOO_MANY_OF_YOURS
from bouncesink.fronts.sessions import Sessions, network_of


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
    busy, idle = call(door), call(door)  # in this order: when the idle one's time is over, the busy one's is too
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


class TestAFloodThatComesAgain:
    """Errors of a network are remembered from one connection to the next. The peers are named by a proxy's header."""

    NET, OTHER = "192.0.2.7", "198.51.100.7"

    @pytest.fixture
    def arrive(self, open_door: OpenDoor, call: Call) -> Callable[..., Any]:
        door = open_door(proxies=("127.0.0.1",), slow_errors=2, max_errors=4, max_errors_per_network=12)

        def _arrive(address: str = self.NET) -> tuple[Any, Any]:
            caller = call(door)
            caller.send(f"PROXY TCP4 {address} 198.51.100.1 4000 25\r\n".encode())
            return door, caller

        return _arrive

    def flood(self, arrive: Callable[..., Any], address: str = NET) -> list[bytes]:
        """What one connection hears of its forged recipients, to its end."""
        _, caller = arrive(address)
        if not caller.reply().startswith(b"220 "):
            return [b"421 at once"]
        assert caller.say("EHLO c").startswith(b"250 ")
        assert caller.say("MAIL FROM:<>").startswith(b"250 ")
        caller.send(b"RCPT TO:<nobody@mx.example>\r\n" * 10)
        said = []
        while line := caller.line():
            said.append(line[:9])
        return said

    def test_it_is_sent_away_sooner_and_then_at_once(self, arrive: Callable[..., Any]) -> None:
        refused = b"550 5.1.1"
        assert self.flood(arrive) == [refused] * 4 + [b"421 4.7.0"]
        assert self.flood(arrive) == [refused] * 4 + [b"421 4.7.0"], "what one session may have is forgiven"
        assert [self.flood(arrive, "192.0.2.99") for _ in range(5)] == [[refused, b"421 4.7.0"]] * 5
        assert self.flood(arrive) == [b"421 at once"]
        door, other = arrive(self.OTHER)
        assert other.reply().startswith(b"220 ")
        assert (counts(door).met_again, counts(door).refused_for_errors) == (5, 1)
        assert door.mailbox.mails == []

    def test_who_makes_no_error_is_served_as_ever(self, arrive: Callable[..., Any]) -> None:
        for _ in range(4):
            self.flood(arrive)
        door, caller = arrive("192.0.2.200")
        caller.start()
        assert caller.say(".").startswith(b"250 2.0.0 ")
        assert counts(door).slowed == 0
        # and what was recorded is taken back from what is remembered
        assert len(self.flood(arrive)) == 5

    def test_an_occasional_bad_address_is_nothing(self, arrive: Callable[..., Any]) -> None:
        for _ in range(20):
            door, caller = arrive()
            caller.reply()
            caller.say("EHLO c")
            caller.say("MAIL FROM:<>")
            assert caller.say("RCPT TO:<nobody@mx.example>").startswith(b"550 ")
            assert caller.say("RCPT TO:<a@mx.example>").startswith(b"250 ")
            assert caller.say("DATA").startswith(b"354 ")
            assert caller.say(".").startswith(b"250 ")
            caller.close()
        assert (counts(door).met_again, counts(door).refused_for_errors, counts(door).slowed) == (0, 0, 0)
        assert len(door.mailbox.mails) == 20

    def test_trouble_of_ours_is_nobodys_error(self, arrive: Callable[..., Any]) -> None:
        for _ in range(8):
            door, caller = arrive()
            caller.start("busy@mx.example")
            assert caller.say(".").startswith(b"451 ")
        assert counts(door).met_again == 0

    def test_of_this_machine_nothing_is_remembered(self, open_door: OpenDoor, call: Call) -> None:
        door = open_door(max_errors=2, max_errors_per_network=2)
        for _ in range(4):
            caller = call(door)
            assert caller.reply().startswith(b"220 ")
            assert [caller.say("XYZZY")[:3] for _ in range(2)] == [b"500", b"500"]
        assert counts(door).met_again == 0

    def test_lmtp_is_ones_own_mta(self, open_door: OpenDoor, call: Call) -> None:
        door = open_door(listen=("lmtp://127.0.0.1:0",), proxies=("127.0.0.1",), max_errors=2, max_errors_per_network=2)
        for _ in range(4):
            caller = call(door)
            caller.send(b"PROXY TCP4 192.0.2.7 198.51.100.1 4000 25\r\n")
            assert caller.reply().startswith(b"220 ")
            assert [caller.say("XYZZY")[:3] for _ in range(2)] == [b"500", b"500"]
        assert counts(door).met_again == 0


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
