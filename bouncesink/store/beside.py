"""Beside the server: short-lived writers of another process, as an operator's commands are.

Promises: each transaction is short (callers cut long work into many), begins with the write lock in hand and ends whole or not
at all; the server's writer waits for it in slices and nobody's mail is refused for it. The connection never checkpoints
(docs/decisions/0001-checkpoints.md): it only commits. Takes no server lock, so it works whether or not a server runs.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from bouncesink.config.sections import StoreSection
from bouncesink.errors import StoreBusy
from bouncesink.store.connection import cannot_open, missing, open_sqlite
from bouncesink.store.lock import ServerLock
from bouncesink.store.migrate import prepare, recognise, schema_version
from bouncesink.store.trouble import FAILURES, store_error

_POLL = 0.05


@contextmanager
def beside(section: StoreSection, doing: str) -> Iterator[sqlite3.Connection]:
    """One transaction on a database that exists; rolled back where anything is raised. StoreError where it fails."""
    with opened(section, doing) as connection, transaction(connection):
        yield connection


@contextmanager
def opened(section: StoreSection, doing: str) -> Iterator[sqlite3.Connection]:
    """A writing connection, in autocommit, to a database that exists."""
    path = section.path.resolve()
    if not path.is_file():
        raise missing(path)
    try:
        connection = open_writing(section)
    except FAILURES as error:
        raise cannot_open(path, error, f"{doing}, {path}") from error
    try:
        yield connection
    except FAILURES as error:
        raise store_error(error, f"{doing}, {path}") from error
    finally:
        connection.close()


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def open_writing(section: StoreSection) -> sqlite3.Connection:
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
