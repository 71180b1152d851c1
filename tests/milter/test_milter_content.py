"""Contents of every size at the milter: to the last octet, in a file, as an excerpt, or not now; and what is kept of them."""

import io
import struct

import pytest
from doors import MEGABYTE, Call, OpenDoor, events, until
from milter_octets import packet

from bouncesink.config.words import MilterMode
from bouncesink.fronts.milter.wire import PACKET_LIMIT, Command


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
