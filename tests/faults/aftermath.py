"""Aftermath: what must hold of a database whatever happened to the server that wrote it, and of its files as they were left."""

import json
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Protocol

from serial_bounces import serial_of


class Acknowledged(Protocol):
    """A mail whose 250 was heard, and the id that it named."""

    @property
    def serial(self) -> int: ...
    @property
    def mail_id(self) -> int | None: ...


def holds(connection: sqlite3.Connection, acknowledged: Iterable[Acknowledged]) -> dict[int, int]:
    """Everything that must hold of the database at any moment. Gives serial -> mail id of all that is there."""
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    recorded: dict[int, int] = {}
    for mail_id, diagnostic in connection.execute("SELECT mail_id, diagnostic FROM verdicts ORDER BY mail_id"):
        serial = serial_of(diagnostic)
        assert serial not in recorded, f"mail {serial} is counted twice"
        recorded[serial] = mail_id
    assert connection.execute("SELECT count(*) FROM mails").fetchone() == (len(recorded),)
    lost = [mail.serial for mail in acknowledged if recorded.get(mail.serial) != mail.mail_id]
    assert not lost, f"acknowledged, but not recorded as the 250 said: {lost[:10]}"
    count, first, last = connection.execute("SELECT count(*), min(seq), max(seq) FROM feed").fetchone()
    assert (first or 1, last or 0) == (1, count), "feed.seq has gaps or duplicates"
    told = connection.execute("SELECT count(*) FROM feed WHERE type = 'verdict.recorded'").fetchone()
    assert told == (len(recorded),), "a verdict was told twice, or not at all"
    return recorded


def left_behind(database: Path, folder: Path) -> Path:
    """The files of a killed server, copied into ``folder``, so that looking does not mend the originals."""
    folder.mkdir(exist_ok=True)
    for suffix in ("", "-wal"):
        here, there = (Path(f"{path}{suffix}") for path in (database, folder / database.name))
        there.unlink(missing_ok=True)
        if here.exists():
            shutil.copy(here, there)
    (folder / f"{database.name}-shm").unlink(missing_ok=True)
    return folder / database.name


def look(database: Path, acknowledged: Iterable[Acknowledged]) -> dict[int, int]:
    """Every promise, of the files at ``database``, where each recipient had one soft bounce.

    Opening recovers them: give a copy where the originals are to stay as they are.
    """
    with closing(sqlite3.connect(database)) as connection:
        recorded = holds(connection, acknowledged)
        points = dict(connection.execute("SELECT points, count(*) FROM recipients GROUP BY 1"))
        assert points == ({1: len(recorded)} if recorded else {}), "one soft bounce is one point of its recipient"
    return recorded


def look_at_copy(database: Path, folder: Path, acknowledged: Iterable[Acknowledged]) -> dict[int, int]:
    """The same of what a killed server left, which stays as it is."""
    return look(left_behind(database, folder), acknowledged)


def events(log: Path) -> list[dict[str, object]]:
    """The lines of a server's log."""
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
