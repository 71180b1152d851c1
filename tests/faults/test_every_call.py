"""Whichever call fails, and however long: peers hear 250 or come again, nothing acknowledged is lost, nothing is counted twice,
and the server goes on by itself as soon as the trouble is over.

Each row is a kind of call on a kind of file, the ways in which it fails, which call of a round fails and how many after it. By
default a share of the table that takes some seconds; FAULTS_EVERY=1 tries every call of it.
"""

import errno
import itertools
import logging
import random
from collections import Counter
from collections.abc import Iterator

import pytest
from aftermath import events
from faults import EVERY, HALF, Call, File

log = logging.getLogger(__name__)

Row = tuple[Call, File, tuple[int, ...], range, tuple[int, ...]]
Trial = tuple[Call, File, int, int, int]

LONG = 1_000
THE_LOG: tuple[Row, ...] = (
    (Call.WRITE, File.WAL, (errno.ENOSPC, errno.EIO, errno.EDQUOT, HALF, HALF | errno.ENOSPC, HALF | errno.EIO),
     range(1, 60), (1, 3, LONG)),
    (Call.SYNC, File.WAL, (errno.EIO, errno.ENOSPC, errno.EDQUOT), range(1, 5), (1, 2, LONG)),
    (Call.READ, File.WAL, (errno.EIO,), range(1, 4), (1, LONG)),
    (Call.STAT, File.WAL | File.DATABASE, (errno.EIO, errno.EACCES), range(1, 8), (1, LONG)),
)  # fmt: skip
# For longer SQLite itself goes on trying, for up to ten seconds.
LOCKS: tuple[Row, ...] = (
    (Call.LOCK, File.SHM, (errno.EAGAIN, errno.EACCES, errno.ENOLCK, errno.EIO, errno.EINTR), range(1, 12), (1, 3, 30)),
)

CHECKPOINTS: tuple[Row, ...] = (
    (Call.WRITE, File.DATABASE, (errno.ENOSPC, errno.EIO, HALF | errno.EIO), range(1, 40), (1, LONG)),
    (Call.SYNC, File.DATABASE, (errno.EIO,), range(1, 3), (1, 5)),
    (Call.SYNC, File.WAL | File.DATABASE, (errno.EIO,), range(1, 8), (1, LONG)),
    (Call.TRUNCATE, File.DATABASE | File.WAL, (errno.EIO,), range(1, 3), (1, LONG)),
    (Call.READ, File.WAL | File.DATABASE, (errno.EIO,), range(1, 20), (1, LONG)),
    (Call.WRITE, File.SHM, (errno.ENOSPC, errno.EIO), range(1, 3), (1, LONG)),
    (Call.MAP, File.SHM, (errno.ENOMEM,), range(1, 3), (1, LONG)),
)
MEMORY: tuple[Row, ...] = ((Call.MEMORY, File.OUTSIDE, (errno.ENOMEM,), range(1, 400), (1, 40, LONG)),)

GROUPS = {"the log": THE_LOG, "locks": LOCKS, "checkpoints": CHECKPOINTS, "memory": MEMORY}
TRIALS = 40  # of a group, by default


def trials(rows: tuple[Row, ...], chance: random.Random) -> Iterator[Trial]:
    """All of a table; or of each row about as many, by chance."""
    for call, file, actions, firsts, counts in rows:
        every = list(itertools.product(actions, firsts, counts))
        for action, first, count in every if EVERY else chance.sample(every, min(len(every), TRIALS // len(rows) + 1)):
            yield call, file, action, first, count


def sweep(broken, rows: tuple[Row, ...], mails: int) -> Counter[str]:
    """Every trial in a row on one server; how many of each kind met their call."""
    met: Counter[str] = Counter()
    chance = random.Random(1)
    for call, file, action, first, count in trials(rows, chance):
        broken.peers.make(mails)
        with broken.faults.failing(call, file, action, first=first, count=count):
            broken.peers.bring(broken.peers.waiting)
        met[f"{call.name} {file.name}"] += broken.faults.hits > 0
        took = broken.peers.bring_until_taken()
        assert took < 10, f"{call!r} {file!r} {action:#x} {first} {count}: it went on after {took:.1f} s only"
    return met


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.timeout(3_600 if EVERY else 180)
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "two workers"])
def test_whichever_call_fails_no_bounce_is_lost_and_none_refused(broken, group, options):
    often = {"STORE__CHECKPOINT_PAGES": "100"} if group == "checkpoints" else {}
    broken.start(*options, STORE__BUSY_TIMEOUT="0.3", **often)
    if group == "checkpoints":
        broken.peers.padding = 12_000
    met = sweep(broken, GROUPS[group], 24 if group == "checkpoints" else 6)
    log.warning("%s, %s: %s; replies %s", group, options, dict(met), dict(broken.peers.replies))
    assert sum(met.values()) > 10, "hardly a fault met its call"
    assert not [event for event in events(broken.server.log) if event["event"] == "bug"], "trouble of the system is no bug"
    broken.end_and_look()
