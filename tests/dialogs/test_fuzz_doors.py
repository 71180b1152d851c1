"""Anything at all over a socket, at SMTP and LMTP doors: no hang, no bug, and every reply is one that the reference knows.

A few seconds by default; FUZZ_SECONDS=600 python -m pytest tests/dialogs/test_fuzz_doors.py for as long as you like.
"""

import io
import random
import re
from typing import Any

import pytest
from doors import Call, OpenDoor
from strangers import SECONDS, conversations

from bouncesink.core import reply as core
from bouncesink.core.reply import Reply
from bouncesink.fronts import smtp_replies as say
from bouncesink.fronts.smtp_replies import Line

LINES = [
    b"EHLO c", b"HELO c", b"LHLO c", b"EHLO", b"MAIL FROM:<>", b"MAIL FROM:<a@b> SIZE=9 BODY=8BITMIME", b"MAIL FROM:<\xff>",
    b"RCPT TO:<a@mx.example>", b"RCPT TO:<nobody@mx.example>", b"RCPT TO:<busy@mx.example>", b"RCPT TO:<admit-bug@mx.example>",
    b'RCPT TO:<"a b"@mx.example>', b"RCPT TO:<@x,@y:a@mx.example> NOTIFY=NEVER", b"DATA", b".", b"..", b"x" * 9_000,
    b"RSET", b"NOOP x", b"QUIT", b"VRFY a", b"EXPN a", b"HELP", b"HELP MAIL", b"BDAT 5 LAST", b"BDAT x", b"AUTH PLAIN",
    b"STARTTLS", b"\x00\x01", b"\xff\xfe", b"", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 1", b"\x16\x03\x01\x02\x00",
]  # fmt: skip
ENDS = [b"\r\n"] * 12 + [b"\n", b"\r", b"", b"\r\n.\r\n", b"\n.\n"]
FIXED = {str(one) for one in vars(core).values() if isinstance(one, Reply)} | {
    line for one in vars(say).values() if isinstance(one, Line) for line in one.wire.decode().splitlines()
}
OTHERS = re.compile(
    r"220 mx\.example E?[SL]MTP bouncesink|250[ -](mx\.example|PIPELINING|SIZE 2000|8BITMIME|SMTPUTF8|ENHANCEDSTATUSCODES)"
    r"|250 2\.0\.0 recorded as \d+|214 2\.0\.0 (Supported commands|Syntax): [\w :<>@.\[\]-]+"
)


def stream(chance: random.Random) -> bytes:
    pieces = []
    if chance.random() < 0.7:
        pieces.append(chance.choice([b"EHLO c\r\n", b"LHLO c\r\n"]) + b"MAIL FROM:<>\r\nRCPT TO:<a@mx.example>\r\nDATA\r\n")
    for _ in range(chance.randrange(1, 25)):
        line = chance.choice(LINES) if chance.random() < 0.9 else chance.randbytes(chance.randrange(60))
        pieces.append(line + chance.choice(ENDS))
    octets = bytearray(b"".join(pieces))
    for _ in range(chance.choice([0, 0, 0, 1, 5])):
        octets[chance.randrange(len(octets) or 1) : chance.randrange(len(octets) or 1)] = chance.randbytes(3)
    return bytes(octets)


def hear(caller: Any) -> bytes:
    return caller.socket.recv(65_536)


@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.parametrize("place", ["127.0.0.1:0", "lmtp://127.0.0.1:0"], ids=["smtp", "lmtp"])
def test_anything(open_door: OpenDoor, call: Call, written: io.StringIO, place: str) -> None:
    door = open_door(listen=(place,), size_limit=2_000)
    for heard, again in conversations(lambda: call(door), stream, hear, written):
        for line in b"".join(heard).decode("ascii").splitlines():
            assert line in FIXED or OTHERS.fullmatch(line), (again, line)
