"""A service of systemd, as docs/howto/run-as-a-service.md has it: sockets that are passed, readiness, another user.

systemd itself is not there in a test; what it does for a service is little, and is done here as sd_listen_fds(3) and
sd_notify(3) say: descriptors from 3 on, a few variables, and a datagram socket that hears.
"""

import os
import pwd
import re
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "run-as-a-service.md").read_text()
DSN = "Subject: Undelivered\r\nMessage-ID: <{}@mx.example>\r\n\r\n<reader@example.com>: 550 5.1.1 User unknown\r\n"
# Between fork and exec, as a service manager does it: LISTEN_PID can only be told by the process that it is about.
PASSING = """\
import os, sys
for number, given in enumerate(map(int, sys.argv[1].split(",")), 100):
    os.dup2(given, number)
for number in range(len(sys.argv[1].split(","))):
    os.dup2(100 + number, 3 + number)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(number + 1), "LISTEN_FDNAMES": sys.argv[2]}
os.execv(sys.executable, [sys.executable, "-m", "bouncesink", *sys.argv[3:]])
"""


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("BOUNCESINK_", "COV", "LISTEN_"))}


class Service:
    """A server that is started as systemd would, on sockets of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "bouncesink.db"
        self.process: subprocess.Popen[str] | None = None
        self.heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.heard.bind(str(folder / "notify"))
        self.heard.settimeout(30)

    def start(self, sockets: Sequence[socket.socket], names: str, *options: str) -> None:
        numbers = [one.fileno() for one in sockets]
        command = [sys.executable, "-c", PASSING, ",".join(map(str, numbers)), names, "serve", "--database", str(self.database)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *options],
                pass_fds=numbers,
                env=clean() | {"NOTIFY_SOCKET": str(self.folder / "notify")},
                stdout=log,
                stderr=subprocess.PIPE,
                text=True,
            )

    def told(self) -> str:
        """The next that systemd hears."""
        return self.heard.recv(100).decode()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        self.process.communicate(timeout=45)
        return self.process.returncode

    def refused(self) -> str:
        assert self.process is not None
        _, errors = self.process.communicate(timeout=45)
        assert self.process.returncode == 78
        return errors


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    yield service
    if service.process is not None:
        service.process.kill()
        service.process.communicate()
    service.heard.close()


@pytest.fixture
def door() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def mint(database: Path) -> str:
    command = (sys.executable, "-m", "bouncesink", "verp", "mint", "reader@example.com", "--domain", "b.example")
    outcome = subprocess.run(
        [*command, "--database", str(database)], env=clean(), capture_output=True, text=True, check=True, timeout=60
    )
    return outcome.stdout.strip()


def send(door: socket.socket, address: str, number: int) -> None:
    with smtplib.SMTP(*door.getsockname()[:2], timeout=30) as peer:
        assert peer.sendmail("", [address], DSN.format(number)) == {}


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "workers"])
def test_passed_sockets_are_served_and_systemd_is_told(service: Service, door: socket.socket, options: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        service.start([door, other], "mx:mx", "--listen", "smtp+systemd:mx", *options)
        assert service.told() == "READY=1"
        address = mint(service.database)
        for number in range(4):
            send(door, address, number)
            send(other, address, 10 + number)
        assert service.stop() == 0
        assert service.told() == "STOPPING=1"


def test_who_connects_while_it_restarts_is_answered_by_the_next(service: Service, door: socket.socket) -> None:
    service.start([door], "mx", "--listen", "smtp+systemd:mx")
    assert service.told() == "READY=1"
    address = mint(service.database)
    assert service.stop() == 0
    assert service.told() == "STOPPING=1"
    with socket.create_connection(door.getsockname(), timeout=60) as waiting:
        service.start([door], "mx", "--listen", "smtp+systemd:mx")
        assert waiting.recv(4) == b"220 "
    assert service.told() == "READY=1"
    send(door, address, 1)


def test_a_unix_socket_of_systemds_is_left_where_it_is(service: Service, tmp_path: Path) -> None:
    path = tmp_path / "lmtp.sock"
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen()
        service.start([door], "lmtp", "--listen", "lmtp+systemd:lmtp")
        assert service.told() == "READY=1"
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(path))
            assert peer.recv(4) == b"220 "
        assert service.stop() == 0
    assert path.exists()


def test_what_does_not_fit_together_stops_the_start(service: Service, door: socket.socket) -> None:
    with ExitStack() as stack:
        unheard = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        datagrams = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        unix = stack.enter_context(socket.socket(socket.AF_UNIX))
        unix.bind(str(service.folder / "door"))
        unix.listen()
        names = ("smtp+systemd:dns", "smtp+systemd:unix", "smtp+systemd:mxx")
        listen = [word for name in names for word in ("--listen", name)]
        service.start([door, unheard, datagrams, unix], "mx:other:dns:unix", *listen)
        told = service.refused()
    assert "listen: smtp+systemd:dns: it takes no connections: its unit must say ListenStream= and Accept=no" in told
    assert "listen: smtp+systemd:unix: smtp is not spoken over Unix sockets" in told
    assert "listen: smtp+systemd:mxx: no socket of that name was passed; passed were: dns, mx, other, unix" in told
    assert "listen: a socket named other was passed, and nobody would answer there: add smtp+systemd:other" in told


def test_where_nothing_was_passed_it_says_so(server_process) -> None:
    outcome = subprocess.run(
        [sys.executable, "-m", "bouncesink", "serve", "--listen", "smtp+systemd:mx"],
        cwd=server_process.folder,
        env=clean() | {"LISTEN_PID": "1", "LISTEN_FDS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert outcome.returncode == 78
    assert "no socket of that name was passed; nor was any (LISTEN_FDS)" in outcome.stderr


def units() -> dict[str, str]:
    """The page's units, by name."""
    return dict(re.findall(r"`/etc/systemd/system/(\S+)`:\n\n```ini\n(.*?)```", PAGE, re.DOTALL))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_units_of_the_page_hold(tmp_path: Path) -> None:
    written = units()
    assert set(written) == {"bouncesink.socket", "bouncesink.service"}
    program = tmp_path / "bouncesink"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for name, text in written.items():
        here = text.replace("/opt/bouncesink/bin/bouncesink", str(program)).replace("User=bouncesink\nGroup=bouncesink\n", "")
        (tmp_path / name).write_text(here)
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in written)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    ours = [line for line in outcome.stderr.splitlines() if "bouncesink" in line]
    assert (outcome.returncode, ours) == (0, [])


