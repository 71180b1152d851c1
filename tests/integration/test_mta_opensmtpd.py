"""OpenSMTPD x fronts x cases: mail that really bounces, handed over by SMTP and by LMTP (TCP and Unix socket).

How it hands them over is in docs/howto/behind-opensmtpd.md, whose blocks are used here with other ports and paths.
"""

from pathlib import Path

import mta_opensmtpd
import pytest
from mta_matrix import ALL, block, cases, check, send

pytestmark = [pytest.mark.peer, pytest.mark.slow]

HOWTO = mta_opensmtpd.HOWTO
SOCKET = "/run/bouncesink/lmtp.sock"


@pytest.fixture(autouse=True)
def _can_run() -> None:
    if reason := mta_opensmtpd.why_not():
        pytest.skip(reason)


def ways(server, folder: Path, port: int) -> dict[str, tuple[str, str]]:
    """Front -> bouncesink's endpoint and OpenSMTPD's configuration for it."""
    path = f"{folder}/lmtp.sock"
    local = block(HOWTO, "opensmtpd-lmtp-unix").replace(SOCKET, path).replace('= "bouncesink"', '= "mail"')
    return {
        "smtp": (f"smtp://127.0.0.1:{port}", block(HOWTO, "opensmtpd-smtp").replace("2525", str(server.port))),
        "lmtp": (f"lmtp://127.0.0.1:{port}", block(HOWTO, "opensmtpd-lmtp").replace("2424", str(port))),
        "lmtp-unix": (f"lmtp+unix:{path}", local),
    }


@pytest.mark.parametrize("case", cases("opensmtpd"))
@pytest.mark.parametrize("front", ["smtp", "lmtp", "lmtp-unix"])
def test_opensmtpd(server_process, start_postfix, wait_until, unused_port, folder, front, case):
    """The receiver is a Postfix, so that both ends are real."""
    endpoint, bounces = ways(server_process, folder, unused_port())[front]
    (folder / "bouncesink.toml").write_text('[listener]\nsocket_mode = "0666"\n')
    server_process.start("--listen", endpoint, "--config", str(folder / "bouncesink.toml"))
    receiver = start_postfix(server_process, {mailbox: said for mailbox, said in case.mailboxes.items() if said})
    waits = {"lifetime": "25s", "warning": "bounce warn-interval 2s\n"} if case.warned else {}
    what = {"mx": receiver.mx_port, "wait_until": wait_until, "unused_port": unused_port}
    with mta_opensmtpd.running(bounces, **what, **waits) as smtpd:
        send(server_process, smtpd.port, case)
        check(server_process, case, smtpd.queues, wait_until)
    assert {row["via"] for row in server_process.rows("SELECT via FROM mails")} == {front.removesuffix("-unix")}


def test_a_bounce_waits_while_we_are_away(server_process, start_postfix, wait_until, unused_port, folder):
    """By the socket: OpenSMTPD comes again after ten seconds there, and after minutes over TCP."""
    endpoint, bounces = ways(server_process, folder, unused_port())["lmtp-unix"]
    (folder / "bouncesink.toml").write_text('[listener]\nsocket_mode = "0666"\n')
    start = ("--listen", endpoint, "--config", str(folder / "bouncesink.toml"))
    server_process.start(*start)
    case = next(case for case in ALL if case.name == "unknown-mailbox")
    receiver = start_postfix(server_process, case.mailboxes)
    with mta_opensmtpd.running(bounces, mx=receiver.mx_port, wait_until=wait_until, unused_port=unused_port) as smtpd:
        server_process.kill()
        send(server_process, smtpd.port, case)
        wait_until(
            lambda: "mda delivery" in smtpd.log.read_text() and "TempFail" in smtpd.log.read_text(), 60, "a first try in vain"
        )
        server_process.start(*start)
        check(server_process, case, smtpd.queues, wait_until)
