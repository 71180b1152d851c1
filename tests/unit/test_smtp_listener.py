"""The listener: it answers everywhere that it was told to, and a place that is taken at the last moment is told."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bouncesink.config.sections import ListenerSection, SmtpSection
from bouncesink.core.mail import Admitted, Mail, Peer
from bouncesink.core.reply import RECORDED, Reply
from bouncesink.core.verp.attribution import Attribution, Grammar
from bouncesink.errors import ConfigError
from bouncesink.fronts.binding import bound
from bouncesink.fronts.endpoint import parse_endpoints
from bouncesink.fronts.listener import FrontSettings, Listener


class Anybody:
    def admit(self, forward_path: str, *, peer: Peer | None = None) -> Admitted | Reply:
        return Admitted(forward_path, Attribution(Grammar.NONE))

    async def accept(self, mail: Mail) -> Reply:
        return RECORDED


SECTION = SmtpSection(hostname="mx.example", drain_timeout=1)


@asynccontextmanager
async def listening(listen: Sequence[str], section: SmtpSection = SECTION) -> AsyncIterator[Listener]:
    with bound(parse_endpoints(listen), ListenerSection()) as sockets:
        async with Listener.start(sockets, FrontSettings(section), Anybody()) as listener:
            yield listener


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


no_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no ::1")


@pytest.mark.parametrize(
    ("listen", "pattern", "protocol"),
    [
        (("127.0.0.1:0",), r"127\.0\.0\.1:[1-9]\d+", "ESMTP"),
        (("127.0.0.1:0", "smtp://127.0.0.1:0"), r"127\.0\.0\.1:[1-9]\d+", "ESMTP"),
        (("lmtp://127.0.0.1:0",), r"lmtp://127\.0\.0\.1:[1-9]\d+", "LMTP"),
        (("lmtp+unix:{folder}/l.sock", "lmtp+unix:{folder}/m.sock"), r"lmtp\+unix:/.*/[lm]\.sock", "LMTP"),
        pytest.param(("[::1]:0",), r"\[::1\]:[1-9]\d+", "ESMTP", marks=no_ipv6),
    ],
)
async def test_it_tells_where_it_really_listens_and_answers_there(
    tmp_path: Path, listen: tuple[str, ...], pattern: str, protocol: str
) -> None:
    async with listening([each.format(folder=tmp_path) for each in listen]) as listener:
        assert len(listener.addresses) == len(listen)
        for address in listener.addresses:
            assert re.fullmatch(pattern, address)
            endpoint = parse_endpoints([address])[0]
            if endpoint.path:
                reader, writer = await asyncio.open_unix_connection(endpoint.path)
            else:
                reader, writer = await asyncio.open_connection(endpoint.host, endpoint.port)
            assert await reader.readline() == f"220 mx.example {protocol} bouncesink\r\n".encode()
            writer.close()
            await writer.wait_closed()
    assert names_in(tmp_path) == []


async def test_a_nameless_host_bears_the_machines_name() -> None:
    async with listening(["127.0.0.1:0"], SmtpSection(drain_timeout=1)) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(listener.addresses[0].rpartition(":")[2]))
        assert await reader.readline() == f"220 {socket.gethostname()} ESMTP bouncesink\r\n".encode()
        writer.close()
        await writer.wait_closed()


async def test_who_listens_first_has_it_and_then_nothing_else_listens() -> None:
    with bound(parse_endpoints(["127.0.0.1:0", "127.0.0.1:0"]), ListenerSection()) as sockets:
        free, contested = (one.endpoint for one in sockets)
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind((contested.host, contested.port))
            other.listen()
            with pytest.raises(ConfigError, match=f"{contested}: another program listens there already"):
                async with Listener.start(sockets, FrontSettings(SECTION), Anybody()):
                    pytest.fail("it listens")
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(free.host, free.port)
