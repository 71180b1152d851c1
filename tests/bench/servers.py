"""What is measured: bouncesink, and beside it what anybody can run, each started on loopback and ended again.

    bouncesink   records every mail with everything that it does
    sink         smtp-sink of Postfix: the wire alone, in C; keeps nothing
    postfix      accepts and queues to disk, fsync before 250; delivers to nowhere
    aiosmtpd     a bare sink on stock aiosmtpd, uvloop where it is installed; keeps nothing

CPU is of the server's processes; Postfix's come and go, so its is the whole machine's but for the generator's.
"""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
START_SECONDS = 30
STOP_SECONDS = 60

AIOSMTPD = """\
import asyncio, sys
from aiosmtpd.smtp import SMTP
class Sink:
    async def handle_DATA(self, server, session, envelope):
        return "250 ok"
async def serve():
    make = lambda: SMTP(Sink(), hostname="sink.example", data_size_limit=100_000_000)
    SMTP.line_length_limit = 65_536
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    await server.serve_forever()
try:
    import uvloop
    uvloop.run(serve())
except ImportError:
    asyncio.run(serve())
"""

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file_prefixes = {home}
maillog_file = {home}/mail.log
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.load.example
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
default_transport = discard
relay_transport = discard
default_process_limit = 300
in_flow_delay = 0
"""

MASTER_CF = """\
127.0.0.1:{port} inet n - n - 300 smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(slots=True)
class Server:
    """A running one. ``machine``: its processes come and go, so that CPU is the machine's."""

    name: str
    port: int
    process: subprocess.Popen[bytes] | None = None
    machine: bool = False
    folder: Path = field(default_factory=Path)

    def cpu(self) -> float:
        """Seconds so far."""
        if self.machine:
            words = Path("/proc/stat").read_text().splitlines()[0].split()
            return (sum(map(int, words[1:4])) + sum(map(int, words[6:8]))) / TICKS
        assert self.process is not None
        return sum(_seconds(pid) for pid in family(self.process.pid))

    def resident(self) -> int:
        """Octets in memory."""
        assert self.process is not None
        return sum(_resident(pid) for pid in family(self.process.pid))


def family(pid: int) -> list[int]:
    """A process and what it started, and they."""
    found = [pid]
    for parent in found:
        with suppress(OSError):
            children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            found += [int(child) for child in children]
    return found


def _seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BOUNCESINK_")}
    return kept | more


@contextmanager
def bouncesink(folder: Path, *options: str, flush: tuple[Path, int] | None = None) -> Iterator[Server]:
    """``flush`` is the library that makes flushes slow, and how many microseconds each takes more."""
    port = unused_port()
    slow = {"LD_PRELOAD": str(flush[0]), "SLOW_FLUSH_US": str(flush[1])} if flush else {}
    where = ("--listen", f"127.0.0.1:{port}", "--database", str(folder / "bench.db"))
    with (folder / "bouncesink.log").open("ab") as log:
        command = [sys.executable, "-m", "bouncesink", "serve", *where, *options]
        process = subprocess.Popen(command, env=environment(**slow), stdout=log, stderr=log)
    with _running(Server("bouncesink", port, process, folder=folder)) as server:
        yield server


def mint(folder: Path, recipients: list[str], domain: str) -> list[str]:
    """A forward-path for each recipient, by the keys of the server that was started in ``folder``."""
    command = [
        sys.executable,
        "-m",
        "bouncesink",
        "verp",
        "mint",
        "-",
        "--domain",
        domain,
        "--database",
        str(folder / "bench.db"),
    ]
    outcome = subprocess.run(
        command, input="\n".join(recipients), env=environment(), capture_output=True, text=True, check=True, timeout=120
    )
    return outcome.stdout.split()


def certificate(folder: Path) -> bool:
    """A self-signed one, ECDSA, in ``folder``; False where openssl is not there or we have no TLS."""
    if shutil.which("openssl") is None:
        return False
    made = (
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=load.example",
    )
    files = ("-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.crt"))
    return subprocess.run(["openssl", "req", *made, *files], check=False, capture_output=True, timeout=60).returncode == 0


def tls_options(folder: Path) -> tuple[str, ...]:
    """What gives `bouncesink serve` the certificate of ``certificate``."""
    files = {"certificate_files": [str(folder / "tls.crt")], "key_files": [str(folder / "tls.key")]}
    configuration = folder / "bouncesink.toml"
    configuration.write_text("[tls]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in files.items()))
    return ("--config", str(configuration))


@contextmanager
def sink(folder: Path) -> Iterator[Server]:
    port = unused_port()
    program = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    assert program is not None, why_not_postfix()
    user = ("-u", "postfix") if os.geteuid() == 0 else ()
    process = subprocess.Popen(
        [program, *user, f"127.0.0.1:{port}", "1024"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with _running(Server("sink", port, process, folder=folder)) as server:
        yield server


@contextmanager
def aiosmtpd(folder: Path) -> Iterator[Server]:
    port = unused_port()
    process = subprocess.Popen(
        [sys.executable, "-c", AIOSMTPD, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with _running(Server("aiosmtpd", port, process, folder=folder)) as server:
        yield server


@contextmanager
def postfix(folder: Path) -> Iterator[Server]:
    # Short: the path of a Unix socket ends at 108 octets.
    home = Path(tempfile.mkdtemp(prefix="bs-", dir="/tmp"))
    home.chmod(0o755)
    port = unused_port()
    for name in ("etc", "data", "queue"):
        (home / name).mkdir(mode=0o755)
    owner = pwd.getpwnam("postfix")
    os.chown(home / "data", owner.pw_uid, owner.pw_gid)
    (home / "etc" / "main.cf").write_text(MAIN_CF.format(home=home))
    (home / "etc" / "master.cf").write_text(MASTER_CF.format(port=port))
    try:
        _postfix(home, "start")
        server = Server("postfix", port, machine=True, folder=folder)
        _wait_for(server)
        yield server
    finally:
        _postfix(home, "stop", check=False)
        shutil.rmtree(home, ignore_errors=True)


def why_not_postfix() -> str:
    """The reason why neither Postfix nor its sink can be measured, or nothing."""
    if shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
        return "postfix is not installed: apt install postfix"
    return "" if os.geteuid() == 0 else "postfix's master has to be started by root"


def _postfix(home: Path, word: str, *, check: bool = True) -> None:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    command = ["postfix", "-c", str(home / "etc"), word]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(command, env={**os.environ, "PATH": path}, check=check, timeout=60, **quiet)


@contextmanager
def _running(server: Server) -> Iterator[Server]:
    assert server.process is not None
    try:
        _wait_for(server)
        yield server
    finally:
        server.process.send_signal(signal.SIGTERM)
        try:
            server.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.process.kill()
            server.process.wait()


def _wait_for(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.process is not None and server.process.poll() is not None:
            break
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=5) as peer:
            if peer.recv(4)[:3] == b"220":
                return
        time.sleep(0.05)
    raise RuntimeError(f"{server.name} does not answer")
