"""Pseudonym: what stands for an address where addresses are not to be kept: a keyed hash of it, in the shape of an address.

    HASH@DOMAINHASH.invalid        26 and 16 characters of lower-case base32; RFC 2606: nobody can be mailed by it

Promises: the same address is the same pseudonym, however it is spelled; a pseudonym is its own; without the key nobody can
tell whose it is, nor try whether it is somebody's. Recipients of one domain can be told to be that, so that one provider's
outage is still seen as one. ``conceal`` replaces every address that is written as one, the recipients' however they are
written into an answer; what it cannot know (a name in prose, a Message-ID of the sender's that holds an address) it leaves.
Keyed BLAKE2s, RFC 7693. Source of what is and is not hidden: docs/decisions/0018-pseudonyms.md. Knows nothing of rows.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from bouncesink.core.address import address_key
from bouncesink.core.mail import Admitted, Mail
from bouncesink.core.report import Report
from bouncesink.core.verdict import Verdict
from bouncesink.core.verp.attribution import Attribution, Grammar

MIN_KEY: Final = 16
MAX_KEY: Final = 32
CONCEALED: Final = "(recipient)"

_PSEUDONYM: Final = re.compile(r"[a-z2-7]{26}@[a-z2-7]{16}\.invalid")
_ADDRESS: Final = re.compile(r"[^\s<>()\"',;:@\[\]]{1,128}@(?:[\w-]{1,63}(?:\.[\w-]{1,63}){0,20}|\[[^\]\s]{1,80}\])")
# Forward-paths that name no recipient: they stay as they came.
_NAMELESS: Final = frozenset({Grammar.OPAQUE, Grammar.STATIC, Grammar.ROLE})
_LEAST_WORD: Final = 3  # a shorter local part stands in too many words


def is_pseudonym(text: str) -> bool:
    return _PSEUDONYM.fullmatch(text.lower()) is not None


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Made by one key of MIN_KEY to MAX_KEY octets, for good: another key makes strangers of everybody."""

    key: bytes = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """What tells this key from another, and does not tell the key."""
        return self._hash(b"key", "", 10)

    def of(self, address: str) -> str:
        """The pseudonym of an address. One of a pseudonym is itself."""
        if is_pseudonym(address):
            return address.lower()
        key = address_key(address)
        return f"{self._hash(b'address', key, 16)}@{self._hash(b'domain', key.rpartition('@')[2], 10)}.invalid"

    def named(self, pseudonym: str, report: Report) -> str:
        """The address that ``pseudonym`` stands for, where the report itself names it; else the pseudonym."""
        names = (name for block in report.recipients for name in (block.final_recipient, block.original_recipient) if name)
        return next((name for name in names if self.of(name) == pseudonym), pseudonym)

    def conceal_mail(self, mail: Mail) -> Mail:
        """Its envelope; the content is not looked at."""
        envelope, path = mail.envelope, mail.envelope.reverse_path
        admitted = tuple(map(self.conceal_admitted, envelope.admitted))
        return replace(mail, envelope=replace(envelope, reverse_path=self.of(path) if path else path, admitted=admitted))

    def conceal_admitted(self, admitted: Admitted) -> Admitted:
        attribution = admitted.attribution
        names = (attribution.recipient,)
        concealed = replace(
            attribution, recipient=self._maybe(attribution.recipient), note=self.conceal_text(attribution.note, names)
        )
        return Admitted(self._path(admitted.forward_path, attribution), concealed)

    def conceal_report(self, report: Report, names: Iterable[str | None]) -> Report:
        """What is recorded of it beside its recipients: the subject and the envelope id."""
        known = tuple(names)
        headers = {name: self.conceal_text(text, known) if name == "subject" else text for name, text in report.headers.items()}
        return replace(report, headers=headers, original_envelope_id=self.conceal_text(report.original_envelope_id, known))

    def conceal_verdict(self, verdict: Verdict, names: Iterable[str | None]) -> Verdict:
        known = (*names, verdict.recipient, verdict.final_recipient, verdict.original_recipient)
        evidence = verdict.evidence
        return replace(
            verdict,
            recipient=self._maybe(verdict.recipient),
            final_recipient=self._maybe(verdict.final_recipient),
            original_recipient=self._maybe(verdict.original_recipient),
            diagnostic=self.conceal_text(verdict.diagnostic, known),
            evidence=replace(
                evidence, words=self.conceal_text(evidence.words, known), note=self.conceal_text(evidence.note, known)
            ),
        )

    def conceal_text(self, text: str, names: Iterable[str | None]) -> str:
        """Every address as its pseudonym; of ``names`` the VERP spelling and the local part alone, too."""
        if not text:
            return text
        concealed = _ADDRESS.sub(lambda match: self.of(match[0]), text)
        for name in dict.fromkeys(name for name in names if name and not is_pseudonym(name)):
            local, _, domain = name.rpartition("@")
            local = local or domain
            if f"{local}={domain}".casefold() in concealed.casefold():
                concealed = re.sub(re.escape(f"{local}={domain}"), self.of(name), concealed, flags=re.IGNORECASE)
            if len(local) >= _LEAST_WORD and local.casefold() in concealed.casefold():
                concealed = re.sub(rf"(?<!\w){re.escape(local)}(?!\w)", CONCEALED, concealed, flags=re.IGNORECASE)
        return concealed

    def _path(self, forward_path: str, attribution: Attribution) -> str:
        """One that carries its recipient carries a hash instead: the same one each time, so that a mail is known again."""
        if attribution.grammar in _NAMELESS:
            return forward_path
        domain = forward_path.rpartition("@")[2]
        return f"{self._hash(b'path', forward_path.casefold(), 16)}@{domain}"

    def _maybe(self, address: str | None) -> str | None:
        return self.of(address) if address else address

    def _hash(self, purpose: bytes, text: str, size: int) -> str:
        octets = text.encode("utf-8", "surrogatepass")
        digest = hashlib.blake2s(octets, key=self.key, person=purpose, digest_size=size).digest()
        return base64.b32encode(digest).decode("ascii").rstrip("=").lower()
