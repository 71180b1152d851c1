"""The hand-over's socket: where it is, and how it is bound. Who may write to it, its mode says: owner and group."""

import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LONGEST_NAME = 100  # octets; sun_path ends at 108


def socket_path(database: Path) -> Path:
    """Where the hand-over of this database is."""
    database = database.resolve()
    return database.with_name(f"{database.name}.sock")


@contextmanager
def short_name(path: Path) -> Iterator[str]:
    """A name of ``path`` that fits into a socket's address, as long as the context is open."""
    if len(os.fsencode(path)) <= _LONGEST_NAME:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def bound_socket(path: Path, mode: int) -> socket.socket:
    """Only the holder of the server's lock comes here, so a socket that is there is one that somebody left behind."""
    if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        raise OSError(None, f"{path} is in the way, and no socket")
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_name(path) as name:
            listening.bind(name)
        path.chmod(mode)
    except BaseException:
        listening.close()
        raise
    return listening
