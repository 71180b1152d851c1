"""Tokens: the two forms of our own that a forward-path may carry, sealed and opened.

    byte 0       version (3 bits, 1) and key id (5 bits)
    bytes 1-2    day of issue, unsigned, big-endian, days since 1970-01-01
    signed       7 bytes tag                       10 bytes, 16 characters; the recipient stands beside it
    opaque       8 bytes reference, 9 bytes tag    20 bytes, 32 characters; the reference is the sender's

Characters are base32 (RFC 4648 section 6) in lower case. Both lengths are whole multiples of five bits, so no padding bit is
to spare and a token has one spelling but for case, which is not told apart: gateways change it. The tag is keyed BLAKE2s
(RFC 7693) over our domain, the header and what is bound, in lower case. ``docs/reference/verp.md`` has the steps and vectors.

Promises: opening is total, compares in constant time, and says nothing but whether a tag holds; how old a token may be is for
``decoder`` to judge.
"""

import re
from datetime import date
from hashlib import blake2s
from hmac import compare_digest

from bouncesink.core.value import value
from bouncesink.core.verp.keyring import Key, Keyring

VERSION = 1
SEPARATOR = "-"
SIGNED_LENGTH = 16
OPAQUE_LENGTH = 32
MAX_REFERENCE = 2**64 - 1

_EPOCH = date(1970, 1, 1).toordinal()
_MAX_DAY = 2**16 - 1
_SIGNED_TAG = 7
_OPAQUE_TAG = 9
_SIGNED_PERSON = b"bs-sign1"
_OPAQUE_PERSON = b"bs-opaq1"

# Version 1 is the bits 001, so a token begins with one of four letters. What begins otherwise was never one of ours.
_SHAPE = re.IGNORECASE | re.ASCII
SIGNED = re.compile(rf"(?P<token>[e-h][a-z2-7]{{15}}){SEPARATOR}(?P<bound>(?P<local>.+)=(?P<domain>[^=]+))", _SHAPE)
OPAQUE = re.compile(r"[e-h][a-z2-7]{31}", _SHAPE)

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_BASE32HEX = "0123456789abcdefghijklmnopqrstuv"  # RFC 4648 section 7: the digits of int(text, 32)
_TO_DIGITS = str.maketrans(_BASE32, _BASE32HEX)


@value
class Opened:
    """A token whose tag holds. ``reference`` is 16 hex digits, "" in a signed token."""

    key_id: int
    issued_on: date
    reference: str = ""


def seal_signed(key: Key, issued_on: date, domain: str, bound: str) -> str:
    """The 16 characters that bind ``bound``, spelled ``local=domain``, to our ``domain`` and a day. ASCII only."""
    header = _header(key, issued_on)
    return _encode(header + _signed_tag(key, domain, header, bound))


def seal_opaque(key: Key, issued_on: date, domain: str, reference: int) -> str:
    """The 32 characters that carry the sender's ``reference`` of 64 bits."""
    if not 0 <= reference <= MAX_REFERENCE:
        raise ValueError("a reference is a number of 64 bits")
    header = _header(key, issued_on) + reference.to_bytes(8, "big")
    return _encode(header + _opaque_tag(key, domain, header))


def open_signed(text: str, bound: str, domain: str, keyring: Keyring) -> Opened | None:
    """What a ``text`` of that shape says, if its tag holds for ``bound`` and ``domain`` under one of our keys."""
    octets = _decode(text)
    header = octets[:3]
    key = keyring.get(header[0] & 0x1F)
    if key is None or not bound.isascii() or not compare_digest(_signed_tag(key, domain, header, bound), octets[3:]):
        return None
    return Opened(key.id, _issued_on(header))


def open_opaque(text: str, domain: str, keyring: Keyring) -> Opened | None:
    octets = _decode(text)
    header = octets[:11]
    key = keyring.get(header[0] & 0x1F)
    if key is None or not compare_digest(_opaque_tag(key, domain, header), octets[11:]):
        return None
    return Opened(key.id, _issued_on(header), header[3:].hex())


def _header(key: Key, issued_on: date) -> bytes:
    day = issued_on.toordinal() - _EPOCH
    if not 0 <= day <= _MAX_DAY:
        raise ValueError(f"{issued_on} is outside the days that a token can name")
    return bytes((VERSION << 5 | key.id,)) + day.to_bytes(2, "big")


def _issued_on(header: bytes) -> date:
    return date.fromordinal(_EPOCH + (header[1] << 8 | header[2]))


def _signed_tag(key: Key, domain: str, header: bytes, bound: str) -> bytes:
    text = b"%b\0%b\0%b" % (domain.encode("ascii").lower(), header, bound.encode("ascii").lower())
    return blake2s(text, digest_size=_SIGNED_TAG, key=key.secret, person=_SIGNED_PERSON).digest()


def _opaque_tag(key: Key, domain: str, header: bytes) -> bytes:
    text = b"%b\0%b" % (domain.encode("ascii").lower(), header)
    return blake2s(text, digest_size=_OPAQUE_TAG, key=key.secret, person=_OPAQUE_PERSON).digest()


def _encode(octets: bytes) -> str:
    number = int.from_bytes(octets, "big")
    return "".join(_BASE32[number >> shift & 0x1F] for shift in range(len(octets) * 8 - 5, -1, -5))


def _decode(text: str) -> bytes:
    return int(text.lower().translate(_TO_DIGITS), 32).to_bytes(len(text) * 5 // 8, "big")
