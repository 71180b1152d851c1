"""TLS at the doors: STARTTLS and smtps, what is forgotten, and swaks as a stranger's client."""

import io
import shutil
import ssl
import subprocess
from pathlib import Path

import pytest
from doors import Call, OpenDoor, events, until
from tls_client import AUTHORITY, deliver, offers, secure, start_tls

from bouncesink.config.sections import TlsSection
from bouncesink.core.mail import Via


def _swaks_speaks_tls() -> bool:
    if shutil.which("swaks") is None:
        return False
    told = subprocess.run(["swaks", "--support"], capture_output=True, text=True, timeout=60, check=False).stdout
    return "TLS supported" in " ".join(told.split())


needs_swaks = pytest.mark.skipif(
    not _swaks_speaks_tls(), reason="no swaks with TLS is installed: apt-get install swaks libnet-ssleay-perl"
)


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
    until(lambda: door.sessions() == 0, "the session has gone")
    (event,) = events(written, 1)
    assert (event["event"], event["why"][:5]) == ("peer.dropped", "TLS: ")


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "smtps"])
def test_who_does_not_begin_is_not_waited_for(open_door: OpenDoor, call: Call, tls: TlsSection, implicit: bool) -> None:
    door = open_door(tls=tls, listen=("smtps://127.0.0.1:0" if implicit else "127.0.0.1:0",), command_timeout=1.0)
    caller = call(door)
    if not implicit:
        caller.reply()
        assert caller.say("STARTTLS").startswith(b"220 ")
    assert caller.line() == b""


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
