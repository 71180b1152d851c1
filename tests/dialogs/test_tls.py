"""TLS at the doors: STARTTLS and smtps, what is shown to whom, what is forgotten, and swaks as a stranger's client."""

import io
import json
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from bouncesink.config import TlsSection
from bouncesink.configwords import TlsVersion
from bouncesink.core.mail import Via

OpenDoor = Callable[..., Any]
Call = Callable[..., Any]

AUTHORITY = trustme.CA()
ECDSA = AUTHORITY.issue_cert("mx.example", "localhost")
RSA = AUTHORITY.issue_cert("mx.example", key_type=trustme.KeyType.RSA)


def _swaks_speaks_tls() -> bool:
    if shutil.which("swaks") is None:
        return False
    told = subprocess.run(["swaks", "--support"], capture_output=True, text=True, timeout=60, check=False).stdout
    return "TLS supported" in " ".join(told.split())


needs_swaks = pytest.mark.skipif(
    not _swaks_speaks_tls(), reason="no swaks with TLS is installed: apt-get install swaks libnet-ssleay-perl"
)


def written_to(folder: Path, name: str, certificate: trustme.LeafCert) -> Path:
    """One file with the key and the chain."""
    path = folder / f"{name}.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(str(path))
    return path


@pytest.fixture
def tls(tmp_path: Path) -> TlsSection:
    return TlsSection((written_to(tmp_path, "ecdsa", ECDSA),))


