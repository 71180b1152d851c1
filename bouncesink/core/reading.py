"""Reading: bytes to a Report. The readers in their order of authority, and what is true of all of them.

Promises: total. Any bytes whatsoever give a Report, in bounded time and without recursion; a reader's own bug costs that reader's
opinion and nothing else. What looks like a bounce and says nothing that anybody can read is UNKNOWN, never dropped.
"""

from collections.abc import Callable
from typing import Final

from bouncesink.core.defect import Defect
from bouncesink.core.readers import dsn
from bouncesink.core.readers.message import Message
from bouncesink.core.report import Kind, Report

Reader = Callable[[Message], Report | None]

READERS: Final[tuple[Reader, ...]] = (
    dsn.read,
)


def read(content: bytes) -> Report:
    """What one mail says."""
    message = Message(content)
    for reader in READERS:
        report = reader(message)
        if report is not None:
            return report
    return message.report(Kind.OTHER, "")
