r"""Text for a TEXT column: any ``str`` becomes valid UTF-8 without NUL, so that every bounce can be recorded and read by any
client.

Strangers' bytes reach us as surrogate escapes, and texts may hold lone surrogates or NUL: SQLite's API refuses the first two
and cuts at the third. They are spelled out, as Python spells them: an escaped byte as ``\xHH``, NUL as ``\x00``, any other
lone surrogate as ``\uHHHH``. A backslash that was there stays as it is, so the spelling is for people and not to be undone:
what was received is in ``contents``, to the octet. Also spells times, and values as JSON. Knows nothing of tables.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

Row = tuple[Any, ...]

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable(text: str) -> str:
    """``text``, with what no TEXT column can hold spelled out."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNSTORABLE.sub(_spelled, text)


def storable_row(row: Row) -> Row:
    """``row``, with every text in it storable."""
    texts = "".join([value for value in row if value.__class__ is str])  # one look at all of them costs a third of one at each
    if texts.isascii() and "\0" not in texts:
        return row
    return tuple([storable(value) if isinstance(value, str) else value for value in row])


def timestamp(moment: datetime) -> str:
    """UTC, ISO 8601, milliseconds, Z: these sort as text."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    spelled = orjson.dumps(
        moment
    ).decode()  # takes a fifth of what isoformat takes; it has quotes, and no point for a whole second
    return f"{spelled[1:24]}Z" if moment.microsecond else f"{spelled[1:20]}.000Z"


def as_kept(at: datetime) -> datetime:
    """The milliseconds that the tables keep: folded now or from them, it comes to the same."""
    beyond = at.microsecond % 1_000
    return at - timedelta(microseconds=beyond) if beyond else at


def as_json(value: Any) -> str:
    """Compact JSON, characters as they are, times with Z. Every text in ``value`` is storable."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()


def moment(text: str) -> datetime:
    """The inverse of ``timestamp``."""
    return datetime.fromisoformat(text)


def respelled(text: str) -> str:
    """A time that an earlier version spelled, as ``timestamp`` spells it."""
    return text if text.endswith("Z") else timestamp(moment(text))


def _spelled(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code == 0:
        return "\\x00"
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
