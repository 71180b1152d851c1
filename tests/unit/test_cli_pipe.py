"""Reading a pipe beside a loop: in order, bounded, ended at any moment. From outside: tests/integration/test_slow_pipe."""

import asyncio
import io
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace

import pytest

from bouncesink.cli import mails
from bouncesink.cli import pipe as pipe_room
from bouncesink.cli.pipe import Flow, Pipe, pipe_of


@pytest.fixture
def ends() -> Iterator[tuple[Pipe, int]]:
    """A pipe, and the descriptor that writes to it."""
    reading, writing = os.pipe()
    with Pipe(reading, is_ours=True) as pipe:
        yield pipe, writing
        with suppress(OSError):
            os.close(writing)


async def all_of(flow: Flow[bytes]) -> list[bytes]:
    found = []
    while True:
        one = flow.take()
        if one is not None:
            found.append(one)
        elif flow.is_over:
            return found
        else:
            async with asyncio.timeout(20):
                await flow.wait()


def lines(pipe: Pipe) -> Iterator[bytes]:
    yield from pipe.file()


async def test_the_order_stays_whatever_comes_in_which_pieces(ends):
    pipe, writing = ends
    wanted = [b"%d\n" % number for number in range(5_000)]
    octets = b"".join(wanted)

    def write() -> None:
        for start in range(0, len(octets), 777):
            os.write(writing, octets[start : start + 777])
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    async with Flow.of(pipe, lines(pipe), len) as flow:
        assert await all_of(flow) == wanted
    writer.join()


@pytest.mark.parametrize(
    ("size", "most"),
    [(10, pipe_room._AHEAD), (pipe_room._OCTETS_AHEAD // 4, 4), (3 * pipe_room._OCTETS_AHEAD, 1)],
    ids=["many small ones", "four large ones", "one that is larger than all"],
)
async def test_no_more_is_found_ahead_than_there_is_room_for(ends, size, most):
    pipe, _ = ends
    begun = []
    blocked = threading.Event()

    def found() -> Iterator[bytes]:
        for number in range(500):
            begun.append(number)
            if number == most:
                blocked.set()  # one more is in hand, and waits
            yield bytes(size)

    async with Flow.of(pipe, found(), len) as flow:
        assert await asyncio.to_thread(blocked.wait, 20)
        await asyncio.sleep(0.05)
        assert len(begun) == most + 1
        assert len(await all_of(flow)) == 500


async def test_a_small_one_in_front_of_one_that_finds_no_room_is_told_of(ends):
    pipe, _ = ends
    sizes = [100, 3 * pipe_room._OCTETS_AHEAD, 100, 3 * pipe_room._OCTETS_AHEAD]
    async with Flow.of(pipe, map(bytes, sizes), len) as flow:
        assert list(map(len, await all_of(flow))) == sizes


async def test_it_is_ended_while_nothing_comes_and_half_a_thing_is_none(ends):
    pipe, writing = ends
    os.write(writing, b"one\nhalf")
    async with Flow.of(pipe, lines(pipe), len) as flow:
        await flow.wait()
        assert flow.take() == b"one\n"
        assert flow.take() is None
        assert not flow.is_over
    assert flow.is_over
    assert not [each for each in threading.enumerate() if each.name == "pipe"]


async def test_it_is_ended_while_it_waits_for_room(ends):
    pipe, _ = ends
    async with Flow.of(pipe, (bytes(10) for _ in range(10_000)), len) as flow:
        await flow.wait()
    assert not [each for each in threading.enumerate() if each.name == "pipe"]


async def test_what_goes_wrong_is_raised_behind_what_was_found(ends):
    pipe, _ = ends

    def found() -> Iterator[bytes]:
        yield b"one"
        raise OSError(5, "Input/output error")

    async with Flow.of(pipe, found(), len) as flow:
        with pytest.raises(OSError, match="Input/output"):
            await all_of(flow)


def test_what_is_a_pipe(tmp_path, monkeypatch):
    regular, fifo = tmp_path / "regular", tmp_path / "fifo"
    regular.write_bytes(b"x")
    os.mkfifo(fifo)
    assert pipe_of(str(regular)) is None
    with pipe_of(str(fifo)) as pipe:
        pipe.end()
        with pytest.raises(pipe_room._EndedError):
            pipe.file().read(1)
    with regular.open("rb") as file:
        monkeypatch.setattr(mails.sys, "stdin", SimpleNamespace(buffer=file))
        assert pipe_of("-") is None
    monkeypatch.setattr(mails.sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"x")))
    assert pipe_of("-") is None
    for name in (str(tmp_path / "missing"), str(tmp_path / "link")):
        (tmp_path / "link").unlink(missing_ok=True)
        (tmp_path / "link").symlink_to("nowhere")
        with pytest.raises(OSError, match="No such file"):
            pipe_of(name)


def test_a_descriptor_that_does_not_block_is_waited_for(ends):
    """`ssh` and others leave the pipe that they share with us so."""
    pipe, writing = ends
    os.set_blocking(pipe._descriptor, False)
    timer = threading.Timer(0.1, os.write, (writing, b"late"))
    timer.start()
    assert pipe.file().read(4) == b"late"
    timer.join()
