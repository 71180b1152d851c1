"""A real OpenSMTPD of the tests' own, out of what ``scripts/mtas`` unpacked: its configuration, queue and port are its own.

Where it keeps its queue, its socket and its programs is compiled in, so it runs in a mount namespace in which these paths are
folders of the test; and in a process namespace, so that whatever it forked ends with it. How it hands bounces over
is in the blocks of docs/howto/behind-opensmtpd.md.
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

from mta_matrix import UNPACKED, answers, end_namespace

HOWTO = "behind-opensmtpd.md"
SMTPD = UNPACKED / "opensmtpd/usr/sbin/smtpd"
LIBEXEC = UNPACKED / "opensmtpd/usr/libexec"
USERS = ("opensmtpd", "opensmtpq")
ALONE = ("unshare", "--mount", "--propagation", "private", "--pid", "--fork")
# $1 is the test's folder, $2 OpenSMTPD's own programs.
START = """\
set -e
mount --bind "$1/spool" /var/spool
mount --bind "$1/lib" /var/lib
mount --bind "$1/run" /run
mount --bind "$2" /usr/libexec
exec "$3" -d -v -f "$1/smtpd.conf"
"""
FOLDERS = {
    "spool": 0o755,
    "lib": 0o755,
    "run": 0o755,
    "lib/opensmtpd": 0o755,
    "lib/opensmtpd/empty": 0o755,
    "spool/smtpd": 0o711,
}

CONF = """\
{warning}listen on 127.0.0.1 port {port} hostname mail.sender.example
action "receivers" relay host smtp+notls://127.0.0.1:{mx} ttl {lifetime}
match from any for domain "receiver.example" action "receivers"
"""


@dataclass(frozen=True)
class OpenSmtpd:
    """Where it takes mail, where it keeps it, and what it says of it."""

    port: int
    queues: tuple[Path, ...]
    log: Path


def why_not() -> str:
    """The reason to skip, or nothing."""
    if not SMTPD.exists():
        return "OpenSMTPD is not unpacked: scripts/mtas does it, as root with apt"
    if os.geteuid() != 0:
        return "OpenSMTPD has to be started by root"
    names = {user.pw_name for user in pwd.getpwall()}
    if missing := [name for name in USERS if name not in names]:
        return f"there is no user {missing[0]}: scripts/mtas makes it"
    mounted = [*ALONE, "mount", "--bind", LIBEXEC, "/usr/libexec"]
    ran = subprocess.run(mounted, check=False, timeout=30, capture_output=True, text=True)
    return f"no namespaces of its own can be made: {ran.stderr.strip()}" if ran.returncode else ""


@contextmanager
def running(
    bounces: str,
    *,
    mx: int,
    wait_until: Callable[..., object],
    unused_port: Callable[[], int],
    lifetime: str = "5s",
    warning: str = "",
) -> Iterator[OpenSmtpd]:
    """With ``bounces`` (smtpd.conf) for the bounce domain, and the receivers' MX at port ``mx``.

    ``lifetime`` is for what waits, ``warning`` a line of smtpd.conf.
    """
    home = Path(tempfile.mkdtemp(prefix="os-", dir="/tmp"))
    home.chmod(0o755)
    for name, mode in FOLDERS.items():
        (home / name).mkdir()
        (home / name).chmod(mode)
    queues = tuple(home / "spool/smtpd" / name for name in ("queue", "incoming", "temporary"))
    smtpd = OpenSmtpd(unused_port(), queues, home / "log")
    (home / "smtpd.conf").write_text(CONF.format(port=smtpd.port, mx=mx, lifetime=lifetime, warning=warning) + bounces)
    command = [*ALONE, "sh", "-c", START, "sh", home, LIBEXEC, SMTPD]
    with smtpd.log.open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")
        try:
            wait_until(lambda: answers(smtpd.port), 60, f"OpenSMTPD to answer; see {home}")
            yield smtpd
        finally:
            end_namespace(process)
            shutil.rmtree(home)
