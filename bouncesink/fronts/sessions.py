"""The sessions that are open, over all listeners: how many there may be, in all and of one network, and when the last has gone.

A network is an IPv4 /24 or an IPv6 /64, which is about what one owner has. Peers without an address and those of this machine
are of none: behind a relay of one's own everybody comes from there. Knows no protocol: a session is whatever can be asked to
end.
"""

import asyncio
from collections import Counter
from dataclasses import asdict
from ipaddress import IPv6Address, ip_address
from typing import Protocol

from bouncesink.core.reply import SHUTTING_DOWN, TOO_BUSY, TOO_MANY_OF_YOURS, Reply
from bouncesink.fronts.counts import Counts

Network = bytes  # its leading octets: three of IPv4, eight of IPv6


class Session(Protocol):
    """One connection of any front."""

    def drain(self) -> None:
        """End as soon as no transaction is open."""
        ...

    def cut(self) -> None:
        """End now, telling the peer to come again. The session sees to it itself that this does not take long."""
        ...


class Sessions:
    """Who is in. ``limit`` are the connections at once, ``per_network`` those of one network, None being any number; one that
    finds no room counts until it has gone.
    """

    def __init__(self, limit: int, per_network: int | None = None) -> None:
        self._limit = limit
        self._per_network = per_network
        self._open: dict[Session, Network | None] = {}
        self._networks: Counter[Network] = Counter()
        self._left = asyncio.Event()
        self._draining = False
        self.counts = Counts()

    @property
    def limit(self) -> int:
        return self._limit

    def counted(self) -> dict[str, int]:
        """``counts`` by name."""
        return asdict(self.counts)

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, session: Session, address: str = "") -> Reply | None:
        """Let ``session`` in; the Reply says why it must go again. It counts until it has left."""
        self._open[session] = None
        self.counts.connections += 1
        if self._draining:
            return SHUTTING_DOWN
        if len(self._open) > self._limit:
            self.counts.refused_in_all += 1
            return TOO_BUSY
        return self.locate(session, address)

    def locate(self, session: Session, address: str) -> Reply | None:
        """Say where a session that is in comes from, once that is known. The Reply says why it must go again."""
        network = network_of(address) if address and self._per_network is not None else None
        if network is None:
            return None
        self._open[session] = network
        self._networks[network] += 1
        if self._per_network is not None and self._networks[network] > self._per_network:
            self.counts.refused_of_network += 1
            return TOO_MANY_OF_YOURS
        return None

    def leave(self, session: Session) -> None:
        network = self._open.pop(session, None)
        if network is not None:
            self._networks[network] -= 1
            if not self._networks[network]:
                del self._networks[network]
        self._left.set()

    async def drain(self, patience: float, linger: float) -> None:
        """Let every transaction finish within ``patience`` seconds, then cut, and give the cut ones ``linger`` to be gone."""
        self._draining = True
        for session in tuple(self._open):
            session.drain()
        if await self._all_gone(patience):
            return
        for session in tuple(self._open):
            session.cut()
        await self._all_gone(linger)

    async def _all_gone(self, patience: float) -> bool:
        try:
            async with asyncio.timeout(patience):
                while self._open:
                    self._left.clear()
                    await self._left.wait()
        except TimeoutError:
            return False
        return True


def network_of(address: str) -> Network | None:
    """What counts as one peer; None for this machine, and for what is no address."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is None:
            return None if found.is_loopback else found.packed[:8]
        found = found.ipv4_mapped
    return None if found.is_loopback else found.packed[:3]
