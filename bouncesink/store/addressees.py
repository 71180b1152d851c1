"""Addressees: whom the reference inside an opaque token means. The sender tells it when it mints, a bounce asks for it.

``register`` is a short-lived writer beside the server: it takes no server lock, and its connection never checkpoints, as all
of ours. Promises: it keeps the server waiting for moments only; a reference never changes its meaning, since a bounce to an
old token would then be counted against somebody else.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from bouncesink.config.sections import StoreSection
from bouncesink.core.address import address_key
from bouncesink.store.beside import open_writing, transaction
from bouncesink.store.connection import Connection
from bouncesink.store.rows import insert
from bouncesink.store.text import storable, timestamp
from bouncesink.store.trouble import FAILURES, store_error

# A transaction holds the write lock that the server waits for, so a long list is many short ones.
_AT_ONCE = 5_000

_INSERT = insert(
    "addressees", ("domain", "reference", "address", "registered_at"), "ON CONFLICT (domain, reference) DO NOTHING"
)

_RESOLVE = "SELECT address FROM addressees WHERE domain = ? AND reference = ?"

_AddresseeRow = tuple[str, str, str, str]


class Addressees:
    """The asking side, on a reading connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def resolve(self, reference: str, domain: str) -> str | None:
        """The address that ``reference`` was registered for at our ``domain``, or None."""
        rows = await self._connection.fetch(_RESOLVE, (_domain(domain), storable(reference)))
        return str(rows[0]["address"]) if rows else None


def addressee(connection: sqlite3.Connection, reference: str, domain: str) -> str | None:
    """The same on a connection without a thread."""
    row = connection.execute(_RESOLVE, (_domain(domain), storable(reference))).fetchone()
    return None if row is None else str(row["address"])


def register(section: StoreSection, domain: str, addresses: Iterable[tuple[str, str]]) -> int:
    """Register (reference, address) pairs at our ``domain``; makes the database where there is none.

    Returns how many were new. ValueError, naming it, where a reference stands for another address already: nothing is
    registered then. StoreError where the database fails: what was registered by then stays, and all of it may be registered
    again.
    """
    at = timestamp(datetime.now(UTC))
    rows = [(_domain(domain), storable(reference), storable(address), at) for reference, address in addresses]
    try:
        connection = open_writing(section)
        try:
            for row in rows:
                _check(connection, row)
            return sum(_register(connection, rows[start : start + _AT_ONCE]) for start in range(0, len(rows), _AT_ONCE))
        finally:
            connection.close()
    except FAILURES as error:
        raise store_error(error, "registering addressees") from error


def _register(connection: sqlite3.Connection, rows: Sequence[_AddresseeRow]) -> int:
    with transaction(connection):
        new = 0
        for row in rows:
            inserted = connection.execute(_INSERT, row).rowcount
            if not inserted:
                _check(connection, row)
            new += inserted
    return new


def _check(connection: sqlite3.Connection, row: _AddresseeRow) -> None:
    domain, reference, address, _ = row
    found = connection.execute(
        "SELECT address FROM addressees WHERE domain = ? AND reference = ?", (domain, reference)
    ).fetchone()
    if found is not None and address_key(found["address"]) != address_key(address):
        raise ValueError(
            f"reference {reference} at {domain} stands for {found['address']} already, so it cannot mean {address}"
        )


def _domain(domain: str) -> str:
    return storable(domain).lower()
