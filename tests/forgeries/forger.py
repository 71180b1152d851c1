"""What a forger has, and what an honest reporter has: mails, tokens, signatures. All keys are made for one run of the tests."""

import base64
import hashlib
import smtplib
import subprocess
import threading
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from socket import AF_INET, SOCK_DGRAM, socket

import dkim
import dns.message
import dns.rcode
import dns.rrset
from dkim.canonicalization import CanonicalizationPolicy
from dkim.crypto import parse_pem_private_key

from bouncesink.core.verp.keyring import Key, Keyring
from bouncesink.core.verp.minter import Minter

OURS, OTHER, RECEIVER = "b.example", "c.example", "receiver.example"
LOOP, STRANGER = "loop.example", "stranger.example"
REPORTER = f"feedback@{LOOP}"
FRONT = "front.b.example"
STOP = b"stop"
BOUNCES, ABUSE = f"bounces@{OURS}", f"abuse@{OURS}"


def today() -> date:
    return datetime.now(UTC).date()


@dataclass
class Signing:
    """A key pair of DKIM: ``pem`` signs, ``record`` is what its domain publishes."""

    pem: bytes
    record: str

    @classmethod
    def make(cls, folder: Path, name: str) -> "Signing":
        path = folder / f"{name}.pem"
        subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, capture_output=True, timeout=60)
        told = subprocess.run(
            ["openssl", "rsa", "-in", path, "-pubout", "-outform", "DER"], check=True, capture_output=True, timeout=60
        )
        return cls(path.read_bytes(), f"v=DKIM1; k=rsa; p={base64.b64encode(told.stdout).decode()}")

    def sign(
        self,
        mail: bytes,
        domain: str,
        selector: str = "s1",
        *,
        t: datetime | None = None,
        ends: datetime | None = None,
        length: bool = False,
        stamped: bool = True,
    ) -> bytes:
        """The mail with a signature on top: of all its headers, made at ``t``, ``stamped`` with that or not."""
        signer = dkim.DKIM(mail)
        policy = CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")
        fields = [
            (b"v", b"1"),
            (b"a", b"rsa-sha256"),
            (b"c", b"relaxed/relaxed"),
            (b"d", domain.encode()),
            (b"s", selector.encode()),
            (b"h", b":".join(name.lower() for name, _ in signer.headers)),
            (b"bh", base64.b64encode(hashlib.sha256(policy.canonicalize_body(signer.body)).digest())),
            (b"b", b"0" * 60),
        ]
        if stamped:
            fields.insert(5, (b"t", str(int((t or datetime.now(UTC)).timestamp())).encode()))
        if ends:
            fields.insert(5, (b"x", str(int(ends.timestamp())).encode()))
        if length:
            fields.insert(5, (b"l", str(len(signer.body)).encode()))
        signer.hasher = hashlib.sha256
        names = [name.lower() for name, _ in signer.headers]
        value = signer.gen_header(fields, names, policy, b"DKIM-Signature", parse_pem_private_key(self.pem))
        return b"DKIM-Signature: " + value + mail


