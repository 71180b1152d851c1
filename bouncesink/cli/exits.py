"""Exit codes, from sysexits.h, and which of our errors ends with which. Scripts and service managers act on them.

A stranger's bad mail is never an exit code: it is what we are for.
"""

from enum import IntEnum
from typing import Self

from bouncesink.errors import (
    BouncesinkError,
    ConfigError,
    KeyringError,
    RuleError,
    SchemaTooNew,
    StoreBusy,
    StoreMisses,
    StoreReadOnly,
    StoreRefuses,
)


class Exit(IntEnum):
    """Each code, and what it means to whoever started us."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> Self:
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    OK = 0, "done"
    NO = 1, "`recipients check`: some must not be mailed"
    USAGE = 64, "the command line is wrong"
    DATA = 65, "what was given to work on is wrong"
    NO_INPUT = 66, "what was named is not there or cannot be read"
    SOFTWARE = 70, "a bug of bouncesink's"
    IO = 74, "the database or a file failed"
    TEMPFAIL = 75, "another process holds the database; try again later"
    NO_PERMISSION = 77, "the database cannot be written, or not be read"
    CONFIG = 78, "the configuration, a rule, a key or the database's version does not hold"
    INTERRUPTED = 130, "stopped from the keyboard"


# The most particular first.
_OF_ERRORS: tuple[tuple[type[BouncesinkError], Exit], ...] = (
    (ConfigError, Exit.CONFIG),
    (RuleError, Exit.CONFIG),
    (KeyringError, Exit.CONFIG),
    (SchemaTooNew, Exit.CONFIG),
    (StoreBusy, Exit.TEMPFAIL),
    (StoreReadOnly, Exit.NO_PERMISSION),
    (StoreMisses, Exit.NO_INPUT),
    (StoreRefuses, Exit.DATA),
    (BouncesinkError, Exit.IO),
)


def exit_of(error: BouncesinkError) -> Exit:
    """The code that this error ends a command with."""
    return next(code for kind, code in _OF_ERRORS if isinstance(error, kind))
