"""The database: opens every connection, puts the parts of the store together, closes them in order.

    writer        the only one that records        thread 1    intake (task), housekeeping (task)
    checkpointer  the only one that checkpoints    thread 2    checkpoint (task)
    reader        addressees, queries, feed        thread 3

Promises: ``open`` leaves nothing behind when it fails; leaving the context records what waits, empties the log and closes, the
writer last, so that a clean end leaves one file. One server to a database (``lock``). Knows nothing of what is recorded.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from bouncesink.config.sections import RetentionSection, StoreSection
from bouncesink.core.incident import IncidentPolicy
from bouncesink.core.policy import Policies
from bouncesink.store.addressees import Addressees
from bouncesink.store.backfill import Backfill
from bouncesink.store.checkpoint import PATIENCE, Checkpointer
from bouncesink.store.connection import Connection, connect
from bouncesink.store.feed import Feed
from bouncesink.store.housekeeping import Housekeeper
from bouncesink.store.intake import LOCK_SLICE, Intake
from bouncesink.store.lock import ServerLock
from bouncesink.store.migrate import prepare
from bouncesink.store.queries import Queries
from bouncesink.store.retention import Sweeper
from bouncesink.store.trouble import FAILURES, store_error
from bouncesink.store.writer import Writer, log_pages


@dataclass(frozen=True, slots=True)
class Database:
    """An open database. ``writer`` is the connection that ``intake`` records on; nobody else writes to it."""

    intake: Intake
    addressees: Addressees
    queries: Queries
    feed: Feed
    writer: Connection

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        section: StoreSection,
        retention: RetentionSection | None = None,
        policies: Policies | None = None,
        incidents: IncidentPolicy | None = None,
    ) -> AsyncIterator[Self]:
        """Serve the database at ``section.path``; made and migrated as need be. StoreError where it cannot be."""
        path = section.path.resolve()
        async with AsyncExitStack() as stack:
            stack.enter_context(ServerLock(path))
            left = log_pages(path)
            backfill = stack.enter_context(Backfill(path))
            writing = await connect(path, section.busy_timeout)
            stack.push_async_callback(writing.close)
            await writing.run(prepare, str(path))
            checkpointing = await connect(path, PATIENCE)
            stack.push_async_callback(checkpointing.close)
            reading = await connect(path, section.busy_timeout, read_only=True)
            stack.push_async_callback(reading.close)

            writer = Writer(path, section.content_limit, policies, incidents)
            try:
                await writing.run(writer.take_in)
                backfill.take_in()
                writing.patience = min(section.busy_timeout, LOCK_SLICE)
            except FAILURES as error:
                raise store_error(error, f"opening {path}") from error
            checkpointer = Checkpointer(checkpointing, backfill, section.checkpoint_pages, left)
            checkpointer.start()
            stack.push_async_callback(checkpointer.close)
            if retention is not None:
                housekeeper = Housekeeper(writing, Sweeper(retention), checkpointer, lambda: datetime.now(UTC))
                housekeeper.start()
                stack.push_async_callback(housekeeper.close)
            intake = Intake(writing, writer, checkpointer, section)
            intake.start()
            stack.push_async_callback(intake.close)
            yield cls(intake, Addressees(reading), Queries(reading), Feed(reading), writing)


@asynccontextmanager
async def reading(section: StoreSection) -> AsyncIterator[Addressees]:
    """What a process asks that does not record: another one has the database open. StoreError where it cannot be read."""
    connection = await connect(section.path.resolve(), section.busy_timeout, read_only=True)
    try:
        yield Addressees(connection)
    finally:
        await connection.close()
