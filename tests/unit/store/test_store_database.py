"""The database opens whole or not at all, to one server at a time, and kill -9 takes nothing that was acknowledged."""

import asyncio
import os
import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
from contextlib import closing
from dataclasses import replace

import pytest

from bouncesink.errors import SchemaTooNew, StoreBusy, StoreError
from bouncesink.store.database import Database


async def test_one_server_to_a_database(section, bounce, database):
    with pytest.raises(StoreBusy, match=rf"another bouncesink \(process {os.getpid()}\)"):
        async with Database.open(section):
            pytest.fail("two servers on one database")
    assert await database.intake.record(*bounce().arguments)


async def test_another_server_may_follow(section, bounce):
    for serial in range(3):
        async with Database.open(section) as database:
            assert (await database.intake.record(*bounce(serial).arguments))[0].mail_id == serial + 1


async def test_a_link_to_a_database_is_that_database(section, database, tmp_path):
    link = tmp_path / "link.db"
    link.symlink_to(section.path)
    with pytest.raises(StoreBusy):
        async with Database.open(replace(section, path=link)):
            pytest.fail("two servers on one database")


async def test_a_path_with_odd_characters(section, bounce, tmp_path):
    odd = replace(section, path=tmp_path / "b? #%20\u00fc.db")
    async with Database.open(odd) as database:
        await database.intake.record(*bounce().arguments)
    assert sorted(path.name for path in tmp_path.iterdir()) == [odd.path.name, f"{odd.path.name}.lock"]


class TestRefused:
    """Whatever does not open says why, and leaves no thread and no lock behind."""

    async def refused(self, section, kind, words):
        threads = set(threading.enumerate())
        with pytest.raises(kind, match=words) as raised:
            async with Database.open(section):
                pytest.fail("opened")
        for thread in set(threading.enumerate()) - threads:
            await asyncio.to_thread(thread.join, 5)
            assert not thread.is_alive()
        return str(raised.value)

    async def test_no_folder(self, section, tmp_path):
        nowhere = replace(section, path=tmp_path / "nowhere" / "b.db")
        assert str(tmp_path / "nowhere") in await self.refused(nowhere, StoreError, "folder does not exist")

    async def test_a_folder_in_its_place(self, section):
        section.path.mkdir()
        await self.refused(section, StoreError, "opened")

    async def test_a_text_file_in_its_place(self, section):
        section.path.write_text("To whom it may concern\n" * 1_000)
        await self.refused(section, StoreError, "not an SQLite database")
        assert section.path.read_text() == "To whom it may concern\n" * 1_000

    async def test_a_strangers_database(self, section):
        with closing(sqlite3.connect(section.path)) as theirs:
            theirs.execute("CREATE TABLE theirs (a)")
        await self.refused(section, StoreError, "another program")

    async def test_a_newer_one(self, section):
        async with Database.open(section):
            pass
        with closing(sqlite3.connect(section.path)) as newer:
            newer.execute("PRAGMA user_version = 99")
        await self.refused(section, SchemaTooNew, "schema 99")

    async def test_a_locked_one_opens_later(self, section):
        async with Database.open(section):
            pass
        with closing(sqlite3.connect(section.path, isolation_level=None)) as theirs:
            theirs.execute("BEGIN EXCLUSIVE")
            await self.refused(replace(section, busy_timeout=0.1), StoreBusy, "lock")
            theirs.execute("COMMIT")
        async with Database.open(section):
            pass


CHILD = """
    import asyncio, sys
    from datetime import UTC, datetime
    from pathlib import Path
    from bouncesink.config.sections import StoreSection
    from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
    from bouncesink.core.report import Kind, Report
    from bouncesink.core.verp.attribution import Attribution, Grammar
    from bouncesink.store.database import Database
    from bouncesink.store.rows import Judged

    async def session(database, first):
        for serial in range(first, 1_000_000, 20):
            admitted = Admitted(f"{serial}@b.example", Attribution(Grammar.STATIC))
            mail = Mail(Envelope("", (admitted,)), b"content %d" % serial * 200, datetime.now(UTC), Peer(Via.SMTP))
            (recorded,) = await database.intake.record(mail, Report(Kind.UNKNOWN, ""), (Judged(admitted, ()),))
            print(recorded.mail_id, serial, flush=True)

    async def main():
        async with Database.open(StoreSection(path=Path(sys.argv[1]), checkpoint_pages=100)) as database:
            await asyncio.gather(*(session(database, first) for first in range(20)))

    asyncio.run(main())
"""


async def test_killed_at_any_moment_nothing_acknowledged_is_lost(section, bounce, rows, tmp_path):
    script = tmp_path / "child.py"
    script.write_text(textwrap.dedent(CHILD))
    acknowledged: dict[int, int] = {}
    for lines in (1, 150, 700):
        acknowledged |= await asyncio.to_thread(record_until_killed, script, section, lines)
        async with Database.open(section) as database:
            await database.intake.record(*bounce(lines).arguments)
    stored = dict(rows("SELECT id, forward_path FROM mails"))
    assert len(acknowledged) >= 700
    assert {mail_id: f"{serial}@b.example" for mail_id, serial in acknowledged.items()}.items() <= stored.items()
    assert rows("SELECT count(DISTINCT hash) = count(*) FROM contents") == [(1,)]
    assert rows("PRAGMA integrity_check") == [("ok",)]


def record_until_killed(script, section, lines: int) -> dict[int, int]:
    """Ids and serials that the child told of, killed without notice after so many of them."""
    process = subprocess.Popen([sys.executable, script, section.path], stdout=subprocess.PIPE, text=True)
    try:
        told = [process.stdout.readline() for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.readlines()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    whole = [re.fullmatch(r"(\d+) (\d+)\n", line) for line in told]
    return {int(match[1]): int(match[2]) for match in whole if match}
