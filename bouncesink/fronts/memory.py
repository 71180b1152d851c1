"""The memory that contents may have while they come, over all sessions. What has no room in it is spooled to a file.

A content counts from SMALL octets on: a small one never waits for a disk. Knows neither sessions nor files.
"""

SMALL = 65_536


class Memory:
    """``held`` octets of ``limit``. Whoever takes gives back."""

    __slots__ = ("held", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0

    @property
    def is_full(self) -> bool:
        return self.held >= self.limit
