"""The key file: where the keyring is kept, and made at first use so that bouncesink runs without any set-up.

Promises: a file it makes is readable by its owner alone, complete or absent, durable before it is used; and two processes that
start at once end with one and the same key. Keys given by environment stand in place of the file. Knows no other configuration.
"""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from bouncesink.config.sections import PrivacySection
from bouncesink.config.words import Addresses
from bouncesink.core.verp.keyring import MAX_SECRET, MIN_SECRET, Key, Keyring, format_key, parse_keyring
from bouncesink.errors import KeyringError

_HEADER = """\
# Signing keys of bouncesink, one ID:HEX a line. The last one mints, every one verifies.
# To rotate: add a line from `bouncesink verp keygen`; take the old line out once its tokens are late.
"""
_PRIVACY_HEADER = """\
# The key by which bouncesink hashes addresses. Without it nobody in the database can be found again: keep a copy elsewhere.
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


def privacy_key(section: PrivacySection, database: Path, *, make: bool = True) -> bytes | None:
    """The key that hashes addresses, None where they are kept as they are. The file beside the database is made at first use,
    unless ``make`` is False; one that was named must be there, since a fresh key would make strangers of everybody.
    """
    if section.addresses is Addresses.PLAIN:
        return None
    if section.key:
        return _privacy_key(section.key, "privacy.key")
    path = section.key_file or database.with_name(f"{database.name}.privacy")
    if section.key_file is None and make:
        with suppress(FileExistsError):
            if not path.exists():
                _create(path, f"{_PRIVACY_HEADER}{secrets.token_hex(MAX_SECRET)}\n")
    try:
        lines = path.read_text("ascii", "replace").splitlines()
    except FileNotFoundError:
        advice = (
            "`openssl rand -hex 32` makes what goes into one" if section.key_file else "nobody is found without it: put it back"
        )
        raise KeyringError((f"{path}: there is no such key file; {advice}",)) from None
    except OSError as error:
        raise _unusable(path, error) from error
    return _privacy_key("".join(line.partition("#")[0].strip() for line in lines), str(path))


def _privacy_key(text: str, source: str) -> bytes:
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if not MIN_SECRET <= len(key) <= MAX_SECRET:
        raise KeyringError((f"{source}: must be {2 * MIN_SECRET} to {2 * MAX_SECRET} hexadecimal digits",))
    return key


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
    folder = path.absolute().parent
    why = error.strerror if folder.is_dir() else f"the folder {folder} does not exist"
    return KeyringError((f"{path}: the key file cannot be used: {why}",))
