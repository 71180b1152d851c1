"""What a terminal may be shown of a stranger's text: no control characters, no escapes, nothing that turns its direction.

A diagnostic or an address can carry an escape sequence that repaints the screen of whoever reads it, or a bidirectional
override that makes it read as another. Promises: what comes out is one line unless the caller let newlines stand, and can be
encoded.
"""

import re

# C0 but for tab and newline, DEL, C1, the bidirectional marks and overrides, line separators, lone surrogates.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def escape_control(text: str) -> str:
    """Spell them as Python escapes; newline and tab stay."""
    return _CONTROL.sub(_spelled, text)


def one_line(text: str) -> str:
    """The same, with newlines and tabs as spaces."""
    return escape_control(text.replace("\r\n", " ").replace("\n", " ").replace("\t", " "))


def _spelled(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
