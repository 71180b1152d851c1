"""A server whose disk and system fail when a test says so. Needs cc; skipped where there is none."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest
from aftermath import look, look_at_copy
from faults import EVERY, Faults, compile_library
from peers import Peers

MOST_MAILS = 30_000


@pytest.fixture(scope="session")
def faults_library(tmp_path_factory) -> Path:
    if not shutil.which("cc"):
        pytest.skip("cc is not installed")
    try:
        return compile_library(tmp_path_factory.mktemp("library"))
    except subprocess.CalledProcessError as error:
        pytest.skip(f"cc cannot compile tests/faults/faults.c: {error.stderr[-500:]}")


@pytest.fixture
def addresses(server_process, tmp_path) -> list[tuple[str, str]]:
    """(recipient, forward path) of as many recipients as a test may want; the keys are beside the server's database."""
    folder = tmp_path / "data"
    folder.mkdir()
    server_process.database = folder / "bouncesink.db"
    recipients = [f"reader{number}@receiver.example" for number in range(MOST_MAILS if EVERY else 3_000)]
    return list(zip(recipients, server_process.mint(*recipients), strict=True))


@dataclass(slots=True)
class Broken:
    """The server, its peers, and what is armed."""

    server: "object"  # a ServerProcess
    faults: Faults
    peers: Peers
    journal: Path
    copies: Path
    wait_until: Callable[[Callable[[], object], float, str], object]
    began: float = 0.0  # time.monotonic() since when there is a database with a schema

    def mark(self) -> None:
        """From now on the journal tells of a database that is made."""
        self.began = monotonic()

    def start(self, *arguments: str, **settings: str) -> None:
        """With ``settings`` of its environment: STORE__CHECKPOINT_PAGES="100"."""
        self.server.environment = self.faults.environment | {f"BOUNCESINK_{name}": value for name, value in settings.items()}
        before = self._starts()
        self.server.start(*arguments)
        self.wait_until(lambda: self._starts() > before, 30, "all of the server to be there, and not only the first worker")

    def _starts(self) -> int:
        log = self.server.log
        return log.read_text().count('"event":"server.started"') if log.exists() else 0

    def kill_and_look(self) -> dict[int, int]:
        self.server.kill()
        return look_at_copy(self.server.database, self.copies, self.peers.acknowledged)

    def end_and_look(self) -> None:
        """A fresh start after a kill -9, whatever waits is taken, a clean end: each mail is there, and once."""
        self.kill_and_look()
        self.server.start()
        self.peers.may_be_cut = False
        self.peers.bring_until_taken()
        self.peers.make(4)
        self.peers.bring_until_taken()
        assert self.server.terminate() == 0
        assert sorted(look(self.server.database, self.peers.acknowledged)) == list(range(len(self.peers.sent)))


@pytest.fixture
def broken(server_process, faults_library, addresses, tmp_path, wait_until) -> Iterator[Broken]:
    """Not started yet."""
    journal = tmp_path / "journal"
    faults = Faults(faults_library, server_process.database.parent, tmp_path / "control", journal)
    yield Broken(server_process, faults, Peers(server_process.port, addresses), journal, tmp_path / "left behind", wait_until)
    faults.disarm()
    server_process.end()
    faults.close()
