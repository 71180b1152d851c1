"""The codec: tables of what holds and what does not, and what holds of any octets."""

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.core.reply import NO_SUCH_ADDRESS, Reply
from bouncesink.fronts.milter import wire
from bouncesink.fronts.milter.wire import Answer, Command, Connection, Fault, Offer, Packet, Packets, Stage

PACKETS = st.lists(st.builds(Packet, st.sampled_from(Command), st.binary(max_size=40)), max_size=12)


def encode(packet: Packet) -> bytes:
    return struct.pack("!IB", len(packet.data) + 1, packet.command) + packet.data


def decode(octets: bytes, cuts: list[int] | None = None, limit: int = 1_000) -> list[Packet | Fault]:
    """Everything that a stream has, cut where ``cuts`` say; a fault once, at the end."""
    packets = Packets(limit)
    found: list[Packet | Fault] = []
    edges = sorted({0, len(octets), *(cut % (len(octets) + 1) for cut in cuts or [])})
    for start, end in pairwise(edges):
        packets.feed(octets[start:end])
        while (one := packets.take()) is not None:
            found.append(one)
            if isinstance(one, Fault):
                return found
    return found


@given(PACKETS, st.lists(st.integers(min_value=0), max_size=20))
def test_what_is_encoded_is_decoded_in_any_pieces(packets: list[Packet], cuts: list[int]) -> None:
    assert decode(b"".join(map(encode, packets)), cuts) == packets


@given(st.binary(max_size=200), st.lists(st.integers(min_value=0), max_size=20))
def test_any_octets_in_any_pieces_give_the_same(octets: bytes, cuts: list[int]) -> None:
    assert decode(octets, cuts) == decode(octets)


@given(PACKETS, st.binary(max_size=60), st.lists(st.integers(min_value=0), max_size=20))
def test_so_does_a_stream_that_breaks_off(packets: list[Packet], rest: bytes, cuts: list[int]) -> None:
    stream = b"".join(map(encode, packets)) + rest
    found = decode(stream, cuts)
    assert found == decode(stream)
    assert found[: len(packets)] == packets


@pytest.mark.parametrize(
    ("octets", "fault"),
    [
        (b"\0\0\0\0", Fault.EMPTY),
        (b"\0\0\x03\xe9", Fault.TOO_LONG),
        (b"\xff\xff\xff\xff", Fault.TOO_LONG),
        (b"\0\0\0\1", None),
        (b"\0\0\0\1Q", Packet(Command.QUIT)),
        (b"\0\0\0\1x", Fault.NO_COMMAND),
        (b"\0\0\0\x64x", Fault.NO_COMMAND),
        (b"\0\0\0\x64B", None),
        (b"\0\0\x03\xe8B" + b"a" * 999, Packet(Command.BODY, b"a" * 999)),
    ],
)
def test_a_fault_is_seen_as_soon_as_it_can_be(octets: bytes, fault: Fault | Packet | None) -> None:
    packets = Packets(1_000)
    packets.feed(octets)
    assert packets.take() == fault
    if isinstance(fault, Fault):
        packets.feed(encode(Packet(Command.QUIT)) * 1_000)
        assert packets.take() == fault
        assert len(packets) == 0, "nothing is kept of a stream that cannot be followed"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (struct.pack("!III", 6, 1, 2), Offer(6, 1, 2)),
        (struct.pack("!III", 6, 1, 2) + b"more", Offer(6, 1, 2)),
        (struct.pack("!III", 6, 1, 2)[:11], None),
        (b"", None),
    ],
)
def test_offers(data: bytes, expected: Offer | None) -> None:
    assert wire.parse_offer(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"h\0" + b"U", Connection(b"h", "")),
        (b"\0" + b"U", Connection(b"", "")),
        (b"h\0" + b"4\0\x19192.0.2.1\0", Connection(b"h", "192.0.2.1")),
        (b"h\0" + b"6\0\x192001:db8::1\0", Connection(b"h", "2001:db8::1")),
        (b"h\0" + b"6\0\x19IPv6:2001:db8::1\0", Connection(b"h", "2001:db8::1")),
        (b"h\0" + b"4\0\x19\xff\0", Connection(b"h", "\N{REPLACEMENT CHARACTER}")),
        (b"h\0" + b"L\0\0/run/socket\0", Connection(b"h", "")),
        (b"h\0" + b"4\0\x19192.0.2.1", None),
        (b"h\0" + b"4\0\x19a\0b\0", None),
        (b"h\0" + b"4\0", None),
        (b"h\0" + b"9\0\0a\0", None),
        (b"h\0", None),
        (b"h", None),
        (b"", None),
    ],
)
def test_connections(data: bytes, expected: Connection | None) -> None:
    assert wire.parse_connection(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"M", {}),
        (b"Mi\x001\0", {"i": "1"}),
        (b"H{tls_version}\0TLSv1.3\0{cipher}\0\0", {"tls_version": "TLSv1.3", "cipher": ""}),
        (b"Mi\0\xff\0", {"i": "\N{REPLACEMENT CHARACTER}"}),
        (b"", None),
        (b"Mi\0", None),
        (b"Mi\x001", None),
        (b"M\0", None),
    ],
)
def test_macros(data: bytes, expected: dict[str, str] | None) -> None:
    assert wire.parse_macros(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"<a@b>\0", [b"<a@b>"]),
        (b"<a@b>\0SIZE=1\0", [b"<a@b>", b"SIZE=1"]),
        (b"\0", [b""]),
        (b"", None),
        (b"<a@b>", None),
    ],
)
def test_strings(data: bytes, expected: list[bytes] | None) -> None:
    assert wire.parse_strings(data) == expected


