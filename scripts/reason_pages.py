#!/usr/bin/env python3
"""Draws docs/reference/reasons/REASON.md, a page for each reason, from the rules.

    python scripts/reason_pages.py            writes the pages
    python scripts/reason_pages.py --check    says which ones differ, and changes nothing; exit 1 if any does

tests/rules/test_reason_pages.py runs the check. docs/reference/reasons.md, their index, is drawn by scripts/rules_reference.py.
"""

import sys
from collections.abc import Iterable

from drawn_page import ROOT, code, page, table
from rules_reference import NAMES, follows

from bouncesink.cli.ruleview import reply_code_texts, status_text
from bouncesink.cli.telling import CLASSES, FAULTS
from bouncesink.core.reasons import VOCABULARIES, ReasonEntry
from bouncesink.core.rule import Conditions, Rule
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.verdict import Reason
from bouncesink.rulefiles import load_rulebook

FOLDER = ROOT / "docs" / "reference" / "reasons"
MOST_TEXTS = 5
NOTE = "Drawn by scripts/reason_pages.py: change the rules and run it."


def reason_page(reason: Reason, book: Rulebook) -> str:
    entry = book.reasons[reason]
    rules = sorted((rule for rule in book.rules if rule.reason is reason), key=lambda rule: not rule.literals)
    return page(
        reason,
        entry.meaning,
        "## Who is at fault",
        f"`{entry.fault}`. {FAULTS[entry.fault]}",
        "## What to do",
        entry.advice,
        f"By default: {follows(entry)}. {permanence(entry)}",
        "What else is weighed stands in [dispositions](../../explain/dispositions.md).",
        "## What it looks like",
        *texts(rules),
        "## What it is called elsewhere",
        table(("tool", "its name"), ((NAMES[name], code(entry.equivalents[name])) for name in VOCABULARIES)),
        "## Rules that lead to it",
        "In the order in which they are heard; the first that holds wins. [How to write one](../rules.md).",
        table(("rule", "words or codes", "source"), map(row, rules)),
        "All reasons stand in [the index](../reasons.md).",
        note=NOTE,
    )


def permanence(entry: ReasonEntry) -> str:
    if entry.class_ is None:
        return "Whether it is hard or soft, its code says."
    against = "whatever its code says" if entry.forces_class else "where no code says otherwise"
    return f"{CLASSES[entry.class_].replace('That', 'It').rstrip('.')}, {against}."


def texts(rules: list[Rule]) -> Iterable[str]:
    """The first example of some of its rules, as receivers say it."""
    said = [example.name for rule in rules for example in rule.examples[:1] if example.seen.texts]
    shown = list(dict.fromkeys(said))[:: max(1, len(said) // MOST_TEXTS)][:MOST_TEXTS]
    if not shown:
        return ["Codes alone lead to it."]
    return ["Receivers say, for example:", "\n".join(["```text", *shown, "```"])]


def row(rule: Rule) -> tuple[str, str, str]:
    conditions = rule.conditions or Conditions()
    codes = [*map(status_text, conditions.statuses), *reply_code_texts(conditions.reply_codes)]
    words = ", ".join(f"“{literal.strip()}”" for literal in rule.literals[:2])
    more = f", and {len(rule.literals) - 2} more" if len(rule.literals) > 2 else ""
    shown = f"{words}{more}" if rule.literals else ", ".join(codes)
    return code(rule.id), plain(shown), rule.source if rule.source.startswith("http") else plain(rule.source)


def plain(text: str) -> str:
    """In a cell of a table, where some signs would be read as markup."""
    return "".join(f"\\{each}" if each in "|*_`<>[]" else each for each in " ".join(text.split()))


def main(arguments: list[str]) -> int:
    book = load_rulebook(None)
    wanted = {FOLDER / f"{reason}.md": reason_page(reason, book) for reason in Reason}
    differing = [path for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text]
    left_over = sorted(set(FOLDER.glob("*")) - set(wanted))
    check = "--check" in arguments
    for path in (*differing, *left_over):
        name = path.relative_to(ROOT)
        if check:
            print(f"{name} is not what the rules say: run scripts/reason_pages.py")
        elif path in wanted:
            path.parent.mkdir(exist_ok=True)
            path.write_text(wanted[path], "utf-8")
            print(f"wrote {name}")
        else:
            path.unlink()
            print(f"removed {name}")
    return 1 if check and (differing or left_over) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
