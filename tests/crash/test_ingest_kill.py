"""Killed at any point, `bouncesink ingest` and the server that it hands to lose nothing and count nothing twice.

INGEST_ROUNDS and CRASH_SEED say how often and where.
"""

import logging
import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress

import pytest

log = logging.getLogger(__name__)
ROUNDS = int(os.environ.get("INGEST_ROUNDS", "4"))
SEED = int(os.environ.get("CRASH_SEED", "0")) or random.randrange(1, 2**32)
MAILS = 1_500
IN_MAILDIR = 300
FROM = "From MAILER-DAEMON Mon Jan  5 10:00:00 2026\n"

DSN = """\
X-Original-To: {to}
From: MAILER-DAEMON@mx.receiver.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="part"

--part
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.receiver.example

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown (serial {serial})

--part--
"""


def content(serial: int, minted: list[str]) -> str:
    number = serial % len(minted)
    return DSN.format(to=minted[number], recipient=f"reader{number}@receiver.example", serial=serial)


def serials(server) -> list[int]:
    with suppress(sqlite3.OperationalError):
        rows = server.rows("SELECT diagnostic FROM verdicts")
        return [int(row["diagnostic"].rpartition("serial ")[2].rstrip(")")) for row in rows]
    return []


def check(server, folder) -> list[int]:
    """What must hold at any moment."""
    found = serials(server)
    assert len(found) == len(set(found)), "a mail is counted twice"
    moved = [int(path.name.partition(".")[0]) for path in (folder / "m" / "cur").iterdir()]
    assert not set(moved) - set(found), "a mail has left new/ and is not recorded"
    return found


def settled(server) -> tuple[int] | None:
    """How many are recorded, once that is the same for a moment."""
    before = len(serials(server))
    time.sleep(0.3)
    return (before,) if len(serials(server)) == before else None


@pytest.fixture
def backlog(server_process, tmp_path):
    """An mbox and a Maildir of mails that are each to be there once."""
    minted = server_process.mint(*(f"reader{number}@receiver.example" for number in range(50)))
    (tmp_path / "z.mbox").write_text("".join(f"{FROM}{content(n, minted)}\n" for n in range(MAILS)))
    for name in ("cur", "new", "tmp"):
        (tmp_path / "m" / name).mkdir(parents=True)
    for serial in range(MAILS, MAILS + IN_MAILDIR):
        (tmp_path / "m" / "new" / f"{serial}.x").write_text(content(serial, minted))
    return tmp_path


@contextmanager
def ingesting(server):
    """A run of it, killed at the end if it has not ended."""
    command = [sys.executable, "-m", "bouncesink", "ingest", "--database", str(server.database), "m", "z.mbox"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("BOUNCESINK_", "COV"))}
    with subprocess.Popen(command, cwd=server.folder, env=environment, stdin=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.timeout(60 + 30 * ROUNDS)
@pytest.mark.parametrize("served", [False, True], ids=["alone", "beside a server"])
def test_kill_9_in_the_middle_of_an_ingest(server_process, backlog, wait_until, served):
    chance = random.Random(SEED)
    log.warning("CRASH_SEED=%d INGEST_ROUNDS=%d", SEED, ROUNDS)
    if served:
        server_process.start()
    kills = 0
    for number in range(ROUNDS):
        # What the last one had handed over may still be recorded, and is no sign that this one has found its way.
        before = wait_until(lambda: settled(server_process), 30, "nothing more to be recorded")[0]
        check(server_process, backlog)
        enough = before + chance.randrange(1, (MAILS + IN_MAILDIR) // (ROUNDS + 1))
        with ingesting(server_process) as ingest:
            wait_until(lambda e=enough, i=ingest: len(serials(server_process)) >= e or i.poll() is not None, 60, "mails")
            if served and number % 2:
                server_process.kill()
                server_process.start()
            kills += ingest.poll() is None
    assert kills, "no kill ever came in the middle"
    with ingesting(server_process) as ingest:
        assert ingest.wait(60) == 0
    found = check(server_process, backlog)
    assert sorted(found) == list(range(MAILS + IN_MAILDIR)), "each mail is there exactly once"
    assert not list((backlog / "m" / "new").iterdir())
    if served:
        assert server_process.terminate() == 0
    with closing(sqlite3.connect(server_process.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM mails WHERE authenticity <> 'proven'").fetchall() == [(0,)]


@pytest.mark.slow
def test_a_watched_maildir_and_kill_9(server_process, backlog, wait_until):
    """The server is the reader of the Maildir: killed again and again while it empties it."""
    listen = ("--listen", f"maildir:{backlog / 'm'}")
    for enough in (1, IN_MAILDIR // 2):
        server_process.start(*listen)
        wait_until(lambda e=enough: len(serials(server_process)) >= e, 30, "mails")
        server_process.kill()
        check(server_process, backlog)
    server_process.start(*listen)
    wait_until(lambda: not list((backlog / "m" / "new").iterdir()), 30, "an empty new/")
    assert sorted(check(server_process, backlog)) == list(range(MAILS, MAILS + IN_MAILDIR))
    assert server_process.terminate() == 0
