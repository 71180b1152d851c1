"""Bookmarks: how far a long file was ingested, so that a run that was cut off goes on there.

A bookmark is only a way to save time: what is read again is recorded once all the same. ``mark`` is whatever proves that the
file is still the one that the position was of. Written beside the server in short transactions. Knows nothing of files.
"""

from datetime import UTC, datetime

from bouncesink.config.sections import StoreSection
from bouncesink.store.beside import beside
from bouncesink.store.text import storable, timestamp

_TASK = "ingest:"


def read_bookmark(section: StoreSection, source: str) -> tuple[int, str] | None:
    """The position and the mark of ``source``; None where there is none, or no database yet. StoreError."""
    if not section.path.exists():
        return None
    start = _start(source)
    with beside(section, "reading a bookmark") as connection:
        row = connection.execute(
            "SELECT task, position FROM progress WHERE substr(task, 1, ?) = ?", (len(start), start)
        ).fetchone()
    return (row["position"], row["task"][len(start) :]) if row else None


def keep_bookmark(section: StoreSection, source: str, position: int, mark: str) -> None:
    """Put the bookmark of ``source`` at ``position``. StoreError."""
    start = _start(source)
    with beside(section, "keeping a bookmark") as connection:
        connection.execute("DELETE FROM progress WHERE substr(task, 1, ?) = ?", (len(start), start))
        connection.execute(
            "INSERT INTO progress (task, position, moved_at) VALUES (?, ?, ?)",
            (start + storable(mark), position, timestamp(datetime.now(UTC))),
        )


def _start(source: str) -> str:
    """A line end cannot stand in what follows, so no source is the start of another."""
    return f"{_TASK}{storable(source)}\n"
