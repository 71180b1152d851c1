"""DATA against a reference that reads whole lines, and against stock aiosmtpd's own loop: whatever the mix of CR, LF and dots,
and however the octets are cut, the same content comes out and the same octets are left for the next command."""

import asyncio
import os
import random

from aiosmtpd.smtp import SMTP
from hypothesis import given, settings
from hypothesis import strategies as st

from bouncesink.fronts.content import Room
from bouncesink.fronts.memory import Memory
from bouncesink.fronts.smtp_data import ContentGatherer

NO_LIMIT = 1 << 30
CASES = int(
    os.environ.get("DATA_CASES", "20000")
)  # as many as you like: DATA_CASES=1000000 python -m pytest tests/property/test_smtp_data.py
TAIL = b"MAIL FROM:<>\r\n"

_atoms = st.sampled_from(
    [b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"..", b"a", b"\x00", b"\xff", b"\r\n.\r", b"\n.\n", b"a" * 1_100]
)
_contents = st.lists(_atoms, max_size=24).map(b"".join)
_cuts = st.lists(st.integers(min_value=1, max_value=40), min_size=1, max_size=30)


def reference(octets: bytes) -> tuple[bytes, bytes]:
    """RFC 5321 section 4.1.1.4 and section 4.5.2, a line at a time: content, and what follows it."""
    lines, at = [], 0
    while True:
        end = octets.index(b"\r\n", at) + 2
        line, at = octets[at:end], end
        if line == b".\r\n":
            return b"".join(lines), octets[at:]
        lines.append(line.removeprefix(b"."))


def gathered(pieces: list[bytes], limit: int = NO_LIMIT) -> tuple[bytes | None, bytes]:
    gatherer = ContentGatherer(Room(limit, NO_LIMIT, Memory(NO_LIMIT)))
    for number, piece in enumerate(pieces):
        after = gatherer.feed(piece)
        if after is not None:
            return gatherer.take(), after + b"".join(pieces[number + 1 :])
    raise AssertionError("it never ended")


def cut(octets: bytes, sizes: list[int]) -> list[bytes]:
    """``octets`` in pieces of those sizes, over and over."""
    pieces, at, turn = [], 0, 0
    while at < len(octets):
        size = sizes[turn % len(sizes)]
        pieces.append(octets[at : at + size])
        at, turn = at + size, turn + 1
    return pieces


@given(content=_contents, sizes=_cuts)
@settings(max_examples=400, deadline=None)
def test_equal_to_the_reference_however_it_is_cut(content: bytes, sizes: list[int]) -> None:
    octets = content + b"\r\n.\r\n" + TAIL
    assert gathered(cut(octets, sizes)) == reference(octets)


def test_equal_to_the_reference_over_many_random_mixes() -> None:
    chance = random.Random(5321)
    for case in range(CASES):
        length = chance.randrange(40)
        octets = bytes(chance.choices(b"\r\n.a", weights=(4, 4, 3, 1), k=length)) + b"\r\n.\r\n" + TAIL
        sizes = [chance.randrange(1, 9) for _ in range(8)] if case % 4 else [len(octets)]
        assert gathered(cut(octets, sizes)) == reference(octets), (octets, sizes)


@given(content=_contents, sizes=_cuts, slack=st.integers(min_value=-3, max_value=3))
@settings(max_examples=200, deadline=None)
def test_the_limit_is_of_the_content_as_it_is_kept(content: bytes, sizes: list[int], slack: int) -> None:
    octets = content + b"\r\n.\r\n" + TAIL
    expected, rest = reference(octets)
    limit = max(0, len(expected) + slack)
    assert gathered(cut(octets, sizes), limit) == (expected if len(expected) <= limit else None, rest)


async def test_equal_to_stock_aiosmtpd() -> None:
    """Stock reads line by line and is right about what ends a content; its line limit is raised out of the way."""
    chance = random.Random(1870)
    for _ in range(2_000):
        mix = bytes(chance.choices(b"\r\n.a\x00\xff", weights=(4, 4, 3, 1, 1, 1), k=chance.randrange(60)))
        octets = mix + b"\r\n.\r\n" + TAIL
        assert gathered(cut(octets, [chance.randrange(1, 9) for _ in range(5)])) == await _stock(octets), octets


class _Stock(SMTP):
    """Stock aiosmtpd with its reader filled and its answers kept."""

    line_length_limit = NO_LIMIT

    async def push(self, status: str | bytes) -> None:
        del status


class _Keeper:
    content = b""

    async def handle_DATA(self, server: SMTP, session: object, envelope: object) -> str:  # noqa: N802 - aiosmtpd's name
        self.content = envelope.content
        return "250 ok"


async def _stock(octets: bytes) -> tuple[bytes, bytes]:
    keeper = _Keeper()
    loop = asyncio.get_running_loop()
    stock = _Stock(keeper, hostname="mx.example", loop=loop, data_size_limit=None)
    stock.session, stock.transport = stock._create_session(), asyncio.Transport()
    stock.session.host_name = "client"
    stock._set_rset_state()
    stock.envelope.rcpt_tos.append("a@mx.example")
    stock._reader = asyncio.StreamReader(limit=NO_LIMIT, loop=loop)
    stock._reader.feed_data(octets)
    stock._reader.feed_eof()
    await stock.smtp_DATA("")
    return keeper.content, await stock._reader.read()
