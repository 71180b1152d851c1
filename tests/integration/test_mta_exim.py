"""Exim x fronts x cases: mail that really bounces, by SMTP, by LMTP over TCP and a Unix socket, and by a pipe.

What it does with each is in docs/howto/behind-exim.md, whose blocks are its configuration here, with other ports, paths and
users.
"""

import os
import pwd
import smtplib
import sqlite3
from contextlib import closing
from pathlib import Path

import mta_exim
import pytest
from mta_command import write_command
from mta_matrix import DSN, cases, check, send

pytestmark = [pytest.mark.peer, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _can_run() -> None:
    if reason := mta_exim.why_not():
        pytest.skip(reason)


@pytest.fixture
def run(wait_until, unused_port):
    """run(handed, mx=port, ...) is an Exim for as long as its ``with`` lasts."""
    return lambda handed, **what: mta_exim.running(handed, wait_until=wait_until, unused_port=unused_port, **what)


def serve(server, front: str, folder: Path, port: int) -> tuple[str, str]:
    """The server started with this front, and how Exim hands over to it."""
    if front == "smtp":
        server.start()
        return mta_exim.by_smtp(server.port)
    if front == "lmtp":
        server.start("--listen", f"lmtp://127.0.0.1:{port}")
        return mta_exim.by_lmtp(port)
    path = folder / "lmtp.sock"
    config = folder / "bouncesink.toml"
    config.write_text('[listener]\nsocket_mode = "0666"\n')
    server.start("--listen", f"lmtp+unix:{path}", "--config", str(config))
    return mta_exim.by_lmtp_socket(path)


def send_and_check(run, server, receiver, handed, case, wait_until) -> None:
    what = {"lifetime": "8s", "warning": "2s:99d"} if case.warned else {}
    with run(handed, mx=receiver.mx_port, **what) as exim:
        send(server, exim.port, case)
        check(server, case, (exim.queue,), wait_until)


@pytest.mark.parametrize("case", cases("exim"))
@pytest.mark.parametrize("front", ["smtp", "lmtp", "lmtp-unix"])
def test_exim_bounces(server_process, start_postfix, run, wait_until, unused_port, folder, front, case):
    """The receiver is a Postfix, so that both ends are real."""
    handed = serve(server_process, front, folder, unused_port())
    receiver = start_postfix(server_process, {mailbox: said for mailbox, said in case.mailboxes.items() if said})
    send_and_check(run, server_process, receiver, handed, case, wait_until)
    assert {row["via"] for row in server_process.rows("SELECT via FROM mails")} == {front.removesuffix("-unix")}


@pytest.fixture
def piped(server_process, folder):
    """A server that is not started, on a database of the user's, and how Exim hands over to the command."""
    server = type(server_process)(folder)
    server.start()  # which makes the database
    assert server.terminate() == 0
    server.minted = server.mint("nobody@receiver.example", "big@receiver.example")
    config = folder / "bouncesink.toml"
    config.write_text(f'[store]\npath = "{server.database}"\nbusy_timeout = 0.5\n[smtp]\nsize_limit = 65536\n')
    handed = mta_exim.by_pipe(write_command(folder), config)
    user = pwd.getpwnam(mta_exim.USER)
    for path in (folder, *folder.glob("bouncesink.db*")):
        os.chown(path, user.pw_uid, user.pw_gid)
    yield server, handed
    server.end()


@pytest.mark.parametrize("case", cases("exim"))
def test_exim_pipes_bounces(piped, start_postfix, run, wait_until, case):
    server, handed = piped
    receiver = start_postfix(server, {mailbox: said for mailbox, said in case.mailboxes.items() if said})
    send_and_check(run, server, receiver, handed, case, wait_until)
    assert {row["via"] for row in server.rows("SELECT via FROM mails")} == {"file"}
    assert {row["reverse_path"] for row in server.rows("SELECT reverse_path FROM mails")} == {""}


def bounce(exim, recipient: str, more: str = "") -> None:
    with smtplib.SMTP("127.0.0.1", exim.port, timeout=30) as peer:
        peer.sendmail("", [recipient], DSN + more)


def mails(server) -> list[str]:
    return [row["forward_path"] for row in server.rows("SELECT forward_path FROM mails")]


def test_with_the_database_locked_the_pipe_is_tried_again(piped, run, wait_until, unused_port):
    server, handed = piped
    with run(handed, mx=unused_port()) as exim:
        with closing(sqlite3.connect(server.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            bounce(exim, server.minted[0])
            wait_until(lambda: "database is locked" in exim.log(), 60, f"the reason in Exim's log:\n{exim.log()}")
        wait_until(lambda: mails(server) == server.minted[:1], 60, f"the mail:\n{exim.log()}")
        wait_until(lambda: "Completed" in exim.log(), 30, f"Exim to be done:\n{exim.log()}")
        assert " ** " not in exim.log()


def test_a_command_that_is_not_there_costs_no_bounce(piped, run, wait_until, unused_port, folder):
    """As in the moment in which a new version is put in place of an old one."""
    server, handed = piped
    command = folder / "bouncesink"
    aside = command.rename(folder / "aside")
    with run(handed, mx=unused_port()) as exim:
        bounce(exim, server.minted[0])
        wait_until(lambda: " == " in exim.log(), 60, f"Exim to keep it:\n{exim.log()}")
        aside.rename(command)
        wait_until(lambda: mails(server) == server.minted[:1], 60, f"the mail:\n{exim.log()}")
        assert " ** " not in exim.log()


def test_what_is_too_large_is_not_tried_again(piped, run, wait_until, unused_port):
    server, handed = piped
    with run(handed, mx=unused_port()) as exim:
        bounce(exim, server.minted[1], "x" * 70 + "\r\n")
        wait_until(lambda: mails(server) == server.minted[1:], 60, f"the mail:\n{exim.log()}")
        bounce(exim, server.minted[1], ("x" * 70 + "\r\n") * 2000)
        wait_until(lambda: " ** " in exim.log(), 60, f"Exim to give it up:\n{exim.log()}")
    assert mails(server) == server.minted[1:]