def client_context(**attributes: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    AUTHORITY.configure_trust(context)
    for name, value in attributes.items():
        setattr(context, name, value)
    return context


def secure(caller: Any, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
    """Shake hands on the caller's socket."""
    caller._file.close()
    caller.socket = (context or client_context()).wrap_socket(caller.socket, server_hostname="mx.example")
    caller._file = caller.socket.makefile("rb")
    return caller.socket


def start_tls(caller: Any, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
    assert caller.say("STARTTLS") == b"220 2.0.0 ready to start TLS"
    return secure(caller, context)


def offers(caller: Any, hello: str = "EHLO") -> list[bytes]:
    caller.send(hello.encode() + b" client.example\r\n")
    lines = [caller.line()]
    while lines[-1][3:4] == b"-":
        lines.append(caller.line())
    return [line[4:] for line in lines]


def deliver(caller: Any) -> None:
    caller.send(b"MAIL FROM:<>\r\nRCPT TO:<a@mx.example>\r\nDATA\r\nx\r\n.\r\n")
    assert [caller.reply()[:3] for _ in range(4)] == [b"250", b"250", b"354", b"250"]


@pytest.mark.parametrize(
    ("place", "hello", "via"),
    [("127.0.0.1:0", "EHLO", Via.SMTP), ("lmtp://127.0.0.1:0", "LHLO", Via.LMTP)],
    ids=["smtp", "lmtp"],
)
def test_starttls_is_offered_once_and_everything_is_forgotten(
    open_door: OpenDoor, call: Call, tls: TlsSection, place: str, hello: str, via: Via
) -> None:
    door = open_door(listen=(place,), tls=tls)
    caller = call(door)
    caller.reply()
    assert b"STARTTLS" in offers(caller, hello)
    wire = start_tls(caller)
    assert caller.say("MAIL FROM:<>").startswith(b"503 5.5.1 ")
    assert b"STARTTLS" not in offers(caller, hello)
    assert caller.say("STARTTLS").startswith(b"502 5.5.1 ")
    deliver(caller)
    peer = door.mailbox.mails[0].peer
    assert (peer.via, peer.address, peer.helo, peer.tls) == (via, "127.0.0.1", "client.example", wire.version())
    assert wire.version() == "TLSv1.3"


def test_nobody_has_to(open_door: OpenDoor, call: Call, tls: TlsSection) -> None:
    door = open_door(tls=tls)
    caller = call(door)
    caller.reply()
    offers(caller)
    deliver(caller)
    assert door.mailbox.mails[0].peer.tls == ""


def test_without_a_certificate_it_is_not_offered(open_door: OpenDoor, call: Call) -> None:
    caller = call(open_door())
    caller.reply()
    assert b"STARTTLS" not in offers(caller)
    assert caller.say("STARTTLS") == b"502 5.5.1 command not implemented"


def test_smtps_speaks_tls_from_the_first_octet(open_door: OpenDoor, call: Call, tls: TlsSection) -> None:
    door = open_door(listen=("smtps://127.0.0.1:0",), tls=tls)
    caller = call(door)
    secure(caller)
    assert caller.reply() == b"220 mx.example ESMTP bouncesink"
    assert b"STARTTLS" not in offers(caller)
    deliver(caller)
    assert door.mailbox.mails[0].peer.tls == "TLSv1.3"
    assert caller.say("QUIT").startswith(b"221 ")
    assert caller.line() == b""


def test_a_network_that_erred_too_often_is_told_so_inside(open_door: OpenDoor, call: Call, tls: TlsSection) -> None:
    door = open_door(listen=("smtps://127.0.0.1:0",), tls=tls, proxies=("127.0.0.1",), max_errors=1, max_errors_per_network=1)
    heard = []
    for _ in range(3):
        caller = call(door)
        caller.send(b"PROXY TCP4 192.0.2.7 198.51.100.1 4000 25\r\n")
        secure(caller)
        heard.append(caller.reply())
        if heard[-1].startswith(b"220 "):
            assert caller.say("XYZZY") == b"500 5.5.1 unknown command"
            assert caller.reply().startswith(b"421 4.7.0 too many errors in this session")
        assert caller.line() == b""
    assert heard[:2] == [b"220 mx.example ESMTP bouncesink"] * 2
    assert heard[2] == b"421 4.7.0 too many errors from your network, try again later"


@pytest.mark.parametrize(
    "injected",
    [
        b"NOOP\r\n",
        b"EHLO evil\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<a@mx.example>\r\nDATA\r\nevil\r\n.\r\n",
        b"RSET",
        b"\r\n" * 5_000,
    ],
    ids=["command", "transaction", "half a command", "flood"],
)
@pytest.mark.parametrize(("place", "hello"), [("127.0.0.1:0", "EHLO"), ("lmtp://127.0.0.1:0", "LHLO")], ids=["smtp", "lmtp"])
@pytest.mark.parametrize("apart", [False, True], ids=["in one piece", "in two pieces"])
def test_what_came_in_the_clear_is_not_heard_inside(
    open_door: OpenDoor, call: Call, tls: TlsSection, injected: bytes, apart: bool, place: str, hello: str
) -> None:
    """RFC 3207 section 4.2 and CVE-2011-0411. In two pieces the second is no handshake, and that is the end of it."""
    door = open_door(listen=(place,), tls=tls)
    caller = call(door)
    caller.reply()
    offers(caller, hello)
    if apart:
        assert caller.say("STARTTLS").startswith(b"220 ")
        caller.send(injected)
        with pytest.raises((ssl.SSLError, OSError)):
            secure(caller)
        assert door.mailbox.mails == []
        return
    caller.send(b"STARTTLS\r\n" + injected.replace(b"EHLO", hello.encode()))
    assert caller.reply().startswith(b"220 ")
    secure(caller)
    first = b"LHLO" if hello == "LHLO" else b"EHLO or HELO"
    assert caller.say("RCPT TO:<a@mx.example>") == b"503 5.5.1 send " + first + b" first"
    assert caller.say("NOOP") == b"250 2.0.0 ok"
    assert door.mailbox.mails == []


def test_starttls_has_its_place(open_door: OpenDoor, call: Call, tls: TlsSection) -> None:
    caller = call(open_door(tls=tls))
    caller.reply()
    assert caller.say("STARTTLS now").startswith(b"501 5.5.4 ")
    offers(caller)
    assert caller.say("MAIL FROM:<>").startswith(b"250 ")
    assert caller.say("STARTTLS").startswith(b"503 5.5.1 ")
    assert caller.say("RSET").startswith(b"250 ")
    start_tls(caller)
    assert caller.say("NOOP") == b"250 2.0.0 ok"


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "smtps"])
def test_who_cannot_shake_hands_is_let_go(
    open_door: OpenDoor, call: Call, tls: TlsSection, written: io.StringIO, implicit: bool
) -> None:
    door = open_door(tls=tls, listen=("smtps://127.0.0.1:0" if implicit else "127.0.0.1:0",))
    caller = call(door)
    if not implicit:
        caller.reply()
        assert caller.say("STARTTLS").startswith(b"220 ")
    caller.send(b"EHLO client.example\r\n")
    caller._file.read()  # an alert perhaps, then the end
    deadline = time.monotonic() + 20
    while door.sessions() or not written.getvalue():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (event,) = [json.loads(line) for line in written.getvalue().splitlines()]
    assert (event["event"], event["why"][:5]) == ("peer.dropped", "TLS: ")


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "smtps"])
def test_who_does_not_begin_is_not_waited_for(open_door: OpenDoor, call: Call, tls: TlsSection, implicit: bool) -> None:
    door = open_door(tls=tls, listen=("smtps://127.0.0.1:0" if implicit else "127.0.0.1:0",), command_timeout=1.0)
    caller = call(door)
    if not implicit:
        caller.reply()
        assert caller.say("STARTTLS").startswith(b"220 ")
    assert caller.line() == b""


