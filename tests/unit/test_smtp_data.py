"""The gatherer's corners, and that it costs what it promises to cost."""

import hashlib
import random
import time
import tracemalloc
from pathlib import Path

import pytest

from bouncesink.core.content import bounded
from bouncesink.core.excerpt import octets_kept
from bouncesink.fronts.content import NoRoomError, Room
from bouncesink.fronts.memory import Memory
from bouncesink.fronts.smtp_data import ContentGatherer

MEGABYTE = 1_048_576


def room(size_limit: int, kept: int = 1 << 30, memory: int = 1 << 30) -> Room:
    return Room(size_limit, kept, Memory(memory))


@pytest.mark.parametrize(
    "smuggled",
    [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\r\n\x00.\r\n"],
    ids=["LF.LF", "LF.CRLF", "CRLF.LF", "CR.CR", "CR.CRLF", "CRLF.CR", "CRLF-NUL.CRLF"],
)
def test_nothing_but_crlf_dot_crlf_ends_it(smuggled: bytes) -> None:
    gatherer = ContentGatherer(room(1_000))
    assert gatherer.feed(b"a" + smuggled + b"RSET\r\n") is None
    assert gatherer.feed(b".\r\nNOOP\r\n") == b"NOOP\r\n"
    assert gatherer.take() == b"a" + smuggled.replace(b"\r\n.", b"\r\n") + b"RSET\r\n"


@pytest.mark.parametrize(
    ("octets", "content"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b".a\r\n.\r\n", b"a\r\n"),
        (b"...\r\n..\r\n.\r\n", b"..\r\n.\r\n"),
        (b"\n.\r\n.\r\n", b"\n.\r\n"),
    ],
)
def test_dots_at_the_start(octets: bytes, content: bytes) -> None:
    gatherer = ContentGatherer(room(1_000))
    assert gatherer.feed(octets) == b""
    assert gatherer.take() == content


def test_what_is_too_big_is_let_go_of_while_it_drains() -> None:
    gatherer = ContentGatherer(room(MEGABYTE))
    piece = b"x" * 65_536
    tracemalloc.start()
    try:
        for _ in range(640):
            assert gatherer.feed(piece) is None
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 100_000
    assert peak < 3 * MEGABYTE
    assert gatherer.feed(b"\r\n.\r\nQUIT\r\n") == b"QUIT\r\n"
    assert gatherer.take() is None


