"""Who may do what with a database of somebody else's: what works, and what is told where it does not.

Root does as others do here: what lets it read and write everything is taken away from it (setpriv of util-linux).
"""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bouncesink.cli.exits import Exit
from tests.conftest import clean_environment

AS_OTHERS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
READING = [
    *("recipients show a@example.com", "recipients list", "recipients check list.txt", "incidents list"),
    *("feed export", "feed tail", "feed cursors", "explain 1", "rules unknowns", "replay --dry-run"),
]

pytestmark = pytest.mark.skipif(bool(AS_OTHERS) and shutil.which("setpriv") is None, reason="there is no setpriv")


@pytest.fixture
def folder(server_process, tmp_path: Path) -> Iterator[Path]:
    """Where a server was: a database, and a list of addresses to check. Whoever may not write to it may read it."""
    server_process.start()
    assert server_process.terminate() == 0
    server_process.command("recipients", "suppress", "a@example.com", "--database", str(server_process.database))
    (tmp_path / "mail.eml").write_text("Subject: x\n\nx\n")
    server_process.command("ingest", "mail.eml", "--database", str(server_process.database))
    (tmp_path / "list.txt").write_text("b@example.com\n")
    yield tmp_path
    tmp_path.chmod(0o755)


def asked(folder: Path, words: str) -> subprocess.CompletedProcess[str]:
    command = [*AS_OTHERS, sys.executable, "-m", "bouncesink", *words.split(), "--database", "bouncesink.db"]
    return subprocess.run(command, cwd=folder, env=clean_environment(), capture_output=True, text=True, check=False, timeout=60)


def lock(folder: Path, mode: int) -> None:
    """Nothing may be written any more; the database and what SQLite keeps beside it has ``mode``."""
    for path in folder.glob("bouncesink.db*"):
        if path.name in {"bouncesink.db", "bouncesink.db-wal", "bouncesink.db-shm"}:
            path.chmod(mode)
    folder.chmod(0o555)


@pytest.mark.parametrize("words", READING)
def test_reading_needs_no_more_than_reading_while_a_server_runs(folder, server_process, words):
    server_process.start()
    lock(folder, 0o444)
    outcome = asked(folder, words)
    assert (outcome.returncode, "permission" in outcome.stderr) == (0, False), outcome.stderr


@pytest.mark.parametrize("words", READING)
def test_without_a_server_it_is_told_what_reading_takes(folder, words):
    lock(folder, 0o444)
    outcome = asked(folder, words)
    assert outcome.returncode == Exit.NO_PERMISSION
    (told,) = outcome.stderr.splitlines()
    assert "can be read but not written, which is enough only while a server runs" in told
    assert "Run this as " in told


@pytest.mark.parametrize("words", READING)
def test_one_that_cannot_be_read_is_told_so(folder, words):
    lock(folder, 0o000)
    outcome = asked(folder, words)
    assert outcome.returncode == Exit.NO_PERMISSION
    (told,) = outcome.stderr.splitlines()
    assert f"no permission to read {folder / 'bouncesink.db'}: run this as " in told


def test_an_act_takes_more(folder, server_process):
    server_process.start()
    lock(folder, 0o444)
    outcome = asked(folder, "recipients suppress x@example.com")
    assert outcome.returncode == Exit.NO_PERMISSION
    assert "the database cannot be written" in outcome.stderr


@pytest.mark.parametrize(
    ("maker", "umask", "mode"),
    [
        *(("serve", 0o022, 0o640), ("serve", 0o077, 0o600), ("serve", 0o000, 0o640)),
        *(("ingest", 0o022, 0o640), ("verp mint", 0o022, 0o640)),
    ],
)
def test_a_new_database_is_for_its_owner_and_group(server_process, tmp_path, maker, umask, mode):
    """The addresses and the raw mails, and what SQLite keeps beside them."""
    before = os.umask(umask)
    try:
        if maker == "serve":
            server_process.start()
        elif maker == "ingest":
            (tmp_path / "mail.eml").write_text("Subject: x\n\nx\n")
            server_process.command("ingest", "mail.eml", "--database", str(server_process.database))
        else:
            long = f"{'x' * 60}@example.com"  # its token is a reference, which the database keeps
            server_process.command("verp", "mint", long, "--domain", "b.example", "--database", str(server_process.database))
    finally:
        os.umask(before)
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("bouncesink.db*")}
    assert "bouncesink.db" in found
    assert maker != "serve" or {"bouncesink.db-wal", "bouncesink.db-shm"} <= set(found)
    kept = {name: found[name] for name in ("bouncesink.db", "bouncesink.db-wal", "bouncesink.db-shm") if name in found}
    assert kept == dict.fromkeys(kept, mode)


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o660])
def test_one_that_is_there_keeps_its_mode(server_process, mode):
    server_process.start()
    assert server_process.terminate() == 0
    server_process.database.chmod(mode)
    server_process.start()
    for end in ("", "-wal", "-shm"):
        path = server_process.database.with_name(server_process.database.name + end)
        assert stat.S_IMODE(path.stat().st_mode) == mode
