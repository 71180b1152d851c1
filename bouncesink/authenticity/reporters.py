"""Reporters: whose feedback reports (RFC 5965) are believed, and what a front of ours says of who sent them (RFC 8601).

A trusted reporter is an address (only what bears it as From) or a domain (whatever that domain signs). A signature proves a
From only of its own domain or below it. Of Authentication-Results only the topmost of a trusted authserv-id counts: the front
that writes it stands between us and the world, and RFC 8601 section 5 has it take out whatever claims to be its own.

Promises: total. Knows nothing of keys and names of DNS.
"""

from contextlib import suppress
from dataclasses import dataclass

import authres

from bouncesink.authenticity.signatures import Signer
from bouncesink.core.address import parse_all
from bouncesink.core.headers import Headers

_AUTHENTICATION_RESULTS = "authentication-results"
_MOST_OCTETS = 8_192


@dataclass(frozen=True, slots=True)
class Reporters:
    """``trusted`` are addresses and domains, in lower case."""

    trusted: frozenset[str]

    @property
    def domains(self) -> frozenset[str]:
        """Domains that may sign for a trusted reporter: its own and, for an address, those above it."""
        own = {each.rpartition("@")[2] for each in self.trusted}
        return frozenset(above for domain in own for above in _and_above(domain))

    def match(self, signer: Signer) -> str:
        """The trusted reporter that a signature is of, "" for none."""
        domain = signer.author.rpartition("@")[2]
        if not _is_within(domain, signer.domain):
            return ""
        if signer.author in self.trusted:
            return signer.author
        return signer.domain if signer.domain in self.trusted else ""


def told_by_front(headers: Headers, authserv_ids: frozenset[str]) -> tuple[Signer, ...]:
    """Whose signatures the trusted front says that it has verified."""
    authors = [parse_all(value) for value in headers.all("from")]
    if len(authors) != 1 or len(authors[0]) != 1:
        return ()
    author = str(authors[0][0]).lower()
    for value in headers.all(_AUTHENTICATION_RESULTS):
        with suppress(Exception):  # authres's parser, on a stranger's text
            told = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {value[:_MOST_OCTETS]}")
            if told.authserv_id.lower() in authserv_ids:
                return tuple(Signer(domain, author) for result in told.results for domain in _passed(result))
    return ()


def _passed(result: authres.core.AuthenticationResult) -> tuple[str, ...]:
    if result.method.lower() != "dkim" or result.result.lower() != "pass":
        return ()
    said = {each.name.lower(): each.value.lower() for each in result.properties if each.type.lower() == "header"}
    domain = said.get("d") or said.get("i", "").rpartition("@")[2]
    return (domain,) if domain else ()


def _is_within(domain: str, above: str) -> bool:
    return domain == above or domain.endswith(f".{above}")


def _and_above(domain: str) -> tuple[str, ...]:
    labels = domain.split(".")
    return tuple(".".join(labels[start:]) for start in range(max(1, len(labels) - 1)))
