"""The start and the end of a server whose disk fails: it ends with a code of sysexits.h and words that name a file, never a
traceback; nothing is damaged, and it starts as soon as the trouble is over. At the end what was acknowledged is there.
"""

import errno
import os
import random
import signal
import sqlite3
import subprocess
from contextlib import closing

import pytest
from faults import EVERY, Call, File

from bouncesink.cli.exits import Exit

ALL = File.DATABASE | File.WAL | File.SHM | File.SERVER_LOCK | File.OTHER
LONG = 1_000_000
FAULTS = (
    (Call.WRITE, errno.ENOSPC),
    (Call.WRITE, errno.EIO),
    (Call.SYNC, errno.EIO),
    (Call.OPEN, errno.EMFILE),
    (Call.OPEN, errno.EACCES),
    (Call.READ, errno.EIO),
    (Call.STAT, errno.EIO),
    (Call.MAP, errno.ENOMEM),
    (Call.TRUNCATE, errno.EIO),
)
ENDS = {Exit.IO, Exit.TEMPFAIL, Exit.NO_PERMISSION, Exit.CONFIG}


def started(server, faults) -> tuple[bool, str]:
    """Whether it started, and what it said; it is ended then, with the faults gone."""
    before = server.log.stat().st_size if server.log.exists() else 0
    try:
        server.start()
    except pytest.fail.Exception:
        server.process.wait(20)
        faults.disarm()
        return False, server.log.read_bytes()[before:].decode()
    faults.disarm()
    assert server.terminate() == 0
    return True, server.log.read_bytes()[before:].decode()


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.timeout(3_600 if EVERY else 240)
@pytest.mark.parametrize("fresh", [True, False], ids=["no database", "a log to recover"])
def test_a_fault_at_the_start_is_told_and_harms_nothing(broken, fresh):
    server, faults, chance = broken.server, broken.faults, random.Random(2)
    server.environment = faults.environment | {"BOUNCESINK_STORE__BUSY_TIMEOUT": "0.3"}
    failed = 0
    for call, action in FAULTS:
        firsts = range(1, 20) if EVERY else sorted(chance.sample(range(1, 9), 1))
        for first in firsts:
            if fresh:
                for path in server.database.parent.glob(f"{server.database.name}*"):
                    if path.suffix != ".keys":
                        path.unlink()
            else:
                server.start()
                broken.peers.make(4)
                broken.peers.bring_until_taken()
                broken.kill_and_look()
            faults.arm(call, ALL, action, first=first, count=LONG if first % 2 else 1)
            well, said = started(server, faults)
            failed += not well
            where = f"{call!r} {action} {first}: {said}"
            assert "Traceback" not in said, where
            if not well:
                assert server.process.returncode in ENDS, where
                assert str(server.database.parent) in said.splitlines()[-1], f"it names no file: {where}"
    assert failed > 2
    server.start()
    assert server.terminate() == 0
    with closing(sqlite3.connect(server.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    if not fresh:
        broken.end_and_look()


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("call", [Call.WRITE, Call.SYNC, Call.READ, Call.LOCK, Call.MEMORY], ids=lambda call: call.name)
def test_an_end_in_trouble_loses_nothing(broken, call):
    """The last checkpoint fails, whatever else: the log stays for the next start."""
    broken.start()
    broken.peers.make(20)
    broken.peers.bring_until_taken()
    broken.faults.arm(call, ALL | File.OUTSIDE, errno.EIO, count=LONG)
    broken.server.process.send_signal(signal.SIGTERM)
    try:
        code = broken.server.process.wait(40)
    except subprocess.TimeoutExpired:
        pytest.fail("it does not end")
    assert broken.faults.disarm() > 0
    assert code in {os.EX_OK, *ENDS}
    assert "Traceback" not in broken.server.log.read_text()
    broken.server.start()
    broken.end_and_look()
