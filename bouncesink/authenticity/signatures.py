"""Signatures: RFC 6376 by dkimpy. Two questions: did we sign these headers; which domains signed this mail.

The first is asked of a returned original, and of its headers alone: bodies come back cut, re-encoded or not at all, and it is
the headers that name the recipient and the day. Line ends are made CRLF again and what is no field is left out, since that
is what mail systems do to an original on its way back. ``x=`` is not looked at: a bounce may come after it, and how old a proof
may be is the core's to say. The second is asked of a whole report, with its body; a signature that covers only a part of the
body (``l=``) is none, since anybody could have written the rest.

Promises: total, bounded by the sizes below; fields that count are those that the signature covers, whatever else stands there.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import dkim
from dkim.util import parse_tag_value

from bouncesink.authenticity.ownkeys import MINIMUM_BITS, OwnKey
from bouncesink.core.address import parse_all
from bouncesink.core.attestation import OwnSignature
from bouncesink.core.charset import decode_header
from bouncesink.core.headers import with_lf

MOST_SIGNATURES = 5
MOST_OCTETS = 1_048_576

_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:|[ \t]+\S")
_SIGNATURE = b"dkim-signature"


@dataclass(frozen=True, slots=True)
class Signer:
    """A domain whose signature holds over a whole mail, and the one address of the From that it covers."""

    domain: str
    author: str


class _Quiet:
    """dkimpy says what it makes of each mail to a logger; a stranger's mail is nothing to log."""

    def debug(self, *_: object) -> None:
        pass

    error = info = warning = debug

    def isEnabledFor(self, _: int) -> bool:  # noqa: N802 - the name that logging gives it
        return False


def own_signature(
    header_bytes: bytes, keys: Mapping[str, OwnKey], recipient_header: str
) -> tuple[OwnSignature | None, tuple[str, ...]]:
    """The first signature of ours that holds, else notes on those that do not."""
    notes: list[str] = []
    mail = _opened(_headers_alone(header_bytes))
    for field, tags in _signatures(mail):
        name = _name_of(tags)
        key = keys.get(name)
        if key is None:
            continue
        if _holds_on_headers(mail, field, tags, key):
            signed = [(each.decode("latin-1").strip().lower(), decode_header(value)) for each, value in mail.signed_headers]
            return OwnSignature(name, _named(signed, recipient_header), _signed_on(tags, signed)), ()
        notes.append(f"our signature {name} does not hold on the returned headers")
    return None, tuple(dict.fromkeys(notes))


def key_names(content: bytes, domains: frozenset[str]) -> tuple[str, ...]:
    """The names under which the keys of ``domains`` stand that are said to have signed ``content``."""
    named = (_name_of(tags) for _, tags in _signatures(_opened(content)) if _text(tags[b"d"]) in domains)
    return tuple(dict.fromkeys(named))


def signers(content: bytes, records: Mapping[str, bytes]) -> tuple[Signer, ...]:
    """Whose signatures hold over all of ``content``, of those whose key is among ``records``."""
    found = []
    mail = _opened(content)
    signatures = [field for field in mail.headers if field[0].lower() == _SIGNATURE]
    for field, tags in _signatures(mail):
        if _name_of(tags) not in records or b"l" in tags:
            continue
        with suppress(Exception):  # see _opened

            def known(name: bytes, timeout: int = 5) -> bytes:  # noqa: ARG001 - dkimpy's way to ask DNS
                return records.get(_text(name).rstrip("."), b"")

            if mail.verify(signatures.index(field), dnsfunc=known):
                authors = [parse_all(decode_header(value)) for each, value in mail.signed_headers if each.lower() == b"from"]
                if len(authors) == 1 and len(authors[0]) == 1:
                    found.append(Signer(_text(tags[b"d"]), str(authors[0][0]).lower()))
    return tuple(found)


def _opened(content: bytes) -> Any:
    """What dkimpy makes of it. Its parsers raise whatever they stumble over: a stranger's bytes are then no signature."""
    with suppress(Exception):
        return dkim.DKIM(content, logger=_Quiet(), minkey=MINIMUM_BITS)
    return dkim.DKIM(b"\r\n", logger=_Quiet())


def _headers_alone(block: bytes) -> bytes:
    lines = [line for line in with_lf(block).split(b"\n") if _FIELD.match(line)]
    while lines and lines[0][:1] in b" \t":
        lines.pop(0)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _signatures(mail: Any) -> Iterator[tuple[tuple[bytes, bytes], dict[bytes, bytes]]]:
    """The first few signature fields with their tags, those that have what RFC 6376 demands."""
    fields = [field for field in mail.headers if field[0].lower() == _SIGNATURE]
    for field in fields[:MOST_SIGNATURES]:
        with suppress(Exception):  # see _opened
            tags = parse_tag_value(field[1])
            if all(each in tags for each in (b"v", b"a", b"b", b"bh", b"d", b"h", b"s")):
                yield field, tags


def _holds_on_headers(mail: Any, field: tuple[bytes, bytes], tags: dict[bytes, bytes], key: OwnKey) -> bool:
    with suppress(Exception):  # see _opened
        dkim.validate_signature_fields({name: value for name, value in tags.items() if name not in {b"x", b"t"}})
        mail.pk, mail.keysize, mail.ktag, mail.seqtlsrpt = key.key, key.bits, key.kind.encode(), False
        covered = [each.strip().lower() for each in tags[b"h"].split(b":")]
        headers_alone = {name: value for name, value in tags.items() if name != b"bh"}
        return b"from" in covered and bool(mail.verify_sig_process(headers_alone, covered, field, None))
    return False


def _named(signed: list[tuple[str, str]], recipient_header: str) -> tuple[str, ...]:
    """Whom the signed fields name: our own field where there is one, else all of To and Cc."""
    own = [value for name, value in signed if name == recipient_header.lower()] if recipient_header else []
    values = own or [value for name, value in signed if name in {"to", "cc"}]
    return tuple(dict.fromkeys(str(address) for value in values for address in parse_all(value) if address.domain))


def _signed_on(tags: Mapping[bytes, bytes], signed: list[tuple[str, str]]) -> date | None:
    with suppress(Exception):  # whatever number or date a sender's software wrote
        if b"t" in tags:
            return datetime.fromtimestamp(int(tags[b"t"]), UTC).date()
        return parsedate_to_datetime(next(value for name, value in signed if name == "date")).date()
    return None


def _name_of(tags: Mapping[bytes, bytes]) -> str:
    return f"{_text(tags[b's'])}._domainkey.{_text(tags[b'd'])}"


def _text(octets: bytes) -> str:
    return octets.decode("latin-1").strip().lower()
