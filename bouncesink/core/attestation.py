"""Attestation: what else proves whom a mail is about, where the address that it came to does not.

The facts arrive as finished values: a tag in the returned Return-Path is opened by ``verp``, signatures are checked by the room
``authenticity``. Here they are bound to a recipient and dated; ``disposition.BY_PROOF`` says which kinds of mail each proves.

Promises: total; a proof only ever raises what is ``unsigned`` or ``unproven``; our signature proves one recipient, the only one
that it names and the one that the address names, if it names any; what is older than a tag may be is late, as a tag would be.
Whatever was checked and did not hold is told in the attribution's note. Knows no DNS and no clock.
"""

from dataclasses import dataclass, replace
from datetime import date

from bouncesink.core.address import address_key
from bouncesink.core.classify import authenticity_of, judge
from bouncesink.core.disposition import BY_PROOF
from bouncesink.core.report import Kind, Report
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar, Proof
from bouncesink.core.verp.decoder import CLOCK_SLACK_DAYS

SETTLED = frozenset({Authenticity.PROVEN, Authenticity.LATE})
_TAGGED = frozenset({Grammar.SIGNED, Grammar.OPAQUE})


@dataclass(frozen=True, slots=True)
class OwnSignature:
    """A DKIM signature of ours (RFC 6376) that holds on the returned headers. ``name`` is SELECTOR._domainkey.DOMAIN,
    ``recipients`` are the addresses that its signed fields name, ``signed_on`` is its day, None where nothing signed says it.
    """

    name: str
    recipients: tuple[str, ...]
    signed_on: date | None


@dataclass(frozen=True, slots=True)
class Attestation:
    """What was found out about one mail. ``reporter`` is the trusted reporter that it is proven to come from, "" for none;
    ``notes`` say in words what was checked and did not hold.
    """

    own: OwnSignature | None = None
    reporter: str = ""
    notes: tuple[str, ...] = ()


def is_settled(attribution: Attribution) -> bool:
    """Whether the address says everything: nothing else is then asked, which is the usual way."""
    return authenticity_of(attribution) in SETTLED


def returned_path(report: Report) -> str:
    """The reverse-path that the original was sent with, as the report gives it back: our address, tag and all."""
    return report.original_mail_from or (report.original.return_path if report.original is not None else "")


def with_returned(attribution: Attribution, returned: Attribution, kind: Kind) -> Attribution:
    """The attribution, as far as ``returned`` (what ``returned_path`` decodes to) speaks for it.

    Who holds a tag was sent the mail that bore it, whether it is shown in the envelope or in the original.
    """
    believed = returned.grammar in _TAGGED and authenticity_of(returned) in SETTLED
    if not believed or kind not in BY_PROOF[Proof.RETURNED_TAG]:
        return attribution
    if attribution.recipient is not None and not _same(attribution.recipient, returned.recipient):
        return _noted(attribution, "the returned Return-Path is another recipient's")
    return replace(
        _noted(attribution, "the tag stands in the returned Return-Path", returned.note),
        recipient=returned.recipient,
        reference=returned.reference,
        authenticity=returned.authenticity,
        issued_on=returned.issued_on,
        key_id=returned.key_id,
    )


def matters(report: Report, attribution: Attribution, rulebook: Rulebook) -> bool:
    """Whether a proof would change what is done: signatures are checked only then."""
    proven = replace(attribution, authenticity=Authenticity.PROVEN)
    if attribution.grammar is Grammar.OPAQUE and attribution.recipient is None:
        proven = replace(proven, grammar=Grammar.NONE)
    as_it_is, as_proven = judge(report, attribution, rulebook), judge(report, proven, rulebook)
    return [each.disposition for each in as_it_is] != [each.disposition for each in as_proven]


def corroborate(attribution: Attribution, kind: Kind, attestation: Attestation, today: date, life_days: int) -> Attribution:
    """The attribution, as far as signatures speak for it."""
    noted = _noted(attribution, *attestation.notes)
    if attestation.own is not None and kind in BY_PROOF[Proof.OWN_SIGNATURE]:
        noted = _with_own(noted, attestation.own, today, life_days)
    if attestation.reporter and kind in BY_PROOF[Proof.REPORTER] and not is_settled(noted):
        vouched = _noted(noted, f"reported by {attestation.reporter}, which is trusted")
        return replace(vouched, authenticity=Authenticity.PROVEN)
    return noted


def _with_own(attribution: Attribution, own: OwnSignature, today: date, life_days: int) -> Attribution:
    if len(own.recipients) != 1:
        return _noted(attribution, f"our signature {own.name} holds and names {len(own.recipients)} recipients, not one")
    recipient = own.recipients[0]
    if attribution.recipient is not None and not _same(attribution.recipient, recipient):
        return _noted(attribution, f"our signature {own.name} holds and names another recipient")
    if own.signed_on is None:
        return _noted(attribution, f"our signature {own.name} holds and bears no day")
    age = today.toordinal() - own.signed_on.toordinal()
    late = age > life_days or age < -CLOCK_SLACK_DAYS
    when = f", of {own.signed_on}" if late else ""
    return replace(
        _noted(attribution, f"our signature {own.name} holds on the returned original{when}"),
        recipient=attribution.recipient or recipient,
        authenticity=Authenticity.LATE if late else Authenticity.PROVEN,
        issued_on=own.signed_on,
    )


def _same(address: str, other: str | None) -> bool:
    return other is not None and address_key(address) == address_key(other)


def _noted(attribution: Attribution, *notes: str) -> Attribution:
    told = "; ".join(filter(None, (attribution.note, *notes)))
    return attribution if told == attribution.note else replace(attribution, note=told)
