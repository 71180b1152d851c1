"""A real Postfix that asks us about each mail (docs/howto/behind-postfix-milter.md): both modes, over TCP and a Unix socket.

Mail that the milter takes never reaches the transport of the bounce domain, which is bouncesink's own SMTP door, so the column
``via`` tells which way a mail came.
"""

import shutil
import smtplib
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from bouncesink.store.content import unpack

RECEIVER_DOMAIN = "receiver.example"
DSN = b"""\
From: MAILER-DAEMON@mx.receiver.example (Mail Delivery System)\r
Subject:  Undelivered Mail\r
\tReturned to Sender\r
X-Empty:\r
Message-ID: <1@mx.receiver.example>\r
Date: Sat, 28 Nov 2026 10:00:00 +0000\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status;\r
 boundary="b1"\r
\r
--b1\r
\r
.leading dot, \xe9ight bit, and a long line: %b\r
\r
--b1\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.receiver.example\r
\r
Final-Recipient: rfc822; nobody@receiver.example\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 No such user here\r
\r
--b1--\r
"""


@dataclass
class Setting:
    """A Postfix with a milter, and bouncesink."""

    server: Any
    postfix: Any
    port: int
    minted: str

    def rows(self) -> list[tuple[str, ...]]:
        sql = "SELECT mails.via, bounces.recipient, bounces.reason, bounces.disposition, bounces.authenticity"
        sql += " FROM bounces JOIN mails ON mails.id = bounces.mail_id ORDER BY mails.id"
        return [tuple(row) for row in self.server.rows(sql)]

    def content(self) -> bytes:
        sql = "SELECT encoding, body, kept FROM contents JOIN mails ON mails.content_id = contents.id WHERE via = 'milter'"
        (row,) = self.server.rows(sql)
        return unpack(*row)

    def connect(self) -> smtplib.SMTP:
        smtp = smtplib.SMTP("127.0.0.1", self.port, timeout=60)
        assert smtp.docmd("EHLO mx.receiver.example")[0] == 250
        return smtp

    def name(self, smtp: smtplib.SMTP, *recipients: str) -> list[str]:
        """What is said to MAIL FROM:<> and a RCPT for each of ``recipients``."""
        assert smtp.docmd("MAIL FROM:<> BODY=8BITMIME")[0] == 250
        return [spelled(smtp.docmd(f"RCPT TO:<{recipient}>")) for recipient in recipients]


def spelled(reply: tuple[int, bytes]) -> str:
    return f"{reply[0]} {reply[1].decode()}"


def verdict(via: str) -> tuple[str, ...]:
    return via, f"nobody@{RECEIVER_DOMAIN}", "mailbox_unknown", "suppress", "proven"


@pytest.fixture
def set_up(server_process, start_postfix, unused_port, wait_until, folder, tmp_path) -> Callable[..., Setting]:
    def _set_up(mode: str, kind: str = "tcp", version: str = "6") -> Setting:
        milter_port, port = unused_port(), unused_port()
        listen, asked = {
            "tcp": (f"milter://127.0.0.1:{milter_port}", f"inet:127.0.0.1:{milter_port}"),
            "unix": (f"milter+unix:{folder}/milter.sock", f"unix:{folder}/milter.sock"),
        }[kind]
        (tmp_path / "bouncesink.toml").write_text(
            f'[milter]\nmode = "{mode}"\n[admission]\ndomains = ["b.example"]\n'
            '[store]\nbusy_timeout = 0.5\n[listener]\nsocket_mode = "0666"\n'
        )
        server_process.start("--listen", listen, "--config", str(tmp_path / "bouncesink.toml"))
        (minted,) = server_process.mint(f"nobody@{RECEIVER_DOMAIN}")
        postfix = start_postfix(server_process, {})
        with (postfix.home / "etc" / "master.cf").open("a") as master:
            master.write(f"127.0.0.1:{port} inet n - n - - smtpd\n    -o smtpd_milters={asked}\n")
            master.write(f"    -o milter_default_action=tempfail\n    -o milter_protocol={version}\n")
        postfix.command("reload")
        setting = Setting(server_process, postfix, port, minted)

        def answers() -> bool:
            try:
                with smtplib.SMTP("127.0.0.1", port, timeout=5) as smtp:
                    return smtp.noop()[0] == 250
            except OSError:
                return False

        wait_until(answers, 20, f"Postfix's milter port to answer:\n{postfix.log()}")
        return setting

    return _set_up


