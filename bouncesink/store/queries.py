"""Queries: what people and the command line read, on a read-only connection of its own. Writers never wait for a reader.

``open_queries`` reads a database whether or not a server is running on it, and never changes it. What comes back are the
core's own values, so that a stored verdict is explained by the same code as a fresh one; its disposition is what it leads to
now. Bounded: every list has a limit.
"""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from sqlite3 import Error, Row

from bouncesink.config.sections import StoreSection
from bouncesink.core.address import address_key
from bouncesink.core.report import Kind
from bouncesink.core.verdict import Disposition, Reason, Verdict
from bouncesink.core.verp.attribution import Attribution
from bouncesink.errors import StoreError
from bouncesink.store.connection import Connection, cannot_open, connect, missing
from bouncesink.store.content import unpack
from bouncesink.store.holding import DISPOSITION, FIRST, HOLDS
from bouncesink.store.migrate import recognise, schema_version
from bouncesink.store.rows import attribution_of, verdict_of
from bouncesink.store.text import moment, storable


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """A verdict and where it stands."""

    id: int
    mail_id: int
    received_at: datetime
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class StoredMail:
    """One row of ``mails`` with its content. ``content`` is the first octets of ``size`` that were kept."""

    id: int
    received_at: datetime
    via: str
    remote_address: str
    helo: str
    reverse_path: str
    forward_path: str
    attribution: Attribution
    kind: Kind
    reader: str
    subject: str
    message_id: str
    defects: tuple[str, ...]
    size: int
    content: bytes
    verdicts: tuple[StoredVerdict, ...]


_MAIL = "SELECT mails.*, size, kept, encoding, body FROM mails JOIN contents ON contents.id = content_id WHERE mails.id = ?"
_VERDICTS = (
    f"SELECT verdicts.*, received_at, {DISPOSITION} AS leads_to "  # noqa: S608 - ours
    f"FROM verdicts JOIN mails ON mails.id = mail_id WHERE {HOLDS}"
)


class Queries:
    """Questions to one database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def mail(self, mail_id: int) -> StoredMail | None:
        """The mail, its content and what holds of what was judged of it; None where there is no such id."""
        found = await self._connection.fetch(_MAIL, (mail_id,))
        if not found:
            return None
        verdicts = await self._connection.fetch(f"{_VERDICTS} AND mail_id = ? ORDER BY {FIRST}", (mail_id,))
        return _mail_of(found[0], tuple(map(_verdict_of, verdicts)))

    async def verdicts(self, limit: int = 100, *, recipient: str | None = None) -> tuple[StoredVerdict, ...]:
        """Those that hold, the newest first; of one ``recipient``, however it is spelled, where one is given."""
        if recipient is None:
            found = await self._connection.fetch(f"{_VERDICTS} ORDER BY verdicts.id DESC LIMIT ?", (limit,))
        else:
            key = storable(address_key(recipient))
            condition = "AND recipient_key = ? ORDER BY verdicts.id DESC LIMIT ?"
            found = await self._connection.fetch(f"{_VERDICTS} {condition}", (key, limit))
        return tuple(map(_verdict_of, found))

    async def verdicts_of(self, reasons: Iterable[Reason], limit: int) -> tuple[StoredVerdict, ...]:
        """The newest whose reason is one of these. Reads back through all verdicts: for people, never on a mail's way."""
        words = json.dumps([str(reason) for reason in reasons])
        condition = "AND reason IN (SELECT value FROM json_each(?)) ORDER BY verdicts.id DESC LIMIT ?"
        found = await self._connection.fetch(f"{_VERDICTS} {condition}", (words, limit))
        return tuple(map(_verdict_of, found))


@asynccontextmanager
async def open_queries(section: StoreSection) -> AsyncIterator[Queries]:
    """Read the database at ``section.path``. StoreError where there is none, or it is not one that this version can read."""
    async with reading(section) as connection:
        yield Queries(connection)


@asynccontextmanager
async def reading(section: StoreSection) -> AsyncIterator[Connection]:
    """The same, and the connection alone."""
    path = section.path.resolve()
    if not path.is_file():
        raise missing(path)
    connection = await connect(path, section.busy_timeout, read_only=True)
    try:
        try:
            version = await connection.run(recognise, str(path))
        except Error as error:
            raise cannot_open(path, error, f"reading {path}") from error
        if version < schema_version():
            raise StoreError(
                f"{path} has schema {version}, and {schema_version()} is needed: start the server once, it migrates"
            )
        yield connection
    finally:
        await connection.close()


def _mail_of(row: Row, verdicts: tuple[StoredVerdict, ...]) -> StoredMail:
    return StoredMail(
        id=row["id"],
        received_at=moment(row["received_at"]),
        via=row["via"],
        remote_address=row["remote_address"],
        helo=row["helo"],
        reverse_path=row["reverse_path"],
        forward_path=row["forward_path"],
        attribution=attribution_of(row),
        kind=Kind(row["kind"]),
        reader=row["reader"],
        subject=row["subject"],
        message_id=row["message_id"],
        defects=tuple(json.loads(row["defects"])),
        size=row["size"],
        content=unpack(row["encoding"], row["body"], row["kept"]),
        verdicts=verdicts,
    )


def _verdict_of(row: Row) -> StoredVerdict:
    verdict = replace(verdict_of(row), disposition=Disposition(row["leads_to"]))
    return StoredVerdict(row["id"], row["mail_id"], moment(row["received_at"]), verdict)
