"""A server that keeps no address: nothing in its files names anybody, and everything else works by asking with the address."""

import json
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest

LOCAL = "jane.doe.the.reader"
JANE = f"{LOCAL}@receiver.example"
LONG = f"{LOCAL}.{'x' * 40}@receiver.example"  # too long for a signed token, so its token is opaque
DSN = """\
From: MAILER-DAEMON@mx.receiver.example
To: <{to}>
Subject: Undelivered: {address}
Message-ID: <{number}@mx.receiver.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="part"

--part
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.receiver.example
Original-Envelope-Id: {address}

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <{address}>: user unknown, no such user: {local}

--part--
"""


class Place:
    def __init__(self, server) -> None:
        self.server = server
        self.config = server.folder / "bouncesink.toml"
        self.config.write_text('[privacy]\naddresses = "hashed"\n')
        server.start("--config", str(self.config))
        self.number = 0

    def run(self, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        options = ("--config", str(self.config), "--database", str(self.server.database))
        command = [sys.executable, "-m", "bouncesink", *arguments, *options]
        return subprocess.run(command, cwd=self.server.folder, input=stdin, capture_output=True, text=True, check=False)

    def mint(self, address: str) -> str:
        minted = self.run("verp", "mint", "-", "--domain", "b.example", stdin=f"{address}\n")
        assert minted.returncode == 0, minted.stderr
        return minted.stdout.strip()

    def bounce(self, address: str) -> None:
        self.number += 1
        to = self.mint(address)
        content = DSN.format(to=to, address=address, number=self.number, local=address.partition("@")[0])
        with smtplib.SMTP("127.0.0.1", self.server.port, timeout=30) as peer:
            assert peer.sendmail("", [to], content) == {}


@pytest.fixture(name="place")
def _place(server_process):
    return Place(server_process)


@pytest.mark.slow
def test_no_address_is_in_any_file_and_all_else_works(place):
    for address in (JANE, LONG, JANE):
        place.bounce(address)
    rows = place.server.rows("SELECT recipient, authenticity, disposition, forward_path FROM bounces ORDER BY verdict_id")
    assert [tuple(row)[1:3] for row in rows] == [("proven", "suppress")] * 3
    assert rows[0]["recipient"] == rows[2]["recipient"] != rows[1]["recipient"]
    for path in filter(Path.is_file, place.server.folder.glob("bouncesink.db*")):
        assert LOCAL.encode() not in path.read_bytes().lower(), path
    assert LOCAL not in place.server.log.read_text().lower()

    checked = place.run("recipients", "check", "-", "--format", "jsonl", stdin=f"{JANE.upper()}\n{LONG}\nother@x.example\n")
    assert checked.returncode == 1
    assert [json.loads(line)["mail"] for line in checked.stdout.splitlines()] == [False, False, True]
    shown = json.loads(place.run("recipients", "show", rows[0]["recipient"], "--format", "json").stdout)
    assert shown["standing"] == "suppressed", "what the feed shows can be asked for too"
    assert place.run("recipients", "release", JANE).returncode == 0
    assert place.run("recipients", "suppress", "by.hand@receiver.example").returncode == 0
    assert json.loads(place.run("recipients", "forget", LONG).stdout)["verdicts"] == 1
    replayed = place.run("replay", "--dry-run", "--recipient", JANE)
    assert "2 mails were not judged" in replayed.stderr
    assert place.server.terminate() == 0
    octets = place.server.database.read_bytes().lower()
    assert LOCAL.encode() not in octets
    assert b"by.hand" not in octets
    assert place.server.rows("SELECT count(*) FROM contents WHERE body IS NOT NULL")[0][0] == 0


@pytest.mark.slow
def test_what_does_not_agree_is_refused_and_changes_nothing(place):
    place.bounce(JANE)
    before = place.server.rows("SELECT count(*), max(seq) FROM feed")[0]
    plain = place.server.folder / "plain.toml"
    plain.write_text("")
    hashed, place.config = place.config, plain
    asked = place.run("recipients", "check", "-", stdin=f"{JANE}\n")
    assert (asked.returncode, "this database keeps pseudonyms" in asked.stderr) == (74, True)
    place.config = hashed
    key = place.server.folder / "bouncesink.db.privacy"
    kept = key.read_bytes()
    assert key.stat().st_mode & 0o077 == 0
    key.write_text("00" * 32 + "\n")
    asked = place.run("recipients", "suppress", JANE)
    assert (asked.returncode, "another privacy key" in asked.stderr) == (74, True)
    key.write_text("no key\n")
    assert place.run("recipients", "show", JANE).returncode == 78
    key.write_bytes(kept)
    assert tuple(place.server.rows("SELECT count(*), max(seq) FROM feed")[0]) == tuple(before)
    assert place.server.terminate() == 0
    with pytest.raises(pytest.fail.Exception, match="keeps pseudonyms"):
        place.server.start()
