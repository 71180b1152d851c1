"""swaks, as a stranger's client: what it says of the session is what our users will see."""

import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(shutil.which("swaks") is None, reason="swaks is not installed: apt-get install swaks"),
]


def swaks(door: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    server = ["--server", f"127.0.0.1:{door.port}", "--helo", "client.example"]
    command = ["swaks", *server, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("extra", [(), ("--pipeline",)], ids=["plain", "pipelining"])
def test_swaks_delivers_a_bounce(open_door: Callable[..., Any], extra: tuple[str, ...]) -> None:
    door = open_door()
    body = "The mail system\n.\n..\nuser unknown"
    ran = swaks(door, "--from", "<>", "--to", "list-bounces+jane=example.com@mx.example", "--body", body, *extra)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "250 2.0.0 recorded as 1" in ran.stdout
    (mail,) = door.mailbox.mails
    assert mail.envelope.reverse_path == ""
    assert mail.envelope.admitted[0].forward_path == "list-bounces+jane=example.com@mx.example"
    assert b"\r\nThe mail system\r\n.\r\n..\r\nuser unknown\r\n" in mail.content
    assert mail.peer.helo == "client.example"


def test_swaks_hears_that_an_address_is_not_ours(open_door: Callable[..., Any]) -> None:
    door = open_door()
    ran = swaks(door, "--from", "<>", "--to", "nobody@mx.example")
    assert ran.returncode == 24, ran.stdout  # swaks: no recipient was accepted
    assert "550 5.1.1 no such address here" in ran.stdout
    assert door.mailbox.mails == []