@pytest.mark.parametrize(
    ("data", "spaced", "expected"),
    [
        (b"Subject\0x\0", False, b"Subject: x\r\n"),
        (b"Subject\0x\0", True, b"Subject:x\r\n"),
        (b"Subject\0 x\0", True, b"Subject: x\r\n"),
        (b"Subject\0\0", True, b"Subject:\r\n"),
        (b"A\0b\n\tc\r\n d\re\0", True, b"A:b\r\n\tc\r\n d\re\r\n"),
        (b"A\0b\0c\0", True, b"A:b\0c\r\n"),
        (b"A\0b", True, None),
        (b"A\0", True, None),
        (b"A", True, None),
        (b"", True, None),
    ],
)
def test_headers(data: bytes, spaced: bool, expected: bytes | None) -> None:
    header = wire.parse_header(data)
    assert (header and wire.header_lines(*header, spaced=spaced)) == expected


@given(st.binary(max_size=60))
def test_every_parser_is_total(data: bytes) -> None:
    for parse in (wire.parse_offer, wire.parse_connection, wire.parse_macros, wire.parse_strings, wire.parse_header):
        parse(data)


def test_answers_are_packets() -> None:
    assert wire.spell(Answer.CONTINUE) == b"\0\0\0\1c"
    assert wire.spell_reply(NO_SUCH_ADDRESS) == b"\0\0\0\x20y550 5.1.1 no such address here\0"
    odd = Reply(451, NO_SUCH_ADDRESS.status, "100 % " + "a" * 2_000)
    assert wire.spell_reply(odd).startswith(b"\0\0\x02\x03y451 5.1.1 100 %% aaa"), "an MTA reads % as a format"
    offered = wire.spell_offer(Offer(6, 0x100, 0x400), {Stage.MAIL: "i {auth_type}"})
    assert offered == struct.pack("!IBIII", 31, ord("O"), 6, 0x100, 0x400) + b"\0\0\0\2i {auth_type}\0"


@pytest.mark.parametrize(
    ("packet", "told"),
    [
        (Packet(Command.MAIL, b"<>\0SIZE=1\0"), b"MAIL FROM:<> SIZE=1"),
        (Packet(Command.RCPT, b"<a@b.example>\0"), b"RCPT TO:<a@b.example>"),
        (Packet(Command.BODY, b"secret"), b"PACKET BODY, 6 octets"),
        (Packet(Command.QUIT), b"PACKET QUIT, 0 octets"),
    ],
)
def test_a_packet_in_a_line_says_nothing_of_the_content(packet: Packet, told: bytes) -> None:
    assert wire.told(packet) == told


def test_an_answer_in_a_line() -> None:
    assert wire.told_answer(wire.spell(Answer.DISCARD)) == b"DISCARD"
    assert wire.told_answer(wire.spell_reply(NO_SUCH_ADDRESS)) == b"550 5.1.1 no such address here"
