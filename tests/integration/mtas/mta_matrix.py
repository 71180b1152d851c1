"""Cases of the MTA matrix: what a receiver's MX says and what has to follow, read from the plain text files of ``cases``.

What every MTA has in common: how a mail is handed to it, and how long it is waited for what comes of it.
"""

import os
import re
import signal
import smtplib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bouncesink.store.content import unpack

ROOT = Path(__file__).parents[3]
CASES = Path(__file__).parents[1] / "cases"
HOWTOS = ROOT / "docs/howto"
UNPACKED = ROOT / ".run/mta"
RECEIVER = "receiver.example"
SELECT = "SELECT kind, class, reason, disposition FROM bounces WHERE recipient = ?"
# What a receiver's MX sends us of a mailbox that is none.
DSN = (
    "From: MAILER-DAEMON@mx.receiver.example\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"\r\n\r\n--b1\r\n\r\nIt failed.\r\n--b1\r\n'
    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.receiver.example\r\n\r\n"
    "Final-Recipient: rfc822; nobody@receiver.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    "Diagnostic-Code: smtp; 550 5.1.1 No such user here\r\n\r\n--b1--\r\n"
)


@dataclass(frozen=True)
class Case:
    """``mailboxes`` is what the MX says, "" where it takes the mail; ``outcomes`` are the rows that follow, and no more.

    ``warned``: its sender is told early that mail waits. ``report`` is what every report has
    to have in it. ``unable`` says of an MTA why it cannot do this.
    """

    name: str
    together: bool
    warned: bool
    mailboxes: dict[str, str]
    outcomes: dict[str, list[tuple[str, ...]]]
    unable: dict[str, str]
    report: str = ""


def parse(path: Path) -> Case:
    words, mailboxes, outcomes, unable, last, report = set(), {}, {}, {}, "", ""
    for line in path.read_text().splitlines():
        if line.startswith("mailbox "):
            _, last, said = line.split(" ", 2)
            mailboxes[last] = "" if said == "ok" else said
        elif line.startswith("-> "):
            rows = outcomes.setdefault(last, [])
            if line != "-> nothing":
                rows.append(tuple(line[3:].split()))
        elif line.startswith("report "):
            report = line.removeprefix("report ")
        elif line.startswith("not "):
            _, mta, why = line.split(" ", 2)
            unable[mta] = why
        elif line and not line.startswith("#"):
            words.add(line.strip())
    assert words <= {"together", "warned"}, f"{path.name}: {words}"
    assert mailboxes.keys() == outcomes.keys() != set(), path.name
    return Case(path.stem, "together" in words, "warned" in words, mailboxes, outcomes, unable, report)


ALL = [parse(path) for path in sorted(CASES.glob("*.txt"))]


def cases(*mtas: str) -> list[Any]:
    """All of them as a test's parameters; those that one of these MTAs cannot do are skipped with their file's reason."""
    return [pytest.param(case, id=case.name, marks=[pytest.mark.skip(reason=why) for why in whys(case, mtas)]) for case in ALL]


def whys(case: Case, mtas: tuple[str, ...]) -> list[str]:
    return [case.unable[mta] for mta in mtas if mta in case.unable]


def block(howto: str, name: str) -> str:
    """The fenced block of the how-to that bears this name."""
    found = re.search(rf"```{name}\n(.*?)```", (HOWTOS / howto).read_text(), re.DOTALL)
    assert found, name
    return found[1]


def answers(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as peer:
            return peer.noop()[0] == 250
    except OSError:
        return False


def submit(port: int, sender: str, recipients: list[str]) -> None:
    content = f"Subject: News\r\nMessage-ID: <{abs(hash(sender))}@sender.example>\r\n\r\nThe news of the week.\r\n"
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as peer:
        # RFC 6531: asked for where it is needed, as an application has to.
        options = [] if "".join(recipients).isascii() else ["SMTPUTF8"]
        peer.sendmail(sender, recipients, content, mail_options=options)


def send(server, port: int, case: Case) -> None:
    """Each mailbox a mail with an envelope sender of its own; together, one mail, minted for the last that fails."""
    addresses = {mailbox: f"{mailbox}@{RECEIVER}" for mailbox in case.mailboxes}
    minted = dict(zip(addresses, server.mint(*addresses.values()), strict=True))
    if case.together:
        last = next(mailbox for mailbox in reversed(case.mailboxes) if case.outcomes[mailbox])
        submit(port, minted[last], list(addresses.values()))
        return
    for mailbox, address in addresses.items():
        submit(port, minted[mailbox], [address])


def check(server, case: Case, queue: tuple[Path, ...], wait_until) -> None:
    """Every row that has to be there, and, once the sender has nothing left to send, not one more."""
    for mailbox, outcomes in case.outcomes.items():
        address = f"{mailbox}@{RECEIVER}"
        enough = len(outcomes)
        wait_until(lambda a=address, n=enough: len(server.rows(SELECT, a)) >= n, 90, f"bounces about {address}; {server.log}")
    wait_until(lambda: not any(path.is_file() for folder in queue for path in folder.rglob("*")), 90, "an empty queue")
    for mailbox, outcomes in case.outcomes.items():
        found = sorted(tuple(row) for row in server.rows(SELECT, f"{mailbox}@{RECEIVER}"))
        fits = len(found) == len(outcomes) and all(map(is_as, found, sorted(outcomes)))
        assert fits, (case.name, mailbox, found, outcomes)
    reports = [unpack(*row) for row in server.rows("SELECT encoding, body, kept FROM contents")]
    assert all(case.report.encode() in report for report in reports), (case.name, reports)


def is_as(row: tuple[str, ...], outcome: tuple[str, ...]) -> bool:
    return all(wanted in ("*", found) for wanted, found in zip(outcome, row, strict=False))


def end_namespace(process: subprocess.Popen[bytes]) -> None:
    """End an ``unshare --pid --fork``: its child is the first process of a namespace, and all others there end with it."""
    for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        os.kill(int(child), signal.SIGKILL)
    process.wait(30)
