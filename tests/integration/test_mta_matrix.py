"""MTAs x fronts x cases: each MTA sends mail that really bounces, and hands the bounce to us through each front that it speaks.

The cases are the plain text files of ``cases``; the receiver's MX is a Postfix that answers as they say. Exim is what
``scripts/mtas`` unpacked; its configuration is that of docs/howto/behind-exim.md.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mta_matrix import ALL, UNPACKED, answers, block, cases, check, parse, send

EXIM = UNPACKED / "exim/usr/sbin/exim4"
HOWTO = "behind-exim.md"

EXIM_CONF = """\
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
* * F,4s,1s
"""


def why_exim_cannot_run() -> str:
    if not EXIM.exists():
        return "Exim is not unpacked: scripts/mtas does it, as root with apt"
    if os.geteuid() != 0:
        return "Exim has to be started by root"
    try:
        pwd.getpwnam("Debian-exim")
    except KeyError:
        return "there is no user Debian-exim"
    return ""


@pytest.fixture
def start_exim(wait_until, unused_port) -> Iterator[Callable[[str, str, int], tuple[int, Path]]]:
    """start_exim(router, transport, receiver's port) -> the port that takes mail, and the queue."""
    if reason := why_exim_cannot_run():
        pytest.skip(reason)
    homes: list[Path] = []

    def start(router: str, transport: str, mx: int) -> tuple[int, Path]:
        home = Path(tempfile.mkdtemp(prefix="ex-", dir="/tmp"))
        homes.append(home)
        home.chmod(0o755)
        for name in ("spool", "log"):
            (home / name).mkdir()
            shutil.chown(home / name, "Debian-exim", "Debian-exim")
        port = unused_port()
        conf = home / "exim.conf"
        conf.write_text(EXIM_CONF.format(exim=EXIM, home=home, port=port, mx=mx, router=router, transport=transport))
        subprocess.run([EXIM, "-C", conf, "-bd", "-q1s"], check=True, timeout=60, capture_output=True)
        wait_until(lambda: answers(port), 30, "Exim to answer")
        return port, home / "spool/input"

    yield start
    for home in homes:
        pid = home / "exim.pid"
        if pid.exists():
            os.kill(int(pid.read_text()), 15)
            wait_until(lambda pid=pid: not Path(f"/proc/{pid.read_text().strip()}").exists(), 30, "Exim to end")
        shutil.rmtree(home, ignore_errors=True)


def exim_by_smtp(server, port: int) -> tuple[str, str]:
    return block(HOWTO, "exim-router").replace("127.0.0.1::2525", f"127.0.0.1::{port}"), block(HOWTO, "exim-smtp")


def exim_by_lmtp(server, port: int) -> tuple[str, str]:
    router = block(HOWTO, "exim-router").replace("127.0.0.1::2525", f"127.0.0.1::{port}")
    return router, block(HOWTO, "exim-lmtp").replace("port = 2424", f"port = {port}")


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.parametrize("case", cases("exim"))
@pytest.mark.parametrize("front", ["smtp", "lmtp"])
def test_exim(server_process, start_postfix, start_exim, wait_until, unused_port, front, case):
    """The receiver is a Postfix, so that both ends are real."""
    lmtp = unused_port()
    server_process.start("--listen", f"lmtp://127.0.0.1:{lmtp}")
    receiver = start_postfix(server_process, {mailbox: said for mailbox, said in case.mailboxes.items() if said})
    made = exim_by_smtp(server_process, server_process.port) if front == "smtp" else exim_by_lmtp(server_process, lmtp)
    port, queue = start_exim(*made, receiver.mx_port)
    send(server_process, port, case)
    check(server_process, case, (queue,), wait_until)
    assert {row["via"] for row in server_process.rows("SELECT via FROM mails")} == {front}


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.parametrize("case", cases("postfix"))
@pytest.mark.parametrize("front", ["lmtp"])
def test_postfix(server_process, start_postfix, wait_until, unused_port, front, case):
    """By SMTP, milter and pipe it has tests of its own."""
    lmtp = unused_port()
    server_process.start("--listen", f"lmtp://127.0.0.1:{lmtp}")
    mailboxes = {mailbox: said for mailbox, said in case.mailboxes.items() if said}
    postfix = start_postfix(server_process, mailboxes, bounces_by=f"lmtp:inet:127.0.0.1:{lmtp}", lifetime="4s")
    send(server_process, postfix.submission_port, case)
    queues = tuple(postfix.home / "queue" / name for name in ("maildrop", "incoming", "active", "deferred"))
    check(server_process, case, queues, wait_until)
    assert {row["via"] for row in server_process.rows("SELECT via FROM mails")} == {front}


def test_there_are_cases() -> None:
    assert len(ALL) >= 5


def test_a_case_says_who_cannot_do_it_and_why(tmp_path) -> None:
    (tmp_path / "odd.txt").write_text("not sendmail It knows no such thing.\nmailbox full 552 5.2.2 Full\n-> bounce soft *\n")
    case = parse(tmp_path / "odd.txt")
    assert (case.unable, case.mailboxes) == ({"sendmail": "It knows no such thing."}, {"full": "552 5.2.2 Full"})
