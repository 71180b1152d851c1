"""MTAs that leave, keep silent, flood or are none at all; too many of them; and the end of the server."""

import io
import random
import socket
import struct
import threading
import time
from contextlib import suppress

import pytest
from doors import MEGABYTE, Call, OpenDoor, events, until
from milter_octets import EVERYTHING, negotiation, packet

from bouncesink.fronts.milter import server
from bouncesink.fronts.milter.wire import Command


@pytest.mark.parametrize("end", ["close", "reset"])
def test_an_mta_that_drops_in_the_middle_leaves_nothing(
    open_door: OpenDoor, call: Call, written: io.StringIO, end: str
) -> None:
    door = open_door()
    mta = call(door)
    mta.name("a@ours.example")
    mta.send(packet(Command.BODY, b"half a mail"))
    assert mta.hear_answer() == "CONTINUE"
    if end == "reset":
        mta.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    mta.close()
    until(lambda: len(door.sessions) == 0, "the session has gone")
    assert not door.mailbox.entered.is_set()
    assert [(event["event"], event["why"]) for event in events(written, 1)] == [
        ("peer.dropped", "lost in the middle of a mail")
    ]


def test_a_mail_whose_mta_left_is_recorded_all_the_same(open_door: OpenDoor, call: Call) -> None:
    door = open_door()
    mta = call(door)
    mta.name("slow@ours.example")
    mta.send(packet(Command.END_OF_MESSAGE, b"x\r\n"))
    assert door.mailbox.entered.wait(20)
    mta.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    mta.close()
    door.mailbox.may_commit.set()
    until(lambda: len(door.sessions) == 0, "the session has gone")
    assert [mail.content for mail in door.mailbox.mails] == [b"\r\nx\r\n"]


@pytest.mark.parametrize(
    ("stream", "why"),
    [
        (b"EHLO peer.example\r\n", "a packet above the limit"),
        (b"\0\0\0\0", "a packet of no octets"),
        (b"\xff\xff\xff\xff", "a packet above the limit"),
        (b"\0\0\0\1!", "a packet that is no command"),
        (packet(Command.MAIL, b"<>\0"), "a packet out of its order"),
        (packet(Command.NEGOTIATE, b"\0\0\0\1" + bytes(8)), "a protocol version before 2"),
        (packet(Command.NEGOTIATE, b"short"), "a packet whose data does not hold"),
    ],
)
def test_what_is_no_milter_is_closed_at_once(
    open_door: OpenDoor, call: Call, written: io.StringIO, stream: bytes, why: str
) -> None:
    door = open_door()
    mta = call(door)
    mta.send(stream)
    assert mta.hear() is None
    assert [(event["event"], event["via"], event["peer"], event["why"]) for event in events(written, 1)] == [
        ("peer.dropped", "milter", "127.0.0.1", why)
    ]
    until(lambda: len(door.sessions) == 0, "the session has gone")


def test_silence_ends_an_idle_connection(open_door: OpenDoor, call: Call, written: io.StringIO) -> None:
    mta = call(open_door(idle_timeout=0.2, packet_timeout=0.1))
    mta.negotiate(*EVERYTHING)
    assert mta.hear() is None
    assert events(written, 1)[0]["why"] == "timed out waiting for the MTA"


def test_a_packet_must_come_whole_however_it_trickles(open_door: OpenDoor, call: Call, written: io.StringIO) -> None:
    mta = call(open_door(packet_timeout=0.4))
    mta.negotiate(*EVERYTHING)
    mta.send(struct.pack("!IB", 1_000, Command.BODY))

    def trickle() -> None:
        for _ in range(990):
            mta.send(b"a")
            time.sleep(0.01)

    with pytest.raises(OSError):
        trickle()
    assert events(written, 1)[0]["why"] == "timed out in the middle of a packet"


def test_our_own_slowness_is_not_held_against_the_mta(open_door: OpenDoor, call: Call) -> None:
    door = open_door(idle_timeout=0.2, packet_timeout=0.1)
    mta = call(door)
    mta.name("slow@ours.example")
    mta.send(packet(Command.END_OF_MESSAGE, b"x\r\n"))
    assert door.mailbox.entered.wait(20)
    time.sleep(0.6)
    door.mailbox.may_commit.set()
    assert mta.hear_answer() == "DISCARD"


