"""Where a batch is written: on the loop's thread while the database answers at once, on the connection's own otherwise.

A hop to another thread and back costs more than a commit on a disk that flushes quickly, and two threads that want the
interpreter's lock at every statement cost each other more still. A disk that takes its time must never stop the loop. So it
is measured, each time: docs/decisions/0033-where-a-batch-is-written.md.

Promises: a large batch is never written on the loop's thread, nor the first one, nor one while the database has been slow,
locked or in trouble of late; the loop waits for a slow disk for about a hundredth of the time. Pure: ``now`` is in seconds, of
a clock that only grows.
"""

from typing import Final

MOST_MAILS: Final = 128
MOST_OCTETS: Final = 2_097_152
# Seconds: what a flush may take, and what the statements may, for a batch and for each of its mails.
_FLUSH, _FLUSH_A_MAIL = 0.000_8, 0.000_05
_STATEMENTS, _STATEMENTS_A_MAIL = 0.002, 0.000_3
_STALL: Final = 0.02  # so slow is no outlier
_FULL: Final = 8
_SLOW: Final = 3  # a slow batch takes away what so many quick ones gave
_AWAY: Final = 100  # times what the slow one took


class Where:
    """Says where the next batch is written, and is told how the last one went."""

    def __init__(self) -> None:
        self._proved = False  # the database has written elsewhere since it was opened or failed
        self._credit = 1
        self._away_until = 0.0

    def is_here(self, mails: int, octets: int, now: float) -> bool:
        """Whether a batch may be written on the loop's thread."""
        return self._proved and now >= self._away_until and mails <= MOST_MAILS and octets <= MOST_OCTETS

    def written_here(self, mails: int, seconds: float, flush: float, now: float) -> None:
        """One was, in ``seconds``, of which ``flush`` for its commit."""
        statements = seconds - flush
        if flush <= _FLUSH + _FLUSH_A_MAIL * mails and statements <= _STATEMENTS + _STATEMENTS_A_MAIL * mails:
            self._credit = min(self._credit + 1, _FULL)
            return
        self._credit -= _SLOW
        if self._credit <= 0 or seconds >= _STALL + _STATEMENTS_A_MAIL * mails:
            self._credit = 1
            self._away_until = now + seconds * _AWAY

    def written_elsewhere(self) -> None:
        """One was, on the connection's own thread."""
        self._proved = True

    def failed(self) -> None:
        """One could not be, wherever: the loop must wait for no lock, and for nothing that is made anew after a failure."""
        self._proved = False
