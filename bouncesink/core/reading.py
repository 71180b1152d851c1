"""Reading: bytes to a Report. The readers in their order of authority, and what is true of all of them.

Promises: total. Any bytes whatsoever give a Report, in bounded time and without recursion; a reader's own bug costs that
reader's opinion and nothing else. What looks like a bounce and says nothing that anybody can read is UNKNOWN, never dropped.
"""

from collections.abc import Callable
from functools import lru_cache, partial

from bouncesink.core.defect import Defect
from bouncesink.core.formats import NO_FORMATS, Formats
from bouncesink.core.readers import amazon, arf, autoreply, dsn, failure, formatted, machine, mdn, person, wrapped
from bouncesink.core.readers.message import Message
from bouncesink.core.report import Kind, Report

Reader = Callable[[Message], Report | None]


@lru_cache(maxsize=4)
def readers(formats: Formats) -> tuple[Reader, ...]:
    """What is written to a standard before what is known to be some software's prose, and that before what is guessed.

    Bounces stand before auto-replies: four in ten bounces bear an auto-reply's header too.
    """
    return (
        dsn.read,
        arf.read,
        mdn.read,
        amazon.read,
        machine.read,
        partial(formatted.read, formats=formats),
        failure.read_failed_recipients,
        failure.read_qsbmf,
        mdn.read_prose,
        wrapped.read,
        failure.read_prose,
        person.read_request,
        autoreply.read,
        failure.read_unreadable,
        person.read,
    )


def read(content: bytes, formats: Formats = NO_FORMATS) -> Report:
    """What one mail says. ``formats`` are those of software that speaks in prose of its own."""
    return read_with(readers(formats), content)


def read_with(order: tuple[Reader, ...], content: bytes) -> Report:
    """The first report that a reader makes. One that fails is passed over, and that it failed is named."""
    message = Message(content)
    for reader in order:
        try:
            report = reader(message)
        except Exception:  # noqa: BLE001 - a bug of ours must not lose a stranger's mail; the defect shows it
            message.remark(Defect.READER_FAILED)
            continue
        if report is not None:
            return report
    return Report(Kind.UNKNOWN, "", headers=message.headers, defects=(*message.defects, Defect.NOTHING_READABLE))
