"""Where to listen: what is understood, and what the operator is told when it does not hold."""

import asyncio
import os
import re
import socket

import pytest

from bouncesink.config import SmtpSection
from bouncesink.core.mail import Admitted, Mail
from bouncesink.core.reply import RECORDED, Reply
from bouncesink.core.verp.attribution import Attribution, Grammar
from bouncesink.errors import ConfigError
from bouncesink.fronts.listener import Endpoint, Listener, parse_endpoints


class Anybody:
    def admit(self, forward_path: str) -> Admitted | Reply:
        return Admitted(forward_path, Attribution(Grammar.NONE))

    async def accept(self, mail: Mail) -> Reply:
        return RECORDED


SECTION = SmtpSection(hostname="mx.example", drain_timeout=1)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("127.0.0.1:2525", Endpoint("smtp", "127.0.0.1", 2525)),
        ("smtp://127.0.0.1:2525", Endpoint("smtp", "127.0.0.1", 2525)),
        ("SMTP://mx.example:25/", Endpoint("smtp", "mx.example", 25)),
        ("[::1]:0", Endpoint("smtp", "::1", 0)),
        (" smtp://[::]:25 ", Endpoint("smtp", "::", 25)),
        ("localhost:65535", Endpoint("smtp", "localhost", 65535)),
    ],
)
def test_what_is_understood(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoints([text]) == (endpoint,)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2525", "HOST:PORT"),
        (":2525", "HOST:PORT"),
        ("::1:2525", "[IPV6]:PORT"),
        ("127.0.0.1", "HOST:PORT"),
        ("127.0.0.1:smtp", "HOST:PORT"),
        ("127.0.0.1:2525/path", "HOST:PORT"),
        ("", "HOST:PORT"),
        ("127.0.0.1:99999", "between 0 and 65535"),
        ("http://127.0.0.1:80", 'front "http"; known: smtp'),
    ],
)
def test_what_is_not(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_endpoints([text])
    (problem,) = caught.value.problems
    assert told in problem
    assert f'"{text}"' in problem


def test_every_problem_at_once_and_nothing_is_one_too() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_endpoints(["a", "127.0.0.1:25", "x://b:1"])
    assert len(caught.value.problems) == 2
    with pytest.raises(ConfigError, match="listen: empty"):
        parse_endpoints([])


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("listen", "pattern"),
    [
        (("127.0.0.1:0",), r"127\.0\.0\.1:[1-9]\d+"),
        (("127.0.0.1:0", "smtp://127.0.0.1:0"), r"127\.0\.0\.1:[1-9]\d+"),
        pytest.param(
            ("[::1]:0",), r"\[::1\]:[1-9]\d+", marks=pytest.mark.skipif(not _has_ipv6(), reason="this machine has no ::1")
        ),
    ],
)
async def test_it_tells_where_it_really_listens_and_answers_there(listen: tuple[str, ...], pattern: str) -> None:
    async with Listener.start(listen, SECTION, Anybody()) as listener:
        assert len(listener.addresses) == len(listen)
        for address in listener.addresses:
            assert re.fullmatch(pattern, address)
            endpoint = parse_endpoints([address])[0]
            reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
            assert await reader.readline() == b"220 mx.example ESMTP bouncesink\r\n"
            writer.close()
            await writer.wait_closed()


async def test_a_nameless_host_bears_the_machines_name() -> None:
    async with Listener.start(["127.0.0.1:0"], SmtpSection(drain_timeout=1), Anybody()) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(listener.addresses[0].rpartition(":")[2]))
        assert await reader.readline() == f"220 {socket.gethostname()} ESMTP bouncesink\r\n".encode()
        writer.close()
        await writer.wait_closed()


async def test_a_port_in_use_is_told_with_what_to_do_and_then_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, socket.create_server(("127.0.0.1", 0)) as free:
        taken, port = other.getsockname()[1], free.getsockname()[1]
        free.close()
        with pytest.raises(ConfigError) as caught:
            async with Listener.start([f"127.0.0.1:{port}", f"127.0.0.1:{taken}", "192.0.2.1:0"], SECTION, Anybody()):
                pytest.fail("it listens")
        in_use, not_ours = caught.value.problems
        assert in_use.startswith(f"listen: 127.0.0.1:{taken}: another program listens there already")
        assert not_ours.startswith("listen: 192.0.2.1:0: this machine has no such address")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_a_name_without_an_address_is_told() -> None:
    with pytest.raises(ConfigError, match="no address is known for this name"):
        async with Listener.start(["no-such-host.invalid:0"], SECTION, Anybody()):
            pytest.fail("it listens")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may listen on every port")
async def test_a_port_that_needs_a_privilege_is_told() -> None:
    with pytest.raises(ConfigError, match="needs a privilege"):
        async with Listener.start(["127.0.0.1:1"], SECTION, Anybody()):
            pytest.fail("it listens")
