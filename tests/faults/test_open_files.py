"""Too few open files: as many connections as fit are served, others are told to come again, nobody is cut off without a word.

And where the system has none left at all, connections fail; when it has some again the listener is there as before.
"""

import errno
import os
import socket
from contextlib import ExitStack

import pytest
from aftermath import events
from faults import Call, File

from bouncesink.process.descriptors import RESERVE


def limited(soft: int, hard: int) -> tuple[str, ...]:
    return ("sh", "-c", f'ulimit -Sn {soft} && ulimit -Hn {hard} && exec "$@"', "sh")


def greetings(port: int, count: int) -> list[bytes]:
    """What so many peers are told who are all there at once: the first words, nothing where they are cut off."""
    with ExitStack() as stack:
        peers = [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20)) for _ in range(count)]
        return [peer.recv(4) for peer in peers]


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "two workers"])
def test_a_hard_limit_bounds_the_connections_and_the_others_hear_421(server_process, wait_until, options):
    server_process.within = limited(100, RESERVE + 20)
    server_process.start(*options)
    wait_until(lambda: '"event":"server.started"' in server_process.log.read_text(), 30, "all of the server")
    places = 20 * max(1, len(server_process.workers()))
    told = greetings(server_process.port, places + 40)
    assert set(told) == {b"220 ", b"421 "}
    assert told.count(b"220 ") <= places
    wait_until(lambda: greetings(server_process.port, 1) == [b"220 "], 20, "room again")
    wanted = [event for event in events(server_process.log) if event["event"] == "connections.limited"]
    assert wanted, "it is told"
    assert {event["possible"] for event in wanted} == {20}
    assert server_process.terminate() == 0


def test_a_soft_limit_is_raised(server_process):
    server_process.within = limited(64, 4_096)
    server_process.start()
    assert greetings(server_process.port, 200) == [b"220 "] * 200
    assert "connections.limited" not in server_process.log.read_text()


@pytest.mark.peer
@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_the_listener_comes_back_when_accepting_has_failed(broken, loop, tmp_path):
    if loop == "asyncio":
        without = tmp_path / "without"
        without.mkdir()
        (without / "uvloop.py").write_text("raise ImportError\n")
        paths = (str(without), os.environ.get("PYTHONPATH", ""))
        broken.faults.environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    broken.start()
    for error in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ECONNABORTED):
        broken.peers.may_be_cut = True
        with broken.faults.failing(Call.ACCEPT, File.OUTSIDE, error, count=30):
            broken.peers.make(8)
            broken.peers.bring(broken.peers.waiting)
            assert broken.faults.hits, os.strerror(error)
        broken.peers.may_be_cut = False
        broken.peers.bring_until_taken(10)
    broken.end_and_look()
