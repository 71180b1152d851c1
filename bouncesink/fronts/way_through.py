"""The way through, as a front sees it: the calls of ``pipeline`` and nothing else of it.

A front is typed against this Protocol, so that it can be tried with anything that answers, and knows no store, rule or key.
"""

from collections.abc import Awaitable
from typing import Protocol

from bouncesink.core.mail import Admitted, Mail, Peer
from bouncesink.core.reply import Reply


class Space(Protocol):
    """Whether there is room on the disk for what is recorded."""

    @property
    def is_low(self) -> bool:
        """There is so little that nothing more should be begun."""
        ...


class WayThrough(Protocol):
    """``admit`` when a recipient is named, ``accept`` when the content is complete."""

    def is_ours(self, forward_path: str) -> bool:
        """Whether the domain is one of ours: only a front that sees other people's mail too has to ask."""
        ...

    def admit(self, forward_path: str, *, peer: Peer | None = None) -> Admitted | Reply:
        """Whether a mail to ``forward_path`` is let in; the Reply says why not. ``peer`` None: it is let pass all the same."""
        ...

    def accept(self, mail: Mail) -> Awaitable[Reply]:
        """Record ``mail``. A Reply below 400 means that it is ours now, durably. Raises nothing before it is waited for."""
        ...
