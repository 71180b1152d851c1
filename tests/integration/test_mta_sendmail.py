"""Sendmail x fronts x cases: mail that really bounces, by SMTP and LMTP, and bounces that it asks us about as a milter.

What it does with each is in docs/howto/behind-sendmail.md, whose blocks are its configuration here, with other ports and paths.
"""

import smtplib
from pathlib import Path

import mta_sendmail
import pytest
from mta_matrix import DSN, block, cases, check, send

pytestmark = [pytest.mark.peer, pytest.mark.slow]

HOWTO = mta_sendmail.HOWTO


@pytest.fixture(autouse=True)
def _can_run() -> None:
    if reason := mta_sendmail.why_not():
        pytest.skip(reason)


@pytest.fixture
def run(wait_until, unused_port):
    """run(mailer, mx=port, filters=...) is a Sendmail for as long as its ``with`` lasts."""
    return lambda mailer, **what: mta_sendmail.running(mailer, wait_until=wait_until, unused_port=unused_port, **what)


def by_smtp(port: int) -> str:
    return block(HOWTO, "sendmail-smtp").replace("2525", str(port))


def ways(server, folder: Path, lmtp: int) -> dict[str, tuple[str, str]]:
    """Front -> bouncesink's endpoint and Sendmail's mailer for it."""
    path = f"{folder}/lmtp.sock"
    return {
        "smtp": (f"smtp://127.0.0.1:{lmtp}", by_smtp(server.port)),
        "lmtp": (f"lmtp://127.0.0.1:{lmtp}", block(HOWTO, "sendmail-lmtp").replace("2424", str(lmtp))),
        "lmtp-unix": (f"lmtp+unix:{path}", block(HOWTO, "sendmail-lmtp-unix").replace("/run/bouncesink/lmtp.sock", path)),
    }


@pytest.mark.parametrize("case", cases("sendmail"))
@pytest.mark.parametrize("front", ["smtp", "lmtp", "lmtp-unix"])
def test_sendmail_bounces(server_process, start_postfix, run, wait_until, unused_port, folder, front, case):
    """The receiver is a Postfix, so that both ends are real."""
    endpoint, mailer = ways(server_process, folder, unused_port())[front]
    server_process.start("--listen", endpoint)
    receiver = start_postfix(server_process, {mailbox: said for mailbox, said in case.mailboxes.items() if said})
    waits = {"lifetime": "10s", "warning": "2s"} if case.warned else {}
    with run(mailer, mx=receiver.mx_port, **waits) as sendmail:
        send(server_process, sendmail.port, case)
        check(server_process, case, (sendmail.queue,), wait_until)
    assert {row["via"] for row in server_process.rows("SELECT via FROM mails")} == {front.removesuffix("-unix")}


def filters(kind: str, folder: Path, port: int) -> tuple[str, str]:
    """bouncesink's endpoint and Sendmail's filter."""
    if kind == "milter":
        return f"milter://127.0.0.1:{port}", block(HOWTO, "sendmail-milter").replace("2626", str(port))
    path = f"{folder}/milter.sock"
    return f"milter+unix:{path}", block(HOWTO, "sendmail-milter-unix").replace("/run/bouncesink/milter.sock", path)


def configured(folder: Path, mode: str) -> str:
    """The how-to's configuration, in this mode."""
    path = folder / "bouncesink.toml"
    path.write_text(block(HOWTO, "toml").replace('"consume"', f'"{mode}"'))
    return str(path)


@pytest.mark.parametrize("case", cases("postfix", "sendmail"))
@pytest.mark.parametrize("front", ["milter", "milter-unix"])
def test_sendmail_asks_about_bounces(server_process, start_postfix, run, wait_until, unused_port, folder, front, case):
    """A Postfix sends the mail, and its bounces come to Sendmail, which is the MX here."""
    endpoint, asked = filters(front, folder, unused_port())
    server_process.start("--listen", endpoint, "--config", configured(folder, "consume"))
    with run(by_smtp(server_process.port), mx=unused_port(), filters=asked) as sendmail:
        mailboxes = {mailbox: said for mailbox, said in case.mailboxes.items() if said}
        waits = {"delay_warning": "2s", "lifetime": "8s"} if case.warned else {"lifetime": "4s"}
        postfix = start_postfix(server_process, mailboxes, bounces_by=f"smtp:[127.0.0.1]:{sendmail.port}", **waits)
        send(server_process, postfix.submission_port, case)
        queues = tuple(postfix.home / "queue" / name for name in ("maildrop", "incoming", "active", "deferred"))
        check(server_process, case, (*queues, sendmail.queue), wait_until)
    assert {row["via"] for row in server_process.rows("SELECT via FROM mails")} == {"milter"}


def bounce(port: int, recipient: str) -> list[int]:
    """The codes of a bounce to this address, as far as it comes."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="mx.receiver.example", timeout=60) as peer:
        peer.ehlo()
        codes = [peer.mail("")[0]]
        if codes[-1] == 250:
            codes.append(peer.rcpt(recipient)[0])
        if codes[-1] == 250 and len(codes) == 2:
            codes.append(peer.data(DSN.encode())[0])
        return codes


@pytest.mark.parametrize(("mode", "came"), [("consume", ["milter"]), ("observe", ["milter", "smtp"])])
def test_who_is_refused_and_what_passes(server_process, run, wait_until, unused_port, folder, mode, came):
    """Observed, a bounce goes on to the mailer; and while we are away, nothing is taken."""
    endpoint, asked = filters("milter", folder, unused_port())
    server_process.start("--listen", endpoint, "--config", configured(folder, mode))
    (minted,) = server_process.mint("nobody@receiver.example")
    with run(by_smtp(server_process.port), mx=unused_port(), filters=asked) as sendmail:
        assert bounce(sendmail.port, minted) == [250, 250, 250]
        # It was recorded before the peer heard its 250.
        assert [row["via"] for row in server_process.rows("SELECT via FROM mails")][:1] == ["milter"]
        wait_until(lambda: not any(sendmail.queue.iterdir()), 60, "an empty queue")
        assert [row["via"] for row in server_process.rows("SELECT via FROM mails ORDER BY id")] == came
        if mode == "consume":
            assert bounce(sendmail.port, minted.replace("nobody=", "victim=")) == [250, 550]
        server_process.kill()
        assert 400 <= bounce(sendmail.port, minted)[-1] < 500
