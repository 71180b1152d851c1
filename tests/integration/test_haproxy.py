"""A real haproxy in front of a really started bouncesink, by docs/howto/behind-haproxy.md: whom it speaks for is who we met.

Its configuration is the page's below Debian's defaults, with other ports. All of 127.0.0.0/8 is this machine, so a peer of
another address is one that binds it; haproxy itself comes from 127.0.0.1, the one address that is listed.
"""

import os
import shutil
import smtplib
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from mta_matrix import block

HOWTO = "behind-haproxy.md"
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
PEER, STRANGER = "127.0.0.2", "127.0.0.3"
SAID = b"Subject: Undelivered\r\n\r\n<nobody@receiver.example>: 550 5.1.1 User unknown\r\n"
LISTED = "SELECT remote_address FROM mails ORDER BY id"

# What stands above the page's block: Debian's haproxy.cfg, with its short timeouts and without its sockets and chroot.
DEBIANS = """\
global
    log stdout format raw local0
defaults
    log global
    mode http
    option httplog
    option dontlognull
    timeout connect 5000
    timeout client 50000
    timeout server 50000
"""

V1 = b"PROXY TCP4 192.0.2.7 198.51.100.1 4000 25\r\n"
V2 = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\x0f\xa0\x00\x19"


@dataclass
class Haproxy:
    """A running one. ``log`` is what it says of connections and of the server behind it."""

    process: subprocess.Popen[bytes]
    host: str
    port: int
    path: Path

    def log(self) -> str:
        return self.path.read_text("utf-8", "replace")

    def connect(self, source: str = "", timeout: float = 30) -> smtplib.SMTP:
        return smtplib.SMTP(self.host, self.port, timeout=timeout, source_address=(source or self.host, 0))


def greets(host: str, port: int, header: bytes = b"") -> bool:
    try:
        with socket.create_connection((host, port), timeout=5) as peer:
            peer.sendall(header)
            return peer.recv(4) == b"220 "
    except OSError:
        return False


@pytest.fixture
def server(server_process: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """bouncesink, which believes 127.0.0.1: even to ask whether it is there takes a header."""
    monkeypatch.setattr(server_process, "answers", lambda: greets("127.0.0.1", server_process.port, b"PROXY UNKNOWN\r\n"))
    config = server_process.folder / "bouncesink.toml"
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(server_process.folder / "ca.pem"))
    certificate = server_process.folder / "mx.pem"
    authority.issue_cert("mx.b.example").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    config.write_text(f'{block(HOWTO, "toml")}\n[tls]\ncertificate_files = ["{certificate}"]\n')
    server_process.start("--config", str(config))
    return server_process