class TestWhatIsShown:
    """Two certificates: who can is shown the one with the elliptic curve."""

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    @pytest.mark.parametrize(
        ("attributes", "ciphers", "kind"),
        [
            ({}, None, ec.EllipticCurvePublicKey),
            ({"maximum_version": ssl.TLSVersion.TLSv1_2}, None, ec.EllipticCurvePublicKey),
            ({"maximum_version": ssl.TLSVersion.TLSv1_2}, "ECDHE-RSA-AES128-GCM-SHA256", rsa.RSAPublicKey),
            (
                {"maximum_version": ssl.TLSVersion.TLSv1_2},
                "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256",
                ec.EllipticCurvePublicKey,
            ),
        ],
        ids=["1.3", "1.2", "RSA alone", "1.2 that prefers RSA"],
    )
    def test_ecdsa_first(
        self,
        open_door: OpenDoor,
        call: Call,
        tmp_path: Path,
        order: tuple[int, int],
        attributes: dict[str, Any],
        ciphers: str | None,
        kind: type[Any],
    ) -> None:
        files = (written_to(tmp_path, "ecdsa", ECDSA), written_to(tmp_path, "rsa", RSA))
        caller = call(open_door(tls=TlsSection(tuple(files[at] for at in order))))
        caller.reply()
        context = client_context(**attributes)
        if ciphers:
            context.set_ciphers(ciphers)
        wire = start_tls(caller, context)
        shown = x509.load_der_x509_certificate(wire.getpeercert(binary_form=True) or b"")
        assert isinstance(shown.public_key(), kind)

    @pytest.mark.parametrize(
        ("least", "spoken", "works"),
        [
            (TlsVersion.TLS_1_2, ssl.TLSVersion.TLSv1_2, True),
            (TlsVersion.TLS_1_2, ssl.TLSVersion.TLSv1_1, False),
            (TlsVersion.TLS_1_2, ssl.TLSVersion.TLSv1, False),
            (TlsVersion.TLS_1_1, ssl.TLSVersion.TLSv1_1, True),
            (TlsVersion.TLS_1_1, ssl.TLSVersion.TLSv1, False),
            (TlsVersion.TLS_1_0, ssl.TLSVersion.TLSv1, True),
            (TlsVersion.TLS_1_0, ssl.TLSVersion.TLSv1_3, True),
            (TlsVersion.TLS_1_3, ssl.TLSVersion.TLSv1_2, False),
        ],
    )
    @pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
    def test_versions(
        self, open_door: OpenDoor, call: Call, tmp_path: Path, least: TlsVersion, spoken: ssl.TLSVersion, works: bool
    ) -> None:
        section = TlsSection((written_to(tmp_path, "rsa", RSA),), minimum_version=least)
        caller = call(open_door(tls=section))
        caller.reply()
        context = client_context()
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = spoken
        if works:
            assert start_tls(caller, context).version() == {"TLSv1": "TLSv1"}.get(spoken.name, spoken.name.replace("_", "."))
            deliver_after_ehlo = offers(caller)
            assert b"STARTTLS" not in deliver_after_ehlo
        else:
            with pytest.raises((ssl.SSLError, ConnectionError)):
                start_tls(caller, context)


