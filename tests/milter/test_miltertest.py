"""Debian's miltertest plays an MTA: ``scripts/*.lua`` over TCP and a Unix socket, with libmilter's idea of the protocol."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bouncesink.config.words import MilterMode

SCRIPTS = Path(__file__).parent / "scripts"
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("miltertest") is None, reason="miltertest is not installed"),
]


def play(script: str, address: Any) -> None:
    where = f"unix:{address}" if isinstance(address, str) else f"inet:{address[1]}@{address[0]}"
    command = ("miltertest", "-D", f"address={where}", "-s", str(SCRIPTS / script))
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_consume(open_door: Callable[..., Any], tmp_path: Path, kind: str) -> None:
    door = open_door(mode=MilterMode.CONSUME, path=tmp_path / "milter" if kind == "unix" else None)
    play("consume.lua", door.address)
    (mail,) = door.mailbox.mails
    assert [one.forward_path for one in mail.envelope.admitted] == ["a@ours.example"]
    assert mail.content == b"Subject: Undelivered\r\n folded\r\n\r\nfirst line\r\nsecond line\r\n"
    assert (mail.peer.address, mail.peer.helo, mail.peer.tls, mail.peer.queue_id) == (
        *("192.0.2.25", "mx.peer.example"),
        *("TLSv1.3", "SECOND"),
    )


def test_observe(open_door: Callable[..., Any]) -> None:
    door = open_door(mode=MilterMode.OBSERVE)
    play("observe.lua", door.address)
    (mail,) = door.mailbox.mails
    assert [one.forward_path for one in mail.envelope.admitted] == ["a@ours.example"]
    assert mail.content == b"Subject: Undelivered\r\n\r\nfirst line\r\n"
