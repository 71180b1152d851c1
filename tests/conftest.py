"""A really started `bouncesink serve`, for every test that wants a whole server: its own process, database and port."""

import itertools
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A test asserts nothing of time: machines are shared. In CI the examples are the same each time.
settings.register_profile(
    "shared", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ, print_blob=True
)
settings.load_profile("shared")


def pytest_xdist_auto_num_workers() -> int:
    """``-n auto``: more than the machine has cores, since half of the time a test waits for an MTA's clock."""
    return 2 * len(os.sched_getaffinity(0))


BOUNCESINK = (sys.executable, "-m", "bouncesink")
START_SECONDS = 30
STOP_SECONDS = 45


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> object:
    """Whatever true thing ``condition`` gives, as soon as it does; fails in words after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(0.02)
    return value


def clean_environment() -> dict[str, str]:
    """The environment without what would configure, or measure, the server."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("BOUNCESINK_", "COV"))}


# Each test worker has ports of its own, below those that the kernel gives to whoever asks for any: what one
# has just found free is not taken by another, nor by a connection, before a server listens there.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_PORTS = itertools.cycle(random.sample(range(10_000 + _WORKER % 64, 32_000, 64), 340))


def unused_port() -> int:
    """A port that nothing listens on: servers are started again on the same one, so 0 will not do."""
    for port in _PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError  # the cycle has no end


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


class ServerProcess:
    """One `bouncesink serve` on one database, started, killed and started again as a test likes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "bouncesink.db"
        self.log = folder / "server.log"
        self.port = unused_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.environment: dict[str, str] = {}
        """What the server and the commands find in their environment beside what is there."""
        self.within: tuple[str, ...] = ()
        """What starts the server, where that is not we ourselves."""

    def start(self, *arguments: str) -> None:
        self.launch(*arguments)
        wait_until(self.answers, START_SECONDS, f"the server to answer; its log:\n{self.log.read_text()}")

    def launch(self, *arguments: str) -> None:
        """Start it, and do not wait until it answers."""
        where = ("--listen", f"127.0.0.1:{self.port}", "--database", str(self.database))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.within, *BOUNCESINK, "serve", *where, *arguments],
                cwd=self.folder,
                env=clean_environment() | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            pytest.fail(f"the server ended with {self.process.returncode}; its log:\n{self.log.read_text()}")
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as peer:
                return peer.recv(4) == b"220 "
        except OSError:
            return False

    def kill(self) -> None:
        """SIGKILL: nothing is drained, committed or closed. Workers, where there are any, end by themselves."""
        assert self.process is not None
        workers = self.workers()
        self.process.kill()
        self.process.wait(STOP_SECONDS)
        wait_until(lambda: not any(map(is_alive, workers)), STOP_SECONDS, "the workers of a killed server to end")

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()] if children.exists() else []

    def terminate(self) -> int:
        """SIGTERM: the exit code once it has drained."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def command(self, *arguments: str, stdin: str = "") -> str:
        """What `bouncesink ARGUMENTS` prints."""
        outcome = subprocess.run(
            [*BOUNCESINK, *arguments],
            cwd=self.folder,
            env=clean_environment() | self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout

    def mint(self, *recipients: str, domain: str = "b.example") -> list[str]:
        """A minted address for each recipient, by the command that a sender would use."""
        options = ("--domain", domain, "--database", str(self.database))
        minted = self.command("verp", "mint", "-", *options, stdin="\n".join(recipients) + "\n").split()
        assert len(minted) == len(recipients)
        return minted

    def rows(self, sql: str, *parameters: object) -> list[sqlite3.Row]:
        """What anybody with SQL sees, on a connection of their own."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(sql, parameters).fetchall()


@pytest.fixture(scope="session")
def server_at() -> Callable[[Path], ServerProcess]:
    """For a test that keeps a server for longer than itself: it ends it too."""
    return ServerProcess


@pytest.fixture
def server_process(tmp_path: Path) -> Iterator[ServerProcess]:
    """Not started yet: tests say when, and with what."""
    server = ServerProcess(tmp_path)
    yield server
    server.end()


@pytest.fixture(name="wait_until")
def _wait_until() -> Callable[[Callable[[], object], float, str], object]:
    return wait_until


@pytest.fixture(name="unused_port")
def _unused_port() -> Callable[[], int]:
    return unused_port


@pytest.fixture
def server(server_process: ServerProcess) -> ServerProcess:
    """Started, with the defaults of `bouncesink serve`."""
    server_process.start()
    return server_process
