"""Occurrence: what happened to an address, as far as its standing is concerned: a verdict, or an act of an operator.

``sign`` says what a verdict means before anything is counted. Promises: the sender's faults and the message's,
what is to be ignored or held, and what nobody proved never count, whatever a rule or a table of an operator's makes of them.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from bouncesink.core.report import Kind
from bouncesink.core.standing import Turn
from bouncesink.core.value import value
from bouncesink.core.verdict import NEVER_THE_RECIPIENT, Disposition, FailureClass, Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Authenticity


class Act(StrEnum):
    """What an operator may do by hand."""

    SUPPRESS = "suppress"
    RELEASE = "release"
    DELIVERED = "delivered"


@value
class Occurrence:
    """One verdict as far as the fold needs it. ``bounce`` tells one bounce from another: the original's Message-ID, else the
    forward-path with its token. ``token`` tells which proof it came with, "" where it came with none that has a day.
    """

    verdict_id: int
    at: datetime
    key: str
    recipient: str
    stream: str
    kind: Kind
    class_: FailureClass | None
    reason: Reason | None
    fault: Fault | None
    authenticity: Authenticity
    disposition: Disposition
    bounce: str = ""
    token: str = ""


def token_name(issued_on: date | None, key_id: int | None, reference: str) -> str:
    """What tells one recipient's tokens apart, however they were wrapped or spelled; "" for what bears no day."""
    return "" if issued_on is None else f"{issued_on.toordinal()}.{'' if key_id is None else key_id}.{reference}"


@dataclass(frozen=True, slots=True)
class OperatorAct:
    """What an operator did to one address; ``until`` ends a suppression."""

    act: Act
    at: datetime
    key: str
    recipient: str
    stream: str = ""
    until: datetime | None = None


_WEIGHTLESS: Final = frozenset({Disposition.HOLD, Disposition.IGNORE})
_BELIEVED: Final = frozenset({Authenticity.PROVEN, Authenticity.UNSIGNED})


def sign(said: Occurrence | Verdict) -> Turn:
    """What a verdict says before anything is counted. NOTHING changes nobody, wherever they stand."""
    disposition = said.disposition
    if disposition in _WEIGHTLESS or said.fault in NEVER_THE_RECIPIENT:
        told = said.kind is Kind.DELIVERED and said.authenticity in _BELIEVED
        return Turn.DELIVERED if told else Turn.NOTHING
    if disposition is Disposition.REVIEW:
        return Turn.DOUBTFUL
    if said.authenticity not in _BELIEVED:
        return Turn.NOTHING  # the table of dispositions never asks for it; should an operator's, it still suppresses nobody
    if disposition is Disposition.SUPPRESS:
        if said.authenticity is not Authenticity.PROVEN:
            return Turn.DOUBTFUL
        return Turn.COMPLAINED if said.kind is Kind.COMPLAINT else Turn.DEAD
    return Turn.COUNTED
