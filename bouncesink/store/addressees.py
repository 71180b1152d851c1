"""Addressees: whom the reference inside an opaque token means. The sender tells it when it mints, a bounce asks for it.

``register`` is a short-lived writer beside the server: it takes no server lock, and its connection never checkpoints, as all
of ours. Promises: all of a call is registered or nothing; a reference never changes its meaning, since a bounce to an old
token would then be counted against somebody else.
"""

import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime
from time import monotonic, sleep

from bouncesink.config import StoreSection
from bouncesink.core.address import address_key
from bouncesink.errors import StoreBusy
from bouncesink.store.connection import Connection, open_sqlite
from bouncesink.store.lock import ServerLock
from bouncesink.store.migrate import prepare, recognise, schema_version
from bouncesink.store.text import storable, timestamp
from bouncesink.store.trouble import store_error

_POLL = 0.05


class Addressees:
    """The asking side, on a reading connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def resolve(self, reference: str, domain: str) -> str | None:
        """The address that ``reference`` was registered for at our ``domain``, or None."""
        rows = await self._connection.fetch(
            "SELECT address FROM addressees WHERE domain = ? AND reference = ?", (_domain(domain), storable(reference))
        )
        return str(rows[0]["address"]) if rows else None


def register(section: StoreSection, domain: str, addresses: Iterable[tuple[str, str]]) -> int:
    """Register (reference, address) pairs at our ``domain``, in one transaction; makes the database where there is none.

    Returns how many were new. ValueError, naming it, where a reference stands for another address already; StoreError where the
    database fails; nothing is registered then.
    """
    try:
        connection = _open(section)
        try:
            return _register(connection, _domain(domain), addresses)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise store_error(error, "registering addressees") from error


def _register(connection: sqlite3.Connection, domain: str, addresses: Iterable[tuple[str, str]]) -> int:
    at, new = timestamp(datetime.now(UTC)), 0
    connection.execute("BEGIN IMMEDIATE")
    try:
        for reference, address in addresses:
            new += _register_one(connection, (domain, storable(reference), storable(address), at))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return new


def _register_one(connection: sqlite3.Connection, row: tuple[str, str, str, str]) -> int:
    domain, reference, address, _ = row
    inserted = connection.execute("INSERT INTO addressees VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", row).rowcount
    if not inserted:
        found = connection.execute("SELECT address FROM addressees WHERE domain = ? AND reference = ?", (domain, reference))
        registered = found.fetchone()["address"]
        if address_key(registered) != address_key(address):
            raise ValueError(f"reference {reference} at {domain} stands for {registered} already, so it cannot mean {address}")
    return inserted


def _open(section: StoreSection) -> sqlite3.Connection:
    """A writing connection to an up-to-date database. A server that is just starting migrates it: that is waited for."""
    path = section.path.resolve()
    deadline = monotonic() + section.busy_timeout
    while True:
        connection = open_sqlite(path, section.busy_timeout)
        try:
            if recognise(connection, str(path)) < schema_version():
                with ServerLock(path):
                    prepare(connection, str(path))
        except StoreBusy:
            connection.close()
            if monotonic() > deadline:
                raise
            sleep(_POLL)
        except BaseException:
            connection.close()
            raise
        else:
            return connection


def _domain(domain: str) -> str:
    return storable(domain).lower()
