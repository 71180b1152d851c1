"""A server that starts while an ingest has the database gets it, and the ingest goes on through the server."""

import mailbox
import sqlite3
import subprocess
import sys
from contextlib import suppress
from email.message import EmailMessage

from tests.conftest import clean_environment

COMMAND = (sys.executable, "-m", "bouncesink")
COUNT = 3_000


def test_a_server_starts_in_the_middle_of_an_ingest(server_process, wait_until, tmp_path):
    box = mailbox.mbox(tmp_path / "backlog.mbox")
    for number in range(COUNT):
        mail = EmailMessage()
        mail["Subject"], mail["Message-ID"] = "Undelivered", f"<{number}@mx.example>"
        mail.set_content("<reader@example.com>: 550 5.1.1 User unknown\n")
        box.add(mail)
    box.close()
    command = [*COMMAND, "ingest", "--database", str(server_process.database), "backlog.mbox"]
    ingest = subprocess.Popen(
        command, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:

        def recorded() -> int:
            if not server_process.database.exists():
                return 0
            with suppress(sqlite3.OperationalError):  # it is being made
                return server_process.rows("SELECT count(*) FROM mails")[0][0]
            return 0

        wait_until(lambda: recorded() > 50, 60, "the ingest to have begun")
        server_process.start()
        assert ingest.poll() is None, "it ended before a server came: the test proves nothing"
        told, _ = ingest.communicate(timeout=120)
        assert ingest.returncode == 0, told
    finally:
        if ingest.poll() is None:
            ingest.kill()
            ingest.communicate(timeout=10)
    assert recorded() == COUNT
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
