"""A client of TLS, and the authority and certificates that it trusts, for doors that speak it."""

import ssl
from pathlib import Path
from typing import Any

import trustme

AUTHORITY = trustme.CA()
ECDSA = AUTHORITY.issue_cert("mx.example", "localhost")
RSA = AUTHORITY.issue_cert("mx.example", key_type=trustme.KeyType.RSA)


def written_to(folder: Path, name: str, certificate: trustme.LeafCert) -> Path:
    """One file with the key and the chain."""
    path = folder / f"{name}.pem"
    certificate.private_key_and_cert_chain_pem.write_to_path(str(path))
    return path


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
