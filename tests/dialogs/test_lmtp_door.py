"""LMTP, where a transcript cannot show it: who brought a mail, and as many replies as recipients at the end of the server."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bouncesink.core.mail import Peer, Via


@pytest.fixture(params=["lmtp://127.0.0.1:0", "lmtp+unix:{folder}/lmtp.sock"], ids=["tcp", "unix"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(request.param).format(folder=tmp_path)


def test_a_mail_says_that_it_came_by_lmtp(open_door: Callable[..., Any], call: Callable[..., Any], place: str) -> None:
    door = open_door(listen=(place,))
    caller = call(door)
    caller.start("a@mx.example", hello="LHLO")
    assert caller.say(".").startswith(b"250 2.0.0 recorded")
    address = "" if door.endpoint.path else "127.0.0.1"
    assert door.mailbox.mails[0].peer == Peer(Via.LMTP, address, "client.example")


@pytest.mark.parametrize("cut", [True, False], ids=["cut", "in time"])
def test_each_recipient_hears_what_came_of_it_at_the_end(
    open_door: Callable[..., Any], call: Callable[..., Any], place: str, cut: bool
) -> None:
    door = open_door(listen=(place,), drain_timeout=0.2 if cut else 20)
    caller = call(door)
    caller.start("slow@mx.example", "b@mx.example", hello="LHLO")
    caller.send(b".\r\n")
    assert door.mailbox.entered.wait(20)
    door.stop()
    if not cut:
        door.mailbox.may_commit.set()
        assert [caller.reply()[:9] for _ in range(3)] == [b"250 2.0.0", b"250 2.0.0", b"421 4.3.2"]
    else:
        assert [caller.reply()[:9] for _ in range(2)] == [b"421 4.3.2"] * 2
    assert caller.line() == b""
    door.mailbox.may_commit.set()
    door.join()
    assert len(door.mailbox.mails) == (0 if cut else 1)


def test_in_the_middle_of_content_nothing_is_owed_yet(
    open_door: Callable[..., Any], call: Callable[..., Any], place: str
) -> None:
    door = open_door(listen=(place,))
    caller = call(door)
    caller.start("a@mx.example", "b@mx.example", hello="LHLO")
    caller.send(b"half")
    door.stop()
    assert caller.reply().startswith(b"421 4.3.2")
    assert caller.line() == b""