@pytest.mark.peer
@pytest.mark.parametrize("kind", ["tcp", "unix"])
@pytest.mark.parametrize("mode", ["consume", "observe"])
def test_a_bounce_by_swaks_ends_in_the_database(set_up, wait_until, tmp_path, mode: str, kind: str) -> None:
    if shutil.which("swaks") is None:
        pytest.skip("swaks is not installed: apt-get install swaks")
    setting = set_up(mode, kind)
    (tmp_path / "dsn").write_bytes((DSN % (b"x" * 900)).replace(b"\r\n", b"\n"))
    command = ("swaks", "--server", f"127.0.0.1:{setting.port}", "--helo", "mx.receiver.example")
    command += ("--from", "<>", "--to", setting.minted, "--data", f"@{tmp_path / 'dsn'}")
    ran = subprocess.run(
        command, capture_output=True, text=True, errors="replace", timeout=60, check=False, stdin=subprocess.DEVNULL
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr + setting.postfix.log()
    # The mail was recorded before the peer heard its 250.
    assert setting.rows()[0] == verdict("milter")
    (mail,) = setting.server.rows("SELECT reverse_path, forward_path, remote_address, helo FROM mails WHERE via = 'milter'")
    assert tuple(mail) == ("", setting.minted, "127.0.0.1", "mx.receiver.example")
    if mode == "consume":
        wait_until(lambda: "milter-discard" in setting.postfix.log(), 20, f"the discard:\n{setting.postfix.log()}")
        assert setting.rows() == [verdict("milter")]
        assert "relay=127.0.0.1" not in setting.postfix.log()
    else:
        expected = [verdict("milter"), verdict("smtp")]
        wait_until(lambda: setting.rows() == expected, 20, f"the mail to go on:\n{setting.postfix.log()}")


@pytest.mark.peer
@pytest.mark.parametrize("version", ["2", "3", "4", "6"])
def test_the_content_is_what_the_peer_sent(set_up, version: str) -> None:
    """Long lines and more than one chunk of body too, in every version of the protocol that Postfix has."""
    setting = set_up("consume", version=version)
    content = DSN % (b"y" * 900) + b"".join(b"line %d\r\n" % number for number in range(20_000))
    with setting.connect() as smtp:
        assert setting.name(smtp, setting.minted)[0].startswith("250 ")
        assert smtp.data(content)[0] == 250
    kept = setting.content()
    # No older one keeps what stands between a header's colon and its value: one space is what we put there.
    assert kept == (content if version == "6" else content.replace(b"X-Empty:", b"X-Empty: ", 1))
    assert setting.rows()[0] == verdict("milter")


@pytest.mark.peer
@pytest.mark.parametrize("mode", ["consume", "observe"])
def test_who_is_refused_and_who_is_not(set_up, mode: str) -> None:
    setting = set_up(mode)
    forged = setting.minted.replace("nobody=", "victim=")
    other = f"known@{RECEIVER_DOMAIN}"
    with setting.connect() as smtp:
        said = setting.name(smtp, "nobody@b.example", forged, setting.minted, other)
        refused = "550 5.1.1 no such address here"
        apart = "452 4.5.3 send bounces and other mail apart, try again"
        if mode == "consume":
            assert said == [refused, refused, "250 2.1.5 Ok", apart]
        else:
            assert said == ["250 2.1.5 Ok"] * 4
        assert smtp.docmd("RSET")[0] == 250
        # Other mail passes in both modes, with any content, and nothing of it is kept.
        assert setting.name(smtp, other) == ["250 2.1.5 Ok"]
        assert smtp.data(b"Subject: hello\r\n\r\nhello\r\n")[0] == 250
        # And the session, with its milter, goes on.
        assert setting.name(smtp, setting.minted) == ["250 2.1.5 Ok"]
        assert smtp.data(DSN % b"z")[0] == 250
    assert setting.rows()[0] == verdict("milter")
    assert len(setting.server.rows("SELECT 1 FROM mails WHERE via = 'milter'")) == 1


@pytest.mark.peer
@pytest.mark.parametrize("mode", ["consume", "observe"])
def test_while_the_database_is_locked_the_peer_hears_4xx(set_up, mode: str) -> None:
    setting = set_up(mode)
    with closing(sqlite3.connect(setting.server.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with setting.connect() as smtp:
            assert setting.name(smtp, setting.minted) == ["250 2.1.5 Ok"]
            assert spelled(smtp.data(DSN % b"locked")) == "451 4.3.0 cannot record now, try again later"
            other.execute("ROLLBACK")
            # the same peer, the same session, the same mail
            assert setting.name(smtp, setting.minted) == ["250 2.1.5 Ok"]
            assert smtp.data(DSN % b"locked")[0] == 250
    assert len(setting.server.rows("SELECT 1 FROM mails WHERE via = 'milter'")) == 1


@pytest.mark.peer
def test_while_bouncesink_is_away_the_peer_hears_4xx(set_up) -> None:
    setting = set_up("observe")
    setting.server.kill()
    with setting.connect() as smtp:
        code, _ = smtp.docmd("MAIL FROM:<>")
        assert 400 <= code < 500
