"""Killed at a chosen call: before it, in the middle of it, or after it and before anybody hears of it.

The other half of ``test_power_cut.py``, which makes such moments anew from a journal: here the process really dies there, and a
fresh one really starts on what it left. FAULTS_EVERY=1 tries every call of the first ones.
"""

import logging

import pytest
from faults import DONE, EVERY, HALF, KILL, Call, File

log = logging.getLogger(__name__)
FILES = File.DATABASE | File.WAL | File.SHM
WHERE = {
    "before a write": (Call.WRITE, FILES, KILL, (1, 14, 31)),
    "in a write": (Call.WRITE, FILES, KILL | HALF, (2, 17, 40)),
    "after a write": (Call.WRITE, FILES, KILL | DONE, (3, 12, 28)),
    "before a flush": (Call.SYNC, FILES, KILL, (1, 3, 6)),
    "after a flush": (Call.SYNC, FILES, KILL | DONE, (1, 2, 5)),
    "at a lock": (Call.LOCK, FILES, KILL, (2, 7, 11)),
    "at a truncation": (Call.TRUNCATE, FILES, KILL, (1,)),
}


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.timeout(3_600 if EVERY else 240)
@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "two workers"])
def test_killed_at_a_call_it_loses_nothing_and_counts_nothing_twice(broken, wait_until, options):
    deaths = 0
    broken.peers.padding = 9_000  # checkpoints come soon
    for place, (call, file, action, some) in WHERE.items():
        firsts = range(1, 80) if EVERY and call is Call.WRITE else range(1, 12) if EVERY else some[:1] if options else some[:2]
        for first in firsts:
            broken.start(*options, STORE__CHECKPOINT_PAGES="100")
            broken.peers.may_be_cut = False
            broken.peers.bring_until_taken()
            broken.peers.may_be_cut = True
            broken.faults.arm(call, file, action, first=first)
            for _ in range(6):
                broken.peers.make(8)
                broken.peers.bring(broken.peers.waiting)
                if broken.faults.hits:
                    break
            died = broken.faults.disarm() > 0
            deaths += died
            if died:
                wait_until(lambda: broken.server.process.poll() is not None, 10, f"the end, {place}")
            broken.kill_and_look()
    log.warning("%d deaths, %d mails", deaths, len(broken.peers.sent))
    assert deaths > 4
    broken.start()
    broken.end_and_look()
