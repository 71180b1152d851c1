"""Aftermath: what must hold of a database whatever happened to the server that wrote it, and of its files as they were left."""

import json
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from peers import Bounce

SERIALS = "SELECT mail_id, diagnostic FROM verdicts WHERE diagnostic LIKE '%(serial %'"


def look(database: Path, acknowledged: Iterable[Bounce]) -> dict[int, int]:
    """Every promise, of the files at ``database``; gives serial -> mail id of all that is there.

    Opening recovers them: give a copy where the originals are to stay as they are.
    """
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        recorded: dict[int, int] = {}
        for mail_id, diagnostic in connection.execute(SERIALS):
            serial = int(diagnostic.rpartition("serial ")[2].rstrip(")"))
            assert serial not in recorded, f"mail {serial} is counted twice"
            recorded[serial] = mail_id
        lost = [bounce.serial for bounce in acknowledged if recorded.get(bounce.serial) != bounce.mail_id]
        assert not lost, f"acknowledged, and not there: {lost[:10]}"
        assert connection.execute("SELECT count(*) FROM mails").fetchone() == (len(recorded),)
        count, first, last = connection.execute("SELECT count(*), min(seq), max(seq) FROM feed").fetchone()
        assert (first or 1, last or 0) == (1, count), "feed.seq has gaps"
        told = connection.execute("SELECT count(*) FROM feed WHERE type = 'verdict.recorded'").fetchone()
        assert told == (len(recorded),), "a verdict was told twice, or not at all"
        points = dict(connection.execute("SELECT points, count(*) FROM recipients GROUP BY 1"))
        assert points == ({1: len(recorded)} if recorded else {}), "one soft bounce is one point of its recipient"
    return recorded


def look_at_copy(database: Path, folder: Path, acknowledged: Iterable[Bounce]) -> dict[int, int]:
    """The same of what a killed server left, which stays as it is."""
    folder.mkdir(exist_ok=True)
    for suffix in ("", "-wal"):
        here = database.with_name(database.name + suffix)
        there = folder / (database.name + suffix)
        there.unlink(missing_ok=True)
        if here.exists():
            shutil.copy(here, there)
    (folder / f"{database.name}-shm").unlink(missing_ok=True)
    return look(folder / database.name, acknowledged)


def events(log: Path) -> list[dict[str, object]]:
    """The lines of a server's log."""
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
