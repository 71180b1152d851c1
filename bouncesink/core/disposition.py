"""Disposition: what we do about a verdict, as tables. docs/explain/dispositions.md is generated from them.

Three questions in turn, each a table or a line: does this kind of mail speak of a failure at all; what does the reason say by
default; how far is it believed. Whatever is not the recipient's fault is ``ignore`` in ``rules/reasons.toml`` and never counts
against anybody. A suppression needs a hard failure, of the very address that was mailed, proven by our tag or by what
``BY_PROOF`` lets stand in its place; less than that counts or goes to a person. Late and unproven mail is recorded and never
counts: anybody can forge the one, and the other speaks of a mail of long ago.

Knows nothing of days, points and thresholds: policy is the store's fold (DESIGN, standing of a recipient).
"""

from typing import NamedTuple

from bouncesink.core.reasons import ReasonEntry
from bouncesink.core.report import Kind
from bouncesink.core.verdict import Disposition, FailureClass
from bouncesink.core.verp.attribution import Authenticity, Proof

SUPPRESS, COUNT, REVIEW, IGNORE = Disposition.SUPPRESS, Disposition.COUNT, Disposition.REVIEW, Disposition.IGNORE

# What a mail that is no failure leads to; a kind that stands in neither table is ignored whoever sent it. A delay is no
# failure: the expiry arrives as its own report, and a receiver's outage sends delays in masses.
BY_KIND: dict[Kind, dict[Authenticity, Disposition]] = {
    Kind.COMPLAINT: {
        Authenticity.PROVEN: SUPPRESS,
        Authenticity.UNSIGNED: REVIEW,
        Authenticity.LATE: REVIEW,
        Authenticity.UNPROVEN: REVIEW,
    },
    Kind.UNSUBSCRIBE: dict.fromkeys(Authenticity, REVIEW),
    Kind.UNKNOWN: {
        Authenticity.PROVEN: REVIEW,
        Authenticity.UNSIGNED: REVIEW,
        Authenticity.LATE: IGNORE,
        Authenticity.UNPROVEN: IGNORE,
    },
}

# Which kinds of mail each proof proves. A reporter vouches for what its own readers complained of, and knows nothing of
# deliveries; an answer or a receipt is nobody's report on an address.
REPORTS = frozenset({Kind.BOUNCE, Kind.DELAYED, Kind.DELIVERED, Kind.COMPLAINT, Kind.FEEDBACK, Kind.UNKNOWN})
BY_PROOF: dict[Proof, frozenset[Kind]] = {
    Proof.TAG: frozenset(Kind),
    Proof.RETURNED_TAG: REPORTS,
    Proof.OWN_SIGNATURE: REPORTS,
    Proof.REPORTER: frozenset({Kind.COMPLAINT, Kind.FEEDBACK}),
}

# What becomes of a failure's default when it is less than proven.
BY_AUTHENTICITY: dict[Authenticity, dict[Disposition, Disposition]] = {
    Authenticity.PROVEN: {SUPPRESS: SUPPRESS, COUNT: COUNT, REVIEW: REVIEW},
    Authenticity.UNSIGNED: {SUPPRESS: COUNT, COUNT: COUNT, REVIEW: REVIEW},
    Authenticity.LATE: {SUPPRESS: REVIEW, COUNT: IGNORE, REVIEW: IGNORE},
    Authenticity.UNPROVEN: {SUPPRESS: REVIEW, COUNT: IGNORE, REVIEW: IGNORE},
}


class Circumstances(NamedTuple):
    """What else is known of one failure. (A tuple: made once for every verdict.)

    ``weak``: the rule rests on little. ``partial``: the same report says that the mail reached, or may yet reach, somebody else
    behind the address. ``redirected``: the address that failed is not the one that was mailed. ``beside``: it is, and the same
    report says what became of the one that was mailed, or that the mail reached somebody else behind it.
    """

    class_: FailureClass | None
    authenticity: Authenticity
    said_failed: bool = True
    weak: bool = False
    partial: bool = False
    redirected: bool = False
    beside: bool = False


def dispose_other(kind: Kind, authenticity: Authenticity) -> Disposition:
    """The disposition of a mail that reports no failure."""
    return BY_KIND.get(kind, {}).get(authenticity, IGNORE)


def dispose_failure(entry: ReasonEntry, known: Circumstances) -> tuple[Disposition, str]:
    """The disposition of a failure, and why it is less than the reason's default ("" where it is not)."""
    wanted, note = _by_reason(entry, known)
    if wanted is COUNT and known.beside:
        return IGNORE, "speaks of another address than the one that was mailed"
    if wanted is IGNORE:
        return IGNORE, note
    disposition = BY_AUTHENTICITY[known.authenticity][wanted]
    if disposition is not wanted:
        note = f"{known.authenticity}: {wanted} becomes {disposition}"
    return disposition, note


def _by_reason(entry: ReasonEntry, known: Circumstances) -> tuple[Disposition, str]:
    wanted = entry.disposition
    if wanted is SUPPRESS:
        return _suppression(entry, known)
    if entry.counts_when_failed and known.said_failed and known.authenticity is Authenticity.PROVEN:
        return COUNT, "counts, since it is proven and said to have failed"
    return wanted, ""


def _suppression(entry: ReasonEntry, known: Circumstances) -> tuple[Disposition, str]:
    if known.class_ is not FailureClass.HARD:
        return COUNT, "not said to be permanent"
    for holds, why in (
        (known.partial, "others behind this address were not said to fail"),
        (known.redirected, "the address that failed is not the one that was mailed"),
        (known.weak, "the evidence is weak"),
    ):
        if holds:
            return REVIEW, why
    return (COUNT, f"must be said on {entry.days} days") if entry.days > 1 else (SUPPRESS, "")
