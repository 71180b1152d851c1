"""The excerpt: what is kept in memory of a content that is far too big, while it passes. RFC 3462 reports may stand behind it.

Promises: reading the excerpt finds what reading the whole would have found, because ``content.bounded`` reads the head and a
delivery-status part behind it, and both are here; size and digest are those of the whole; what is held does not grow with it.
"""

import hashlib
from typing import Final

from bouncesink.core.content import LIMITS
from bouncesink.core.mail import Whole

_MARK: Final = b"message/delivery-status"
_REACH: Final = LIMITS.line_octets + len(_MARK)
# Beyond what is read at least: so a delimiter just in front of the cut is one that ``bounded`` sees too.
_MARGIN: Final = 4_096


def octets_kept(at_least: int) -> int:
    """How many octets of the head an excerpt has, where ``at_least`` so many are to be stored."""
    return max(LIMITS.parsed_octets, at_least) + _MARGIN


class Excerpt:
    """``feed`` it everything behind ``begin``, which is longer than ``kept`` octets."""

    __slots__ = ("_digest", "_head", "_looking", "_missing", "_report", "_tail", "size")

    def __init__(self, begin: bytes, kept: int) -> None:
        self.size = len(begin)
        self._digest = hashlib.sha256(begin)
        self._head = begin[:kept]
        self._tail = self._head[-_REACH:]
        self._report = bytearray()
        self._missing = 0  # octets of the report that are still to come
        at = self._head.find(_MARK)
        self._looking = at < 0
        if at >= LIMITS.parsed_octets:
            part = self._head.rfind(b"\n--", max(LIMITS.parsed_octets, at - LIMITS.line_octets), at)
            self._missing = max(0, part + LIMITS.rescued_octets - kept) if part >= 0 else 0
        self._look(begin[kept:])

    def feed(self, piece: bytes) -> None:
        self.size += len(piece)
        self._digest.update(piece)
        self._look(piece)

    @property
    def content(self) -> bytes:
        return b"".join((self._head, self._report))

    @property
    def whole(self) -> Whole:
        return Whole(self.size, self._digest.digest())

    def _look(self, piece: bytes) -> None:
        if self._missing:
            self._report += piece[: self._missing]
            self._missing = max(0, self._missing - len(piece))
        elif self._looking:
            self._search(self._tail + piece)

    def _search(self, window: bytes) -> None:
        at = window.find(_MARK)
        if at < 0:
            self._tail = window[-_REACH:]
            return
        self._looking = False
        part = window.rfind(b"\n--", max(0, at - LIMITS.line_octets), at)
        if part >= 0:
            self._report += window[part : part + LIMITS.rescued_octets]
            self._missing = LIMITS.rescued_octets - len(self._report)
