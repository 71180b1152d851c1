"""Killed at any point under load, bouncesink loses no acknowledged mail and counts none twice.

A 250 hands us the responsibility (RFC 5321 section 6.1), so it may stand only on a commit. Each round starts the server on the
same database, loads it from twenty sessions, and kills it at a random point. After each kill the files that it left behind are
looked at as they are, without the help of a restart. CRASH_ROUNDS and CRASH_SEED say how many and which.
"""

import asyncio
import logging
import os
import random
import signal
import sqlite3
from contextlib import closing

import pytest
from aftermath import holds, left_behind

log = logging.getLogger(__name__)
ROUNDS = int(os.environ.get("CRASH_ROUNDS", "12"))
SEED = int(os.environ.get("CRASH_SEED", "0")) or random.randrange(1, 2**32)

ONE_AND_TWO = pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "two workers"])


def finish(server, sender) -> dict[int, int]:
    """Everything that is still unacknowledged is sent until it is; then a clean end, and a last look."""
    sender.making = False
    asyncio.run(asyncio.wait_for(sender.run(asyncio.Event()), 60))
    assert len(sender.acknowledged) == len(sender.sent)
    assert server.terminate() == 0
    with closing(sqlite3.connect(server.database)) as connection:
        recorded = holds(connection, sender.acknowledged)
    assert sorted(recorded) == list(range(len(sender.sent))), "every mail that was sent is there exactly once"
    return recorded


@pytest.mark.slow
@pytest.mark.timeout(60 + 100 * ROUNDS)
@ONE_AND_TWO
def test_kill_9_loses_nothing_and_counts_nothing_twice(server_process, minted_addresses, new_sender, tmp_path, options):
    chance = random.Random(SEED)
    log.warning("CRASH_SEED=%d CRASH_ROUNDS=%d", SEED, ROUNDS)
    sender = new_sender(server_process.port, minted_addresses)
    copies = tmp_path / "left behind"
    unheard: set[int] = set()
    kills = 0
    while kills < ROUNDS or (kills < 5 * ROUNDS and not (unheard and sender.in_doubt)):  # on, until both were tried
        kills += 1
        server_process.start(*options)
        asyncio.run(sender.load_until(chance.randrange(1, 400), chance.uniform(0, 0.02), server_process.kill))
        with closing(sqlite3.connect(left_behind(server_process.database, copies))) as connection:
            recorded = holds(connection, sender.acknowledged)
        unheard |= recorded.keys() - {mail.serial for mail in sender.acknowledged}
    assert unheard, "no kill ever came between a commit and its 250: counting twice was not tried"
    assert sender.in_doubt, "nothing that was sent to its end was ever sent again: losing was not tried"
    server_process.start(*options)
    recorded = finish(server_process, sender)
    log.warning(
        "%d mails, %d sent to the end more than once, %d committed without their 250 being heard, %d kills",
        *(len(recorded), len(sender.in_doubt), len(unheard), kills),
    )


@pytest.mark.slow
@ONE_AND_TWO
def test_sigterm_under_load_drains_and_loses_nothing(server_process, minted_addresses, new_sender, options):
    sender = new_sender(server_process.port, minted_addresses)
    for _ in range(3):
        server_process.start(*options)
        assert asyncio.run(sender.load_until(300, 0, server_process.terminate)) == 0
        with closing(sqlite3.connect(server_process.database)) as connection:
            holds(connection, sender.acknowledged)
        assert not server_process.database.with_name("bouncesink.db-wal").exists(), "a clean end leaves no log to recover"
    server_process.start(*options)
    finish(server_process, sender)


@pytest.mark.slow
@pytest.mark.timeout(60 + 20 * ROUNDS)
def test_a_killed_worker_is_replaced_and_takes_nothing_with_it(server_process, minted_addresses, new_sender, wait_until):
    chance = random.Random(SEED)
    sender = new_sender(server_process.port, minted_addresses)
    server_process.start("--workers", "2")
    # One worker answers before the other is ready, and a server whose workers cannot start ends.
    wait_until(lambda: '"event":"server.started"' in server_process.log.read_text(), 30, "both workers to be ready")
    first = server_process.workers()
    assert len(first) == 2
    for _ in range(ROUNDS):
        victim = chance.choice(wait_until(server_process.workers, 20, "a worker"))
        asyncio.run(sender.load_until(chance.randrange(1, 200), 0, lambda victim=victim: os.kill(victim, signal.SIGKILL)))
    wait_until(lambda: len(server_process.workers()) == 2, 30, "both places to be filled again")
    assert set(server_process.workers()) != set(first)
    assert server_process.log.read_text().count('"event":"worker.died"') == ROUNDS
    assert sender.in_doubt, "no kill ever came between the end of a content and its 250: losing was not tried"
    finish(server_process, sender)
