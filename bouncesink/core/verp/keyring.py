"""The keyring: the secrets that our tokens are sealed with. Several at once, so that keys can be rotated.

The last key mints, every key verifies: to rotate, add a line; to retire a key, take its line out once its tokens are late.
Strict, because it is our own: every problem at once, and no problem ever quotes a secret. Reads text, not files: where keys
are kept is for ``keyfile`` to know.
"""

from dataclasses import dataclass, field

from bouncesink.errors import KeyringError

MAX_KEY_ID = 31  # five bits of a token's first byte
MIN_SECRET = 16
MAX_SECRET = 32  # RFC 7693 section 2.1: a BLAKE2s key


@dataclass(frozen=True, slots=True)
class Key:
    """One secret and the number that tokens name it by."""

    id: int
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        problems = []
        if not 0 <= self.id <= MAX_KEY_ID:
            problems.append(f"key id {self.id} is not between 0 and {MAX_KEY_ID}")
        if not MIN_SECRET <= len(self.secret) <= MAX_SECRET:
            problems.append(f"the secret has {len(self.secret)} bytes, not {MIN_SECRET} to {MAX_SECRET}")
        if problems:
            raise KeyringError(tuple(problems))


@dataclass(frozen=True, slots=True)
class Keyring:
    """At least one key, no id twice. The last one mints."""

    keys: tuple[Key, ...]

    def __post_init__(self) -> None:
        ids = [key.id for key in self.keys]
        if not ids:
            raise KeyringError(("there is no key",))
        if len(set(ids)) < len(ids):
            raise KeyringError(
                tuple(f"key id {each} stands more than once" for each in sorted(set(ids)) if ids.count(each) > 1)
            )

    @property
    def current(self) -> Key:
        return self.keys[-1]

    @property
    def next_id(self) -> int | None:
        """A free id for the key that will follow the current one; None where all are taken."""
        taken = {key.id for key in self.keys}
        after = range(self.current.id + 1, self.current.id + MAX_KEY_ID + 1)
        return next((each % (MAX_KEY_ID + 1) for each in after if each % (MAX_KEY_ID + 1) not in taken), None)

    def get(self, key_id: int) -> Key | None:
        for key in self.keys:
            if key.id == key_id:
                return key
        return None


def parse_keyring(text: str, source: str) -> Keyring:
    """One ``ID:HEX`` a line, ``#`` to the end of a line is a comment. ``source`` names the text in problems."""
    keys: dict[int, Key] = {}
    problems: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        try:
            key = _parse_key(entry)
        except KeyringError as error:
            problems += [f"{source}: line {number}: {problem}" for problem in error.problems]
            continue
        if key.id in keys:
            problems.append(f"{source}: line {number}: key id {key.id} stands more than once")
        keys[key.id] = key
    if not keys and not problems:
        problems.append(f"{source}: there is no key; `bouncesink verp keygen` prints one")
    if problems:
        raise KeyringError(tuple(problems))
    return Keyring(tuple(keys.values()))


def format_key(key: Key) -> str:
    """The line that ``parse_keyring`` reads."""
    return f"{key.id}:{key.secret.hex()}"


def _parse_key(entry: str) -> Key:
    key_id, _, secret = entry.partition(":")
    if not (key_id.strip().isascii() and key_id.strip().isdigit() and len(key_id) <= 8):
        raise KeyringError(("a key is ID:HEX, and ID is a number",))
    try:
        octets = bytes.fromhex(secret)
    except ValueError:
        raise KeyringError(("a key is ID:HEX, and HEX is hexadecimal digits, two for a byte",)) from None
    return Key(int(key_id), octets)
