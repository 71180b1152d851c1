"""Own keys: the public halves of the keys that sign our mail, from configuration. No DNS: what we publish, we know.

An entry is SELECTOR._domainkey.DOMAIN=VALUE. The value is the record itself (``v=DKIM1; p=...``, RFC 6376 section 3.6.1) or a
file that holds it: bare, as the line of a zone file that signers' tools write, or as PEM. Strict, since it is our own: every
problem at once (ConfigError). Knows nothing of what the keys are used for.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dkim import DKIMException, evaluate_pk

from bouncesink.config.authenticity import key_entry
from bouncesink.errors import ConfigError

MINIMUM_BITS = 1024  # RFC 8301 section 3.2

_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----(.*?)-----END PUBLIC KEY-----", re.DOTALL)
_QUOTED = re.compile(r'"([^"]*)"')
_RECORD = re.compile(r"\s*(?:v\s*=\s*DKIM1|[knpst]\s*=)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OwnKey:
    """``name`` is SELECTOR._domainkey.DOMAIN in lower case; ``key`` is dkimpy's, of ``kind`` rsa or ed25519."""

    name: str
    key: Any
    bits: int
    kind: str


def load_own_keys(entries: tuple[str, ...]) -> dict[str, OwnKey]:
    """The keys by their names. ``config.authenticity`` has passed the shape of the entries."""
    keys: dict[str, OwnKey] = {}
    problems: list[str] = []
    for entry in entries:
        name, value = key_entry(entry)
        try:
            keys[name] = _evaluated(name, _record(value))
        except OSError as error:
            problems.append(f"authenticity.dkim_keys: {name}: {value} cannot be read: {error.strerror}")
        except ValueError as error:
            problems.append(f"authenticity.dkim_keys: {name}: {error}")
    if problems:
        raise ConfigError(tuple(problems))
    return keys


def _record(value: str) -> str:
    if _RECORD.match(value):
        return value
    try:
        text = Path(value).read_text("ascii")
    except UnicodeDecodeError:
        raise ValueError(f"{value} is not a text of a public key") from None
    if "PRIVATE KEY" in text:
        raise ValueError(f"{value} holds a private key: give the public one, which is all that is needed here")
    pem = _PEM.search(text)
    if pem is not None:
        return f"v=DKIM1; k=rsa; p={''.join(pem[1].split())}"
    return "".join(_QUOTED.findall(text)) or text.strip()


def _evaluated(name: str, record: str) -> OwnKey:
    try:
        key, bits, kind, _ = evaluate_pk(name.encode(), record.encode())
    except DKIMException as error:
        told = next(iter(_told(error)))
        raise ValueError(f"is no public key of DKIM ({told}); it looks like v=DKIM1; k=rsa; p=BASE64") from error
    except Exception as error:
        # dkimpy lets through whatever its parser of DER stumbles over.
        raise ValueError("is no public key of DKIM; it looks like v=DKIM1; k=rsa; p=BASE64") from error
    if key is None or bits < MINIMUM_BITS:
        raise ValueError(f"is too short with {bits} bits; RFC 8301 asks for {MINIMUM_BITS} or more")
    return OwnKey(name, key, bits, kind.decode())


def _told(error: DKIMException) -> Iterator[str]:
    """The first line of what dkimpy says, without the key itself."""
    yield str(error).partition(":")[0].partition("(")[0].strip() or type(error).__name__
