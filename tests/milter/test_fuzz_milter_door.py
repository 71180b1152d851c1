"""Anything at all over a socket, at a milter door: no hang, no bug, nothing of ours told, every answer one of the table.

A few seconds by default; FUZZ_SECONDS=600 python -m pytest tests/milter/test_fuzz_milter_door.py for as long as you like.
"""

import io
import json
import os
import random
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from bouncesink.configwords import MilterMode
from bouncesink.core import reply as core
from bouncesink.core.reply import Reply
from bouncesink.fronts.milter.wire import Answer, Command

SECONDS = float(os.environ.get("FUZZ_SECONDS", "3"))
EVERYTHING, NOTHING = (6, 0x1FF, 0x1FFFFF), (2, 0x3F, 0x7F)
REFUSALS = {str(one) for one in vars(core).values() if isinstance(one, Reply) and one.code >= 400}
FOR_GOOD = {MilterMode.OBSERVE: set[str](), MilterMode.CONSUME: {str(core.NO_SUCH_ADDRESS), str(core.TOO_BIG)}}
RECIPIENTS = ["a@ours.example", "nobody@ours.example", "busy@ours.example", "admit-bug@ours.example", "x@elsewhere.example"]
PIECES = [
    b"",
    b"\0",
    b"<>\0",
    b"a\0b\0",
    b"peer\x004\x00\x19192.0.2.25\0",
    b"peer\0U",
    b"i\x00queue\0",
    b"Subject\0 x\0",
    b"\xff" * 9,
]


def packet(command: Command, data: bytes = b"") -> bytes:
    return struct.pack("!IB", len(data) + 1, command) + data


def conversation(chance: random.Random) -> bytes:
    """Some of it as an MTA would say it, and then not."""
    octets = b""
    if chance.random() < 0.9:
        octets += packet(Command.NEGOTIATE, struct.pack("!III", *chance.choice([EVERYTHING, NOTHING, (4, 0x1FF, 0x1F)])))
    for _ in range(chance.randrange(1, 5)):
        if chance.random() < 0.6:
            recipients = [packet(Command.RCPT, f"<{chance.choice(RECIPIENTS)}>\0".encode()) for _ in range(chance.randrange(4))]
            octets += packet(Command.MAIL, b"<>\0") + b"".join(recipients) + packet(Command.DATA)
            octets += packet(Command.HEADER, b"Subject\0 x\0") + packet(Command.END_OF_HEADERS)
            octets += packet(Command.BODY, b"x" * chance.choice([0, 10, 3_000])) + packet(Command.END_OF_MESSAGE)
        for _ in range(chance.randrange(6)):
            data = chance.choice([*PIECES, chance.randbytes(chance.randrange(100))])
            octets += packet(chance.choice(list(Command)), data)
    broken = bytearray(octets)
    for _ in range(chance.choice([0, 0, 0, 1, 5])):
        at = chance.randrange(len(broken) or 1)
        broken[at : at + chance.randrange(4)] = chance.randbytes(chance.randrange(4))
    return bytes(broken)


def converse(mta: Any, octets: bytes, chance: random.Random) -> list[tuple[Answer, bytes]]:
    """Everything that is answered, to the end of the connection."""
    at = 0
    with suppress(BrokenPipeError, ConnectionResetError):
        while at < len(octets):
            size = chance.choice([1, 7, 300, 100_000])
            mta.send(octets[at : at + size])
            at += size
        with suppress(OSError):  # it has been closed already
            mta.socket.shutdown(1)
    heard = []
    with suppress(OSError):
        while (answer := mta.hear()) is not None:
            heard.append(answer)
    return heard


@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.parametrize("mode", list(MilterMode))
def test_anything(open_door: Callable[..., Any], call: Callable[..., Any], written: io.StringIO, mode: MilterMode) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    chance = random.Random(seed)
    door = open_door(mode=mode, size_limit=2_000)
    deadline, conversations = time.monotonic() + SECONDS, 0
    while time.monotonic() < deadline:
        octets = conversation(chance)
        mta = call(door)
        try:
            heard = converse(mta, octets, chance)
        finally:
            mta.close()
        for answer, data in heard:
            if answer is Answer.REPLY_CODE:
                text = data.rstrip(b"\0").decode("ascii")
                assert text in REFUSALS, (seed, octets, text)
                assert text[0] == "4" or text in FOR_GOOD[mode], (seed, octets, text)
            else:
                assert answer is Answer.NEGOTIATE or not data, (seed, octets, data)
        conversations += 1
    bugs = [
        line for line in map(json.loads, written.getvalue().splitlines()) if line["event"] == "bug" and line["where"] != "admit"
    ]
    assert not bugs, seed
    print(f"{conversations} conversations, seed {seed}")
