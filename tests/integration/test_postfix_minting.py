"""A real Postfix makes the envelope senders, by docs/howto/mint-addresses.md: VERP of its own, and a table of signed ones.

One mail goes to several mailboxes. What is refused at RCPT is bounced by this Postfix; what the receiver takes and gives up
later is bounced by the receiver, who has seen nothing but the address that left. Both have to come home for whom they are of.
"""

import os
import re
import smtplib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HOWTO = (Path(__file__).resolve().parents[2] / "docs" / "howto" / "mint-addresses.md").read_text("utf-8")
SECTION = HOWTO.partition("## By Postfix\n")[2].partition("\n## ")[0]
SENDER = "news@b.example"
MAIL = "From: News <news@sender.example>\nTo: readers@sender.example\nSubject: News\n\nThe news of the week.\n"

# mailbox: what the receiver's MX does with it. FILTER takes the mail, and bounces it from the queue.
MAILBOXES = {
    "nobody": "550 5.1.1 No such user here",
    "Full.Name": "550 5.1.1 No such user here",
    "gone": "FILTER error:5.1.1 No such user here",
    "stray": "550 5.1.1 No such user here",
    "strayed-later": "FILTER error:5.1.1 No such user here",
}
IN_THE_TABLE = ("nobody", "Full.Name", "gone", "known")
PROVEN = ("hard", "mailbox_unknown", "proven", "suppress")
UNSIGNED = ("hard", "mailbox_unknown", "unsigned", "count")
SELECT = "SELECT recipient, class, reason, authenticity, disposition FROM bounces ORDER BY recipient"
DELIMITERS = ("+=", "-=", "==", "++", "-+", "=+", "+-", "=-")


def address(mailbox: str) -> str:
    return f"{mailbox}@receiver.example"


def blocks(language: str) -> list[str]:
    """Those of the section that are of this language, in order, for our domain."""
    found = re.findall(rf"^```{re.escape(language)}\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)
    return [each.replace("b.example.com", "b.example") for each in found]


def run(script: str, postfix: Any, stdin: str = "") -> None:
    """A block of the page, by a shell in Postfix's folder, with `bouncesink` and Postfix's programs for commands."""
    programs = postfix.home / "bin"
    if not programs.exists():
        programs.mkdir()
        (programs / "bouncesink").write_text(f'#!/bin/sh\nexec {sys.executable} -m bouncesink "$@"\n')
        (programs / "bouncesink").chmod(0o755)
    outcome = subprocess.run(
        ["/bin/sh", "-c", script],
        cwd=postfix.home,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(("BOUNCESINK_", "COV"))},
            "PATH": f"{programs}:{os.environ.get('PATH', '')}:/usr/sbin",
            "MAIL_CONFIG": str(postfix.home / "etc"),
        },
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr + postfix.log()


def submit_by_sendmail(postfix: Any, mailboxes: tuple[str, ...]) -> None:
    """The command of the page, with our recipients and our file."""
    command, _ = blocks("sh")
    assert "reader@example.com other@example.net <mail.eml" in command
    run(command.replace("reader@example.com other@example.net <mail.eml", " ".join(map(address, mailboxes))), postfix, MAIL)


def submit_by_smtp(postfix: Any, mailboxes: tuple[str, ...]) -> None:
    with smtplib.SMTP("127.0.0.1", postfix.submission_port, timeout=30) as smtp:
        assert smtp.sendmail(SENDER, [*map(address, mailboxes)], MAIL, mail_options=["XVERP"]) == {}


def configure(postfix: Any, server: Any) -> None:
    """The table and main.cf of the page."""
    (postfix.home / "recipients.txt").write_text("".join(f"{address(mailbox)}\n" for mailbox in IN_THE_TABLE))
    _, table = blocks("sh")
    (main,) = blocks("main.cf")
    minted = str(postfix.home / "minted")
    assert "/var/lib/bouncesink/bouncesink.db" in table
    run(
        table.replace("/var/lib/bouncesink/bouncesink.db", str(server.database)).replace("/etc/postfix/minted", minted), postfix
    )
    with (postfix.home / "etc" / "main.cf").open("a") as file:
        file.write(main.replace("/etc/postfix/minted", minted))
    outcome = postfix.command("reload")
    assert outcome.returncode == 0, outcome.stderr


