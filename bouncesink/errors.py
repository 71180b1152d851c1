"""The error tree: what can be wrong on our own side, and what the peer may hear of it.

    BouncesinkError(public, *, temporary)
    +-- ConfigError          the operator's configuration; every problem at once; exit 78
    +-- RuleError            a rule file that does not hold; every problem at once; exit 78
    +-- KeyringError         a key that cannot be read or used; exit 78
    +-- StoreError           the database
        +-- StoreBusy        locked by somebody else: 451, try again
        +-- StoreFull        no room on the disk: 452, try again
        +-- StoreReadOnly    cannot be written at all: 451, try again
        +-- StoreMisses      what was asked for is not in it, or there is none; exit 66
        +-- StoreRefuses     what is in it forbids what was asked; exit 65
        +-- SchemaTooNew     written by a newer bouncesink: nothing starts; exit 78

An error has a public face (safe to show a peer: no path, no address, no exception text), a private cause (``__cause__``
and ``str()``, for the log), and says whether it is temporary. Our own trouble is always temporary to a peer; only
``bouncesink.core.reply`` spells an error as a Reply. Strangers' mail never raises: it yields named defects.

This module imports nothing.
"""


class BouncesinkError(Exception):
    """Our own trouble. ``public`` may be shown to a peer; ``str(error)`` is for the operator."""

    public = "local error in processing"
    temporary = True

    def __init__(self, private: str = "", *, public: str | None = None) -> None:
        super().__init__(private or public or self.public)
        if public is not None:
            self.public = public


class ProblemsError(BouncesinkError):
    """Something of the operator's that does not hold: lists every problem, not the first."""

    public = "configuration error"

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class ConfigError(ProblemsError):
    """The configuration does not hold. Each problem names file, key, what is wrong and the nearest known key."""


class RuleError(ProblemsError):
    """A rule or reason file does not hold. Each problem names file and rule."""


class KeyringError(ProblemsError):
    """A signing key cannot be read, is malformed or is too short."""


class StoreError(BouncesinkError):
    """The database did not do what it was asked. Nothing was recorded."""

    public = "cannot record now, try again later"


class StoreBusy(StoreError):
    """Another process holds the database's write lock."""


class StoreFull(StoreError):
    """No space is left for the database."""

    public = "insufficient system storage"


class StoreReadOnly(StoreError):
    """The database, or its folder, cannot be written."""


class StoreMisses(StoreError):
    """What a command asked for by name or number is not in the database, or there is no database."""


class StoreRefuses(StoreError):
    """What is in the database forbids what a command asked."""


class SchemaTooNew(StoreError):
    """The database was written by a newer version: this one must not touch it."""
