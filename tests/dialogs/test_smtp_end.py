"""The end of the server, as its peers see it (SIGTERM; RFC 5321 section 3.8). Of a whole process: ``test_cut_server``."""

import io

import pytest
from doors import Call, OpenDoor, events, until


def test_idle_peers_hear_421_at_once(open_door: OpenDoor, call: Call) -> None:
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


def test_nobody_new_is_let_in(open_door: OpenDoor, call: Call) -> None:
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


def test_a_transaction_may_finish(open_door: OpenDoor, call: Call) -> None:
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


def test_a_next_transaction_may_not_begin(open_door: OpenDoor, call: Call) -> None:
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
    open_door: OpenDoor, call: Call, written: io.StringIO, where: str
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
