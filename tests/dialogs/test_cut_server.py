"""A whole server that is ended while a mail waits for the database: who hears 421, and what the log and the rows say."""

import signal
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

BUSY = "30"


@pytest.mark.parametrize("workers", [(), ("--workers", "2")], ids=["one process", "workers"])
def test_a_mail_that_is_recorded_after_its_session_was_cut_is_in_the_log(
    server_process: Any, wait_until: Callable[..., Any], workers: tuple[str, ...]
) -> None:
    server = server_process
    (server.folder / "bouncesink.toml").write_text(f"[smtp]\ndrain_timeout = 0.3\n[store]\nbusy_timeout = {BUSY}\n")
    server.start("--config", str(server.folder / "bouncesink.toml"), *workers)
    (token,) = server.mint("jane@example.net")
    with (
        closing(sqlite3.connect(server.database, isolation_level=None)) as other,
        socket.create_connection(("127.0.0.1", server.port), timeout=30) as peer,
        peer.makefile("rb") as said,
    ):
        other.execute("BEGIN IMMEDIATE")
        peer.sendall(f"HELO c\r\nMAIL FROM:<>\r\nRCPT TO:<{token}>\r\nDATA\r\n".encode())
        assert [said.readline()[:3] for _ in range(5)] == [b"220", b"250", b"250", b"250", b"354"]
        peer.sendall(b"550 5.1.1 no such user\r\n.\r\n")
        server.process.send_signal(signal.SIGTERM)
        assert said.readline() == b"421 4.3.2 shutting down, try again later\r\n"
        other.execute("ROLLBACK")
        assert server.process.wait(45) == 0
    assert len(server.rows("SELECT id FROM mails")) == 1
    log = server.log.read_text()
    assert [log.count(event) for event in ('"mail.recorded"', '"mail.deferred"', '"peer.dropped"')] == [1, 0, 1], log
