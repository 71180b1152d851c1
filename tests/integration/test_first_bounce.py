"""The README's path, end to end: start it, run the swaks line that it prints, run the SQL that it prints, see the verdict."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

need_swaks = pytest.mark.skipif(shutil.which("swaks") is None, reason="swaks is not installed")
need_sqlite3 = pytest.mark.skipif(shutil.which("sqlite3") is None, reason="the sqlite3 shell is not installed")

README = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
README_OUTPUT = re.findall(r"^```text\n(.*?)^```", README, re.MULTILINE | re.DOTALL)

DSN = """\
From: MAILER-DAEMON@mx.receiver.example
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="part"

--part
Content-Type: text/plain

Your mail could not be delivered.

--part
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.receiver.example

Final-Recipient: rfc822; reader@receiver.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--part--
"""


def shell(line: str, folder) -> str:
    outcome = subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


def swaks(server, sender: str, recipients: str, content: str) -> subprocess.CompletedProcess[str]:
    where = ("--server", "127.0.0.1", "--port", str(server.port))
    return subprocess.run(
        ["swaks", *where, "--from", sender, "--to", recipients, "--data", "-"],
        input=content,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.peer
@need_swaks
@need_sqlite3
def test_what_serve_prints_can_be_run_as_it_stands(server_process, wait_until):
    server_process.start("--welcome")
    wait_until(lambda: "SELECT" in server_process.log.read_text(), 10, "the welcome")
    welcome = server_process.log.read_text()
    swaks_line = joined(welcome, r"^\W*(swaks .*)$")
    sql_line = joined(welcome, r"^\W*(sqlite3 .*)$")
    assert f"127.0.0.1:{server_process.port}" in welcome
    conversation = shell(swaks_line, server_process.folder)
    assert "250 2.0.0 recorded as 1" in conversation
    answer = shell(sql_line, server_process.folder)
    (row,) = server_process.rows("SELECT recipient, class, reason, fault, why FROM bounces")
    assert (row["class"], row["reason"], row["fault"]) == ("hard", "mailbox_unknown", "recipient")
    assert row["why"]
    for value in row:
        assert str(value) in answer
    shown = set(plain(welcome, server_process) + plain(conversation, server_process) + plain(answer, server_process))
    promised = [line for block in README_OUTPUT for line in plain(block, server_process)]
    assert len(promised) > 10
    assert not [line for line in promised if line not in shown], "the README shows what is no longer printed"


def plain(text: str, server) -> list[str]:
    """Lines without what differs from one run to the next: tags, port, folder."""
    for differing, same in (
        (r"\b[a-z2-7]{16}-reader=", "TAG-reader="),
        (rf"\b{server.port}\b", "2525"),
        (re.escape(str(server.folder)), "/opt/bouncesink/.run"),
    ):
        text = re.sub(differing, same, text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def joined(text: str, pattern: str) -> str:
    """The one command that matches, its continued lines joined."""
    found = re.findall(pattern, text.replace("\\\n", " "), re.MULTILINE)
    assert len(found) == 1, text
    return str(found[0])


@pytest.mark.peer
@need_swaks
def test_swaks_to_several_minted_addresses_at_once(server):
    first, second = server.mint("one@receiver.example", "two@receiver.example")
    outcome = swaks(server, "<>", f"{first},{second}", DSN.format(to=first))
    assert outcome.returncode == 0, outcome.stdout
    rows = server.rows("SELECT recipient, reason, authenticity FROM verdicts ORDER BY recipient")
    assert [tuple(row) for row in rows] == [
        ("one@receiver.example", "mailbox_unknown", "proven"),
        ("two@receiver.example", "mailbox_unknown", "proven"),
    ]


@pytest.mark.peer
@need_swaks
def test_swaks_is_refused_at_a_forged_address_and_nothing_is_recorded(server):
    (minted,) = server.mint("one@receiver.example")
    forged = ("b" if minted[0] == "a" else "a") + minted[1:]
    outcome = swaks(server, "<>", forged, DSN.format(to=forged))
    assert outcome.returncode == 24, "swaks ends with 24 when no recipient was accepted"
    assert "550 5.1.1" in outcome.stdout
    assert not server.rows("SELECT 1 FROM mails")


@pytest.mark.peer
@need_swaks
def test_a_call_out_is_answered(server):
    """Receivers verify senders so: MAIL FROM:<>, RCPT, QUIT. A good token gets its 250, and nothing is recorded."""
    (minted,) = server.mint("one@receiver.example")
    outcome = subprocess.run(
        ["swaks", "--server", "127.0.0.1", "--port", str(server.port), "--from", "<>", "--to", minted, "--quit-after", "RCPT"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert outcome.returncode == 0, outcome.stdout
    assert "250 2.1.5" in outcome.stdout
    assert not server.rows("SELECT 1 FROM mails")


@pytest.mark.peer
@need_swaks
def test_the_same_bounce_twice_is_recorded_once(server):
    """A peer that lost our 250 sends again: it hears 250 again, and nothing is counted twice."""
    (minted,) = server.mint("one@receiver.example")
    for _ in range(2):
        assert swaks(server, "<>", minted, DSN.format(to=minted)).returncode == 0
    assert len(server.rows("SELECT 1 FROM mails")) == 1
    assert len(server.rows("SELECT 1 FROM verdicts")) == 1


@pytest.mark.peer
@need_swaks
def test_the_tutorials_listed_sender_costs_the_reader_nothing(server):
    tutorial = (Path(__file__).resolve().parents[2] / "docs/tutorial/first-bounce.md").read_text("utf-8")
    (content,) = [
        block for block in re.findall(r"^```text\n(.*?)^```", tutorial, re.MULTILINE | re.DOTALL) if "blocked" in block
    ]
    (server.folder / "listed.eml").write_text(content)
    told = server.command("explain", "listed.eml")
    assert "ip_blocklisted" in told
    assert not server.rows("SELECT 1 FROM mails"), "explaining records nothing"
    (minted,) = server.mint("reader@receiver.example")
    assert swaks(server, "<>", minted, content).returncode == 0
    (row,) = server.rows("SELECT recipient, class, reason, fault, disposition FROM bounces")
    assert tuple(row) == ("reader@receiver.example", "hard", "ip_blocklisted", "sender_reputation", "ignore")
