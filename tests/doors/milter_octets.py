"""What an MTA says to a milter, in octets."""

import struct

from bouncesink.fronts.milter.wire import Command

EVERYTHING = (6, 0x1FF, 0x1FFFFF)  # what is offered at negotiation: the version, the actions, the steps
NOTHING = (2, 0x3F, 0x7F)


def packet(command: Command, data: bytes = b"") -> bytes:
    return struct.pack("!IB", len(data) + 1, command) + data


def strings(*each: bytes | str) -> bytes:
    return b"".join((one.encode() if isinstance(one, str) else one) + b"\0" for one in each)


def negotiation(version: int, actions: int, steps: int) -> bytes:
    return packet(Command.NEGOTIATE, struct.pack("!III", version, actions, steps))
