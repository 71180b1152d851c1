"""A real Exim of the tests' own, out of what ``scripts/mtas`` unpacked: its configuration, spool and port are its own.

What hands bounces over are the blocks of docs/howto/behind-exim.md, as a reader would take them. A configuration that is named
on its command line costs Exim its privileges, so that its local deliveries are its own user's.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mta_matrix import UNPACKED, answers, block

HOWTO = "behind-exim.md"
EXIM = UNPACKED / "exim/usr/sbin/exim4"
USER = "Debian-exim"

CONF = """\
primary_hostname = mail.sender.example
exim_path = {exim}
spool_directory = {home}/spool
log_file_path = {home}/log/%slog
pid_file_path = {home}/exim.pid
exim_user = Debian-exim
exim_group = Debian-exim
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
acl_smtp_rcpt = open
acl_smtp_data = open
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
smtputf8_advertise_hosts = *
delay_warning = {warning}
keep_environment =
begin acl
open:
  accept
begin routers
{router}
receivers:
  driver = manualroute
  domains = receiver.example
  transport = remote
  route_list = * 127.0.0.1::{mx}
  self = send
begin transports
{transport}
remote:
  driver = smtp
  hosts_avoid_tls = *
begin retry
b.example * F,10m,2s
* * F,{lifetime},1s
"""


@dataclass(frozen=True)
class Exim:
    """Where it takes mail, where it keeps it, and what it says."""

    port: int
    queue: Path
    logs: Path

    def log(self) -> str:
        return "".join(path.read_text("utf-8", "replace") for path in sorted(self.logs.iterdir()))


def why_not() -> str:
    """The reason to skip, or nothing."""
    if not EXIM.exists():
        return "Exim is not unpacked: scripts/mtas does it, as root with apt"
    if os.geteuid() != 0:
        return "Exim has to be started by root"
    try:
        pwd.getpwnam(USER)
    except KeyError:
        return f"there is no user {USER}"
    return ""


def by_smtp(port: int) -> tuple[str, str]:
    """A router and a transport, as every way of handing over is one of each."""
    return routed(port), block(HOWTO, "exim-smtp")


def by_lmtp(port: int) -> tuple[str, str]:
    return routed(port), block(HOWTO, "exim-lmtp").replace("port = 2424", f"port = {port}")


def by_lmtp_socket(path: Path) -> tuple[str, str]:
    transport = block(HOWTO, "exim-lmtp-unix").replace("/run/bouncesink/lmtp.sock", str(path))
    return block(HOWTO, "exim-local-router"), owned(transport)


def by_pipe(command: Path, config: Path) -> tuple[str, str]:
    transport = block(HOWTO, "exim-pipe").replace("/opt/bouncesink/bin/bouncesink", str(command))
    return block(HOWTO, "exim-local-router"), owned(transport.replace("/etc/bouncesink/bouncesink.toml", str(config)))


def routed(port: int) -> str:
    return block(HOWTO, "exim-router").replace("127.0.0.1::2525", f"127.0.0.1::{port}")


def owned(transport: str) -> str:
    assert "user = bouncesink\n" in transport
    return transport.replace("user = bouncesink\n", f"user = {USER}\n")


@contextmanager
def running(
    handed: tuple[str, str],
    *,
    mx: int,
    wait_until: Callable[..., object],
    unused_port: Callable[[], int],
    lifetime: str = "4s",
    warning: str = "99d",
) -> Iterator[Exim]:
    """The bounce domain ``handed`` over, the receivers' MX at port ``mx``; ``lifetime`` and ``warning`` are for what waits."""
    home = Path(tempfile.mkdtemp(prefix="ex-", dir="/tmp"))
    home.chmod(0o755)
    for name in ("spool", "log"):
        (home / name).mkdir()
        shutil.chown(home / name, USER, USER)
    exim = Exim(unused_port(), home / "spool/input", home / "log")
    conf, pid = home / "exim.conf", home / "exim.pid"
    router, transport = handed
    made = {"exim": EXIM, "home": home, "port": exim.port, "mx": mx, "lifetime": lifetime, "warning": warning}
    conf.write_text(CONF.format(router=router, transport=transport, **made))
    subprocess.run([EXIM, "-C", conf, "-bd", "-q1s"], check=True, timeout=60, capture_output=True)
    try:
        wait_until(lambda: answers(exim.port), 30, "Exim to answer")
        yield exim
    finally:
        if pid.exists():
            number = int(pid.read_text())
            os.kill(number, 15)
            wait_until(lambda: not Path(f"/proc/{number}").exists(), 30, "Exim to end")
        shutil.rmtree(home, ignore_errors=True)
