"""Anything at all over a socket, at a milter door: no hang, no bug, nothing of ours told, every answer one of the table.

A few seconds by default; FUZZ_SECONDS=600 python -m pytest tests/milter/test_fuzz_milter_door.py for as long as you like.
"""

import io
import random
from typing import Any

import pytest
from doors import Call, OpenDoor
from milter_octets import EVERYTHING, NOTHING, negotiation, packet
from strangers import SECONDS, conversations

from bouncesink.config.words import MilterMode
from bouncesink.core import reply as core
from bouncesink.core.reply import Reply
from bouncesink.fronts.milter.wire import Answer, Command

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


def conversation(chance: random.Random) -> bytes:
    """Some of it as an MTA would say it, and then not."""
    octets = b""
    if chance.random() < 0.9:
        octets += negotiation(*chance.choice([EVERYTHING, NOTHING, (4, 0x1FF, 0x1F)]))
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


def hear(mta: Any) -> tuple[Answer, bytes] | None:
    return mta.hear()


@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.parametrize("mode", list(MilterMode))
def test_anything(open_door: OpenDoor, call: Call, written: io.StringIO, mode: MilterMode) -> None:
    door = open_door(mode=mode, size_limit=2_000)
    for heard, again in conversations(lambda: call(door), conversation, hear, written):
        for answer, data in heard:
            if answer is Answer.REPLY_CODE:
                text = data.rstrip(b"\0").decode("ascii")
                assert text in REFUSALS, (again, text)
                assert text[0] == "4" or text in FOR_GOOD[mode], (again, text)
            else:
                assert answer is Answer.NEGOTIATE or not data, (again, data)
