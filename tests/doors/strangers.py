"""Strangers who say anything at all at a door: what they send comes in any pieces, and what they hear goes to the test."""

import io
import json
import os
import random
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

SECONDS = float(os.environ.get("FUZZ_SECONDS", "3"))


def conversations(
    call: Callable[[], Any],
    invent: Callable[[random.Random], bytes],
    hear: Callable[[Any], Any],
    written: io.StringIO,
) -> Iterator[tuple[list[Any], tuple[int, bytes]]]:
    """For SECONDS: everything that one stranger after the other heard, and how to hear it again: the seed and what was said.

    ``hear(caller)`` is false when the connection is closed. At the end the log may tell of no bug but those of ``admit-bug``.
    """
    seed = random.SystemRandom().randrange(1 << 32)
    chance = random.Random(seed)
    deadline, count = time.monotonic() + SECONDS, 0
    while time.monotonic() < deadline:
        octets = invent(chance)
        caller = call()
        try:
            heard = converse(caller, octets, chance, hear)
        finally:
            caller.close()
        yield heard, (seed, octets)
        count += 1
    bugs = [
        line for line in map(json.loads, written.getvalue().splitlines()) if line["event"] == "bug" and line["where"] != "admit"
    ]
    assert not bugs, seed
    print(f"{count} conversations, seed {seed}")


def converse(caller: Any, octets: bytes, chance: random.Random, hear: Callable[[Any], Any]) -> list[Any]:
    """Everything that is answered, to the end of the connection. A door that hangs is a TimeoutError."""
    at = 0
    with suppress(BrokenPipeError, ConnectionResetError):
        while at < len(octets):
            size = chance.choice([1, 7, 300, 100_000])
            caller.send(octets[at : at + size])
            at += size
        with suppress(OSError):  # it has been closed already
            caller.socket.shutdown(socket.SHUT_WR)
    heard = []
    with suppress(ConnectionResetError):
        while said := hear(caller):
            heard.append(said)
    return heard
