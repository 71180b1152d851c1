"""The milter front over sockets: a raw client, floods, half packets, lost peers, slow stores, and the end of the server."""

import io
import json
import random
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bouncesink.configwords import MilterMode
from bouncesink.core.mail import Via
from bouncesink.fronts.milter import server
from bouncesink.fronts.milter.wire import PACKET_LIMIT, Answer, Command
from bouncesink.observe.trace import TRACES, parse_peers

OpenDoor = Callable[..., Any]
Call = Callable[..., Any]

EVERYTHING = (6, 0x1FF, 0x1FFFFF)
MEGABYTE = 1_048_576


def packet(command: Command, data: bytes = b"") -> bytes:
    return struct.pack("!IB", len(data) + 1, command) + data


def until(condition: Callable[[], object], what: str, within: float = 20) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.005)


def events(written: io.StringIO, expected: int) -> list[dict[str, Any]]:
    until(lambda: written.getvalue().count("\n") >= expected, f"{expected} lines in the log")
    return [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.mark.parametrize("mode", MilterMode)
@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_a_bounce_is_recorded(open_door: OpenDoor, call: Call, tmp_path: Path, kind: str, mode: MilterMode) -> None:
    door = open_door(mode=mode, path=tmp_path / "milter" if kind == "unix" else None)
    mta = call(door)
    mta.name("a@ours.example")
    assert mta.finish() == {"consume": "DISCARD", "observe": "ACCEPT"}[mode]
    (mail,) = door.mailbox.mails
    assert mail.content == b"Subject: x\r\n\r\nbody\r\n"
    assert (mail.peer.via, mail.peer.address, mail.peer.helo) == (Via.MILTER, "192.0.2.25", "peer.example")
    assert mail.received_at.utcoffset().total_seconds() == 0
    assert abs(mail.received_at.timestamp() - time.time()) < 60
    assert type(mail.content) is bytes
    mta.tell(Command.QUIT)
    assert mta.hear() is None


def test_octet_by_octet(open_door: OpenDoor, call: Call) -> None:
    door = open_door()
    mta = call(door)
    stream = b"".join(
        (
            packet(Command.NEGOTIATE, struct.pack("!III", *EVERYTHING)),
            packet(Command.MAIL, b"<>\0"),
            packet(Command.RCPT, b"<a@ours.example>\0"),
            packet(Command.HEADER, b"Subject\0 x\0"),
            packet(Command.END_OF_HEADERS),
            packet(Command.END_OF_MESSAGE, b"body\r\n"),
        )
    )
    for octet in stream:
        mta.send(bytes([octet]))
    assert [mta.hear_answer() for _ in range(3)] == ["NEGOTIATE", "CONTINUE", "DISCARD"]
    assert [mail.content for mail in door.mailbox.mails] == [b"Subject: x\r\n\r\nbody\r\n"]


def test_an_mta_that_half_closes_is_answered_to_its_end(open_door: OpenDoor, call: Call) -> None:
    door = open_door()
    mta = call(door)
    mta.name("slow@ours.example")
    mta.send(packet(Command.END_OF_MESSAGE, b"x\r\n"))
    mta.socket.shutdown(1)
    assert door.mailbox.entered.wait(20)
    door.mailbox.may_commit.set()
    assert mta.hear_answer() == "DISCARD"
    assert mta.hear() is None


def test_a_slow_store_is_bridged_by_progress(open_door: OpenDoor, call: Call) -> None:
    door = open_door(progress_interval=0.1)
    mta = call(door)
    mta.name("slow@ours.example")
    mta.send(packet(Command.END_OF_MESSAGE, b"x\r\n"))
    assert [mta.hear_answer() for _ in range(3)] == ["PROGRESS"] * 3
    door.mailbox.may_commit.set()
    while (heard := mta.hear_answer()) == "PROGRESS":
        pass
    assert heard == "DISCARD"
    time.sleep(0.4)
    mta.tell(Command.MAIL, "<>")
    assert mta.ask(Command.RCPT, "<a@ours.example>") == "CONTINUE", "and no PROGRESS afterwards"


@pytest.mark.parametrize("mode", MilterMode)
@pytest.mark.parametrize(
    ("recipient", "reply", "event"),
    [
        ("busy@ours.example", "451 4.3.0 cannot record now, try again later", "mail.deferred"),
        ("full@ours.example", "452 4.3.1 insufficient system storage, try again later", "mail.deferred"),
        ("bug@ours.example", "451 4.3.0 cannot record now, try again later", "bug"),
    ],
)
def test_our_trouble_is_4xx_and_in_the_log(
    open_door: OpenDoor, call: Call, written: io.StringIO, mode: MilterMode, recipient: str, reply: str, event: str
) -> None:
    mta = call(open_door(mode=mode))
    mta.name(recipient)
    assert mta.finish() == reply
    (logged,) = events(written, 1)
    assert logged["event"] == event
    assert "secret" in logged["detail"]


def test_a_bug_at_rcpt_is_451(open_door: OpenDoor, call: Call, written: io.StringIO) -> None:
    mta = call(open_door(mode=MilterMode.OBSERVE))
    mta.name()
    assert mta.ask(Command.RCPT, "<admit-bug@ours.example>") == "451 4.3.0 cannot record now, try again later"
    assert mta.ask(Command.RCPT, "<a@ours.example>") == "CONTINUE"
    assert [event["event"] for event in events(written, 1)] == ["bug"]


@pytest.mark.parametrize(("mode", "lines"), [(MilterMode.CONSUME, 1), (MilterMode.OBSERVE, 0)])
def test_the_log_has_a_refusal_only_where_one_was_said(
    open_door: OpenDoor, call: Call, written: io.StringIO, mode: MilterMode, lines: int
) -> None:
    mta = call(open_door(mode=mode))
    mta.name()
    assert mta.ask(Command.RCPT, "<nobody@ours.example>") == ("550 5.1.1 no such address here" if lines else "CONTINUE")
    assert mta.ask(Command.RCPT, "<user@elsewhere.example>") == "CONTINUE"
    assert written.getvalue().count("mail.refused") == lines


def test_a_content_too_big_is_in_the_log_for_each_recipient(open_door: OpenDoor, call: Call, written: io.StringIO) -> None:
    mta = call(open_door(size_limit=10))
    mta.name("a@ours.example", "b@ours.example")
    mta.send(packet(Command.BODY, b"eleven octets"))
    assert mta.hear_answer() == "552 5.3.4 message exceeds the size limit"
    assert [(event["event"], event["via"], event["peer"]) for event in events(written, 2)] == [
        ("mail.refused", "milter", "192.0.2.25")
    ] * 2


def test_a_big_content_with_every_octet(open_door: OpenDoor, call: Call) -> None:
    door = open_door(size_limit=20 * MEGABYTE)
    mta = call(door)
    mta.name("a@ours.example")
    body = bytes(range(256)) * 32 * 1024
    for start in range(0, len(body), 65_535):
        mta.send(packet(Command.BODY, body[start : start + 65_535]))
        assert mta.hear_answer() == "CONTINUE"
    mta.send(packet(Command.END_OF_MESSAGE))
    assert mta.hear_answer() == "DISCARD"
    assert door.mailbox.mails[0].content == b"\r\n" + body


@pytest.mark.parametrize("mode", MilterMode)
def test_a_big_content_waits_in_a_file_where_memory_is_full(open_door: OpenDoor, call: Call, mode: MilterMode) -> None:
    door = open_door(mode=mode, memory_limit=0)
    mta = call(door)
    mta.name("a@ours.example")
    door.memory.limit = 1  # so that there is some to read it into
    door.memory.held = 1
    assert mta.ask(Command.DATA) == "CONTINUE"
    mta.send(packet(Command.HEADER, b"Subject\0 x\0") + packet(Command.END_OF_HEADERS))
    body = bytes(range(256)) * 400
    for start in range(0, len(body), 50_000):
        mta.send(packet(Command.BODY, body[start : start + 50_000]))
        assert mta.hear_answer() == "CONTINUE"
    door.memory.held = 0
    mta.send(packet(Command.END_OF_MESSAGE))
    assert mta.hear_answer() in {"DISCARD", "ACCEPT"}
    assert [mail.content for mail in door.mailbox.mails] == [b"Subject: x\r\n\r\n" + body]
    assert (door.sessions.counts.contents_spooled, door.sessions.counts.contents_cut, door.memory.held) == (1, 0, 0)


@pytest.mark.parametrize("mode", MilterMode)
def test_a_content_that_cannot_be_had_now_stays_with_the_mta(
    open_door: OpenDoor, call: Call, mode: MilterMode, written: io.StringIO
) -> None:
    door = open_door(mode=mode, memory_limit=0)
    mta = call(door)
    mta.name("a@ours.example")
    assert mta.finish(b"x" * 100_000) == "452 4.3.1 insufficient system storage, try again later"
    assert door.mailbox.mails == []
    (refused,) = events(written, 1)
    assert (refused["event"], refused["reply"]) == ("mail.refused", "452 4.3.1 insufficient system storage, try again later")
    door.memory.limit = 1_000_000
    mta.tell(Command.MAIL, "<>")
    assert mta.ask(Command.RCPT, "<a@ours.example>") == "CONTINUE"
    assert mta.finish(b"x" * 100_000) in {"DISCARD", "ACCEPT"}
    assert door.memory.held == 0


def test_of_a_huge_content_an_excerpt_goes_on_and_is_counted(open_door: OpenDoor, call: Call) -> None:
    door = open_door(kept=70_000)
    mta = call(door)
    mta.name("a@ours.example")
    assert mta.finish(b"x" * 200_000) == "DISCARD"
    (mail,) = door.mailbox.mails
    assert mail.whole is not None
    assert mail.whole.size == len(b"Subject: x\r\n\r\n") + 200_000
    assert len(mail.content) == 70_000
    assert door.sessions.counts.contents_cut == 1


def test_what_an_mta_leaves_behind_is_given_back(open_door: OpenDoor, call: Call) -> None:
    door = open_door()
    mta = call(door)
    mta.name("a@ours.example")
    assert mta.ask(Command.DATA) == "CONTINUE"
    mta.send(packet(Command.HEADER, b"Subject\0 x\0") + packet(Command.END_OF_HEADERS) + packet(Command.BODY, b"x" * 100_000))
    assert mta.hear_answer() == "CONTINUE"
    assert door.memory.held > 100_000
    mta.close()
    until(lambda: door.memory.held == 0, "the memory of a lost MTA's mail")


@pytest.mark.parametrize("mode", MilterMode)
def test_a_disk_that_is_nearly_full_takes_no_recipient_of_ours(open_door: OpenDoor, call: Call, mode: MilterMode) -> None:
    class Disk:
        is_low = True

    door = open_door(mode=mode, space=Disk)
    mta = call(door)
    mta.name()
    assert mta.ask(Command.RCPT, "<a@ours.example>") == "452 4.3.1 insufficient system storage, try again later"
    Disk.is_low = False
    assert mta.ask(Command.RCPT, "<a@ours.example>") == "CONTINUE"
    Disk.is_low = True
    assert mta.finish() in {"DISCARD", "ACCEPT"}


def test_packets_of_the_limit_and_above(open_door: OpenDoor, call: Call) -> None:
    door = open_door(size_limit=4 * MEGABYTE)
    mta = call(door)
    mta.name("a@ours.example")
    mta.send(packet(Command.BODY, b"a" * (PACKET_LIMIT - 1)))
    assert mta.hear_answer() == "CONTINUE"
    mta.send(struct.pack("!IB", PACKET_LIMIT + 1, Command.BODY))
    assert mta.hear() is None
    assert door.mailbox.mails == []


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
        mta.socket.setsockopt(1, 13, struct.pack("ii", 1, 0))  # SOL_SOCKET, SO_LINGER
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
    mta.socket.setsockopt(1, 13, struct.pack("ii", 1, 0))
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
                    rogue.send(packet(Command.NEGOTIATE, struct.pack("!III", *EVERYTHING)))
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


def test_answers_are_not_sent_where_none_were_agreed(open_door: OpenDoor, call: Call) -> None:
    mta = call(open_door())
    assert mta.negotiate(*EVERYTHING) == (6, 0x100, 0x147580)
    mta.send(packet(Command.CONNECT, b"peer\0U") + packet(Command.HELO, b"peer\0") + packet(Command.MAIL, b"<>\0"))
    mta.send(packet(Command.UNKNOWN, b"XYZZY\0") + packet(Command.RCPT, b"<nobody@ours.example>\0"))
    assert mta.hear() == (Answer.REPLY_CODE, b"550 5.1.1 no such address here\0")


def test_a_trace_follows_the_client_of_the_mta(open_door: OpenDoor, call: Call, written: io.StringIO) -> None:
    door = open_door()
    try:
        door.do(lambda: TRACES.begin(parse_peers("192.0.2.25"), 1, 1_000))
        mta = call(door)
        mta.name("a@ours.example")
        assert mta.finish() == "DISCARD"
        until(lambda: '"DISCARD"' in written.getvalue(), "the last line")
    finally:
        door.do(lambda: TRACES.end("192.0.2.25"))
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [(line["side"], line["line"]) for line in lines if line["event"] == "session.line"] == [
        ("peer", "PACKET HELO, 13 octets"),
        ("peer", "MAIL FROM:<>"),
        ("peer", "RCPT TO:(16 characters)"),
        ("us", "CONTINUE"),
        ("peer", "PACKET DATA, 0 octets"),
        ("us", "CONTINUE"),
        ("peer", "PACKET HEADER, 11 octets"),
        ("peer", "PACKET END_OF_HEADERS, 0 octets"),
        ("peer", "PACKET BODY, 6 octets"),
        ("us", "CONTINUE"),
        ("peer", "PACKET END_OF_MESSAGE, 0 octets"),
        ("us", "DISCARD"),
    ]
