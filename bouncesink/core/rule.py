"""Rule: some of somebody's words or codes, and what they mean. Data, from TOML; docs/reference/rules.md says how to write one.

Words: ``literal`` is the gate (lower case, white space folded, long enough to be rare), ``pattern`` narrows it, ``unless``
steps aside. Codes: ``status`` and ``reply_code`` alone make a code rule, beside a literal they are conditions. A rule carries
its proof: ``source`` says where the words are documented, ``examples`` what it must win, ``counterexamples`` what it must lose.

Promises: reading never raises and notes every problem. Knows nothing of other rules.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple, Self

from bouncesink.core.problems import Table
from bouncesink.core.report import Place
from bouncesink.core.slowness import slowness
from bouncesink.core.status import EnhancedStatusCode, find_reply_code
from bouncesink.core.verdict import FailureClass, Reason

KEYS = (
    *("id", "reason", "class", "literal", "pattern", "unless", "vendor", "status", "reply_code", "smtp_command"),
    *("domain", "diagnostic_type", "place", "weak", "note", "source", "examples", "counterexamples"),
)
EXAMPLE_KEYS = (
    "text",
    "place",
    "status",
    "reply_code",
    "remote_mta",
    "reporting_mta",
    "smtp_command",
    "recipient",
    "diagnostic_type",
)
TEXT_PLACES = frozenset({Place.ENVELOPE, Place.DIAGNOSTIC, Place.TRANSCRIPT, Place.PROSE})
MINIMUM_LITERAL = 8

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*/[a-z0-9]+(?:[.-][a-z0-9]+)*")
_STATUS = re.compile(r"([245x])\.(\d{1,3}|x)\.(\d{1,3}|x)")
_REPLY_CODE = re.compile(r"[2-5][0-9x][0-9x]")
_UPPER = re.compile(r"(?<!\\)(?<!\(\?)[A-Z]")


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
            (not self.vendors or not self.vendors.isdisjoint(vendors))
            and (not self.statuses or any(status.fits(seen.status) for status in self.statuses))
            and (not self.reply_codes or seen.reply_code in self.reply_codes)
            and (not self.commands or command(seen.smtp_command) in self.commands)
            and (not self.domains or any(is_within(seen.domain, domain) for domain in self.domains))
            and (not self.diagnostic_types or seen.diagnostic_type.lower() in self.diagnostic_types)
            and (not self.places or place in self.places)
        )


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
    note="",
    source="",
    examples=(),
    counterexamples=(),
    is_plain=True,
)


def command(text: str) -> str:
    """The verb of an SMTP command, lower case: "rcpt" of "RCPT TO:<...>"."""
    return text.strip().lower()[:4]


def is_within(host: str, suffix: str) -> bool:
    """Whether ``host`` is ``suffix`` or stands below it."""
    return host == suffix or host.endswith("." + suffix)


def normal(text: str) -> str:
    return " ".join(text.lower().split())


def read_rule(table: Table, file: str, source: str = "") -> Rule | None:
    """The rule of one ``[[rule]]`` table, None where it is too broken to stand in a book. ``source`` is the file's."""
    before = len(table.problems)
    identifier = table.text("id", needed=True)
    table.place = f"{file}: rule {identifier or '(without id)'}"
    table.only(KEYS)
    if identifier and not _ID.fullmatch(identifier):
        table.wrong('id must look like "google/no-such-user"')
    reason = table.word("reason", Reason, needed=True)
    literals = tuple(_literal(table, literal) for literal in table.texts("literal"))
    conditions = _conditions(table)
    pattern = _pattern(table)
    unless = tuple(normal(phrase) for phrase in table.texts("unless"))
    _check_gate(table, literals, conditions)
    rule = Rule(
        id=identifier,
        file=file,
        reason=reason or Reason.UNDETERMINED,
        class_=table.word("class", FailureClass),
        literals=literals,
        pattern=pattern,
        unless=unless,
        conditions=conditions if conditions != Conditions() else None,
        weak=table.flag("weak"),
        note=table.text("note"),
        source=table.text("source", needed=not source) or source,
        examples=_examples(table, "examples"),
        counterexamples=_examples(table, "counterexamples"),
        is_plain=conditions == Conditions() and pattern is None,
    )
    if "examples" not in table.data or table.data["examples"] == []:
        table.wrong("examples are missing: show at least one text that this rule must win")
    return rule if len(table.problems) == before else None


