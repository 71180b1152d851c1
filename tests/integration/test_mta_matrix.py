"""Postfix x fronts x cases, and the cases themselves: mail that really bounces, handed over by LMTP over TCP and a Unix socket.

The cases are the plain text files of ``cases``; the receiver's MX is a Postfix that answers as they say. The other MTAs are in
files of their own, and Postfix has some for SMTP, milter and pipe.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from mta_matrix import ALL, cases, check, parse, send


@pytest.fixture
def folder() -> Iterator[Path]:
    """A path that is short enough for a socket, and that Postfix's user can reach."""
    made = Path(tempfile.mkdtemp(prefix="bp-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def serve(server, front: str, folder: Path, port: int) -> str:
    """The server started with this front, and the transport(5) that hands over to it."""
    if front == "lmtp":
        server.start("--listen", f"lmtp://127.0.0.1:{port}")
        return f"lmtp:inet:127.0.0.1:{port}"
    config = folder / "bouncesink.toml"
    config.write_text('[listener]\nsocket_mode = "0666"\n')
    server.start("--listen", f"lmtp+unix:{folder}/lmtp.sock", "--config", str(config))
    return f"lmtp:unix:{folder}/lmtp.sock"


@pytest.mark.peer
@pytest.mark.slow
@pytest.mark.parametrize("case", cases("postfix"))
@pytest.mark.parametrize("front", ["lmtp", "lmtp-unix"])
def test_postfix(server_process, start_postfix, wait_until, unused_port, folder, front, case):
    """The receiver is the same Postfix."""
    bounces_by = serve(server_process, front, folder, unused_port())
    mailboxes = {mailbox: said for mailbox, said in case.mailboxes.items() if said}
    waits = {"delay_warning": "2s", "lifetime": "8s"} if case.warned else {"lifetime": "4s"}
    postfix = start_postfix(server_process, mailboxes, bounces_by=bounces_by, **waits)
    send(server_process, postfix.submission_port, case)
    queues = tuple(postfix.home / "queue" / name for name in ("maildrop", "incoming", "active", "deferred"))
    check(server_process, case, queues, wait_until)
    assert {row["via"] for row in server_process.rows("SELECT via FROM mails")} == {front.removesuffix("-unix")}


def test_there_are_cases() -> None:
    assert len(ALL) >= 5


def test_a_case_says_who_cannot_do_it_and_why(tmp_path) -> None:
    (tmp_path / "odd.txt").write_text("not sendmail It knows no such thing.\nmailbox full 552 5.2.2 Full\n-> bounce soft *\n")
    case = parse(tmp_path / "odd.txt")
    assert (case.unable, case.mailboxes) == ({"sendmail": "It knows no such thing."}, {"full": "552 5.2.2 Full"})
