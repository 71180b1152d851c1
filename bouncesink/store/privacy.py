"""Privacy: whether a database keeps addresses as they are, or pseudonyms, and by which key. One of them, from its first row on.

Promises: a database never holds both, and pseudonyms of one key only: everybody in it would be a stranger to the other, and a
dead address be told to be a living one. What does not agree is a StoreError that says what to do, and nothing is changed.
"""

import sqlite3
from datetime import datetime

from bouncesink.config.sections import StoreSection
from bouncesink.errors import StoreError
from bouncesink.store.beside import opened, transaction
from bouncesink.store.text import timestamp

_EMPTY = (
    "SELECT NOT (EXISTS (SELECT 1 FROM mails) OR EXISTS (SELECT 1 FROM recipients) OR EXISTS (SELECT 1 FROM addressees) "
    "OR EXISTS (SELECT 1 FROM audit))"
)


def agree(connection: sqlite3.Connection, fingerprint: str | None, now: datetime) -> None:
    """Addresses are kept as they are (None), or as pseudonyms of the key with this fingerprint: written down at first use."""
    found = connection.execute("SELECT fingerprint FROM privacy").fetchone()
    if found is None and fingerprint is None:
        return
    if found is not None and fingerprint is None:
        raise StoreError('this database keeps pseudonyms: privacy.addresses must be "hashed", with the key that it began with')
    if found is not None and found[0] != fingerprint:
        raise StoreError("this database was made with another privacy key: give that one by privacy.key_file, or its variable")
    if found is None:
        with transaction(connection):
            if not connection.execute(_EMPTY).fetchone()[0]:
                raise StoreError('this database keeps addresses as they are: privacy.addresses = "hashed" needs a new one')
            connection.execute("INSERT OR IGNORE INTO privacy VALUES (?, ?)", (fingerprint, timestamp(now)))


def agree_beside(section: StoreSection, fingerprint: str | None, now: datetime) -> None:
    """The same for commands. Where there is no database yet there is nothing to agree with."""
    if section.path.is_file():
        with opened(section, "looking how addresses are kept") as connection:
            agree(connection, fingerprint, now)
