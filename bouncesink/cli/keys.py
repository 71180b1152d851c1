"""Keys by command: the next one of a key file, and the line added to it. Whoever holds that file can mint and suppress."""

import os
from pathlib import Path

from bouncesink.core.verp.keyring import MAX_KEY_ID, Key, format_key
from bouncesink.errors import KeyringError
from bouncesink.keyfile import generate_key, load


def next_key(path: Path | None) -> Key:
    """A fresh key with an id that the file does not have; 0 where there is no file."""
    if path is None or not path.exists():
        return generate_key(0)
    key_id = load(path).next_id
    if key_id is None:
        raise KeyringError((f"{path}: all {MAX_KEY_ID + 1} ids are taken; take out lines whose tokens are late",))
    return generate_key(key_id)


def append_key(path: Path, key: Key) -> None:
    """Add its line as the last, durably. A file that is made here is readable by its owner alone."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 1))
            unfinished = file.read(1) not in (b"", b"\n")
            file.write((b"\n" if unfinished else b"") + format_key(key).encode("ascii") + b"\n")
            os.fsync(file.fileno())
    except OSError as error:
        raise KeyringError((f"{path}: the key cannot be added: {error.strerror}",)) from error
