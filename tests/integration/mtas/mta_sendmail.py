"""A real Sendmail of the tests' own, out of what ``scripts/mtas`` unpacked: its configuration, queue and port are its own.

It runs in namespaces of its own, with a host name that has a dot in it (it waits a minute where there is none), and whatever
it forked ends with it. Its sendmail.cf is made by m4 from the blocks of docs/howto/behind-sendmail.md, as a reader would.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mta_matrix import UNPACKED, answers, block, end_namespace

HOWTO = "behind-sendmail.md"
SENDMAIL = UNPACKED / "sendmail/usr/libexec/sendmail/sendmail"
MAKEMAP = SENDMAIL.with_name("makemap")
M4 = UNPACKED / "m4/usr/bin/m4"
CF = UNPACKED / "sendmail-cf/usr/share/sendmail/cf"
ALONE = ("unshare", "--uts", "--pid", "--fork", "sh", "-c", 'hostname "$1" && shift && exec "$@"', "sh")
HOST = "mail.sender.example"

MC = """\
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `mail.sender.example')dnl
define(`MAIL_SETTINGS_DIR', `{home}/')dnl
define(`QUEUE_DIR', `{home}/queue')dnl
define(`confPID_FILE', `{home}/pid')dnl
define(`confSERVICE_SWITCH_FILE', `{home}/switch')dnl
define(`ALIAS_FILE', `')dnl
define(`HELP_FILE', `')dnl
define(`STATUS_FILE', `')dnl
define(`confDEF_USER_ID', `mail:mail')dnl
define(`confDONT_BLAME_SENDMAIL', `TrustStickyBit')dnl
define(`confQUEUE_LA', `10000')dnl
define(`confREFUSE_LA', `10000')dnl
define(`confMIN_QUEUE_AGE', `1s')dnl
define(`confTO_QUEUERETURN', `{lifetime}')dnl
define(`confTO_QUEUEWARN', `{warning}')dnl
define(`confTO_QUEUERETURN_DSN', `10m')dnl
define(`confTO_HOSTSTATUS', `0s')dnl
define(`confTO_IDENT', `0s')dnl
FEATURE(`nocanonify')dnl
FEATURE(`nouucp', `reject')dnl
FEATURE(`no_default_msa')dnl
FEATURE(`accept_unresolvable_domains')dnl
FEATURE(`promiscuous_relay')dnl
DAEMON_OPTIONS(`Name=MTA, Family=inet, Addr=127.0.0.1, Port={port}')dnl
"""
RECEIVERS = """\
Mreceivers, P=[IPC], F=mDFMuXa8, S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP, E=\\r\\n, L=990, T=DNS/RFC822/SMTP, A=TCP $h {mx}
"""


@dataclass(frozen=True)
class Sendmail:
    """Where it takes mail, where it keeps it, and every word that it said and heard."""

    port: int
    queue: Path
    traffic: Path


def why_not() -> str:
    """The reason to skip, or nothing."""
    if not all(path.exists() for path in (SENDMAIL, MAKEMAP, M4, CF)):
        return "Sendmail is not unpacked: scripts/mtas does it, as root with apt"
    if os.geteuid() != 0:
        return "Sendmail has to be started by root"
    ran = subprocess.run([*ALONE, HOST, "true"], check=False, timeout=30, capture_output=True, text=True)
    return f"no namespaces of its own can be made: {ran.stderr.strip()}" if ran.returncode else ""


def configure(home: Path, port: int, filters: str, mailer: str, *, mx: int, **waits: str) -> None:
    mc = home / "sendmail.mc"
    made = MC.format(home=home, port=port, **waits) + filters + block(HOWTO, "sendmail-mc") + mailer + RECEIVERS.format(mx=mx)
    mc.write_text(made)
    (home / "switch").write_text("hosts files\n")
    table = block(HOWTO, "sendmail-table") + "receiver.example\treceivers:[127.0.0.1]\n"
    cf = subprocess.run(
        [M4, f"-D_CF_DIR_={CF}/", CF / "m4/cf.m4", mc], check=True, timeout=60, capture_output=True, text=True, cwd=home
    )
    (home / "sendmail.cf").write_text(cf.stdout)
    command = [MAKEMAP, "-C", home / "sendmail.cf", "hash", home / "mailertable"]
    subprocess.run(command, check=True, timeout=60, capture_output=True, text=True, input=table)


@contextmanager
def running(
    mailer: str,
    *,
    mx: int,
    wait_until: Callable[..., object],
    unused_port: Callable[[], int],
    filters: str = "",
    lifetime: str = "4s",
    warning: str = "99d",
) -> Iterator[Sendmail]:
    """With ``mailer`` for the bounce domain, ``filters`` on what arrives, and the receivers' MX at port ``mx``;

    ``lifetime`` and ``warning`` are for what waits.
    """
    home = Path(tempfile.mkdtemp(prefix="sm-", dir="/tmp"))
    home.chmod(0o755)
    sendmail = Sendmail(unused_port(), home / "queue", home / "traffic")
    sendmail.queue.mkdir(mode=0o700)
    configure(home, sendmail.port, filters, mailer, mx=mx, lifetime=lifetime, warning=warning)
    command = [*ALONE, HOST, SENDMAIL, "-C", home / "sendmail.cf", "-X", sendmail.traffic, "-bD", "-q1s"]
    with (home / "errors").open("wb") as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, cwd=home)
        try:
            wait_until(lambda: answers(sendmail.port), 60, f"Sendmail to answer; see {home}")
            yield sendmail
        finally:
            end_namespace(process)
            shutil.rmtree(home)
