"""The hand-over on real sockets: every mail is answered or handed in again, whoever comes, goes or talks nonsense."""

import asyncio
import contextlib
import json
import os
import socket
import stat
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.core.reply import CANNOT_NOW, Reply, recorded_as
from bouncesink.errors import StoreBusy
from bouncesink.fronts import handover as room
from bouncesink.fronts.entrance import Entrance
from bouncesink.fronts.handed import Handed
from bouncesink.fronts.handover import Handover
from bouncesink.fronts.handover_socket import bound_socket, short_name, socket_path
from bouncesink.fronts.handover_wire import answer_line, greeting, is_greeting, offer_line, parse_answer, parse_offer


class Door:
    """Answers with what it was handed, or when it is told to."""

    size_limit = 1_000

    def __init__(self) -> None:
        self.handed: list[Handed] = []
        self.open = asyncio.Event()
        self.open.set()
        self.knocked = asyncio.Event()

    async def hand(self, handed: Handed) -> Reply:
        self.knocked.set()
        await self.open.wait()
        self.handed.append(handed)
        return recorded_as(str(len(self.handed)), duplicate=handed in self.handed[:-1])


@asynccontextmanager
async def nobody():
    raise StoreBusy("somebody else has it")
    yield


@pytest.fixture
def door():
    return Door()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "b.db.sock"


def test_the_socket_stands_beside_the_real_database(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "b.db").touch()
    (tmp_path / "link.db").symlink_to("real/b.db")
    assert socket_path(tmp_path / "link.db") == tmp_path / "real" / "b.db.sock"


async def test_many_mails_each_with_its_answer(door, path):
    at = datetime(2026, 2, 2, tzinfo=UTC)
    mails = [Handed(b"%d\n" % n * n, (f"{n}@b.example", "\udcff"), None if n % 2 else "", at) for n in range(200)]
    async with Handover.start(path, door), Entrance.open(path, nobody, 1) as entrance:
        replies = await asyncio.gather(*map(entrance.hand, mails))
        assert door.handed == mails
        assert [reply.text for reply in replies] == [f"recorded as {n}" for n in range(1, 201)]
        assert (await entrance.hand(mails[0])).duplicate
    assert not path.exists()


async def test_the_mode_says_who_may_come(door, path):
    async with Handover.start(path, door, 0o600):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_long_path(door, tmp_path):
    folder = tmp_path / ("x" * 100) / ("y" * 100)
    folder.mkdir(parents=True)
    async with Handover.start(folder / "b.sock", door), Entrance.open(folder / "b.sock", nobody, 1) as entrance:
        assert (await entrance.hand(Handed(b"x"))).accepted


async def test_what_a_killed_server_left_is_taken_over(door, path):
    bound_socket(path, 0o660).close()
    async with Handover.start(path, door), Entrance.open(path, nobody, 1) as entrance:
        assert (await entrance.hand(Handed(b"x"))).accepted


async def test_a_file_in_the_way_costs_the_hand_over_alone(door, path, capsys):
    path.write_text("mine")
    async with Handover.start(path, door), Entrance.open(path, nobody, 0.1) as entrance:
        assert "is in the way" in capsys.readouterr().err
        with pytest.raises(StoreBusy):
            await entrance.hand(Handed(b"x"))
    assert path.read_text() == "mine"


async def test_leaving_answers_what_is_complete(door, path):
    door.open.clear()
    async with Entrance.open(path, nobody, 1) as entrance:
        async with Handover.start(path, door):
            waiting = asyncio.create_task(entrance.hand(Handed(b"x")))
            await door.knocked.wait()
            asyncio.get_running_loop().call_later(0.1, door.open.set)
        assert (await waiting).accepted
    assert len(door.handed) == 1


async def test_a_server_that_goes_is_found_again_and_every_mail_is_recorded(door, path):
    """Without draining: the connection is gone before the answer, as after kill -9."""
    async with Entrance.open(path, nobody, 5) as entrance:
        lost = asyncio.Event()

        async def goes(reader, writer):
            writer.write(greeting())
            await reader.readline()
            writer.transport.abort()
            lost.set()

        dying = await asyncio.start_unix_server(goes, path)
        waiting = [asyncio.create_task(entrance.hand(Handed(b"%d" % n))) for n in range(50)]
        await lost.wait()
        dying.close()
        path.unlink(missing_ok=True)
        async with Handover.start(path, door):
            replies = await asyncio.gather(*waiting)
    assert all(reply.accepted for reply in replies)
    assert {each.content for each in door.handed} == {b"%d" % n for n in range(50)}


async def test_a_server_that_always_goes_leaves_the_mail_for_later(path):
    async def goes(reader, writer):
        writer.write(greeting())
        await reader.readline()
        writer.close()

    server = await asyncio.start_unix_server(goes, path)
    async with Entrance.open(path, nobody, 5) as entrance:
        assert await entrance.hand(Handed(b"x")) == CANNOT_NOW
    server.close()


async def test_where_nobody_listens_the_database_is_taken(door, path):
    taken = 0

    @asynccontextmanager
    async def own():
        nonlocal taken
        taken += 1
        if taken < 3:
            raise StoreBusy("a server is just ending")
        async with Handover.start(path, door):
            yield door

    async with Entrance.open(path, own, 5) as first:
        assert (await first.hand(Handed(b"x"))).accepted
        async with Entrance.open(path, nobody, 1) as second:
            assert (await second.hand(Handed(b"y"))).accepted, "whoever has it takes in what others hand over"
    assert (taken, len(door.handed)) == (3, 2)


