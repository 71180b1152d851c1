"""The PROXY protocol, versions 1 and 2: who a proxy speaks for (haproxy's proxy-protocol.txt). Pure: octets in, an address out.

Promises: total and bounded: what is no header is a ProxyError, after at most as many octets as a header may have. Addresses are
taken as they stand, so only those may send a header whom the operator has named (``is_trusted``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_MOST_V1 = 107  # octets, CRLF included
_MOST_V2 = 4_096  # octets behind the fixed part; addresses and what proxies like to add
_FIXED = 16
_SIZES = {0x11: 4, 0x21: 16}  # of an address: TCP over IPv4, TCP over IPv6

Network = IPv4Network | IPv6Network


class ProxyError(ValueError):
    """What came is no header."""


@dataclass(frozen=True, slots=True)
class Proxied:
    """``address`` is "" where the proxy speaks for itself; ``rest`` is what followed the header."""

    address: str
    rest: bytes


def parse_header(octets: bytes) -> Proxied | None:
    """What has come so far as a header; None: more is needed. ProxyError: it is none."""
    if octets.startswith(SIGNATURE):
        return _version_2(octets)
    if SIGNATURE.startswith(octets[: len(SIGNATURE)]):
        return None
    return _version_1(octets)


def is_trusted(address: str, networks: Sequence[Network]) -> bool:
    """Whether ``address`` is of one of ``networks``."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return any((mapped or found) in network for network in networks)


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Addresses and networks as they are configured. ValueError: one is none."""
    return tuple(ip_network(text, strict=False) for text in texts)


def _version_1(octets: bytes) -> Proxied | None:
    line, end, rest = octets.partition(b"\r\n")
    if not b"PROXY ".startswith(line[:6]) or len(line) + 2 > _MOST_V1:
        raise ProxyError("no header")
    if not end:
        return None
    words = line.decode("ascii", "replace").split(" ")
    if words[1] == "UNKNOWN":
        return Proxied("", rest)
    if len(words) != 6 or words[1] not in {"TCP4", "TCP6"}:
        raise ProxyError("no header of version 1")
    try:
        source = ip_address(words[2])
    except ValueError:
        raise ProxyError("no address") from None
    if source.version != int(words[1][-1]):
        raise ProxyError("an address of another kind")
    return Proxied(str(source), rest)


def _version_2(octets: bytes) -> Proxied | None:
    if len(octets) < _FIXED:
        return None
    version, command = octets[12] >> 4, octets[12] & 0xF
    length = int.from_bytes(octets[14:16], "big")
    if version != 2 or command > 1 or length > _MOST_V2:
        raise ProxyError("no header of version 2")
    if len(octets) < _FIXED + length:
        return None
    size, rest = _SIZES.get(octets[13]), octets[_FIXED + length :]
    if command == 0 or size is None:  # LOCAL, or a kind of connection that has no address for us
        return Proxied("", rest)
    if length < 2 * size + 4:
        raise ProxyError("too short for its addresses")
    return Proxied(str(ip_address(octets[_FIXED : _FIXED + size])), rest)
