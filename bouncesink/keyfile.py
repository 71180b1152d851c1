"""The key file: where the keyring is kept, and made at first use so that bouncesink runs without any set-up.

Promises: a file it makes is readable by its owner alone, complete or absent, durable before it is used; and two processes that
start at once end with one and the same key. Keys given by environment stand in place of the file. Knows no other configuration.
"""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from bouncesink.core.verp.keyring import MAX_SECRET, Key, Keyring, format_key, parse_keyring
from bouncesink.errors import KeyringError

_HEADER = """\
# Signing keys of bouncesink, one ID:HEX a line. The last one mints, every one verifies.
# To rotate: add a line from `bouncesink verp keygen`; take the old line out once its tokens are late.
"""


def load_or_create(path: Path, keys: tuple[str, ...] = ()) -> Keyring:
    """The keyring of ``keys`` where any are given (``ID:HEX`` each), else of the file, which is made where it is absent."""
    if keys:
        return parse_keyring("\n".join(keys), "verp.keys")
    with suppress(FileNotFoundError):
        return load(path)
    _create(path, f"{_HEADER}{format_key(generate_key(0))}\n")
    try:
        return load(path)
    except FileNotFoundError as error:
        raise _unusable(path, error) from error


def load(path: Path) -> Keyring:
    """The keyring of a file that exists. FileNotFoundError is the caller's to judge; all else is a KeyringError."""
    try:
        return parse_keyring(path.read_text("ascii"), str(path))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _unusable(path, error) from error
    except UnicodeDecodeError as error:
        raise KeyringError((f"{path}: not a text of keys, one ID:HEX a line",)) from error


def generate_key(key_id: int) -> Key:
    return Key(key_id, secrets.token_bytes(MAX_SECRET))


def _create(path: Path, text: str) -> None:
    """Write beside, then link: the name appears with all its content, and whoever links second finds it taken."""
    try:
        descriptor, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            Path(draft).unlink()
        _sync_folder(path.parent)
    except OSError as error:
        raise _unusable(path, error) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(path: Path, error: OSError) -> KeyringError:
    return KeyringError((f"{path}: the key file cannot be used: {error.strerror}",))
