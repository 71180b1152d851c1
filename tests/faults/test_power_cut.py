"""The machine stops at any moment, in the middle of any write: what was acknowledged is on the disk.

A server works while everything that it does to its files is written down; then the disk as it would have been left is made anew
for moments all along (``disk.py``), and looked at. Also where flushes failed on the way.
"""

import errno
import logging
import random
import sqlite3
from bisect import bisect_right
from contextlib import closing
from pathlib import Path

import pytest
from aftermath import look
from disk import Disk, Event, read_journal
from faults import EVERY, Call, File

log = logging.getLogger(__name__)
IMAGES = 4_000 if EVERY else 24
FLUSH = 0.004  # seconds: long enough that a 250 which did not wait for it would be here before it ends
CHECKPOINTS_OFTEN = {"STORE__CHECKPOINT_PAGES": "100"}


def look_at_every_moment(broken, folder: Path) -> int:
    """Every promise, at many moments; how many disks were looked at."""
    folder.mkdir()
    database = folder / "left.db"
    journal = list(read_journal(broken.journal))
    acknowledged = sorted(broken.peers.acknowledged, key=lambda bounce: bounce.acknowledged_at)
    times = [bounce.acknowledged_at for bounce in acknowledged]
    chance = random.Random(1)
    disk, looked = Disk(), 0
    ready = next(number for number, event in enumerate(journal) if event.at > broken.began)
    moments = {ready + round(number * (len(journal) - 1 - ready) / IMAGES) for number in range(IMAGES + 1)}

    def check(event: Event, what: str) -> None:
        database.with_name(f"{database.name}-shm").unlink(missing_ok=True)
        try:
            look(database, acknowledged[: bisect_right(times, event.at)])
        except (AssertionError, sqlite3.Error) as error:
            error.add_note(f"{what} at event {number} of {len(journal)}, {event.what} {event.file!r} {event.offset}")
            raise

    for number, event in enumerate(journal):
        if number in moments:
            disk.killed(database, event if event.what == Call.WRITE else None)
            check(event, "killed")
            for share in (0.0, 0.5, 1.0):
                disk.cut(database, share, chance)
                check(event, f"a power cut, {share:.0%} of what waited was written")
            looked += 4
        disk.play(event)
    return looked


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.timeout(3_600 if EVERY else 180)
@pytest.mark.parametrize("failing", [None, File.WAL, File.DATABASE, File.WAL | File.DATABASE], ids=["no", "log", "base", "any"])
def test_a_power_cut_at_any_moment_loses_nothing_acknowledged(broken, tmp_path, failing):
    broken.faults.slow_syncs(FLUSH)
    broken.start(**CHECKPOINTS_OFTEN)
    broken.mark()
    broken.peers.padding = 3_000
    failed = 0
    for number in range(40 if EVERY else 8):
        if failing:
            broken.faults.arm(Call.SYNC, failing, errno.EIO, first=number % 5 + 1 if failing & File.WAL else 1)
        broken.peers.make(20)
        broken.peers.bring(broken.peers.waiting)
        failed += broken.faults.disarm() if failing else 0
        broken.peers.bring_until_taken()
    broken.server.kill()
    assert failed or not failing
    looked = look_at_every_moment(broken, tmp_path / "disks")
    log.warning("%d disks, %d mails, %d failed flushes", looked, len(broken.peers.acknowledged), failed)


@pytest.mark.peer
@pytest.mark.slow
def test_a_failed_flush_of_the_database_lets_no_earlier_checkpoint_count(broken, tmp_path):
    """A checkpoint moves a part of the log, unflushed, as a reader holds it up; the one that would flush for both fails."""
    broken.start(**CHECKPOINTS_OFTEN)
    broken.mark()
    broken.peers.padding = 3_000

    def bring(count: int) -> None:
        broken.peers.make(count)
        broken.peers.bring_until_taken()

    bring(40)
    with closing(sqlite3.connect(broken.server.database, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM mails").fetchone()
        bring(60)
    broken.faults.arm(Call.SYNC, File.DATABASE, errno.EIO)
    bring(60)
    assert broken.faults.disarm() == 1, "no checkpoint came to its flush"
    bring(120)
    broken.server.kill()
    look_at_every_moment(broken, tmp_path / "disks")