def test_the_service_of_the_page_names_the_socket_of_the_page() -> None:
    written = units()
    (name,) = re.findall(r"FileDescriptorName=(\S+)", written["bouncesink.socket"])
    assert f"--listen smtp+systemd:{name} " in written["bouncesink.service"]


def why_nobody_cannot_run_it() -> str:
    if os.geteuid() != 0:
        return "only root can become another user"
    nobody = pwd.getpwnam("nobody")
    script = "import bouncesink, json, aiosmtpd, encodings.idna, asyncio.subprocess"
    try:
        subprocess.run(
            [sys.executable, "-c", script],
            user=nobody.pw_uid,
            group=nobody.pw_gid,
            cwd="/",
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
            capture_output=True,
            check=True,
            timeout=60,
        )
    except (OSError, subprocess.CalledProcessError):
        return "the user nobody cannot read this Python or this checkout"
    return ""


@pytest.fixture
def nobodys(server_at) -> Iterator:
    """A server whose folder is nobody's, on a port that only root may take."""
    if reason := why_nobody_cannot_run_it():
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="bouncesink-"))
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    server = server_at(folder)
    server.port = free_port_of_root()
    yield server
    server.end()
    shutil.rmtree(folder)


def free_port_of_root() -> int:
    for port in range(600, 1024):
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    pytest.skip("every port below 1024 is taken")


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "workers"])
def test_started_as_root_it_becomes_another_user(nobodys, options: tuple[str, ...]) -> None:
    configuration = nobodys.folder / "b.toml"
    configuration.write_text('[process]\nuser = "nobody"\n')
    nobodys.start("--config", str(configuration), *options)
    nobody = pwd.getpwnam("nobody")
    for pid in (nobodys.process.pid, *nobodys.workers()):
        status = Path(f"/proc/{pid}/status").read_text()
        assert re.search(r"^Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)$", status, re.MULTILINE).groups() == (str(nobody.pw_uid),) * 4
        assert f"\nGid:\t{nobody.pw_gid}\t" in status
    made = {path.name: path.stat().st_uid for path in nobodys.folder.glob("bouncesink.db*")}
    assert {"bouncesink.db", "bouncesink.db.keys"} <= set(made)
    assert set(made.values()) == {nobody.pw_uid}
    (address,) = nobodys.mint("reader@example.com")
    with smtplib.SMTP("127.0.0.1", nobodys.port, timeout=30) as peer:
        assert peer.sendmail("", [address], DSN.format(1)) == {}
    assert nobodys.terminate() == 0
    assert "server.root" not in nobodys.log.read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can stay root")
def test_a_server_that_stays_root_says_so(server) -> None:
    assert server.log.read_text().count('"event":"server.root"') == 1


def test_a_user_that_is_none_is_told(server_process) -> None:
    (server_process.folder / "b.toml").write_text('[process]\nuser = "nobdy"\ngroup = "nogroop"\n')
    outcome = subprocess.run(
        [sys.executable, "-m", "bouncesink", "serve", "--config", "b.toml"],
        cwd=server_process.folder,
        env=clean(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert outcome.returncode == 78
    assert "process.user" in outcome.stderr
    assert "nobody" in outcome.stderr
    assert "process.group" in outcome.stderr
