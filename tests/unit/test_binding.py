"""Endpoints as real sockets: what is taken, what is told when it cannot be, and what is left behind."""

import os
import select
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bouncesink.config.sections import ListenerSection
from bouncesink.errors import ConfigError
from bouncesink.fronts.binding import Bound, bound, shared_out
from bouncesink.fronts.endpoint import parse_endpoints


@contextmanager
def taken(*listen: str, **settings: str) -> Iterator[tuple[Bound, ...]]:
    with bound(parse_endpoints(listen), ListenerSection(**settings)) as sockets:
        yield sockets


def problems_of(*listen: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught, taken(*listen):
        pytest.fail("it was taken")
    return caught.value.problems


def test_a_port_in_use_is_told_with_what_to_do_and_then_nothing_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, socket.create_server(("127.0.0.1", 0)) as free:
        busy, port = other.getsockname()[1], free.getsockname()[1]
        free.close()
        in_use, not_ours = problems_of(f"127.0.0.1:{port}", f"lmtp://127.0.0.1:{busy}", "192.0.2.1:0")
        assert in_use.startswith(f"listen: lmtp://127.0.0.1:{busy}: another program listens there already")
        assert not_ours.startswith("listen: 192.0.2.1:0: this machine has no such address")
        with socket.create_server(("127.0.0.1", port)):
            pass


def test_a_name_without_an_address_is_told() -> None:
    assert problems_of("no-such-host.invalid:0") == ("listen: no-such-host.invalid:0: no address is known for this name",)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may listen on every port")
def test_a_port_that_needs_a_privilege_is_told() -> None:
    assert "needs a privilege" in problems_of("127.0.0.1:1")[0]


def test_the_real_port_and_the_address_of_a_name_are_known() -> None:
    with taken("localhost:0") as sockets:
        for one in sockets:
            assert one.endpoint.host in {"127.0.0.1", "::1"}
            assert one.endpoint.port == one.socket.getsockname()[1] != 0


class TestUnixSockets:
    @pytest.mark.parametrize(("mode", "bits"), [("0660", 0o660), ("600", 0o600), ("0666", 0o666)])
    def test_the_mode_is_as_configured_and_the_file_goes_at_the_end(self, tmp_path: Path, mode: str, bits: int) -> None:
        path = tmp_path / "l.sock"
        with taken(f"lmtp+unix:{path}", socket_mode=mode) as (one,):
            assert stat.S_IMODE(path.stat().st_mode) == bits
            assert one.socket.getsockname() == str(path)
        assert not path.exists()

    def test_a_stale_one_is_replaced(self, tmp_path: Path) -> None:
        path = tmp_path / "l.sock"
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(str(path))
        assert path.is_socket()
        with taken(f"lmtp+unix:{path}") as (one,):
            one.socket.listen()
            with socket.socket(socket.AF_UNIX) as peer:
                peer.connect(str(path))

    def test_one_that_somebody_listens_on_is_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "l.sock"
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
            other.listen()
            assert "another program listens there already" in problems_of(f"lmtp+unix:{path}")[0]
            assert path.is_socket()

    @pytest.mark.parametrize("kind", ["file", "link", "folder"])
    def test_what_is_no_socket_is_left_alone(self, tmp_path: Path, kind: str) -> None:
        path, aim = tmp_path / "l.sock", tmp_path / "aim"
        aim.write_text("precious")
        if kind == "file":
            path.write_text("precious")
        elif kind == "link":
            path.symlink_to(aim)
        else:
            path.mkdir()
        assert "a file that is no socket is there" in problems_of(f"lmtp+unix:{path}")[0]
        assert path.exists()
        assert aim.read_text() == "precious"

    def test_one_that_took_its_place_is_not_removed(self, tmp_path: Path) -> None:
        path = tmp_path / "l.sock"
        with taken(f"lmtp+unix:{path}"):
            path.rename(tmp_path / "old")  # its inode stays in use, so the next one has another
            path.write_text("somebody else's")
        assert path.read_text() == "somebody else's"

    def test_that_it_has_gone_already_is_no_trouble(self, tmp_path: Path) -> None:
        with taken(f"lmtp+unix:{tmp_path / 'l.sock'}"):
            (tmp_path / "l.sock").unlink()

    def test_none_is_left_where_another_place_cannot_be_had(self, tmp_path: Path) -> None:
        problems_of(f"lmtp+unix:{tmp_path / 'l.sock'}", "192.0.2.1:0")
        assert not (tmp_path / "l.sock").exists()

    @pytest.mark.parametrize(("name", "told"), [("no/l.sock", "there is no such folder"), ("x" * 120, "too long")])
    def test_a_path_that_cannot_be_is_told(self, tmp_path: Path, name: str, told: str) -> None:
        assert told in problems_of(f"lmtp+unix:{tmp_path / name}")[0]


def test_every_process_has_a_socket_of_its_own_on_one_address() -> None:
    with bound(parse_endpoints(["127.0.0.1:0"]), ListenerSection(), shared=True) as (first,), shared_out([first], 3) as shares:
        assert [[str(one.endpoint) for one in share] for share in shares] == [[str(first.endpoint)]] * 3
        sockets = [share[0].socket for share in shares]
        assert len({each.fileno() for each in sockets}) == 3
        for each in sockets:
            each.listen()
        taken = set()
        for _ in range(200):
            with socket.create_connection(("127.0.0.1", first.endpoint.port)):
                readable, _, _ = select.select(sockets, [], [], 10)
                taken |= {each.fileno() for each in readable}
                for each in readable:
                    each.accept()[0].close()
        assert len(taken) == 3, "the kernel spreads the connections"


def test_an_address_that_somebody_shares_already_is_taken() -> None:
    """With SO_REUSEPORT alone two servers would have half of the connections each, and neither would know."""
    with bound(parse_endpoints(["127.0.0.1:0"]), ListenerSection(), shared=True) as (first,):
        first.socket.listen()
        with (
            pytest.raises(ConfigError, match="another program listens there"),
            bound([first.endpoint], ListenerSection(), shared=True),
        ):
            pass


def test_a_unix_socket_is_one_for_all(tmp_path: Path) -> None:
    with (
        bound(parse_endpoints([f"lmtp+unix:{tmp_path}/l"]), ListenerSection(), shared=True) as sockets,
        shared_out(sockets, 2) as both,
    ):
        assert both[0] == both[1] == sockets
