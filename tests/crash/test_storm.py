"""Everything at once: a good sender sends its bounces through a storm, and every one of them ends in the database exactly once.

A thousand slow connections, a flood of forged recipients, mails of 50 MB, the database locked, the disk full, kill -9 and TERM
again and again. By default a small storm of 20 seconds; the great one is STORM_MAILS=20000 STORM_SECONDS=240 STORM_SLOW=1000
STORM_SIZE=50 STORM_LOCK=10. It ends by itself, when every mail is acknowledged.
"""

import asyncio
import logging
import os
import random
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from storm import MEGABYTE, Clock, Storm, percentile

log = logging.getLogger(__name__)
MAILS = int(os.environ.get("STORM_MAILS", "1500"))
SECONDS = float(os.environ.get("STORM_SECONDS", "20"))  # in which the mails are made, evenly
SLOW = int(os.environ.get("STORM_SLOW", "100"))
SIZE = int(os.environ.get("STORM_SIZE", "10")) * MEGABYTE
LOCK = float(os.environ.get("STORM_LOCK", "2"))
STRIKE_EVERY = float(os.environ.get("STORM_STRIKE", "4"))
MOST_MEMORY = 300 * MEGABYTE
DISK = 400 * MEGABYTE


@pytest.fixture
def small_disk(server_process, tmp_path) -> Iterator[Path | None]:
    """The server's database on a file system of its own, small enough to be filled; None where we may not mount."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)], check=False, capture_output=True
        ).returncode
    )
    if not mounted:
        yield None
        return
    server_process.database = folder / "bouncesink.db"
    yield folder
    server_process.end()
    subprocess.run(["umount", str(folder)], check=True, capture_output=True)


def resident(server) -> int:
    try:
        pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def start(server) -> None:
    """With room for every slow peer: whoever comes after the last connection that may be is told 421, good or not."""
    configuration = server.folder / "storm.toml"
    configuration.write_text(f"[smtp]\nmax_connections = {SLOW + 200}\n")
    server.start("--config", str(configuration))


async def blow(server) -> None:
    """Killed or told to end, in the midst of it all, and started again, as often as that takes: a full disk may forbid it."""
    if random.random() < 0.7:
        await asyncio.to_thread(server.kill)
    else:
        server.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(server.process.wait, 60)
    for _ in range(20):
        try:
            await asyncio.to_thread(start, server)
        except pytest.fail.Exception as error:
            log.info("not started: %s", str(error)[-200:])
            await asyncio.sleep(0.5)
        else:
            return
    raise RuntimeError("the server does not start any more")


async def weather(storm: Storm, sender, server, forward_path: str, disk: Path | None) -> tuple[int, float]:
    """The storm, until the sender has its last 250; the most memory, and how long it took."""
    clock = Clock()
    tasks = [
        storm.slow(SLOW),
        storm.flood(5),
        storm.giants(forward_path, SIZE),
        storm.lock(server.database, LOCK, 7),
        storm.strike(lambda: blow(server), STRIKE_EVERY),
        *([storm.fill(disk, 2, 11)] if disk else []),
    ]
    running = [asyncio.create_task(each) for each in tasks]
    watching = asyncio.create_task(storm.watch(lambda: resident(server)))
    never = asyncio.Event()
    sending = asyncio.create_task(sender.run(never))
    while sender.acknowledgements < MAILS:
        await asyncio.sleep(0.1)
        sender.most = min(MAILS, int(MAILS * clock() / SECONDS))
        sender.making = len(sender.sent) < MAILS
        for task in running:
            if task.done():
                task.result()
    took = clock()
    storm.stop.set()
    await asyncio.wait_for(sending, 120)
    await asyncio.wait_for(asyncio.gather(*running), 120)
    return await watching, took


@pytest.mark.slow
@pytest.mark.timeout(900 + MAILS // 5)
def test_every_bounce_of_a_good_sender_ends_in_the_database_once(server_process, minted_addresses, new_sender, small_disk):
    server = server_process
    (giant_path,) = server.mint("giant@receiver.example")
    addresses = [
        (recipient, path)
        for (recipient, _), path in zip(
            minted_addresses, server.mint(*(recipient for recipient, _ in minted_addresses)), strict=True
        )
    ]
    sender = new_sender(server.port, addresses)
    sender.most = 0
    start(server)
    storm = Storm(server.port)
    most, took = asyncio.run(weather(storm, sender, server, giant_path, small_disk))
    assert server.terminate() == 0
    with closing(sqlite3.connect(server.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found = dict(
            connection.execute("SELECT diagnostic, count(*) FROM verdicts WHERE diagnostic LIKE '%serial%' GROUP BY 1")
        )
        giants = connection.execute("SELECT count(*) FROM mails WHERE forward_path = ?", (giant_path,)).fetchone()[0]
    serials = {int(text.rpartition("serial ")[2].rstrip(")")): count for text, count in found.items()}
    assert serials == dict.fromkeys(range(len(sender.sent)), 1), "each is there, and once"
    assert giants >= len(storm.big), "no acknowledged giant is lost"
    assert storm.forged > 0
    assert storm.slow_peers > 0
    assert storm.blows > 1
    assert most < MOST_MEMORY, f"{most // MEGABYTE} MB"
    assert '"event":"bug"' not in server.log.read_text()
    log.warning(
        "%d bounces in %.0f s, latency p50 %.1f ms, p99 %.0f ms; %d slow peers, %d forged recipients refused, %d giants, "
        "%d blows; at most %d MB; disk %s",
        *(len(sender.sent), took, percentile(sender.latencies, 0.5) * 1_000, percentile(sender.latencies, 0.99) * 1_000),
        *(
            storm.slow_peers,
            storm.forged,
            len(storm.big),
            storm.blows,
            most // MEGABYTE,
            "filled" if small_disk else "not tried",
        ),
    )