def _check_gate(table: Table, literals: tuple[str, ...], conditions: Conditions) -> None:
    if literals:
        return
    for key in ("pattern", "unless", "place"):
        if key in table.data:
            table.wrong(f"{key} needs a literal, which gates it")
    if not conditions.statuses and not conditions.reply_codes:
        table.wrong("literal is missing: a rule needs words, or else a status or a reply_code")


def _literal(table: Table, text: str) -> str:
    literal = normal(text)
    # an ideograph or a kana says as much as two letters
    if sum(2 if ord(character) >= 0x2E80 else 1 for character in literal) < MINIMUM_LITERAL:
        table.wrong(f"literal {text!r} is too short: {MINIMUM_LITERAL} characters or more, so that it is rare")
    return literal


def _pattern(table: Table) -> re.Pattern[str] | None:
    text = table.text("pattern")
    if not text:
        return None
    upper = _UPPER.search(text)
    if upper:
        table.wrong(f"pattern: {upper[0]!r} can never match, texts are lower-cased first")
    why = slowness(text)
    if why:
        table.wrong(f"pattern: {why}")
    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        table.wrong(f"pattern: {error}")
        return None


def _conditions(table: Table) -> Conditions:
    statuses, codes, commands, places = [], set[int](), set[str](), set[Place]()
    for text in table.texts("status"):
        status = StatusPattern.parse(text)
        if status:
            statuses.append(status)
        else:
            table.wrong(f'status {text!r} must look like "5.1.1", "x.1.1" or "5.7.x"')
    for text in table.texts("reply_code"):
        if _REPLY_CODE.fullmatch(text):
            shape = re.compile(text.replace("x", r"\d"))
            codes.update(code for code in range(200, 600) if shape.fullmatch(str(code)))
        else:
            table.wrong(f'reply_code {text!r} must look like "550", "45x" or "5xx"')
    commands.update(command(text) for text in table.texts("smtp_command"))
    for text in table.texts("place"):
        place = table.as_word("place", text, Place)
        if place in TEXT_PLACES:
            places.add(place)
        elif place:
            table.wrong(f"place {text!r} holds no words that rules see")
    return Conditions(
        vendors=frozenset(table.texts("vendor")),
        statuses=tuple(statuses),
        reply_codes=frozenset(codes),
        commands=frozenset(commands),
        domains=tuple(domain.lower() for domain in table.texts("domain")),
        diagnostic_types=frozenset(kind.lower() for kind in table.texts("diagnostic_type")),
        places=frozenset(places),
    )


def _examples(table: Table, key: str) -> tuple[Example, ...]:
    value = table.data.get(key, [])
    if not isinstance(value, list):
        table.wrong(f"{key} must be a list of strings or tables")
        return ()
    examples = []
    for number, item in enumerate(value, start=1):
        row: object = {"text": item} if isinstance(item, str) else item
        if isinstance(row, dict):
            examples.append(_example(Table(f"{table.place}: {key} {number}", row, table.problems)))
        else:
            table.wrong(f"{key} {number} must be a string or a table")
    return tuple(examples)


def _example(table: Table) -> Example:
    table.only(EXAMPLE_KEYS)
    text = table.text("text")
    place = table.word("place", Place) or Place.DIAGNOSTIC
    status_text, code_text = table.text("status"), table.text("reply_code")
    status = EnhancedStatusCode.find(status_text or text)
    if status_text and status is None:
        table.wrong(f"status {status_text!r} is no enhanced status code")
    if code_text and not re.fullmatch(r"[2-5]\d\d", code_text):
        table.wrong(f"reply_code {code_text!r} is no reply code")
        code_text = ""
    if not table.data:
        table.wrong("is empty")
    seen = Observation(
        texts=((place, text),) if text else (),
        status=status,
        reply_code=int(code_text) if code_text else find_reply_code(text),
        hosts=(table.text("remote_mta"), table.text("reporting_mta")),
        smtp_command=table.text("smtp_command"),
        recipient=table.text("recipient"),
        diagnostic_type=table.text("diagnostic_type"),
    )
    return Example(text or status_text or code_text, seen)
