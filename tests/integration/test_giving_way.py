"""A server that starts while an ingest has the database gets it, and the ingest goes on through the server."""

import mailbox
import signal
import sqlite3
import subprocess
import sys
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.conftest import clean_environment

COMMAND = (sys.executable, "-m", "bouncesink")
COUNT = 3_000


@pytest.fixture(name="ingest")
def _ingest(server_process, tmp_path):
    """An ingest of COUNT mails that has just been started."""
    box = mailbox.mbox(tmp_path / "backlog.mbox")
    for number in range(COUNT):
        mail = EmailMessage()
        mail["Subject"], mail["Message-ID"] = "Undelivered", f"<{number}@mx.example>"
        mail.set_content("<reader@example.com>: 550 5.1.1 User unknown\n")
        box.add(mail)
    box.close()
    command = [*COMMAND, "ingest", "--database", str(server_process.database), "backlog.mbox"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as ingest:
        yield ingest
        ingest.kill()


def recorded(server_process) -> int:
    if server_process.database.exists():
        with suppress(sqlite3.OperationalError):  # it is being made
            return server_process.rows("SELECT count(*) FROM mails")[0][0]
    return 0


def has_loaded_sqlite(process) -> bool:
    return "sqlite" in Path(f"/proc/{process.pid}/maps").read_text()


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="/proc tells how far the server's start has come")
def test_a_server_starts_in_the_middle_of_an_ingest(server_process, ingest, wait_until):
    wait_until(lambda: recorded(server_process) > 50, 60, "the ingest to have begun")
    ingest.send_signal(signal.SIGSTOP)  # else all would be done before a server has started that finds the machine busy
    server_process.launch()
    wait_until(lambda: has_loaded_sqlite(server_process.process), 60, "the server to be about to open the database")
    assert recorded(server_process) < COUNT, "it ended before a server came: the test proves nothing"
    ingest.send_signal(signal.SIGCONT)
    wait_until(server_process.answers, 60, "the server to answer")
    assert ingest.poll() is None, "it ended before the server had the database: the test proves nothing"
    told, _ = ingest.communicate(timeout=120)
    assert ingest.returncode == 0, told
    assert recorded(server_process) == COUNT
    assert f"{COUNT}" in told.replace(",", "").replace(" ", ""), told
    assert server_process.terminate() == 0


def test_a_server_gives_way_to_nobody(server_process, unused_port):
    server_process.start()
    second = subprocess.run(
        [*COMMAND, "serve", "--listen", f"127.0.0.1:{unused_port()}", "--database", str(server_process.database)],
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=25,  # less than it would wait for somebody who lets go
    )
    assert second.returncode == 75
    assert "is being served by another bouncesink" in second.stderr
    assert server_process.answers()