@pytest.fixture
def start_haproxy(tmp_path: Path, wait_until: Callable[..., object], unused_port: Callable[[], int]) -> Iterator[Any]:
    """start_haproxy(server, word, host) -> Haproxy, in front of it; ``word`` is how it says whom it speaks for."""
    if (program := shutil.which("haproxy", path=PATH)) is None:
        pytest.skip("haproxy is not installed")
    started: list[Haproxy] = []

    def start(server: Any, word: str = "send-proxy-v2", host: str = "127.0.0.1") -> Haproxy:
        port, name = unused_port(), f"haproxy-{len(started)}"
        ours = block(HOWTO, "haproxy")
        for page, test in (
            ("bind :::25 v4v6", f"bind {host}:{port}"),
            ("127.0.0.1:2525", f"127.0.0.1:{server.port}"),
            ("send-proxy-v2", word),
            ("inter 2s", "inter 200ms"),
        ):
            assert page in ours
            ours = ours.replace(page, test)
        config, path = tmp_path / f"{name}.cfg", tmp_path / f"{name}.log"
        config.write_text(DEBIANS + ours)
        with path.open("wb") as log:
            process = subprocess.Popen(
                [program, "-db", "-f", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        haproxy = Haproxy(process, host, port, path)
        started.append(haproxy)
        wait_until(lambda: greets(host, port), 20, f"haproxy to let us through; it says:\n{haproxy.log()}")
        return haproxy

    yield start
    for haproxy in started:
        haproxy.process.terminate()
        try:
            haproxy.process.wait(20)
        except subprocess.TimeoutExpired:
            haproxy.process.kill()
            haproxy.process.wait(20)


def deliver(smtp: smtplib.SMTP, forward_path: str) -> None:
    assert smtp.sendmail("", [forward_path], SAID) == {}


@pytest.mark.peer
@pytest.mark.parametrize("word", ["send-proxy", "send-proxy-v2"])
def test_the_peer_is_who_connected_to_haproxy(server, start_haproxy, word: str) -> None:
    haproxy = start_haproxy(server, word)
    recipients = {PEER: "nobody@receiver.example", STRANGER: "gone@receiver.example"}
    for source, minted in zip(recipients, server.mint(*recipients.values()), strict=True):
        with haproxy.connect(source) as smtp:
            deliver(smtp, minted)
    rows = server.rows("SELECT remote_address, recipient, authenticity FROM mails ORDER BY id")
    assert [tuple(row) for row in rows] == [(source, recipient, "proven") for source, recipient in recipients.items()]


@pytest.mark.peer
@pytest.mark.parametrize("word", ["send-proxy", "send-proxy-v2"])
def test_a_peer_of_ipv6_before_a_door_of_ipv4(server, start_haproxy, word: str) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no ::1")
    haproxy = start_haproxy(server, word, "::1")
    with haproxy.connect() as smtp:
        deliver(smtp, *server.mint("nobody@receiver.example"))
    assert [row["remote_address"] for row in server.rows(LISTED)] == ["::1"]


@pytest.mark.peer
def test_tls_goes_through(server, start_haproxy) -> None:
    haproxy = start_haproxy(server)
    context = ssl.create_default_context(cafile=str(server.folder / "ca.pem"))
    context.check_hostname = False  # we connect to a number
    with haproxy.connect(PEER) as smtp:
        assert smtp.starttls(context=context)[0] == 220
        deliver(smtp, *server.mint("nobody@receiver.example"))
    (row,) = server.rows("SELECT remote_address, tls FROM mails")
    assert tuple(row) == (PEER, "TLSv1.3")


@pytest.mark.parametrize("header", [V1, V2], ids=["version 1", "version 2"])
def test_a_header_from_an_address_that_is_not_listed_is_refused(server, header: bytes) -> None:
    """It is a command that we do not know, whatever it names, and who sent it stays who it is."""
    (minted,) = server.mint("nobody@receiver.example")
    with socket.create_connection(("127.0.0.1", server.port), 30, (STRANGER, 0)) as peer, peer.makefile("rb") as heard:
        assert heard.readline().startswith(b"220 ")
        peer.sendall(header)
        assert heard.readline().startswith(b"500 ")
    with smtplib.SMTP("127.0.0.1", server.port, timeout=30, source_address=(STRANGER, 0)) as smtp:
        if header is V1:
            code, _ = smtp.docmd(header.decode().rstrip())
            assert code == 500
        deliver(smtp, minted)
    assert [row["remote_address"] for row in server.rows(LISTED)] == [STRANGER]
    assert "192.0.2.7" not in server.log.read_text()


@pytest.mark.peer
def test_while_bouncesink_is_away_nobody_is_greeted_and_nothing_taken(server, start_haproxy, wait_until) -> None:
    """A connection that ends before its greeting is one that an MTA makes again."""
    haproxy = start_haproxy(server)
    server.kill()
    wait_until(lambda: "bounces/bouncesink is DOWN" in haproxy.log(), 30, f"the check to fail; haproxy says:\n{haproxy.log()}")
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        haproxy.connect(PEER)
    server.start("--config", str(server.folder / "bouncesink.toml"))
    wait_until(lambda: "bounces/bouncesink is UP" in haproxy.log(), 30, f"the check to pass; haproxy says:\n{haproxy.log()}")
    # The checks that passed were none that we had to end, or that ended in the midst of something.
    assert "peer.dropped" not in server.log.read_text()
    with haproxy.connect(PEER) as smtp:
        deliver(smtp, *server.mint("nobody@receiver.example"))
    assert [row["remote_address"] for row in server.rows(LISTED)] == [PEER]
