"""Settings: a command's options, the environment and the file become the configuration that holds for it.

The only place where the command line meets ``config.file``. Which keys sign is settled here too, in one order for every
command, so that the server believes what the command line minted: ``verp.keys``, else ``verp.keys_file``, else the database's
path with ``.keys`` behind it.
"""

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bouncesink.config.file import Check, Effective
from bouncesink.config.file import load as load_configuration
from bouncesink.config.sections import Config
from bouncesink.core.verp.keyring import Keyring
from bouncesink.errors import ConfigError, KeyringError
from bouncesink.keyfile import load, load_or_create, privacy_key


def settle(
    file: Path | None,
    *,
    database: Path | None = None,
    listen: Sequence[str] | None = None,
    rules: Path | None = None,
    workers: int | None = None,
    more: tuple[Check, ...] = (),
) -> Effective:
    """The configuration in force. Raises ConfigError with every problem."""
    given: dict[str, tuple[str, Any]] = {}
    if listen:
        given["listen"] = ("--listen", tuple(listen))
    if database is not None:
        given["store.path"] = ("--database", database)
    if rules is not None:
        given["rules.folder"] = ("--rules", rules)
    if workers is not None:
        given["workers"] = ("--workers", workers)
    return load_configuration(file, os.environ, given, more)


def listening(config: Config) -> Iterator[tuple[str, str]]:
    """Whether ``listen`` can be understood, as the room that opens it says: for the commands that are about it."""
    from bouncesink.fronts.endpoint import parse_endpoints

    try:
        endpoints = parse_endpoints(config.listen)
        for endpoint in endpoints:
            if endpoint.tls and not config.tls.certificate_files:
                yield "listen", f'"{endpoint}" speaks TLS, and there is nothing in tls.certificate_files'
    except ConfigError as error:
        yield from (("listen", problem.removeprefix("listen: ")) for problem in error.problems)


def becoming(config: Config) -> Iterator[tuple[str, str]]:
    """Whether the server could become ``process.user``."""
    from bouncesink.process.privileges import identity

    return identity(config.process)


def keys_path(config: Config) -> Path:
    """The file of signing keys, where the environment does not hold them."""
    return config.verp.keys_file or config.store.path.with_name(config.store.path.name + ".keys")


def naming(config: Config) -> Callable[[str], str]:
    """What an address that somebody types is known by in the database, which is looked at for whether it agrees. StoreError
    where it does not.
    """
    from datetime import UTC, datetime

    from bouncesink.core.pseudonym import Pseudonyms
    from bouncesink.store.privacy import agree_beside

    key = privacy_key(config.privacy, config.store.path, make=not is_in_use(config))
    hidden = None if key is None else Pseudonyms(key)
    agree_beside(config.store, hidden.fingerprint if hidden else None, datetime.now(UTC))
    return hidden.of if hidden else str


def keyring_of(config: Config, *, in_use: bool | None = None) -> Keyring:
    """The keys that sign and verify. A file that was named must be there, and so must the one beside a database that is in
    use already: a fresh key in its place would refuse every address that was minted before. Else it is made at first use.
    """
    if config.verp.keys:
        return load_or_create(keys_path(config), config.verp.keys)
    path = keys_path(config)
    if config.verp.keys_file is None and not path.exists() and (is_in_use(config) if in_use is None else in_use):
        advice = "put it back, for no address that was minted with it is let in without it, or have a new one made: "
        raise KeyringError((f"{path}: the database is there, and its key file is not: {advice}{_keygen(path)}",))
    return existing_keyring_of(config) if config.verp.keys_file is not None else load_or_create(path)


def is_in_use(config: Config) -> bool:
    """Whether there is a database already, and not an empty file."""
    try:
        return config.store.path.stat().st_size > 0
    except OSError:
        return False


def has_keys(config: Config) -> bool:
    """Whether there are keys that sign, so that none would be made."""
    return bool(config.verp.keys) or keys_path(config).exists()


def existing_keyring_of(config: Config) -> Keyring:
    """The same, but nothing is made."""
    if config.verp.keys:
        return load_or_create(keys_path(config), config.verp.keys)
    path = keys_path(config)
    try:
        return load(path)
    except FileNotFoundError:
        raise KeyringError((f"{path}: there is no such key file; {_keygen(path)} makes it",)) from None


def _keygen(path: Path) -> str:
    return f"`bouncesink verp keygen --keys {shlex.quote(str(path))} --append`"
