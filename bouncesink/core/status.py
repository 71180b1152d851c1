"""Status codes: RFC 3463 enhanced status codes and RFC 5321 reply codes, as other people write them.

Promises: parsing never raises; what is no code is None. Knows nothing of what a code means: that is data (``rules/``).
"""

import re
from dataclasses import dataclass
from typing import Self

# RFC 3463 section 2: class "." subject "." detail, one to three digits each. Exchange and sendmail write trailing words.
# What stands before is asked last: a pattern that begins with a dot is found at the speed of memory, one that begins with a
# set several times faster than one that looks behind.
_STATUS = re.compile(r"\.(?<=([245])\.)(?<![\d.][245]\.)(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"([2-5](?<![\d.#][2-5])\d\d)(?=[ \-#:;,)>]|$)")


@dataclass(frozen=True, slots=True, order=True)
class EnhancedStatusCode:
    """RFC 3463 section 2. ``class_`` is 2, 4 or 5; ``subject`` and ``detail`` 0 to 999."""

    class_: int
    subject: int
    detail: int

    @classmethod
    def find(cls, text: str) -> Self | None:
        """The first enhanced status code that stands in ``text``; an address literal or version number is none."""
        match = _STATUS.search(text)
        return cls(*map(int, match.groups())) if match else None

    @property
    def is_vague(self) -> bool:
        """X.0.0 says nothing but the class (RFC 3463 section 3.1)."""
        return self.subject == 0 and self.detail == 0

    def __str__(self) -> str:
        return f"{self.class_}.{self.subject}.{self.detail}"


def find_reply_code(text: str) -> int | None:
    """The first RFC 5321 reply code (200 to 599) that stands in ``text`` as a word of its own."""
    match = _REPLY.search(text)
    return int(match[1]) if match else None