def test_at_most_two_copies_of_a_big_content() -> None:
    size = 16 * MEGABYTE
    gatherer = ContentGatherer(room(size))
    piece = b"x" * 65_534 + b"\r\n"
    tracemalloc.start()
    try:
        for _ in range(size // len(piece)):
            gatherer.feed(piece)
        gatherer.feed(b".\r\n")
        content = gatherer.take()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert content is not None
    assert len(content) == size
    assert peak < 2.3 * size  # the buffer that grows holds a little more than it needs


@pytest.mark.parametrize("piece", [b"a", b"\r\n", b"\r", b"\r\n."])
def test_the_time_is_linear_in_the_octets(piece: bytes) -> None:
    """Ten times the pieces take about ten times the time; a search from the start each time would take a hundred."""

    def spent(pieces: int) -> float:
        gatherer = ContentGatherer(room(1 << 30))
        started = time.process_time()
        for _ in range(pieces):
            gatherer.feed(piece)
        return time.process_time() - started

    few, many = min(spent(20_000) for _ in range(3)), min(spent(200_000) for _ in range(2))
    assert many < 40 * few


PART = b"\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\n" + b"x" * 70_000


def gathered(content: bytes, where: Room, size: int) -> ContentGatherer:
    gatherer = ContentGatherer(where)
    octets = content.replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n"
    for at in range(0, len(octets), size):
        after = gatherer.feed(octets[at : at + size])
    assert after == b""
    return gatherer


@pytest.mark.parametrize("size", [1_000_003, 65_536, 4_001])
@pytest.mark.parametrize(
    "at", [500_000, 999_990, 1_004_000, 1_004_085, 1_004_090, 1_004_096, 1_004_110, 1_100_000, 1_960_000, None]
)
def test_an_excerpt_reads_as_the_whole(at: int | None, size: int) -> None:
    filler = random.Random(7).randbytes(2_000_000).replace(b"\r", b"a").replace(b"\n", b"b")
    content = filler if at is None else filler[:at] + PART + filler[at:]
    gatherer = gathered(content, room(1 << 30, octets_kept(0)), size)
    excerpt = gatherer.take()
    assert excerpt is not None
    assert len(excerpt) < 1_100_000
    assert gatherer.whole is not None
    whole = content + b"\r\n"
    assert (gatherer.whole.size, gatherer.whole.digest) == (len(whole), hashlib.sha256(whole).digest())
    assert excerpt[: octets_kept(0)] == whole[: octets_kept(0)]
    assert bounded(excerpt, {}) == bounded(whole, {})


def test_fifty_megabytes_cost_little_and_never_stall() -> None:
    where = room(64 * MEGABYTE, octets_kept(MEGABYTE))
    gatherer = ContentGatherer(where)
    piece = (b"x" * 998 + b"\r\n") * 262
    longest = 0.0
    tracemalloc.start()
    try:
        for _ in range(200):
            began = time.thread_time()
            gatherer.feed(piece)
            longest = max(longest, time.thread_time() - began)
        gatherer.feed(b".\r\n")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert gatherer.whole is None
    assert gatherer.take() is not None
    assert gatherer.whole is not None
    assert gatherer.whole.size == 200 * len(piece)
    assert peak < 8 * MEGABYTE
    assert longest < 0.1


class TestMemory:
    """What comes while others have all of it lies in a file."""

    def test_what_is_taken_is_given_back(self) -> None:
        where = room(10 * MEGABYTE)
        gatherer = gathered(b"x" * MEGABYTE, where, 65_536)
        assert MEGABYTE <= where.memory.held < 1.2 * MEGABYTE
        gatherer.close()
        gatherer.close()
        assert where.memory.held == 0

    @pytest.mark.parametrize("kept", [1 << 30, 200_000], ids=["all", "an excerpt"])
    @pytest.mark.parametrize("full_from", [0, 300_000], ids=["from the start", "in the middle"])
    def test_a_content_that_finds_it_full_is_spooled(self, kept: int, full_from: int) -> None:
        where = room(10 * MEGABYTE, kept, memory=max(1, full_from))
        where.memory.held = 1 if not full_from else 0
        content = (b"0123456789" * 97 + b"\r\n..\r\n") * 600
        gatherer = gathered(content, where, 50_000)
        where.memory.held = 0
        if kept > len(content):
            assert gatherer.is_spooled
            assert gatherer.take() == content + b"\r\n"
        else:
            excerpt = gatherer.take()
            assert excerpt is not None
            assert excerpt == (content + b"\r\n")[:kept]
            assert gatherer.whole is not None
            assert gatherer.whole.size == len(content) + 2
        gatherer.close()

    def test_a_small_one_is_never_spooled(self) -> None:
        where = room(10 * MEGABYTE, memory=1)
        where.memory.held = 1
        gatherer = gathered(b"x" * 60_000, where, 10_000)
        assert not gatherer.is_spooled
        assert gatherer.take() == b"x" * 60_000 + b"\r\n"

    def test_one_that_is_complete_while_it_is_still_full_has_to_come_again(self) -> None:
        where = room(10 * MEGABYTE, memory=1)
        where.memory.held = 1
        gatherer = gathered(b"x" * MEGABYTE, where, 65_536)
        with pytest.raises(NoRoomError):
            gatherer.take()
        gatherer.close()

    def test_a_spooled_one_that_is_too_big_is_let_go_of(self) -> None:
        where = room(MEGABYTE, memory=1)
        where.memory.held = 1
        gatherer = gathered(b"x" * 2 * MEGABYTE, where, 65_536)
        assert gatherer.take() is None
        gatherer.close()

    def test_a_file_that_cannot_be_written_is_our_trouble(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("bouncesink.fronts.content.TemporaryFile", lambda: Path("/dev/full").open("w+b", buffering=0))  # noqa: SIM115 - closed by close
        where = room(10 * MEGABYTE, memory=1)
        where.memory.held = 1
        gatherer = gathered(b"x" * MEGABYTE, where, 65_536)
        with pytest.raises(NoRoomError):
            gatherer.take()
        gatherer.close()