class Names(threading.Thread):
    """A DNS server on loopback that knows some TXT records, and never answers for names that begin with "mute"."""

    def __init__(self, records: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self.records = records
        self.asked: list[str] = []
        self.socket = socket(AF_INET, SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def run(self) -> None:
        while True:
            octets, peer = self.socket.recvfrom(4096)
            if octets == STOP:
                self.socket.close()
                return
            question = dns.message.from_wire(octets)
            name = question.question[0].name.to_text(omit_final_dot=True).lower()
            self.asked.append(name)
            if name.startswith("mute"):
                continue
            answer = dns.message.make_response(question)
            record = self.records.get(name)
            if record is None:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            else:
                pieces = " ".join(f'"{record[start : start + 200]}"' for start in range(0, len(record) or 1, 200))
                answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", pieces))
            self.socket.sendto(answer.to_wire(), peer)

    def close(self) -> None:
        if self.is_alive():
            with socket(AF_INET, SOCK_DGRAM) as teller:
                teller.sendto(STOP, ("127.0.0.1", self.port))
            self.join(10)


@dataclass
class World:
    """Everybody's keys. ``keyring`` is the server's."""

    keyring: Keyring
    ours: Signing
    loop: Signing
    stranger: Signing
    forged_keyring: Keyring = field(default_factory=lambda: Keyring((Key(9, b"a key that nobody here has"),)))

    def token(self, recipient: str, *, days_ago: int = 0, domain: str = OURS, keyring: Keyring | None = None) -> str:
        return Minter(keyring or self.keyring, domain).mint(recipient, today() - timedelta(days=days_ago)).address

    def old_key(self, recipient: str) -> str:
        """The id of a key that is here still, with a secret of former days."""
        return self.token(recipient, keyring=Keyring((Key(self.keyring.current.id, b"a secret that was rotated out"),)))

    def original(
        self, to: str, *, days_ago: int = 0, signing: Signing | None = None, domain: str = OURS, extra: str = ""
    ) -> bytes:
        """A mail of ours as it was sent."""
        at = datetime.now(UTC) - timedelta(days=days_ago)
        mail = (
            f"From: News <news@{domain}>\r\nTo: {to}\r\n{extra}Subject: News\r\nMessage-ID: <{abs(hash(to))}@{domain}>\r\n"
            f"Date: {at:%a, %d %b %Y %H:%M:%S} +0000\r\n\r\nThe news.\r\n"
        ).encode()
        return (signing or self.ours).sign(mail, domain, t=at if days_ago else None)


def block(about: str, diagnostic: str, status: str, action: str = "failed") -> str:
    """What a DSN says of one recipient."""
    said = f"Action: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {diagnostic}\r\n\r\n"
    return f"Final-Recipient: rfc822; {about}\r\n{said}"


def dsn(
    about: tuple[str, ...],
    original: bytes = b"",
    *,
    diagnostic: str = "550 5.1.1 User unknown",
    status: str = "5.1.1",
    action: str = "failed",
    beside: str = "",
) -> bytes:
    """A bounce of RFC 3464, without the body of what it returns. ``beside`` are further blocks."""
    blocks = "".join(block(each, diagnostic, status, action) for each in about) + beside
    headers = original.partition(b"\r\n\r\n")[0] + b"\r\n"
    returned = b"--part\r\nContent-Type: text/rfc822-headers\r\n\r\n" + headers + b"\r\n" if original else b""
    return (
        (
            f"From: MAILER-DAEMON@mx.{RECEIVER}\r\nTo: {BOUNCES}\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="part"\r\n\r\n'
            "--part\r\nContent-Type: text/plain\r\n\r\nYour mail could not be delivered.\r\n\r\n"
            f"--part\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.{RECEIVER}\r\n\r\n{blocks}"
        ).encode()
        + returned
        + b"--part--\r\n"
    )


def arf(about: str, *, sender: str = REPORTER, above: str = "", mail_from: str = "") -> bytes:
    """A complaint of RFC 5965."""
    at = f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S} +0000"
    original = f"From: news@{OURS}\r\nTo: list@{OURS}\r\nSubject: News\r\n\r\nNews.\r\n"
    path = f"Original-Mail-From: <{mail_from}>\r\n" if mail_from else ""
    return (
        f"{above}From: <{sender}>\r\nTo: {ABUSE}\r\nSubject: Complaint\r\nDate: {at}\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="part"\r\n\r\n'
        "--part\r\nContent-Type: text/plain\r\n\r\nThis is a complaint.\r\n\r\n"
        "--part\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: Loop/1\r\nVersion: 1\r\n"
        f"{path}Original-Rcpt-To: <{about}>\r\n\r\n"
        f"--part\r\nContent-Type: message/rfc822\r\n\r\n{original}\r\n"
        "--part--\r\n"
    ).encode()


def changed(octets: bytes, old: bytes, new: bytes) -> bytes:
    assert old in octets
    return octets.replace(old, new, 1)


def send(server, paths: tuple[str, ...], content: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as peer:
        peer.ehlo("mx.receiver.example")
        unicode = not all(path.isascii() for path in paths)
        peer.command_encoding = "utf-8" if unicode else "ascii"
        assert peer.mail("", ["SMTPUTF8"] if unicode else [])[0] == 250
        for path in paths:
            assert peer.rcpt(path)[0] == 250, path
        code, text = peer.data(content)
        assert code == 250, text


def standing(server, address: str) -> str:
    rows = server.rows("SELECT standing FROM recipients WHERE recipient_key = ?", address)
    return rows[0]["standing"] if rows else ""
