"""Revision: what a mail that is judged again makes of the verdicts that held of it.

Promises: a verdict is corrected only where what we think has changed (of whom, what kind, hard or soft, what reason, whose
fault, what to do); other words for the same, or the same by another rule, are no correction. Each verdict that held keeps
its place: it holds on, is corrected, or, where the mail no longer says it, is withdrawn. Judged twice by the same rules,
nothing is left to correct. Knows nothing of how a mail is read, judged or kept.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bouncesink.core.address import address_key
from bouncesink.core.report import Kind, Place
from bouncesink.core.verdict import Disposition, Evidence, Verdict

WITHDRAWN: Final = "judged again, the mail no longer says this"


@dataclass(frozen=True, slots=True)
class Revision:
    """``verdict`` takes the place of that one of those that held; None: nothing like it was there."""

    place: int | None
    verdict: Verdict


def revise(held: Sequence[Verdict], judged: Sequence[Verdict], rulebook: str) -> tuple[Revision, ...]:
    """What has to be corrected; ``rulebook`` is the hash of the one that judged again."""
    pairs = _paired(held, judged)
    revisions = [Revision(place, judged[number]) for place, number in pairs.items() if differs(held[place], judged[number])]
    for place, verdict in enumerate(held):
        gone = _withdrawn(verdict, rulebook)
        if place not in pairs and differs(verdict, gone):
            revisions.append(Revision(place, gone))
    taken = set(pairs.values())
    return (*revisions, *(Revision(None, verdict) for number, verdict in enumerate(judged) if number not in taken))


def differs(one: Verdict, other: Verdict) -> bool:
    """Whether they are not the same thought."""
    return _thought(one) != _thought(other)


def _thought(verdict: Verdict) -> tuple[object, ...]:
    return (
        *(_key(verdict), verdict.kind, verdict.class_, verdict.reason, verdict.fault),
        *(verdict.authenticity, verdict.disposition),
    )


def _key(verdict: Verdict) -> str | None:
    return address_key(verdict.recipient) if verdict.recipient else None


def _final(verdict: Verdict) -> tuple[str | None, str | None]:
    return _key(verdict), verdict.final_recipient


# Which is the same: as exactly as can be, then less. The same thought comes first, so that nothing is corrected needlessly.
_LIKENESS: Final[tuple[Callable[[Verdict], object], ...]] = (
    lambda verdict: (_thought(verdict), verdict.final_recipient),
    _thought,
    _final,
    _key,
    lambda _: None,
)


def _paired(held: Sequence[Verdict], judged: Sequence[Verdict]) -> dict[int, int]:
    """Place in ``held`` -> number in ``judged``."""
    pairs: dict[int, int] = {}
    for likeness in _LIKENESS:
        free = _free(judged, set(pairs.values()))
        for place in _free(held, pairs):
            alike = next((number for number in free if likeness(judged[number]) == likeness(held[place])), None)
            if alike is not None:
                pairs[place] = alike
                free.remove(alike)
    return pairs


def _free(verdicts: Sequence[Verdict], taken: Iterable[int]) -> list[int]:
    known = set(taken)
    return [number for number in range(len(verdicts)) if number not in known]


def _withdrawn(verdict: Verdict, rulebook: str) -> Verdict:
    """It says nothing of the recipient any more. (The kind is none that a standing looks at.)"""
    return replace(
        verdict,
        kind=Kind.OTHER,
        action=None,
        class_=None,
        reason=None,
        fault=None,
        disposition=Disposition.IGNORE,
        rule="",
        rulebook=rulebook,
        evidence=Evidence("", Place.ENVELOPE, note=WITHDRAWN),
    )
