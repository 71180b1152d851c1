"""Sighting: a verdict of a failure, as far as incidents go: who says so, of whom, and what it is about.

``sighting_of`` leaves out what can neither open nor feed an incident, nor turn out later to belong to one. Only proven verdicts
are seen, and those of addresses that bear no tag where they count: anybody could forge the others. Knows nothing of incidents.
"""

from datetime import datetime
from functools import lru_cache
from typing import Final

from bouncesink.core.policy import CONDEMNING
from bouncesink.core.report import Kind
from bouncesink.core.value import value
from bouncesink.core.verdict import NEVER_THE_RECIPIENT, Disposition, FailureClass, Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Authenticity

THE_PROVIDERS: Final = frozenset({Fault.RECEIVER, Fault.NETWORK})
LOOKED_UP: Final = frozenset({Reason.DOMAIN_UNKNOWN})

# Registries under a country's domain that sell names one label further down (co.uk, com.br, ne.jp).
_SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "edu", "go", "gob", "gov", "ne", "net", "or", "org"})


@value
class Sighting:
    """One verdict of a failure. ``provider`` is who says so (see ``provider_of``)."""

    at: datetime
    recipient_key: str
    provider: str
    class_: FailureClass | None
    reason: Reason
    fault: Fault
    blocklist: str = ""
    proven: bool = True


def sighting_of(verdict: Verdict, recipient_key: str, at: datetime) -> Sighting | None:
    """None where a verdict can neither open nor feed an incident, nor turn out later to belong to one."""
    reason, fault = verdict.reason, verdict.fault
    if verdict.kind is not Kind.BOUNCE or verdict.recipient is None or reason is None or fault is None:
        return None
    proven = verdict.authenticity is Authenticity.PROVEN
    if verdict.disposition is Disposition.REVIEW or not (proven or verdict.authenticity is Authenticity.UNSIGNED):
        return None
    counts = verdict.disposition is Disposition.COUNT
    if fault in NEVER_THE_RECIPIENT:
        seen = proven
    elif verdict.class_ is FailureClass.HARD and reason in CONDEMNING:
        seen = proven or counts
    else:
        seen = counts and fault in THE_PROVIDERS
    if not seen:
        return None
    provider = provider_of(reason, verdict.remote_mta, verdict.reporting_mta, verdict.recipient)
    return Sighting(at, recipient_key, provider, verdict.class_, reason, fault, verdict.evidence.blocklist, proven)


def provider_of(reason: Reason, remote_mta: str | None, reporting_mta: str | None, recipient: str) -> str:
    """Whose server says so: the registrable part of Remote-MTA's name (RFC 3464), else the recipient's domain. Where no server
    was asked, since the domain was not found, it is the Reporting-MTA's, whose resolver says so; "" where nobody tells.
    """
    if reason in LOOKED_UP and not remote_mta:
        return _named(reporting_mta) if reporting_mta else ""
    return (_named(remote_mta) if remote_mta else "") or _registrable(recipient.rpartition("@")[2].lower())


# A few providers have most of the mail.
@lru_cache(maxsize=4_096)
def _named(mta: str) -> str:
    """The registrable part of a host's name; "" for what is none."""
    host = mta.rstrip(".").lower()
    last = host.rpartition(".")[2]
    return "" if "." not in host or last.isdigit() or ":" in last else _registrable(host)


@lru_cache(maxsize=4_096)
def _registrable(domain: str) -> str:
    labels = domain.split(".")
    deep = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if deep else -2 :])