class TestTheWireBeneath:
    """What held in the clear holds inside."""

    @pytest.fixture
    def inside(self, open_door: OpenDoor, call: Call, tls: TlsSection) -> Callable[..., tuple[Any, Any]]:
        def _inside(**settings: Any) -> tuple[Any, Any]:
            door = open_door(tls=tls, **settings)
            caller = call(door)
            caller.reply()
            start_tls(caller)
            offers(caller)
            return door, caller

        return _inside

    def test_a_big_content_with_every_octet(self, inside: Any) -> None:
        door, caller = inside()
        content = bytes(range(256)) * 4 * 1024
        caller.send(b"MAIL FROM:<>\r\nRCPT TO:<a@mx.example>\r\nDATA\r\n")
        assert [caller.reply()[:3] for _ in range(3)] == [b"250", b"250", b"354"]
        caller.send(content + b"\r\n.\r\n")
        assert caller.reply().startswith(b"250 2.0.0 ")
        assert door.mailbox.mails[0].content == content + b"\r\n"

    def test_octet_by_octet(self, inside: Any) -> None:
        door, caller = inside()
        for octet in b"MAIL FROM:<>\r\nRCPT TO:<a@mx.example>\r\nDATA\r\n..x\r\n.\r\nQUIT\r\n":
            caller.send(bytes([octet]))
        assert [caller.reply()[:3] for _ in range(5)] == [b"250", b"250", b"354", b"250", b"221"]
        assert caller.line() == b""
        assert door.mailbox.mails[0].content == b".x\r\n"

    def test_a_peer_that_says_goodbye_first_is_answered_to_its_end(self, inside: Any) -> None:
        _, caller = inside()
        caller.send(b"NOOP\r\n")
        assert caller.reply() == b"250 2.0.0 ok"
        assert caller.socket.unwrap() is not None

    def test_a_long_silence_is_told_inside(self, inside: Any) -> None:
        _, caller = inside(command_timeout=1.0)
        assert caller.reply() == b"421 4.4.2 timed out waiting for you"
        assert caller.line() == b""

    def test_the_end_of_the_server_is_told_inside(self, inside: Any) -> None:
        door, caller = inside()
        door.stop()
        assert caller.reply() == b"421 4.3.2 shutting down, try again later"
        assert caller.line() == b""

    def test_who_reads_nothing_is_not_read_from(self, inside: Any) -> None:
        door, caller = inside()
        caller.socket.settimeout(0.5)
        with pytest.raises(TimeoutError):
            caller.send(b"EHLO c\r\n" * 8 * 1_048_576)
        assert door.held() < 4 * 1_048_576

    def test_garbage_in_the_middle_ends_it(self, inside: Any) -> None:
        door, caller = inside()
        with socket.socket(fileno=caller.socket.detach()) as beneath:
            beneath.settimeout(20)
            beneath.sendall(b"MAIL FROM:<>\r\n" * 10)
            while beneath.recv(4_096):
                pass
        assert door.mailbox.mails == []


@needs_swaks
@pytest.mark.peer
@pytest.mark.parametrize(
    ("place", "extra"),
    [
        ("127.0.0.1:0", ["--tls"]),
        ("127.0.0.1:0", ["--tls", "--pipeline"]),
        ("smtps://127.0.0.1:0", ["--tls-on-connect"]),
        ("lmtp://127.0.0.1:0", ["--tls", "--protocol", "LMTP"]),
    ],
    ids=["starttls", "pipelining", "smtps", "lmtp"],
)
def test_swaks_delivers_over_tls(open_door: OpenDoor, tls: TlsSection, tmp_path: Path, place: str, extra: list[str]) -> None:
    door = open_door(tls=tls, listen=(place,))
    trusted = tmp_path / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(str(trusted))
    where = ["--server", "127.0.0.1", "--port", str(door.port), "--tls-verify", "--tls-ca-path", str(trusted)]
    command = ["swaks", *where, "--tls-sni", "mx.example", "--helo", "client.example", "--from", "<>", "--to", "a@mx.example"]
    ran = subprocess.run([*command, *extra], capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "TLS started with cipher TLSv1.3" in ran.stdout
    assert door.mailbox.mails[0].peer.tls == "TLSv1.3"
