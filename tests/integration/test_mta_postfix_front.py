"""Postfix as the MX in front (docs/howto/behind-postfix.md): it asks about each recipient before it takes a mail.

A receiver's Postfix sends the bounce; the page's blocks are the configuration of the one in front, with other ports and paths.
"""

import smtplib
from pathlib import Path

import pytest
from mta_matrix import DSN, answers, block

pytestmark = [pytest.mark.peer, pytest.mark.slow]

HOWTO = "behind-postfix.md"
SOCKET = "/run/bouncesink/lmtp.sock"
RECEIVER = "nobody@receiver.example"
FRONTS = ["smtp", "lmtp", "lmtp-unix"]


def ways(server, folder: Path, port: int) -> dict[str, tuple[str, str]]:
    """Front -> bouncesink's endpoint and Postfix's transport to it."""
    path = f"{folder}/lmtp.sock"
    return {
        "smtp": (f"smtp://127.0.0.1:{port}", block(HOWTO, "postfix-smtp").replace("2525", str(server.port))),
        "lmtp": (f"lmtp://127.0.0.1:{port}", block(HOWTO, "postfix-lmtp").replace("2424", str(port))),
        "lmtp-unix": (f"lmtp+unix:{path}", block(HOWTO, "postfix-lmtp-unix").replace(SOCKET, path)),
    }


def settings(text: str) -> dict[str, str]:
    return {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in text.splitlines())}


@pytest.fixture
def front(server_process, start_postfix, wait_until, unused_port, folder):
    """front("smtp") -> the Postfix and the port at which it is the MX of the bounce domain; its own networks are nobody's."""

    def start(kind: str):
        endpoint, transport = ways(server_process, folder, unused_port())[kind]
        config = folder / "bouncesink.toml"
        config.write_text('[listener]\nsocket_mode = "0666"\n[admission]\ndomains = ["b.example"]\n')
        server_process.arguments = ("--listen", endpoint, "--config", str(config))
        server_process.start(*server_process.arguments)
        postfix = start_postfix(server_process, {})
        wanted = settings(block(HOWTO, "postfix-main")) | settings(transport)
        wanted |= {"mynetworks": "192.0.2.1/32", "smtpd_relay_restrictions": "permit_mynetworks, reject_unauth_destination"}
        main = postfix.home / "etc/main.cf"
        kept = [line for line in main.read_text().splitlines() if line.partition("=")[0].strip() not in wanted]
        main.write_text("\n".join([*kept, *(f"{name} = {value}" for name, value in wanted.items())]) + "\n")
        port = unused_port()
        with (postfix.home / "etc/master.cf").open("a") as master:
            master.write(f"127.0.0.1:{port} inet n - n - - smtpd\n")
        assert postfix.command("reload").returncode == 0, postfix.log()
        wait_until(lambda: answers(port), 30, f"Postfix to answer:\n{postfix.log()}")
        return postfix, port

    return start


def ask(peer: smtplib.SMTP, recipient: str) -> int:
    return peer.rcpt(recipient)[0]


@pytest.mark.parametrize("kind", FRONTS)
def test_it_asks_before_it_takes(server_process, front, wait_until, kind):
    postfix, port = front(kind)
    (minted,) = server_process.mint(RECEIVER)
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as peer:
        peer.ehlo("mx.receiver.example")
        assert peer.mail("")[0] == 250
        assert ask(peer, "nobody@b.example") == 550
        assert ask(peer, minted.replace("nobody=", "victim=")) == 550
        assert 500 <= ask(peer, "reader@elsewhere.example") < 600
        assert ask(peer, minted) == 250
        assert not server_process.rows("SELECT 1 FROM mails")
        assert peer.data(DSN)[0] == 250
    wait_until(lambda: server_process.rows("SELECT 1 FROM bounces"), 30, f"the bounce; Postfix says:\n{postfix.log()}")
    rows = server_process.rows(
        "SELECT via, bounces.recipient, reason, disposition FROM bounces JOIN mails ON mails.id = mail_id"
    )
    assert [tuple(row) for row in rows] == [(kind.removesuffix("-unix"), RECEIVER, "mailbox_unknown", "suppress")]


@pytest.mark.parametrize("kind", FRONTS)
def test_while_we_are_away_the_peer_comes_again(server_process, front, wait_until, kind):
    """And is let in once we are back: that nobody answered is nothing to remember of an address."""
    postfix, port = front(kind)
    (minted,) = server_process.mint(RECEIVER)
    server_process.kill()
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as peer:
        peer.ehlo("mx.receiver.example")
        peer.mail("")
        assert ask(peer, minted) == 450
    server_process.start(*server_process.arguments)
    wait_until(lambda: is_let_in(port, minted), 40, f"the address to be taken:\n{postfix.log()}")


def is_let_in(port: int, recipient: str) -> bool:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as peer:
        peer.ehlo("mx.receiver.example")
        peer.mail("")
        return ask(peer, recipient) == 250
