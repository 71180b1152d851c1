"""Exit codes, from sysexits.h, and which of our errors ends with which. Scripts and service managers act on them.

A stranger's bad mail is never an exit code: it is what we are for.
"""

from enum import IntEnum

from bouncesink.errors import (
    BouncesinkError,
    ConfigError,
    KeyringError,
    RuleError,
    SchemaTooNew,
    StoreBusy,
    StoreReadOnly,
)


class Exit(IntEnum):
    """What the number means to whoever started us."""

    OK = 0
    USAGE = 64  # the command line is wrong
    DATA = 65  # what was given to work on is wrong
    NO_INPUT = 66  # what was named is not there or cannot be read
    UNAVAILABLE = 69  # a service that is needed does not answer
    SOFTWARE = 70  # a bug of ours
    CANNOT_CREATE = 73  # an output file cannot be made
    IO = 74  # reading or writing failed
    TEMPFAIL = 75  # try again later
    NO_PERMISSION = 77
    CONFIG = 78  # the configuration does not hold
    INTERRUPTED = 130  # by the keyboard, as a shell counts it


# The most particular first.
_OF_ERRORS: tuple[tuple[type[BouncesinkError], Exit], ...] = (
    (ConfigError, Exit.CONFIG),
    (RuleError, Exit.CONFIG),
    (KeyringError, Exit.CONFIG),
    (SchemaTooNew, Exit.CONFIG),
    (StoreBusy, Exit.TEMPFAIL),
    (StoreReadOnly, Exit.NO_PERMISSION),
    (BouncesinkError, Exit.IO),
)


def exit_of(error: BouncesinkError) -> Exit:
    """The code that this error ends a command with."""
    return next(code for kind, code in _OF_ERRORS if isinstance(error, kind))
