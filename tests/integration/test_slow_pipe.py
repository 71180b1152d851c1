"""`ingest` of a pipe that trickles (`ssh host cat mbox | bouncesink ingest -`): while it is silent nothing waits for it."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bouncesink.cli.welcome import SAMPLE_DSN
from tests.conftest import clean_environment

COMMAND = (sys.executable, "-m", "bouncesink")
FROM = "From MAILER-DAEMON Mon Jan  5 10:00:00 2026\n"
BEGUN = f"{FROM}From: MAILER-DAEMON@mx.example\n"  # of a mail that is never finished; it shows that the one before is


def dsn(number: int) -> str:
    return f"{FROM}{SAMPLE_DSN.replace('<sample@', f'<{number}@').replace('reader@', f'reader{number}@')}\n"


class Ingest:
    """The command, reading what ``say`` writes."""

    def __init__(self, folder: Path, database: Path, through: str) -> None:
        self.database = database
        self.fifo = folder / "fifo"
        if through == "fifo":
            os.mkfifo(self.fifo)
        self.process = subprocess.Popen(
            [*COMMAND, "ingest", "--format", "json", "--database", str(database), "-" if through == "-" else "fifo"],
            cwd=folder,
            env=clean_environment(),
            stdin=subprocess.PIPE if through == "-" else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._pipe, self.process.stdin = self.process.stdin, None  # who waits for its end leaves it open

    def say(self, text: str) -> None:
        if self._pipe is None:
            self._pipe = self.fifo.open("wb")
        self._pipe.write(text.encode())
        self._pipe.flush()

    def hang_up(self) -> None:
        if self._pipe is not None:
            self._pipe.close()

    def recorded(self) -> int:
        if self.database.exists():
            with suppress(sqlite3.OperationalError):  # it is being made
                connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
                try:
                    return connection.execute("SELECT count(*) FROM mails").fetchone()[0]
                finally:
                    connection.close()
        return 0

    def end(self) -> tuple[int, str, str]:
        told, said = self.process.communicate(timeout=60)
        return self.process.returncode, told.decode(), said.decode()


@pytest.fixture(params=["-", "fifo"])
def ingest(request: pytest.FixtureRequest, tmp_path: Path, server_process) -> Iterator[Ingest]:
    """Of a database that ``server_process`` would serve."""
    running = Ingest(tmp_path, server_process.database, request.param)
    yield running
    if running.process.poll() is None:
        running.process.kill()
    running.hang_up()
    running.process.communicate(timeout=10)


def test_what_is_in_hand_is_committed_while_the_pipe_is_silent(ingest, wait_until):
    ingest.say(dsn(1) + dsn(2) + BEGUN)
    wait_until(lambda: ingest.recorded() == 2, 30, "two mails to be recorded while a third is not finished")
    ingest.say("\nrest of the third\n\n" + dsn(4))
    ingest.hang_up()
    code, told, said = ingest.end()
    assert (code, said) == (0, "")
    assert '"recorded": 4' in told


def test_who_hands_over_meanwhile_is_answered(ingest, wait_until, tmp_path):
    ingest.say(dsn(1) + BEGUN)
    wait_until(lambda: ingest.recorded() == 1, 30, "the first mail to be recorded")
    (tmp_path / "other.eml").write_text(dsn(7).partition("\n")[2])
    command = [*COMMAND, "ingest", "--database", str(ingest.database), "other.eml"]
    other = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, check=False, timeout=30)
    assert other.returncode == 0, other.stderr
    assert ingest.recorded() == 2
    ingest.hang_up()
    assert ingest.end()[0] == 0


def test_a_server_that_starts_is_given_way_to_and_gets_the_rest(ingest, wait_until, server_process):
    ingest.say(dsn(1) + BEGUN)
    wait_until(lambda: ingest.recorded() == 1, 30, "the first mail to be recorded")
    server_process.start()
    ingest.say("\nrest\n\n" + dsn(3))
    ingest.hang_up()
    code, told, _ = ingest.end()
    assert code == 0
    assert '"recorded": 3' in told
    assert ingest.recorded() == 3
    assert server_process.terminate() == 0


def test_control_c_while_the_pipe_is_silent(ingest, wait_until):
    ingest.say(dsn(1) + BEGUN)
    wait_until(lambda: ingest.recorded() == 1, 30, "the first mail to be recorded")
    ingest.process.send_signal(signal.SIGINT)
    code, _, said = ingest.end()
    assert (code, said) == (130, "")
    assert ingest.recorded() == 1, "half a mail is none"


def test_control_c_before_anybody_writes(ingest, wait_until):
    """Of a FIFO nobody has even opened the other end."""
    threads = Path(f"/proc/{ingest.process.pid}/task")
    wait_until(lambda: len(list(threads.iterdir())) > 1, 30, "a thread to read the pipe")
    ingest.process.send_signal(signal.SIGINT)
    code, _, said = ingest.end()
    assert (code, said) == (130, "")
    assert not ingest.database.exists()