def test_too_many_connections_are_closed(open_door: OpenDoor, call: Call, written: io.StringIO) -> None:
    door = open_door(max_connections=2)
    first, second = call(door), call(door)
    first.negotiate(*EVERYTHING)
    second.negotiate(*EVERYTHING)
    assert call(door).hear() is None
    assert "too many connections" in events(written, 1)[0]["why"]
    first.name("a@ours.example")
    assert first.finish() == "DISCARD"
    first.tell(Command.QUIT)
    assert first.hear() is None
    call(door).negotiate(*EVERYTHING)


class TestStress:
    def test_an_mta_that_takes_no_answers_is_not_obeyed_without_end(self, open_door: OpenDoor, call: Call) -> None:
        door = open_door()
        mta = call(door)
        mta.name()
        flood = packet(Command.RCPT, b"<nobody@ours.example>\0") * 10_000
        stop = threading.Event()

        def pour() -> None:
            mta.socket.settimeout(0.5)
            with suppress(OSError):
                while not stop.is_set():
                    mta.socket.send(flood)

        pouring = threading.Thread(target=pour)
        pouring.start()
        until(lambda: not pouring.is_alive(), "we stop reading")
        assert door.held() < server.INBOX_LIMIT + MEGABYTE
        stop.set()

    def test_many_connections_at_once(self, open_door: OpenDoor, call: Call) -> None:
        door = open_door(max_connections=500)
        everyone = [call(door) for _ in range(200)]
        for number, mta in enumerate(everyone):
            mta.name(f"a{number}@ours.example")
        for mta in reversed(everyone):
            assert mta.finish() == "DISCARD"
        assert len(door.mailbox.mails) == 200

    @pytest.mark.parametrize("seed", range(4))
    def test_random_octets_hurt_nobody_else(self, open_door: OpenDoor, call: Call, seed: int) -> None:
        """Random octets, half packets, packets of random commands: each ends with a close, and a good MTA is served between."""
        chance = random.Random(seed)
        door = open_door(max_connections=500)
        good = call(door)
        for turn in range(60):
            rogue = call(door)
            with suppress(OSError):
                if chance.random() < 0.7:
                    rogue.send(negotiation(*EVERYTHING))
                for _ in range(chance.randint(1, 30)):
                    rogue.send(_rogue(chance))
                rogue.socket.shutdown(1)
                while rogue.hear() is not None:
                    pass
            rogue.close()
            if turn % 10 == 0:
                good.name("a@ours.example")
                assert good.finish() == "DISCARD"
                good.tell(Command.QUIT_NEW_CONNECTION)
        good.close()
        until(lambda: len(door.sessions) == 0, "every session has gone")


def _rogue(chance: random.Random) -> bytes:
    data = chance.choice((b"", b"<>\0", b"<a@ours.example>\0", b"a\0b\0", chance.randbytes(chance.randint(0, 200))))
    whole = packet(chance.choice(list(Command)), data)
    match chance.randint(0, 9):
        case 0:
            return chance.randbytes(chance.randint(1, 50))
        case 1:
            return whole[: chance.randint(1, len(whole))]
        case 2:
            return struct.pack("!I", chance.getrandbits(32)) + data
        case _:
            return whole


class TestTheEnd:
    def test_idle_connections_are_closed_and_a_transaction_may_finish(self, open_door: OpenDoor, call: Call) -> None:
        door = open_door()
        idle, busy = call(door), call(door)
        idle.negotiate(*EVERYTHING)
        busy.name("slow@ours.example")
        busy.send(packet(Command.END_OF_MESSAGE, b"x\r\n"))
        assert door.mailbox.entered.wait(20)
        door.stop()
        assert idle.hear() is None
        door.mailbox.may_commit.set()
        assert busy.hear_answer() == "DISCARD"
        assert busy.hear() is None
        door.join()

    def test_what_takes_too_long_is_told_to_come_again(self, open_door: OpenDoor, call: Call, written: io.StringIO) -> None:
        door = open_door()
        busy, half = call(door), call(door)
        busy.name("slow@ours.example")
        half.name("a@ours.example")
        busy.send(packet(Command.END_OF_MESSAGE, b"x\r\n"))
        assert door.mailbox.entered.wait(20)
        door.stop()
        assert busy.hear_answer() == "421 4.3.2 shutting down, try again later"
        assert busy.hear() is None
        assert half.hear() is None
        until(lambda: len(door.sessions) == 0, "nobody waits for the store any more", within=5)
        why = [event["why"] for event in events(written, 2) if event["event"] == "peer.dropped"]
        assert why == ["421 4.3.2 shutting down, try again later"] * 2
        door.mailbox.may_commit.set()
        door.join()