async def test_another_version_is_not_spoken_to(path):
    async def other(reader, writer):
        writer.write(b'{"handover": 99}\n')
        writer.close()

    server = await asyncio.start_unix_server(other, path)
    async with Entrance.open(path, nobody, 0.1) as entrance:
        with pytest.raises(StoreBusy):
            await entrance.hand(Handed(b"x"))
    server.close()


@pytest.mark.parametrize(
    "said",
    [
        b"EHLO x\r\n",
        b"{}\n",
        b"[]\n",
        b'{"n":1}\n',
        offer_line(1, Handed(b"")).replace(b'"octets":0', b'"octets":-1'),
        b"x" * 1_100_000 + b"\n",
        b"\xff\n",
        offer_line(1, Handed(b"abc")) + b"ab",
        b"",
    ],
)
async def test_nonsense_ends_the_connection_and_nothing_else(door, path, said):
    async with Handover.start(path, door):
        with short_name(path) as name:
            reader, writer = await asyncio.open_unix_connection(name)
        assert is_greeting(await reader.readline())
        writer.write(said)
        writer.write_eof()
        with contextlib.suppress(ConnectionResetError):  # what it did not read any more
            assert await reader.read() == b""
        writer.close()
        async with Entrance.open(path, nobody, 1) as entrance:
            assert (await entrance.hand(Handed(b"x"))).accepted
    assert [each.content for each in door.handed] == [b"x"]


async def test_one_that_is_too_big_is_passed_over_and_the_next_is_read(door, path):
    async with Handover.start(path, door), Entrance.open(path, nobody, 1) as entrance:
        replies = await asyncio.gather(*(entrance.hand(Handed(b"x" * size)) for size in (1_001, 1_000, 500_000, 1)))
    assert [reply.code for reply in replies] == [552, 250, 552, 250]


async def test_one_that_stalls_in_the_middle_holds_nobody_up(door, path, monkeypatch):
    monkeypatch.setattr(room, "SILENCE", 0.2)
    monkeypatch.setattr(room, "OCTETS", 1_500)
    async with Handover.start(path, door), Entrance.open(path, nobody, 1) as entrance:
        with short_name(path) as name:
            reader, writer = await asyncio.open_unix_connection(name)
        writer.write(offer_line(1, Handed(b"x" * 1_000)) + b"x")
        await reader.readline()
        async with asyncio.timeout(10):
            assert (await entrance.hand(Handed(b"y" * 1_000))).accepted
            assert await reader.read() == b""
        writer.close()


async def test_connections_are_bounded(door, path, monkeypatch):
    monkeypatch.setattr(room, "CONNECTIONS", 2)
    async with Handover.start(path, door):
        with short_name(path) as name:
            peers = [await asyncio.open_unix_connection(name) for _ in range(3)]
        greeted = [await reader.readline() for reader, _ in peers]
        for _, writer in peers:
            writer.close()
    assert sorted(greeted) == [b"", greeting(), greeting()]


async def test_octets_in_memory_are_bounded_and_all_come_through(door, path, monkeypatch):
    monkeypatch.setattr(room, "OCTETS", 2_000)
    monkeypatch.setattr(room, "IN_FLIGHT", 3)
    async with Handover.start(path, door), Entrance.open(path, nobody, 1) as entrance:
        replies = await asyncio.gather(*(entrance.hand(Handed(b"x" * (n * 37 % 1_000))) for n in range(100)))
    assert all(reply.accepted for reply in replies)


# --- the wire

HANDED = st.builds(
    Handed,
    st.binary(max_size=50),
    st.lists(st.text(max_size=20), max_size=3).map(tuple),
    st.none() | st.text(max_size=20),
    st.none() | st.datetimes(timezones=st.just(UTC)),
)


@given(HANDED, st.integers(0, 1 << 40))
def test_an_offer_comes_out_as_it_went_in(handed, n):
    line = offer_line(n, handed)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    offer = parse_offer(line)
    assert (offer.n, offer.octets) == (n, len(handed.content))
    assert offer.with_content(handed.content) == handed


@pytest.mark.parametrize("reply", [CANNOT_NOW, recorded_as("17"), recorded_as("17", duplicate=True)])
def test_an_answer_comes_out_as_it_went_in(reply):
    assert parse_answer(answer_line(5, reply)) == (5, reply)


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.dictionaries(
                st.sampled_from(
                    ["n", "octets", "forward_paths", "reverse_path", "received_at", "code", "status", "text", "duplicate"]
                ),
                inner,
            )
            | st.lists(inner, max_size=2)
        ),
        max_leaves=8,
    ).map(lambda told: json.dumps(told).encode())
)
def test_any_other_line_is_a_value_error(line):
    for parse in (parse_offer, parse_answer):
        with contextlib.suppress(ValueError):
            parse(line)
    assert not is_greeting(line)


def test_a_socket_is_bound_under_its_own_name(path):
    with bound_socket(path, 0o660) as listening:
        listening.listen()
        with socket.socket(socket.AF_UNIX) as peer, short_name(path) as name:
            peer.connect(name)
    assert os.fspath(path).endswith(".sock")
