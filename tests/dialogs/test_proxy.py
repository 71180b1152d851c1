"""PROXY headers at the door: whose are believed, whom they name, and what becomes of anything else."""

import struct
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.fronts.proxy import SIGNATURE, Proxied, ProxyError, is_trusted, parse_header, parse_networks


def version_2(address: str, command: int = 1, more: bytes = b"") -> bytes:
    source = ip_address(address).packed
    payload = source + source + struct.pack("!HH", 4_000, 25) + more
    return SIGNATURE + bytes([0x20 | command, 0x11 if len(source) == 4 else 0x21]) + struct.pack("!H", len(payload)) + payload


V1 = b"PROXY TCP4 192.0.2.7 198.51.100.1 4000 25\r\n"
HEADERS = [
    (V1, "192.0.2.7"),
    (b"PROXY TCP6 2001:db8::7 2001:db8::1 4000 25\r\n", "2001:db8::7"),
    (b"PROXY UNKNOWN\r\n", ""),
    (b"PROXY UNKNOWN whatever it says\r\n", ""),
    (version_2("192.0.2.7"), "192.0.2.7"),
    (version_2("2001:db8::7", more=b"\x04\x00\x03abc"), "2001:db8::7"),
    (version_2("192.0.2.7", command=0), ""),
    (SIGNATURE + b"\x21\x31\x00\x00", ""),
]


@pytest.mark.parametrize(("header", "address"), HEADERS)
def test_what_a_header_says_however_it_is_cut(header: bytes, address: str) -> None:
    assert parse_header(header + b"EHLO c\r\n") == Proxied(address, b"EHLO c\r\n")
    assert all(parse_header(header[:length]) is None for length in range(len(header)))


@pytest.mark.parametrize(
    "octets",
    [
        b"EHLO client.example\r\n",
        b"PROXY TCP4 nowhere 198.51.100.1 4000 25\r\n",
        b"PROXY TCP4 2001:db8::7 2001:db8::1 4000 25\r\n",
        b"PROXY TCP4 192.0.2.7\r\n",
        b"PROXY SCTP 192.0.2.7 198.51.100.1 4000 25\r\n",
        b"PROXY " + b"x" * 200,
        SIGNATURE + b"\x11\x11\x00\x0c" + b"x" * 12,
        SIGNATURE + b"\x21\x11\xff\xff",
        SIGNATURE + b"\x21\x11\x00\x04abcd",
        b"\x16\x03\x01\x02\x00",
    ],
)
def test_what_is_none(octets: bytes) -> None:
    with pytest.raises(ProxyError):
        parse_header(octets)


@given(st.binary(max_size=200) | st.binary(max_size=50).map(SIGNATURE.__add__) | st.binary(max_size=90).map(b"PROXY ".__add__))
def test_anything_is_a_header_or_none_or_not_yet_one(octets: bytes) -> None:
    try:
        parse_header(octets)
    except ProxyError:
        return


def test_who_is_trusted() -> None:
    networks = parse_networks(["192.0.2.1", "10.0.0.0/8", "2001:db8::/32"])
    assert [
        is_trusted(each, networks) for each in ("192.0.2.1", "::ffff:10.1.2.3", "2001:db8::9", "192.0.2.2", "", "fe80::1%eth0")
    ] == [True, True, True, False, False, False]


@pytest.mark.parametrize(("header", "address"), HEADERS)
def test_the_peer_is_whom_the_header_names(
    open_door: Callable[..., Any], call: Callable[..., Any], header: bytes, address: str
) -> None:
    door = open_door(proxies=("127.0.0.0/8",))
    caller = call(door)
    caller.send(header[:7])
    caller.send(header[7:])
    caller.start()
    assert caller.say(".").startswith(b"250 ")
    assert door.mailbox.mails[0].peer.address == (address or "127.0.0.1")


def test_from_others_it_is_a_bad_command(open_door: Callable[..., Any], call: Callable[..., Any]) -> None:
    door = open_door(proxies=("192.0.2.0/24",))
    caller = call(door)
    assert caller.reply().startswith(b"220 ")
    caller.send(V1)
    assert caller.reply() == b"500 5.5.1 unknown command"


def test_a_proxy_that_sends_none_is_let_go(open_door: Callable[..., Any], call: Callable[..., Any]) -> None:
    door = open_door(proxies=("127.0.0.1",))
    caller = call(door)
    caller.send(b"EHLO client.example\r\n")
    assert caller.line() == b""


def test_limits_are_those_of_whom_it_names(open_door: Callable[..., Any], call: Callable[..., Any]) -> None:
    door = open_door(proxies=("127.0.0.1",), max_connections_per_network=1)
    first, second = call(door), call(door)
    first.send(V1)
    assert first.reply().startswith(b"220 ")
    second.send(b"PROXY TCP4 192.0.2.99 198.51.100.1 4000 25\r\n")
    assert second.reply() == b"421 4.7.0 too many connections from your network, try again later"
    assert second.line() == b""


def test_tls_may_follow_in_the_same_packet(open_door: Callable[..., Any], call: Callable[..., Any], tmp_path: Path) -> None:
    import ssl

    import trustme

    from bouncesink.config.sections import TlsSection

    authority = trustme.CA()
    file = tmp_path / "mx.pem"
    authority.issue_cert("mx.example").private_key_and_cert_chain_pem.write_to_path(str(file))
    door = open_door(proxies=("127.0.0.1",), tls=TlsSection((file,)), listen=("smtps://127.0.0.1:0",))
    caller = call(door)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="mx.example")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    caller.send(version_2("192.0.2.7") + outgoing.read())
    said = b""
    while not said:
        incoming.write(caller.socket.recv(65_536))
        try:
            tls.do_handshake()
            caller.send(outgoing.read())
            said = tls.read()
        except ssl.SSLWantReadError:
            continue
    assert said.startswith(b"220 mx.example ESMTP")
