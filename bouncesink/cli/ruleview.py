"""Rules and reasons as people and programs see them. Keys are spelled as in a rule file: what is read here can be written."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bouncesink.cli.options import Format
from bouncesink.cli.rendering import print_table
from bouncesink.core.reasons import ReasonEntry
from bouncesink.core.rule import Conditions, Example, Rule, StatusPattern
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.verdict import Reason

_COLUMNS = ("rule", "reason", "class", "words or codes", "file")


def print_book(book: Rulebook, form: Format) -> None:
    """All rules, in the order in which they are heard: words before codes, whatever file they stand in."""
    rules = (*(rule for rule in book.rules if rule.literals), *(rule for rule in book.rules if not rule.literals))
    if form is Format.JSON:
        print(json.dumps([rule_object(rule) for rule in rules], indent=2))
    else:
        print_table(_COLUMNS, map(_row, rules))


def print_rule(rule: Rule, book: Rulebook, form: Format) -> None:
    """Everything that its file says of it, and what its reason means."""
    entry = book.reasons[rule.reason]
    found = {**rule_object(rule), "meaning": entry.meaning, "fault": entry.fault, "advice": entry.advice}
    if form is Format.JSON:
        print(json.dumps(found, indent=2))
    else:
        print_table(("what", "value"), _rows(found))


def print_reason(reason: Reason, book: Rulebook, form: Format) -> None:
    """What it means and what follows, and the rules that lead to it."""
    rules = [rule for rule in book.rules if rule.reason is reason]
    found = reason_object(book.reasons[reason])
    if form is Format.JSON:
        print(json.dumps({**found, "rules": [rule.id for rule in rules]}, indent=2))
        return
    print_table(("what", "value"), _rows(found))
    print_table(_COLUMNS, map(_row, rules), title=f"{len(rules)} rules lead to it")


def rule_object(rule: Rule) -> dict[str, Any]:
    """Only what it says: keys that it leaves out are left out."""
    conditions = rule.conditions or Conditions()
    found: dict[str, Any] = {
        "id": rule.id,
        "file": rule.file,
        "reason": rule.reason,
        "class": rule.class_,
        "literal": list(rule.literals),
        "pattern": rule.pattern.pattern if rule.pattern else "",
        "unless": list(rule.unless),
        "vendor": sorted(conditions.vendors),
        "status": [status_text(status) for status in conditions.statuses],
        "reply_code": reply_code_texts(conditions.reply_codes),
        "smtp_command": sorted(conditions.commands),
        "domain": list(conditions.domains),
        "diagnostic_type": sorted(conditions.diagnostic_types),
        "place": sorted(conditions.places),
        "weak": rule.weak,
        "names": rule.names,
        "note": rule.note,
        "source": rule.source,
        "examples": list(map(_example, rule.examples)),
        "counterexamples": list(map(_example, rule.counterexamples)),
    }
    return {key: value for key, value in found.items() if value}


def reason_object(entry: ReasonEntry) -> dict[str, Any]:
    return {
        "reason": entry.reason,
        "meaning": entry.meaning,
        "fault": entry.fault,
        "advice": entry.advice,
        "disposition": entry.disposition,
        "days": entry.days,
        "expires_days": entry.expires_days,
        "class": entry.class_,
        "elsewhere": dict(entry.equivalents),
    }


def status_text(status: StatusPattern) -> str:
    """As a rule file writes it: 5.7.x."""
    parts = (status.class_, status.subject, status.detail)
    return ".".join("x" if part is None else str(part) for part in parts)


def reply_code_texts(codes: Iterable[int]) -> list[str]:
    """As a rule file writes them: a whole hundred or a whole ten is one."""
    left = set(codes)
    texts = []
    for size, spelled in ((100, "{}xx"), (10, "{}x")):
        for start in range(200, 600, size):
            if left.issuperset(range(start, start + size)):
                left.difference_update(range(start, start + size))
                texts.append(spelled.format(start // size))
    return sorted([*texts, *map(str, left)])


def _example(example: Example) -> str | dict[str, str]:
    """The text alone where that is all that is shown."""
    seen = example.seen
    hosts = dict(zip(("remote_mta", "reporting_mta"), seen.hosts, strict=False))
    more = {**hosts, "smtp_command": seen.smtp_command, "recipient": seen.recipient, "diagnostic_type": seen.diagnostic_type}
    told = {key: value for key, value in more.items() if value}
    return {"text": example.name, **told} if told else example.name


def _row(rule: Rule) -> tuple[object, ...]:
    found = rule_object(rule)
    codes = [*found.get("status", ()), *found.get("reply_code", ())]
    words: Sequence[str] = rule.literals or codes
    more = f" (and {len(words) - 1} more)" if len(words) > 1 else ""
    return rule.id, rule.reason, rule.class_, f"{words[0]}{more}", rule.file


def _rows(found: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """One row for each value; a list has its key in the first alone."""
    for key, value in found.items():
        values = value if isinstance(value, list) else list(value.items()) if isinstance(value, dict) else [value]
        for number, each in enumerate(values):
            yield key if number == 0 else "", _shown(each)


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return f"{value[0]}: {value[1]}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {each}" for key, each in value.items())
    return "" if value is None else str(value)
