"""The gatherer's corners, and that it costs what it promises to cost."""

import time
import tracemalloc

import pytest

from bouncesink.fronts.smtp_data import ContentGatherer

MEGABYTE = 1_048_576


@pytest.mark.parametrize(
    "smuggled",
    [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\r\n\x00.\r\n"],
    ids=["LF.LF", "LF.CRLF", "CRLF.LF", "CR.CR", "CR.CRLF", "CRLF.CR", "CRLF-NUL.CRLF"],
)
def test_nothing_but_crlf_dot_crlf_ends_it(smuggled: bytes) -> None:
    gatherer = ContentGatherer(1_000)
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
    gatherer = ContentGatherer(1_000)
    assert gatherer.feed(octets) == b""
    assert gatherer.take() == content


def test_what_is_too_big_is_let_go_of_while_it_drains() -> None:
    gatherer = ContentGatherer(MEGABYTE)
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
    gatherer = ContentGatherer(size)
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
        gatherer = ContentGatherer(1 << 30)
        started = time.process_time()
        for _ in range(pieces):
            gatherer.feed(piece)
        return time.process_time() - started

    few, many = min(spent(20_000) for _ in range(3)), min(spent(200_000) for _ in range(2))
    assert many < 40 * few
