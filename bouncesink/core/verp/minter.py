"""The minter: the Return-Path for one recipient, of one day. The half of VERP that a sender needs.

Signed where the recipient can stand in a local part as it is (a dot-atom that leaves us within 64 octets, RFC 5321 section
4.5.3.1.1); opaque otherwise, and whenever the sender gives a reference of its own to be carried. Strict, because a sender's
addresses are our own input: what cannot be minted is a ValueError that says why.
"""

import re
from dataclasses import dataclass
from datetime import date
from hashlib import blake2s

from bouncesink.core.address import Address, is_alone, parse, to_ascii_domain
from bouncesink.core.verp.attribution import Grammar
from bouncesink.core.verp.keyring import Keyring
from bouncesink.core.verp.token import OPAQUE_LENGTH, SEPARATOR, seal_opaque, seal_signed

MAX_LOCAL = 64
MAX_ADDRESS = 254  # RFC 5321 section 4.5.3.1.3, less the angle brackets
MAX_FORWARDABLE = 51  # our local part, "=" and our domain, so that a forwarder's SRS0 form still fits in 64 octets

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_DOT_ATOM = re.compile(rf"{_ATEXT}+(?:\.{_ATEXT}+)*")
_PREFIX = re.compile(rf"(?:{_DOT_ATOM.pattern}\.?)?")


@dataclass(frozen=True, slots=True)
class Minted:
    """A Return-Path. ``reference`` is what an opaque one carries, None in a signed one."""

    address: str
    grammar: Grammar
    reference: int | None

    @property
    def forwardable(self) -> bool:
        """Whether a forwarder that rewrites it (SRS0) stays within 64 octets."""
        return len(self.address) <= MAX_FORWARDABLE  # "@" counts for the "="


class Minter:
    """Mints under one of our domains with the keyring's current key."""

    def __init__(self, keyring: Keyring, domain: str, prefix: str = "") -> None:
        ascii_domain = to_ascii_domain(domain)
        if ascii_domain is None or ascii_domain.startswith("["):
            raise ValueError(f"{domain!r} is no domain that mail could be sent to")
        room = min(MAX_LOCAL, MAX_ADDRESS - 1 - len(ascii_domain)) - OPAQUE_LENGTH
        if room < 0:
            raise ValueError(f"{domain!r} is too long to mint under")
        if len(prefix) > room or not _PREFIX.fullmatch(prefix):
            raise ValueError(f"prefix {prefix!r} is not the beginning of a dot-atom of at most {room} octets")
        self._key = keyring.current
        self._domain = ascii_domain
        self._prefix = prefix

    def mint(self, address: str, today: date, reference: int | None = None) -> Minted:
        """The Return-Path for a mail to ``address``. With a ``reference`` it is opaque and carries that."""
        recipient, domain = _mailable(address)
        bound = f"{recipient.local}={domain}"
        if reference is None and self._can_stand(bound, recipient):
            tag = seal_signed(self._key, today, self._domain, bound)
            return Minted(f"{self._prefix}{tag}{SEPARATOR}{bound}@{self._domain}", Grammar.SIGNED, None)
        carried = reference_of(recipient) if reference is None else reference
        token = seal_opaque(self._key, today, self._domain, carried)
        return Minted(f"{self._prefix}{token}@{self._domain}", Grammar.OPAQUE, carried)

    def _can_stand(self, bound: str, recipient: Address) -> bool:
        local = len(self._prefix) + OPAQUE_LENGTH // 2 + len(SEPARATOR) + len(bound)
        fits = local <= MAX_LOCAL and local + 1 + len(self._domain) <= MAX_ADDRESS
        return fits and bool(_DOT_ATOM.fullmatch(recipient.local)) and bool(_DOT_ATOM.fullmatch(bound))


def _mailable(address: str) -> tuple[Address, str]:
    """``parse`` would take an address out of any text; what is mailed must be the address alone, in angle brackets or not."""
    recipient = parse(address)
    domain = to_ascii_domain(recipient.domain) if recipient is not None else None
    bare = address.strip().removeprefix("<").removesuffix(">")
    spelled = recipient is not None and bare in (str(recipient), f'"{recipient.local}"@{recipient.domain}')
    if recipient is None or domain is None or not spelled or not is_alone(address.strip()):
        raise ValueError(f"{address!r} is no address that mail could be sent to")
    return recipient, domain


def reference_of(recipient: Address) -> int:
    """The reference of a recipient whose sender gave none: 64 bits of BLAKE2s over its key, the same on every mail."""
    return int.from_bytes(blake2s(recipient.key.encode(), digest_size=8).digest(), "big")
