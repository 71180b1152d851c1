"""The milter front over sockets: mails in any pieces, slow stores and other trouble of ours, and what the log says."""

import io
import json
import time
from pathlib import Path

import pytest
from doors import Call, OpenDoor, events, until
from milter_octets import EVERYTHING, negotiation, packet

from bouncesink.config.words import MilterMode
from bouncesink.core.mail import Via
from bouncesink.fronts.milter.wire import Answer, Command
from bouncesink.observe.trace import TRACES, parse_peers


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
            negotiation(*EVERYTHING),
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
    assert written.getvalue().count('"mail.refused","via":"milter","peer":"') == lines


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
