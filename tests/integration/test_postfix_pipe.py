"""A real Postfix hands bounces over by pipe(8), as docs/howto/behind-postfix-pipe.md has it: with the database free,
locked, and served by a server. Postfix runs the command as an unprivileged user.
"""

import os
import pwd
import re
import shutil
import smtplib
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from mta_command import USER, write_command

ROOT = Path(__file__).resolve().parents[2]
HOWTO = (ROOT / "docs" / "howto" / "behind-postfix-pipe.md").read_text("utf-8")
DSN = """\
From: MAILER-DAEMON@mx.receiver.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="part"

--part
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.receiver.example

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--part--
"""


@pytest.fixture
def home():
    """A folder that Postfix's user can reach and write to."""
    home = Path(tempfile.mkdtemp(prefix="bs-pipe-", dir="/tmp"))
    home.chmod(0o755)
    yield home
    shutil.rmtree(home)


@pytest.fixture
def piped(home, server_process, start_postfix):
    """A server that is not started, on a database of the user's, and a Postfix that pipes the bounce domain to it."""
    postfix = start_postfix(server_process, {})
    command = write_command(home)
    server = type(server_process)(home)
    server.minted = server.mint("reader1@receiver.example", "reader2@receiver.example")
    config = home / "bouncesink.toml"
    config.write_text(f'[store]\npath = "{server.database}"\nbusy_timeout = 0.5\n')
    user = pwd.getpwnam(USER)
    for path in (home, *home.glob("bouncesink.db*")):
        os.chown(path, user.pw_uid, user.pw_gid)
    # The line of the how-to, with our paths.
    (line,) = re.findall(r"^bouncesink unix .*?(?=^```)", HOWTO, re.MULTILINE | re.DOTALL)
    line = line.replace("/opt/bouncesink/bin/bouncesink", str(command)).replace("/etc/bouncesink/bouncesink.toml", str(config))
    with (postfix.home / "etc" / "master.cf").open("a") as master:
        master.write(line.replace("user=bouncesink", f"user={USER}"))
    (postfix.home / "transport").write_text("b.example bouncesink:\n")
    assert postfix.command("reload").returncode == 0, postfix.log()
    yield server, postfix
    server.end()


def send(postfix, recipients: list[str], reverse_path: str = "") -> None:
    with smtplib.SMTP("127.0.0.1", postfix.submission_port, timeout=30) as smtp:
        smtp.sendmail(reverse_path, recipients, DSN.format(recipient="reader1@receiver.example"))


def recorded(server) -> list[tuple[str, ...]]:
    if not server.database.exists():
        return []
    try:
        rows = server.rows("SELECT forward_path, reverse_path, via, authenticity FROM mails ORDER BY forward_path")
    except sqlite3.OperationalError:
        return []  # it is just being made
    return [tuple(row) for row in rows]


@pytest.mark.slow
@pytest.mark.peer
def test_a_bounce_goes_through_the_pipe(piped, wait_until):
    server, postfix = piped
    send(postfix, server.minted)
    send(postfix, ["unknown@b.example"], "somebody@sender.example")
    wait_until(lambda: len(recorded(server)) == 3, 40, f"the mails; Postfix says:\n{postfix.log()}")
    proven = [(path, "", "file", "proven") for path in server.minted]
    unknown = ("unknown@b.example", "somebody@sender.example", "file", "unproven")
    assert recorded(server) == sorted([*proven, unknown])
    assert [row["recipient"] for row in server.rows("SELECT recipient FROM suppressions")] == ["reader1@receiver.example"]
    wait_until(lambda: postfix.log().count("status=sent (delivered via bouncesink") == 3, 20, f"its own word:\n{postfix.log()}")


@pytest.mark.slow
@pytest.mark.peer
def test_with_the_database_locked_it_stays_in_the_queue(piped, wait_until):
    server, postfix = piped
    send(postfix, server.minted[:1])
    wait_until(lambda: len(recorded(server)) == 1, 40, f"the mail; Postfix says:\n{postfix.log()}")
    with closing(sqlite3.connect(server.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        send(postfix, server.minted[1:])
        wait_until(lambda: "status=deferred" in postfix.log(), 40, f"Postfix to keep it:\n{postfix.log()}")
        # Of two that run at once one may be told first that the other has the database.
        wait_until(lambda: "database is locked" in postfix.log(), 60, f"the reason in the MTA's log:\n{postfix.log()}")
    wait_until(lambda: len(recorded(server)) == 2, 60, f"the mail; Postfix says:\n{postfix.log()}")
    assert "status=bounced" not in postfix.log()


@pytest.mark.slow
@pytest.mark.peer
def test_a_wrong_configuration_bounces_nothing(piped, wait_until, home):
    server, postfix = piped
    config = home / "bouncesink.toml"
    right = config.read_text()
    config.write_text(f"{right}busy_timeuot = 1\n")
    send(postfix, server.minted[:1])
    wait_until(lambda: "status=deferred" in postfix.log(), 40, f"Postfix to keep it:\n{postfix.log()}")
    assert "did you mean" in postfix.log()
    config.write_text(right)
    wait_until(lambda: len(recorded(server)) == 1, 60, f"the mail; Postfix says:\n{postfix.log()}")
    assert "status=bounced" not in postfix.log()


@pytest.mark.slow
@pytest.mark.peer
def test_a_server_is_handed_the_mail(piped, wait_until):
    server, postfix = piped
    server.start()
    server.database.with_name("bouncesink.db.sock").chmod(0o666)  # it is root's here, and the pipe is somebody else's
    send(postfix, server.minted)
    wait_until(lambda: len(recorded(server)) == 2, 40, f"the mails; Postfix says:\n{postfix.log()}")
    wait_until(lambda: '"via":"file"' in server.log.read_text(), 20, "the server's own word, which comes a moment later")
    assert server.terminate() == 0