def start_server(server: Any, toml: str, *arguments: str) -> None:
    config = server.folder / "bouncesink.toml"
    config.write_text(toml)
    server.start("--config", str(config), *arguments)


@pytest.mark.peer
@pytest.mark.parametrize("submit", [submit_by_sendmail, submit_by_smtp], ids=["sendmail", "smtp"])
@pytest.mark.parametrize("home_by", ["smtp", "lmtp"])
def test_one_mail_leaves_with_a_signed_sender_for_each_recipient(
    server_process: Any,
    start_postfix: Callable[..., Any],
    wait_until: Callable[..., object],
    unused_port: Callable[[], int],
    submit: Callable[..., None],
    home_by: str,
) -> None:
    server, port = server_process, unused_port()
    (toml,) = blocks("toml")
    start_server(server, toml, "--listen", f"lmtp://127.0.0.1:{port}")
    postfix = start_postfix(server, MAILBOXES, bounces_by=f"lmtp:[127.0.0.1]:{port}" if home_by == "lmtp" else "")
    configure(postfix, server)
    submit(postfix, (*MAILBOXES, "known"))
    wait_until(lambda: len(server.rows(SELECT)) >= len(MAILBOXES), 30, f"all bounces; Postfix says:\n{postfix.log()}")
    assert {row["recipient"]: tuple(row)[1:] for row in server.rows(SELECT)} == {
        address(mailbox): PROVEN if mailbox in IN_THE_TABLE else UNSIGNED for mailbox in MAILBOXES
    }
    # Each in a bounce of its own, and the one that was delivered in none.
    paths = [row["forward_path"] for row in server.rows("SELECT DISTINCT forward_path FROM mails WHERE via = ?", home_by)]
    assert len(paths) == len(MAILBOXES)
    assert {path for path in paths if path.startswith("news")} == {
        "news+stray=receiver.example@b.example",
        "news+strayed-later=receiver.example@b.example",
    }
    suppressed = {row["recipient"] for row in server.rows("SELECT recipient FROM suppressions")}
    assert suppressed == {address("nobody"), address("Full.Name"), address("gone")}


@pytest.mark.peer
def test_whatever_delimiters_postfix_writes_the_recipient_is_read(server_process, start_postfix, wait_until) -> None:
    """XVERP=xy and -XVxy, every pair that is told apart: two mailboxes for each, and no table."""
    server, pairs = server_process, dict(enumerate(DELIMITERS))
    start_server(server, '[admission]\ndomains = ["b.example"]\nunsigned = ["postfix"]\n')
    mailboxes = {f"{way}{number}": pair for way in ("smtp", "sendmail") for number, pair in pairs.items()}
    postfix = start_postfix(server, dict.fromkeys(mailboxes, "FILTER error:5.1.1 No such user here"))
    (*_, line) = blocks("main.cf")[0].splitlines()
    with (postfix.home / "etc" / "main.cf").open("a") as file:
        file.write(f"{line}\n")
    assert postfix.command("reload").returncode == 0
    with smtplib.SMTP("127.0.0.1", postfix.submission_port, timeout=30) as smtp:
        for number, pair in pairs.items():
            smtp.sendmail(SENDER, [address(f"smtp{number}")], MAIL, mail_options=[f"XVERP={pair}"])
    for number, pair in pairs.items():
        run(f"sendmail -XV{pair} -f {SENDER} {address(f'sendmail{number}')}", postfix, MAIL)
    sql = "SELECT forward_path, recipient, authenticity FROM mails"
    wait_until(lambda: len(server.rows(sql)) >= len(mailboxes), 30, f"all bounces; Postfix says:\n{postfix.log()}")
    assert {tuple(row) for row in server.rows(sql)} == {
        (f"news{pair[0]}{mailbox}{pair[1]}receiver.example@b.example", address(mailbox), "unsigned")
        for mailbox, pair in mailboxes.items()
    }
