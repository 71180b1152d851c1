"""Any stream of packets gives the same actions in any pieces, at most one answer to a packet, no content above the limit, and
neither DISCARD nor ACCEPT of a mail to us that was not recorded.
"""

import struct

from bouncesink.config.words import MilterMode
from bouncesink.core.mail import Admitted, Peer
from bouncesink.core.reply import CANNOT_NOW, NO_SUCH_ADDRESS, Reply, recorded_as
from bouncesink.core.verp.attribution import Attribution, Grammar
from bouncesink.fronts.content import Room
from bouncesink.fronts.memory import Memory
from bouncesink.fronts.milter.session import ACCEPT, CONTINUE, DISCARD, Action, Leave, MilterDialog, Record, Refuse, Say
from bouncesink.fronts.milter.transaction import Terms
from bouncesink.fronts.milter.wire import Answer, Command, Fault, Packet, Packets

SIZE_LIMIT = 100
PACKET_LIMIT = 1_000
MAX_RECIPIENTS = 3
SETTLED = (recorded_as("1"), CANNOT_NOW)


def packet(command: Command, data: bytes = b"") -> bytes:
    return struct.pack("!IB", len(data) + 1, command) + data


def a_mail(recipient: bytes, *, steps: int) -> bytes:
    return b"".join(
        (
            packet(Command.NEGOTIATE, struct.pack("!III", 6, 0x1FF, steps)),
            packet(Command.CONNECT, b"peer\x004\0\x19192.0.2.1\0"),
            packet(Command.MACRO, b"H{tls_version}\0TLSv1.3\0"),
            packet(Command.HELO, b"peer\0"),
            packet(Command.MAIL, b"<>\0SIZE=100\0"),
            packet(Command.RCPT, recipient + b"\0"),
            packet(Command.DATA),
            packet(Command.HEADER, b"Subject\0 failed\n for good\0"),
            packet(Command.END_OF_HEADERS),
            packet(Command.BODY, b"body\r\n"),
            packet(Command.MACRO, b"Ei\x001\0"),
            packet(Command.END_OF_MESSAGE),
        )
    )


SEEDS = [
    a_mail(b"<a@ours.example>", steps=0x1FFFFF),
    a_mail(b"<a@ours.example>", steps=0),
    a_mail(b"<nobody@ours.example>", steps=0x1FFFFF),
    a_mail(b"<user@elsewhere.example>", steps=0),
    a_mail(b"<a@ours.example>", steps=0x400) + packet(Command.ABORT) + packet(Command.QUIT_NEW_CONNECTION),
    a_mail(b"<a@ours.example>", steps=0x80).replace(b"body\r\n", b"body" * 200),
    *(packet(command) for command in Command),
]


def admit(forward_path: str, _peer: Peer) -> Admitted | Reply | None:
    if not forward_path.endswith("@ours.example"):
        return None
    return NO_SUCH_ADDRESS if forward_path.startswith("nobody") else Admitted(forward_path, Attribution(Grammar.NONE))


def check(data: bytes) -> None:
    for mode in MilterMode:
        whole = play(data, mode, len(data) or 1)
        assert whole == play(data, mode, 7) == play(data, mode, 1), "the same in any pieces"
        check_words(whole)


def play(data: bytes, mode: MilterMode, piece: int) -> list[tuple[Packet | Fault, tuple[Action, ...]]]:
    dialog, packets = (
        MilterDialog(Terms(admit, mode, Room(SIZE_LIMIT, SIZE_LIMIT, Memory(SIZE_LIMIT)), MAX_RECIPIENTS)),
        Packets(PACKET_LIMIT),
    )
    played: list[tuple[Packet | Fault, tuple[Action, ...]]] = []
    for start in range(0, len(data), piece):
        packets.feed(data[start : start + piece])
        while (found := packets.take()) is not None:
            actions = dialog.obey(found) if isinstance(found, Packet) else (Leave(found),)
            if actions and isinstance(actions[-1], Record):
                actions = (*actions, dialog.settle(SETTLED[len(played) % 2]))
            played.append((found, actions))
            if actions and isinstance(actions[-1], Leave):
                return played
        assert len(packets) <= PACKET_LIMIT + 4 + piece
    return played


def check_words(played: list[tuple[Packet | Fault, tuple[Action, ...]]]) -> None:
    ours = False
    for found, actions in played:
        said = [action.wire for action in actions if isinstance(action, Say)]
        assert len(said) <= 1
        for wire in said:
            assert int.from_bytes(wire[:4], "big") == len(wire) - 4
            Answer(wire[4])
        records = [action for action in actions if isinstance(action, Record)]
        for record in records:
            assert 1 <= len(record.envelope.admitted) <= MAX_RECIPIENTS
            assert len(record.content) <= SIZE_LIMIT
            assert record.peer.helo.isprintable()
        assert all(action.reply.code == 552 for action in actions if isinstance(action, Refuse))
        if not records:
            assert DISCARD not in said, "nothing is discarded that was not recorded"
            assert ACCEPT not in said or not ours, "nothing of ours passes that was not recorded"
        ours = still_ours(found, said, ours=ours and not records)


def still_ours(found: Packet | Fault, said: list[bytes], *, ours: bool) -> bool:
    """Whether a transaction is open now that has a recipient of ours."""
    if not isinstance(found, Packet) or found.command in ENDS:
        return False
    address = found.data.split(b"\0")[0]
    named = found.command is Command.RCPT and address == b"<a@ours.example>" and said == [CONTINUE]
    return ours or named


ENDS = {
    *(Command.MAIL, Command.HELO, Command.CONNECT, Command.ABORT),
    *(Command.QUIT_NEW_CONNECTION, Command.END_OF_MESSAGE, Command.QUIT),
}
