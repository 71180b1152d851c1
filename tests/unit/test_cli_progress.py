"""Long answers that go to a file are shown to be going on, on the terminal of standard error, and only there."""

import os
import pty
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bouncesink.cli.main import main
from bouncesink.config.sections import StoreSection
from bouncesink.store.database import Database
from tests.conftest import clean_environment

MANY = 2_500
LONG_WORK = [
    pytest.param("feed export", "exporting", id="feed export"),
    pytest.param("feed export --format csv", "exporting", id="feed export as CSV"),
    pytest.param("recipients check - --format jsonl", "checking", id="recipients check as JSON lines"),
    pytest.param("recipients check - --format json", "checking", id="recipients check as JSON"),
    pytest.param("recipients check -", "checking", id="recipients check as a table"),
]


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """With a database that suppresses many, and a list of them."""
    async with Database.open(StoreSection(path=tmp_path / "bouncesink.db")):
        pass
    addresses = tmp_path / "list.txt"
    addresses.write_text("".join(f"reader{number}@example.com\n" for number in range(MANY)))
    database = ("--database", str(tmp_path / "bouncesink.db"))
    assert main(["recipients", "import", str(addresses), "--as", "suppressed", *database]) == 0
    return tmp_path


def asked(folder: Path, words: str, stdout: int, stderr: int) -> int:
    with (folder / "list.txt").open() as addresses:
        return subprocess.run(
            [sys.executable, "-m", "bouncesink", *words.split(), "--database", "bouncesink.db"],
            cwd=folder,
            env=clean_environment() | {"TERM": "xterm"},
            stdin=addresses,
            stdout=stdout,
            stderr=stderr,
            check=False,
            timeout=60,
        ).returncode


def read_all(terminal: int) -> str:
    found = b""
    try:
        while octets := os.read(terminal, 65_536):
            found += octets
    except OSError:  # as a terminal ends whose other side is closed
        pass
    return found.decode()


@pytest.mark.parametrize(("words", "what"), LONG_WORK)
def test_it_is_shown_to_who_watches_and_the_file_has_all_of_it(folder, words, what):
    plain, watched = folder / "plain", folder / "watched"
    with plain.open("wb") as stdout, (folder / "said").open("wb") as stderr:
        code = asked(folder, words, stdout.fileno(), stderr.fileno())
    assert what not in (folder / "said").read_text(), "nobody watches"
    ours, theirs = pty.openpty()
    with watched.open("wb") as stdout:
        assert asked(folder, words, stdout.fileno(), theirs) == code
    os.close(theirs)
    assert what in read_all(ours)
    os.close(ours)
    assert watched.read_bytes() == plain.read_bytes()
    assert len(plain.read_text().splitlines()) >= MANY


@pytest.mark.parametrize("words", ["recipients check - --format jsonl", "feed export"])
def test_an_answer_on_the_terminal_is_not_drawn_over(folder, words):
    """It shows by itself that it goes on."""
    ours, theirs = pty.openpty()
    with ThreadPoolExecutor() as pool:
        seen = pool.submit(read_all, ours)
        asked(folder, words, theirs, theirs)
        os.close(theirs)
        told = seen.result(30)
    os.close(ours)
    assert "checking" not in told
    assert "exporting" not in told
    assert len(told.splitlines()) >= MANY
