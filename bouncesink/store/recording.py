"""Recording: a mail on its way to the disk, and a caller who may leave before it is there.

A session that is cut stops waiting, and its mail is written all the same. Promises: whoever leaves takes nothing along, and
what became of the mail is then told to ``orphaned``, so that the log and the counts have every mail that the database has.
Belongs to one event loop. Knows neither mails nor SQL.
"""

import asyncio
from collections.abc import Callable

from bouncesink.store.rows import Recorded

Recording = asyncio.Future[tuple[Recorded, ...]]
Orphaned = Callable[[Recording], None]


async def wait_for(recording: Recording, orphaned: Orphaned | None) -> tuple[Recorded, ...]:
    """What ``recording`` comes to. Cancelled, it goes on, and ``orphaned`` is called with it once it is done."""
    try:
        return await asyncio.shield(recording)
    except asyncio.CancelledError:
        if orphaned is not None:
            recording.add_done_callback(orphaned)
        raise
