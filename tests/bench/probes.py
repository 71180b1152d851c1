"""What a rate does not show: what an idle connection costs, and what one huge mail does to memory and to everybody else."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers import Server

WARM, IDLE = 1_000, 4_000
BIG = 50 * 1_048_576 - 65_536
_REPORT = (
    b"From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=part\r\n\r\n--part\r\n"
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
    b"Final-Recipient: rfc822; nobody@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    b"Diagnostic-Code: smtp; 550 5.1.1 unknown user\r\n\r\n--part\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Subject: the original\r\nMIME-Version: 1.0\r\n\r\n"
)


class Peer:
    """One SMTP session, line by line."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines = self.socket.makefile("rb")
        self.reply()

    def reply(self) -> bytes:
        while (line := self._lines.readline())[3:4] == b"-":
            pass
        return line

    def say(self, line: str) -> bytes:
        self.socket.sendall(f"{line}\r\n".encode())
        return self.reply()

    def close(self) -> None:
        self._lines.close()
        self.socket.close()


def idle_connections(server: Server) -> dict[str, float]:
    """What each connection takes that said EHLO and no more, beyond the first ones, which fill what the start left free."""
    peers: list[Peer] = []

    def open_some(count: int) -> None:
        for _ in range(count):
            peers.append(Peer(server.port))
            peers[-1].say("EHLO idle.example")

    try:
        open_some(WARM)
        before = server.resident()
        open_some(IDLE)
        return {"idle connection: KB": (server.resident() - before) / IDLE / 1_000}
    finally:
        for peer in peers:
            peer.close()


def big_mail(server: Server, folder: Path) -> dict[str, float]:
    """A report with an original of 50 MB, while another session asks NOOP all the time."""
    to = (folder / "recipients").read_text().split("\n", 1)[0]
    block = b"".join(b"%064d\r\n" % number for number in range(16_384))
    base = server.resident()
    with watching(server) as seen:
        peer = Peer(server.port)
        for line in ("EHLO big.example", "MAIL FROM:<>", f"RCPT TO:<{to}>", "DATA"):
            peer.say(line)
        peer.socket.sendall(_REPORT)
        for _ in range((BIG - len(_REPORT)) // len(block)):
            peer.socket.sendall(block)
        started = time.monotonic()
        reply = peer.say("\r\n--part--\r\n.")
        commit = time.monotonic() - started
        peer.close()
    assert reply.startswith(b"250"), reply
    return {
        "50 MB mail: MB above base": (max(seen.resident) - base) / 1_048_576,
        "50 MB mail: longest stall ms": max(seen.stalls) * 1_000,
        "50 MB mail: ms from its end to 250": commit * 1_000,
    }


class Seen:
    def __init__(self) -> None:
        self.resident: list[int] = []
        self.stalls: list[float] = []


@contextmanager
def watching(server: Server) -> Iterator[Seen]:
    """How long a NOOP waits, and what the server holds, every few milliseconds."""
    seen, over = Seen(), threading.Event()

    def watch() -> None:
        peer = Peer(server.port)
        while not over.is_set():
            started = time.monotonic()
            peer.say("NOOP")
            seen.stalls.append(time.monotonic() - started)
            seen.resident.append(server.resident())
            time.sleep(0.002)
        peer.close()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
