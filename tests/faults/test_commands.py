"""A command that writes, and a call that fails in its middle: it ends with the code and the words for it, nothing is half done,
and the same command given again does the rest, and does it once.
"""

import errno
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from faults import EVERY, Call, File

from bouncesink.cli.exits import Exit

FILES = File.DATABASE | File.WAL | File.SHM
LONG = 1_000_000
FAULTS = (
    (Call.WRITE, FILES, errno.ENOSPC),
    (Call.WRITE, FILES, errno.EIO),
    (Call.SYNC, FILES, errno.EIO),
    (Call.OPEN, FILES, errno.EMFILE),
    (Call.READ, FILES, errno.EIO),
    (Call.STAT, FILES, errno.EIO),
    (Call.MAP, File.SHM, errno.ENOMEM),
    (Call.TRUNCATE, FILES, errno.EIO),
    (Call.MEMORY, File.OUTSIDE, errno.ENOMEM),
)
ENDS = {Exit.OK, Exit.IO, Exit.TEMPFAIL, Exit.NO_PERMISSION}
MAILS = 30
IMPORTED = 1_200  # more than one transaction

RULE = """\
[[rule]]
id = "local/serial"
reason = "mailbox_disabled"
class = "hard"
literal = "mailbox full (serial"
source = "https://receiver.example/postmaster"
examples = ["550 5.1.1 Mailbox full (serial 7)"]
"""

# What holds after it was done, once: SQL and its answer.
DONE = {
    "import": (
        "SELECT count(*), count(DISTINCT recipient) FROM feed WHERE type LIKE '%.suppressed' AND recipient LIKE '%x.example'",
        (IMPORTED, IMPORTED),
    ),
    "replay": ("SELECT count(*), count(DISTINCT revises) FROM verdicts WHERE revises IS NOT NULL", (MAILS, MAILS)),
    "ingest": ("SELECT count(*), count(DISTINCT diagnostic) FROM verdicts", (2 * MAILS, 2 * MAILS)),
}


@pytest.fixture
def run(broken, tmp_path):
    """Runs a command line with a fault: the answer of ``commanded.py``. Its database has some mails before."""
    broken.server.start()
    broken.peers.make(MAILS)
    broken.peers.bring_until_taken()
    assert broken.server.terminate() == 0
    folder = broken.server.database.parent
    before = shutil.copytree(folder, tmp_path / "before")
    here = Path(__file__).parent
    environment = os.environ | broken.faults.environment | {"BOUNCESINK_STORE__BUSY_TIMEOUT": "0.3"}
    environment["PYTHONPATH"] = os.pathsep.join((str(here), os.environ.get("PYTHONPATH", "")))
    with subprocess.Popen(
        [sys.executable, here / "commanded.py"],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def ask(arguments, call=0, file=0, action=0, first=LONG, count=1, *, afresh=True):
            task = {"arguments": arguments, "folder": str(folder), "from": str(before) if afresh else "", "call": int(call)}
            process.stdin.write(json.dumps(task | {"file": int(file), "action": action, "first": first, "count": count}) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.kill()


@pytest.fixture
def commands(broken, tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "mine.toml").write_text(RULE)
    listed = tmp_path / "list.txt"
    listed.write_text("".join(f"{number}@x.example\n" for number in range(IMPORTED)))

    def ingested() -> str:
        mbox = tmp_path / "mbox"
        head = b"From MAILER-DAEMON Mon Jan  5 10:00:00 2026\nX-Original-To: %s\n%s\n"
        mails = broken.peers.make(MAILS)
        mbox.write_bytes(b"".join(head % (one.forward_path.encode(), one.content.replace(b"\r\n", b"\n")) for one in mails))
        return str(mbox)

    return {
        "import": lambda: ["recipients", "import", str(listed), "--as", "suppressed"],
        "replay": lambda: ["replay", "--rules", str(rules)],
        "ingest": lambda: ["ingest", ingested()],
    }


def looked_at(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        first, last, count = connection.execute("SELECT min(seq), max(seq), count(*) FROM feed").fetchone()
        assert (first, last) == (1, count), "feed.seq has gaps"


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.timeout(3_600 if EVERY else 180)
@pytest.mark.parametrize("name", DONE)
def test_a_command_cut_off_by_a_fault_is_given_again(broken, run, commands, name):
    database, chance = broken.server.database, random.Random(1)
    command = [*commands[name](), "--database", str(database)]
    sql, done = DONE[name]
    met = 0
    for call, file, action in FAULTS:
        seen = run(command, call, file)["seen"]
        firsts = range(1, seen + 1)
        for first in firsts if EVERY else sorted(chance.sample(firsts, min(1, seen))):
            # Ingest goes on trying for half a minute where trouble lasts.
            count = LONG if first % 2 and name != "ingest" else 1
            answer = run(command, call, file, action, first, count)
            where = f"{call!r} {action} {first} {count}: {answer}"
            met += answer["hits"] > 0
            assert answer["code"] in ENDS, where
            assert answer["code"] == Exit.OK or "bouncesink: " in answer["said"], where
            assert "Traceback" not in answer["said"], where
            looked_at(database)
            again = run(command, afresh=False)
            assert again["code"] == Exit.OK, f"{where}; again: {again}"
            looked_at(database)
            with closing(sqlite3.connect(database)) as connection:
                assert connection.execute(sql).fetchone() == done, where
    assert met > 4
