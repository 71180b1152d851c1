"""Offences: the errors of a peer's network, remembered from one connection to the next, so that a flood does not begin anew.

A network is what ``sessions.network_of`` says; one of None is never remembered. Each error counts one, half of them are
forgotten in each ``half_life``, and a mail that was recorded takes ``REDEEMED`` back: who sends bounces, and now and then a bad
address, is never known here. Beyond ``free`` they are carried into the next session as if they were its own; beyond ``limit``
the next one is refused. Promises: at most ``MOST`` networks are remembered, in memory alone; none ever has more than twice
``limit``, so that nobody is refused for longer than one ``half_life`` after its last error.

Pure: ``now`` is an argument, in seconds of any clock that does not go back. Must not know replies nor sockets.
"""

from collections import OrderedDict

from bouncesink.fronts.sessions import Network

MOST = 4_096
REDEEMED = 10


class Offences:
    """``limit`` 0 remembers nothing."""

    def __init__(self, limit: int, free: int, half_life: float) -> None:
        self._limit = limit
        self._free = free
        self._half_life = half_life
        # Errors, as of when; the longest untouched first.
        self._known: OrderedDict[Network, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def of(self, network: Network | None, now: float) -> float:
        """What is left of the errors of ``network``."""
        if network is None or network not in self._known:
            return 0.0
        errors, at = self._known[network]
        return float(errors * 0.5 ** (max(0.0, now - at) / self._half_life))

    def carried(self, network: Network | None, now: float) -> int:
        """Errors that a new session of ``network`` begins with."""
        return max(0, int(self.of(network, now)) - self._free)

    def refuses(self, network: Network | None, now: float) -> bool:
        """Whether a new session of ``network`` is not to begin at all."""
        return self.of(network, now) > self._limit

    def offend(self, network: Network | None, now: float) -> None:
        """``network`` has made one more error."""
        if network is None or not self._limit:
            return
        self._known[network] = (min(self.of(network, now) + 1, 2.0 * self._limit), now)
        self._known.move_to_end(network)
        if len(self._known) > MOST:
            self._known.popitem(last=False)

    def redeem(self, network: Network | None, now: float) -> None:
        """A mail of ``network`` was recorded that was not there before."""
        if network is None or network not in self._known:
            return
        left = self.of(network, now) - REDEEMED
        if left < 1:
            del self._known[network]
        else:
            self._known[network] = (left, now)
