"""A replay that is killed, again and again, while the server records: it goes on where it was, nothing is lost or done twice.

The server is under load meanwhile, and is never told 4xx for the replay's sake.
"""

import asyncio
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

RULE = """\
[[rule]]
id = "local/serial"
reason = "mailbox_full"
class = "soft"
literal = "user unknown (serial"
source = "https://receiver.example/postmaster"
examples = ["550 5.1.1 User unknown (serial 7)"]
"""
REVISED = "SELECT count(*) FROM verdicts WHERE revises IS NOT NULL"


def count(server, sql: str) -> int:
    return server.rows(sql)[0][0]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_killed_replay_goes_on_beside_a_busy_server(server_process, minted_addresses, new_sender, wait_until):
    server, sender = server_process, new_sender(server_process.port, minted_addresses)
    server.start()
    asyncio.run(sender.load_until(1_500, 0, lambda: None))
    before = count(server, "SELECT count(*) FROM mails")
    folder = server.folder / "rules"
    folder.mkdir()
    (folder / "mine.toml").write_text(RULE)
    command = [sys.executable, "-m", "bouncesink", "replay", "--rules", str(folder), "--database", str(server.database)]
    kills = 0

    def replay() -> "tuple[int, bytes]":
        """Run it, and kill it once it has corrected some, four times in all."""
        nonlocal kills
        done = count(server, REVISED)
        process = subprocess.Popen(command, cwd=server.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            while process.poll() is None and kills < 4:
                if count(server, REVISED) >= done + 200:
                    process.kill()
                    kills += 1
                    break
                time.sleep(0.005)
            _, said = process.communicate(timeout=90)
        finally:
            process.kill()
        return process.returncode, said

    for _ in range(4):
        code, said = asyncio.run(sender.load_until(50, 0, replay))
        assert code == -signal.SIGKILL, said
    code, said = replay()
    assert code == 0, said
    assert b"it went on where it was cut off" in said
    assert kills == 4
    assert server.terminate() == 0
    with closing(sqlite3.connect(server.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        twice = "SELECT count(*) FROM (SELECT revises FROM verdicts WHERE revises IS NOT NULL GROUP BY 1 HAVING count(*) > 1)"
        assert connection.execute(twice).fetchone() == (0,), "corrected twice"
        (first, held) = connection.execute(
            "SELECT count(*), sum(reason = 'mailbox_full') FROM bounces WHERE mail_id <= ?", (before,)
        ).fetchone()
        assert (first, held) == (before, before), "each mail that was there is judged by the new rule"
        told = connection.execute("SELECT count(*) FROM feed WHERE type = 'verdict.revised'").fetchone()
        assert told == connection.execute(REVISED).fetchone()
        assert connection.execute("SELECT min(seq), max(seq), count(*) FROM feed").fetchone()[1:] == (
            connection.execute("SELECT count(*), count(*) FROM feed").fetchone()
        )
    assert not [mail for mail in sender.acknowledged if mail.attempts > 1], "nobody was told to come again"
