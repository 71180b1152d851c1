"""Rule: some of somebody's words or codes, and what they mean. Data; ``rule_entry`` reads it from TOML.

Words: ``literal`` is the gate (lower case, white space folded, long enough to be rare), ``pattern`` narrows it, ``unless``
steps aside; ``names`` says that they may stand inside names of hosts, addresses and URLs too. Codes: ``status`` and
``reply_code`` alone make a code rule, beside a literal they are conditions. A rule carries its proof: ``source`` says where the
words are documented, ``examples`` what it must win, ``counterexamples`` what it must lose.

Promises: whether a rule's conditions hold depends on nothing but the Observation. Knows nothing of other rules.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple, Self

from bouncesink.core.report import Place
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verdict import FailureClass, Reason

TEXT_PLACES = frozenset({Place.ENVELOPE, Place.DIAGNOSTIC, Place.TRANSCRIPT, Place.PROSE})

_STATUS = re.compile(r"([245x])\.(\d{1,3}|x)\.(\d{1,3}|x)")


@dataclass(frozen=True, slots=True)
class StatusPattern:
    """``5.1.1``, ``x.1.1`` or ``5.7.x``; None stands for x."""

    class_: int | None
    subject: int | None
    detail: int | None

    @classmethod
    def parse(cls, text: str) -> Self | None:
        match = _STATUS.fullmatch(text.strip())
        return cls(*(None if part == "x" else int(part) for part in match.groups())) if match else None

    def fits(self, status: EnhancedStatusCode | None) -> bool:
        return (
            status is not None
            and self.class_ in (None, status.class_)
            and self.subject in (None, status.subject)
            and self.detail in (None, status.detail)
        )


class Observation(NamedTuple):
    """What a rule may look at, of one recipient of one report, spelled as it came: ``texts`` in falling order of authority,
    ``hosts`` the remote and the reporting MTA, ``recipient`` the address that failed. (A tuple: made once for every verdict.)
    """

    texts: tuple[tuple[Place, str], ...] = ()
    status: EnhancedStatusCode | None = None
    reply_code: int | None = None
    hosts: tuple[str, ...] = ()
    smtp_command: str = ""
    recipient: str = ""
    diagnostic_type: str = ""

    @property
    def domain(self) -> str:
        """The recipient's, in lower case."""
        return self.recipient.rpartition("@")[2].lower()


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must hold besides the words; an empty one always holds."""

    vendors: frozenset[str] = frozenset()
    statuses: tuple[StatusPattern, ...] = ()
    reply_codes: frozenset[int] = frozenset()
    commands: frozenset[str] = frozenset()
    domains: tuple[str, ...] = ()
    diagnostic_types: frozenset[str] = frozenset()
    places: frozenset[Place] = frozenset()

    def hold(self, seen: Observation, place: Place, vendors: frozenset[str]) -> bool:
        return (
            (not self.places or place in self.places)
            and (not self.statuses or self._fit(seen.status))
            and (not self.commands or command(seen.smtp_command) in self.commands)
            and (not self.vendors or not self.vendors.isdisjoint(vendors))
            and (not self.reply_codes or seen.reply_code in self.reply_codes)
            and (not self.diagnostic_types or seen.diagnostic_type.lower() in self.diagnostic_types)
            and (not self.domains or any(is_within(seen.domain, domain) for domain in self.domains))
        )

    def _fit(self, status: EnhancedStatusCode | None) -> bool:
        for pattern in self.statuses:  # noqa: SIM110 - any() takes three times as long over the one or two that there are
            if pattern.fits(status):
                return True
        return False


@dataclass(frozen=True, slots=True)
class Example:
    """A report in miniature, for proving a rule."""

    name: str
    seen: Observation


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``conditions`` is None where there are none; ``is_plain`` says that literal and unless alone decide."""

    id: str
    file: str
    reason: Reason
    class_: FailureClass | None
    literals: tuple[str, ...]
    pattern: re.Pattern[str] | None
    unless: tuple[str, ...]
    conditions: Conditions | None
    weak: bool
    names: bool
    note: str
    source: str
    examples: tuple[Example, ...]
    counterexamples: tuple[Example, ...]
    is_plain: bool


UNEXPLAINED = Rule(
    "",
    "",
    Reason.UNDETERMINED,
    None,
    (),
    None,
    (),
    None,
    weak=False,
    names=False,
    note="",
    source="",
    examples=(),
    counterexamples=(),
    is_plain=True,
)


def command(text: str) -> str:
    """The verb of an SMTP command, lower case: "rcpt" of "RCPT TO:<...>", "data" of "end of DATA"."""
    return text.strip().lower().removeprefix("end of ")[:4]


def is_within(host: str, suffix: str) -> bool:
    """Whether ``host`` is ``suffix`` or stands below it."""
    return host == suffix or host.endswith("." + suffix)
