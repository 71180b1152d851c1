"""Rule entries: from a ``[[rule]]`` table of a TOML file to a Rule. docs/reference/rules.md says how to write one.

Promises: reading never raises and notes every problem, with the file and the rule that it stands in: unknown keys, missing
sources and examples, literals so short that they are everywhere, patterns that do not compile or could be made slow.
Knows nothing of other rules: what only shows in the whole book is ``rulebook``'s to tell.
"""

import re

from bouncesink.core.letters import bare
from bouncesink.core.problems import Table
from bouncesink.core.report import Place
from bouncesink.core.rule import TEXT_PLACES, Conditions, Example, Observation, Rule, StatusPattern, command
from bouncesink.core.slowness import slowness
from bouncesink.core.status import EnhancedStatusCode, find_reply_code
from bouncesink.core.verdict import FailureClass, Reason

KEYS = (
    *("id", "reason", "class", "literal", "pattern", "unless", "vendor", "status", "reply_code", "smtp_command"),
    *("domain", "diagnostic_type", "place", "weak", "names", "note", "source", "examples", "counterexamples"),
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
MINIMUM_LITERAL = 8

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*/[a-z0-9]+(?:[.-][a-z0-9]+)*")
_REPLY_CODE = re.compile(r"[2-5][0-9x][0-9x]")
_UPPER = re.compile(r"(?<!\\)(?<!\(\?)[A-Z]")


def normal(text: str) -> str:
    return " ".join(text.lower().split())


def weight(literal: str) -> int:
    """How rare a literal is by its length: an ideograph or a kana says as much as two letters."""
    return sum(2 if ord(character) >= 0x2E80 else 1 for character in literal)


def read_rule(table: Table, file: str, source: str = "", *, names: bool = False) -> Rule | None:
    """The rule of one ``[[rule]]`` table, None where it is too broken for a book. ``source`` and ``names`` are the file's."""
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
        names=names or table.flag("names"),
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
    if len(literal) < MINIMUM_LITERAL and weight(literal) < MINIMUM_LITERAL:
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
        return re.compile(bare(text))
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
