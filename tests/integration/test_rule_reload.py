"""An operator's folder of rules, changed under a running server: taken up when it holds, refused when it does not."""

import json
import os
import signal
import smtplib
from pathlib import Path

import pytest

SAID = "550 5.7.1 The counter for letters is closed"
DSN = """\
From: MAILER-DAEMON@mx.receiver.example
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: <{number}@mx.receiver.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="part"

--part
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.receiver.example

Final-Recipient: rfc822; reader@receiver.example
Action: failed
Status: 5.7.1
Diagnostic-Code: smtp; {said}

--part--
"""
RULE = """\
[[rule]]
id = "local/counter"
reason = "{reason}"
literal = "the counter for letters is closed"
source = "https://receiver.example/postmaster"
examples = ["{said}"]
"""


class Desk:
    """A server with a folder of rules, and the address that bounces are sent to."""

    def __init__(self, server, folder: Path, wait_until) -> None:
        self.server = server
        self.folder = folder
        self.wait_until = wait_until
        self.sent = 0
        folder.mkdir()
        server.start("--config", str(self._configured()))
        (self.address,) = server.mint("reader@receiver.example")

    def _configured(self) -> Path:
        file = self.server.folder / "bouncesink.toml"
        file.write_text(f"[rules]\nfolder = {json.dumps(str(self.folder))}\n")
        return file

    def write(self, text: str, name: str = "mine.toml") -> None:
        """As a careful operator does: the file is whole when it appears."""
        aside = self.server.folder / "written"
        aside.write_text(text, "utf-8")
        aside.replace(self.folder / name)

    def events(self, name: str) -> list[dict]:
        lines = self.server.log.read_text("utf-8").splitlines()
        return [line for line in map(json.loads, lines) if line["event"] == name]

    def wait_for(self, name: str, count: int = 1) -> dict:
        self.wait_until(lambda: len(self.events(name)) >= count, 30, f"{count} times {name} in the log")
        return self.events(name)[count - 1]

    def bounce(self) -> tuple[str, str, str]:
        """Send one more; the reason, the rule and the rulebook that judged it."""
        self.sent += 1
        content = DSN.format(to=self.address, number=self.sent, said=SAID)
        with smtplib.SMTP("127.0.0.1", self.server.port, timeout=30) as peer:
            assert peer.sendmail("", [self.address], content) == {}
        (row,) = self.server.rows("SELECT reason, rule, rulebook FROM verdicts ORDER BY id DESC LIMIT 1")
        return tuple(row)


@pytest.fixture
def desk(server_process, tmp_path, wait_until) -> Desk:
    return Desk(server_process, tmp_path / "rules", wait_until)


def test_a_changed_folder_is_taken_up_and_a_bad_one_refused(desk):
    (started,) = desk.events("server.started")
    reason, rule, book = desk.bounce()
    assert (reason, book) == ("policy_unspecified", started["rulebook"])
    assert rule != "local/counter"

    desk.write(RULE.format(reason="mailbox_unknown", said=SAID))
    taken = desk.wait_for("rules.reloaded")
    assert taken["replaced"] == book != taken["rulebook"]
    assert desk.bounce() == ("mailbox_unknown", "local/counter", taken["rulebook"])

    desk.write(RULE.format(reason="mailbox_ful", said="550 another") + 'litteral = "x"\n')
    refused = desk.wait_for("rules.refused")
    assert refused["level"] == "error"
    assert refused["rulebook"] == taken["rulebook"]
    place = f"{desk.folder / 'mine.toml'}: rule local/counter: "
    assert refused["problems"] == [
        f"{place}unknown key 'litteral', did you mean 'literal'?",
        f"{place}reason knows no 'mailbox_ful', did you mean 'mailbox_full'?",
    ]
    assert desk.bounce() == ("mailbox_unknown", "local/counter", taken["rulebook"])

    desk.write(RULE.format(reason="mailbox_full", said="550 the words are not there"))
    refused = desk.wait_for("rules.refused", 2)
    assert "example '550 the words are not there' is won by " in refused["problems"][0]
    assert desk.bounce()[0] == "mailbox_unknown"

    (desk.folder / "mine.toml").unlink()
    back = desk.wait_for("rules.reloaded", 2)
    assert back["rulebook"] == started["rulebook"]
    assert desk.bounce() == (reason, rule, book)
    assert desk.server.terminate() == 0


def test_sighup_reads_the_folder_at_once_and_ends_nothing(desk):
    os.kill(desk.server.process.pid, signal.SIGHUP)
    same = desk.wait_for("rules.reloaded")
    assert same["rulebook"] == same["replaced"]
    assert desk.bounce()[0] == "policy_unspecified"
    desk.write(RULE.format(reason="mailbox_full", said=SAID))
    os.kill(desk.server.process.pid, signal.SIGHUP)
    desk.wait_for("rules.reloaded", 2)
    assert desk.bounce()[0] == "mailbox_full"
    assert desk.server.terminate() == 0


def test_sighup_without_a_folder_of_rules_ends_nothing(server):
    os.kill(server.process.pid, signal.SIGHUP)
    assert server.answers()
    assert server.terminate() == 0
