"""Where the watching listener stands: the words of ``watch.listen`` as places. Pure: nothing is resolved or opened.

Promises: every entry that cannot be read is told, with its key; what ``problems`` passes, ``places`` takes.
"""

import re
from collections.abc import Iterator

from bouncesink.config.sections import WatchSection

_PLACE = re.compile(r"(?:http://)?(?P<host>\[[^\[\]\s]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})/?", re.ASCII | re.IGNORECASE)

Place = tuple[str, int]
"""Host, without brackets, and port."""


def problems(section: WatchSection) -> Iterator[tuple[str, str]]:
    """The key that is wrong, and words, for everything that is wrong."""
    for entry in section.listen:
        if _parse(entry) is None:
            yield "watch.listen", f"{entry!r} is not HOST:PORT or http://HOST:PORT, as in 127.0.0.1:2580"


def places(section: WatchSection) -> tuple[Place, ...]:
    """Where to listen. ``problems`` has passed."""
    return tuple(place for place in map(_parse, section.listen) if place is not None)


def _parse(entry: str) -> Place | None:
    match = _PLACE.fullmatch(entry.strip())
    if match is None or int(match["port"]) > 65_535:
        return None
    return match["host"].strip("[]"), int(match["port"])
