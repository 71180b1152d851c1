"""Command lines out of octets, in whatever pieces they come: RFC 5321 section 2.3.8, lenient towards a bare LF at the end.

Promises: what waits is held once and searched cheaply; a line of any length costs no more than the limit; a chunk that somebody
sends after BDAT (RFC 3030), which we do not offer, is never taken for commands. Knows no socket and no verb.
"""


class CommandLines:
    """``feed`` octets, ``take`` lines. A line over the limit comes cut to one octet more than the limit. ``waiting`` is what
    was fed and not taken: where it is empty there is no line.
    """

    __slots__ = ("_limit", "_overlong", "_skip", "waiting")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.waiting = bytearray()
        self._overlong = b""
        self._skip = 0

    def feed(self, octets: bytes) -> None:
        if self._skip:
            skipped = min(self._skip, len(octets))
            self._skip -= skipped
            octets = octets[skipped:]
        self.waiting += octets

    def take(self) -> bytes | None:
        """The next line without its end, or None where none is whole."""
        waiting = self.waiting
        end = waiting.find(b"\n")
        if end < 0:
            if len(waiting) > self._limit + 1:  # one more, for the CR that may be the last
                self._overlong = self._overlong or bytes(waiting[: self._limit + 1])
                waiting.clear()
            return None
        line = bytes(waiting[:end]).rstrip(b"\r")
        del waiting[: end + 1]
        if self._overlong:
            line, self._overlong = self._overlong, b""
        return line[: self._limit + 1]

    def take_rest(self) -> bytes:
        """Everything that waits, lines or not: it is content."""
        rest = bytes(self.waiting)
        self.waiting.clear()
        return rest

    def skip(self, count: int) -> None:
        """Let the next ``count`` octets pass unread."""
        self._skip = count
        self.feed(self.take_rest())
