"""A real Postfix of the tests' own: its configuration, queue, log and ports are its own, and it ends with the test.

One instance plays two parts. On ``submission_port`` it is our sending MTA: it takes any mail and delivers it. On
``mx_port`` it is the receivers' MX, where each mailbox answers what ``mailboxes`` says (an access(5) action, "550 5.1.1 ...").
Mail to the bounce domain goes to bouncesink's port, as an MX record would say. On ``front_port`` it stands in front of
bouncesink, as docs/howto/point-an-mx.md has it: it asks bouncesink about each recipient before it takes a mail.
"""

import os
import pwd
import shutil
import smtplib
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path

import pytest
from watched_server import Watched

BOUNCE_DOMAIN = "b.example"
RECEIVER_DOMAIN = "receiver.example"

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file_prefixes = {home}
maillog_file = {home}/mail.log
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.sender.example
mydomain = sender.example
myorigin = sender.example
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtp_dns_support_level = disabled
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtpd_discard_ehlo_keywords = chunking
append_dot_mydomain = no
transport_maps = texthash:{home}/transport
relay_domains = b.example
relay_recipient_maps =
front = reject_unauth_destination, reject_unverified_recipient
unverified_recipient_reject_code = 550
address_verify_poll_count = 30
address_verify_poll_delay = 1s
mailboxes = check_recipient_access texthash:{home}/mailboxes, permit
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
delay_warning_time = {delay_warning}
maximal_queue_lifetime = {lifetime}
in_flow_delay = 0
"""

MASTER_CF = """\
127.0.0.1:{submission_port} inet n - n - - smtpd
127.0.0.1:{mx_port} inet n - n - - smtpd
    -o smtpd_recipient_restrictions=$mailboxes
    -o myhostname=mx.receiver.example
    -o smtpd_delay_reject=yes
127.0.0.1:{front_port} inet n - n - - smtpd
    -o smtpd_recipient_restrictions=$front
    -o smtpd_relay_restrictions=reject_unauth_destination
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 1 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
lmtp      unix  - - n - - lmtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
local     unix  - n n - - local
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


def why_postfix_cannot_run() -> str:
    """The reason to skip, or nothing."""
    if shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
        return "postfix is not installed"
    if os.geteuid() != 0:
        return "postfix's master has to be started by root"
    try:
        pwd.getpwnam("postfix")
    except KeyError:
        return "there is no user postfix"
    return ""


class Postfix:
    """A running instance. ``submit`` hands it a mail as an application would."""

    def __init__(self, home: Path, ports: Mapping[str, int]) -> None:
        self.home = home
        self.submission_port = ports["submission"]
        self.front_port = ports["front"]
        self.mx_port = ports["mx"]

    def submit(
        self, envelope_sender: str, recipients: list[str], *, subject: str = "News", options: tuple[str, ...] = ()
    ) -> None:
        mail = EmailMessage()
        mail["From"] = "News <news@sender.example>"
        mail["To"] = ", ".join(recipients)
        mail["Subject"] = subject
        mail["Message-ID"] = f"<{abs(hash((envelope_sender, *recipients)))}@sender.example>"
        mail.set_content("The news of the week.\n")
        with smtplib.SMTP("127.0.0.1", self.submission_port, timeout=30) as smtp:
            smtp.sendmail(envelope_sender, recipients, mail.as_bytes(), rcpt_options=options)

    def command(self, word: str) -> subprocess.CompletedProcess[str]:
        path = f"{os.environ.get('PATH', '')}:/usr/sbin"
        return subprocess.run(
            ["postfix", "-c", str(self.home / "etc"), word],
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def log(self) -> str:
        log = self.home / "mail.log"
        return log.read_text("utf-8", "replace") if log.exists() else "(no log)"


def write_configuration(
    home: Path, mailboxes: Mapping[str, str], ports: Mapping[str, int], delay_warning: str, lifetime: str
) -> None:
    etc, data = home / "etc", home / "data"
    for folder in (etc, data, home / "queue"):
        folder.mkdir(mode=0o755)
    owner = pwd.getpwnam("postfix")
    os.chown(data, owner.pw_uid, owner.pw_gid)
    (etc / "main.cf").write_text(MAIN_CF.format(home=home, delay_warning=delay_warning, lifetime=lifetime))
    (etc / "master.cf").write_text(MASTER_CF.format(**{f"{name}_port": port for name, port in ports.items()}))
    routes = {BOUNCE_DOMAIN: ports["bouncesink"], RECEIVER_DOMAIN: ports["mx"]}
    (home / "transport").write_text("".join(f"{domain} smtp:[127.0.0.1]:{port}\n" for domain, port in routes.items()))
    lines = [f"{local}@{RECEIVER_DOMAIN} {action}\n" for local, action in mailboxes.items()]
    (home / "mailboxes").write_text("".join(lines))
    # A mailbox that is there takes its mail and keeps nothing.
    with (home / "transport").open("a") as transport:
        transport.write(f"known@{RECEIVER_DOMAIN} discard:\n")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A path that is short enough for a socket, and that an MTA's users can reach."""
    made = Path(tempfile.mkdtemp(prefix="bs-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def start_postfix(wait_until, unused_port) -> Iterator:
    """start_postfix(server, mailboxes, delay_warning=...) -> Postfix, routing the bounce domain to that server."""
    if reason := why_postfix_cannot_run():
        pytest.skip(reason)
    started: list[Postfix] = []

    def start(
        server, mailboxes: Mapping[str, str], delay_warning: str = "0h", bounces_by: str = "", lifetime: str = "5d"
    ) -> Postfix:
        """``bounces_by`` is a transport(5) of the bounce domain, SMTP without it; ``lifetime`` is when mail is given up."""
        # Short: the path of a Unix socket ends at 108 octets.
        home = Path(tempfile.mkdtemp(prefix="bs-", dir="/tmp"))
        home.chmod(0o755)
        ports = {"submission": unused_port(), "mx": unused_port(), "front": unused_port(), "bouncesink": server.port}
        write_configuration(home, mailboxes, ports, delay_warning, lifetime)
        if bounces_by:
            by_smtp = f"smtp:[127.0.0.1]:{server.port}"
            (home / "transport").write_text((home / "transport").read_text().replace(by_smtp, bounces_by))
        postfix = Postfix(home, ports)
        started.append(postfix)
        outcome = postfix.command("start")
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr + postfix.log()
        wait_until(lambda: answers(ports["submission"]) and answers(ports["mx"]), 20, f"Postfix to answer:\n{postfix.log()}")
        return postfix

    yield start
    for postfix in started:
        postfix.command("stop")
        pid = postfix.home / "queue" / "pid" / "master.pid"
        wait_until(lambda pid=pid: not is_running(pid), 20, "Postfix to stop")
        shutil.rmtree(postfix.home)


def answers(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as smtp:
            return smtp.noop()[0] == 250
    except OSError:
        return False


def is_running(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


@pytest.fixture
def watched(server_process, unused_port) -> Watched:
    """Not started yet."""
    return Watched(server_process, unused_port())
