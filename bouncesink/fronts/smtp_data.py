"""The content that follows DATA: RFC 5321 section 4.1.1.4 and the dot-stuffing of section 4.5.2, in whatever pieces it comes.

Promises: CRLF.CRLF ends it and nothing else does; LF.LF, LF.CRLF, CR.CR and their kin, which smugglers hope for, are body.
A dot is unstuffed after CRLF only. Lines of any length, NUL and 8-bit octets pass untouched. Every octet is searched once,
however small the pieces; a content beyond the limit is let go of at once and drained to its end, so that the peer hears why.
What holds it is ``content``'s.

Knows no socket: octets in, content out.
"""

from bouncesink.fronts.content import Content, Room

_END = b"\r\n.\r\n"
_DOT = b"\r\n."
_LINE_START = b"\r\n"
# What may stand undecided at the end of a piece, the longest first: the proper prefixes of the end.
_UNDECIDED = tuple(_END[:length] for length in range(len(_END) - 1, 0, -1))


class ContentGatherer(Content):
    """Feed it pieces until ``feed`` returns what follows the content; then ``take`` it, and ``close`` in any case."""

    __slots__ = ("_undecided", "received")

    def __init__(self, room: Room) -> None:
        # A content starts at the start of a line, so it is read as if CRLF stood before it.
        super().__init__(room, len(_LINE_START))
        self._undecided = _LINE_START
        self.received = 0  # octets that were fed, whatever became of them

    def feed(self, piece: bytes) -> bytes | None:
        """Take ``piece``. None: the end has not come. Otherwise what followed the end, for the next command."""
        self.received += len(piece)
        window = self._undecided + piece
        # Nearly always the first dot that starts a line is the end itself, so this one search is all.
        dot = window.find(_DOT)
        end = window.find(_END, dot) if dot >= 0 else -1
        if end < 0:
            self._undecided = _undecided_end(window)
            decided = window[: len(window) - len(self._undecided)]
            self.keep(_unstuffed(decided) if dot >= 0 else decided)
            return None
        decided = window[: end + len(_LINE_START)]
        self.keep(_unstuffed(decided) if dot < end else decided)
        return window[end + len(_END) :]


def _unstuffed(decided: bytes) -> bytes:
    """No CRLF and dot ever straddle two calls: whatever might be one is still undecided."""
    return decided.replace(_DOT, _LINE_START)


def _undecided_end(window: bytes) -> bytes:
    for prefix in _UNDECIDED:
        if window.endswith(prefix):
            return prefix
    return b""
