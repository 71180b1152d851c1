"""Proofs: whether rules and formats hold, an operator's and the built-in ones, told with numbers or with what does not."""

import json
from collections.abc import Collection

from bouncesink.cli.exits import Exit
from bouncesink.cli.options import Format
from bouncesink.cli.rendering import print_table
from bouncesink.core.format_proof import prove_formats
from bouncesink.core.proof import prove
from bouncesink.core.rulebook import Rulebook
from bouncesink.observe.terminal import one_line
from bouncesink.rulefiles import load_rulebook

MOST_OVERRULED = 20


def unproved(book: Rulebook, own: Collection[str]) -> tuple[str, ...]:
    """Examples that are lost: an operator's in the whole book, the built-in ones in their own, as others may overrule them."""
    if not own:
        return (*prove_formats(book.formats), *prove(book))
    built_in = load_rulebook(None)
    return (*prove_formats(book.formats, own), *prove(book, own), *unproved(built_in, ()))


def print_holding(book: Rulebook, own: Collection[str], place: object) -> None:
    """What there is, and where an operator's rules decide otherwise than built-in ones."""
    files = [*(each.file for each in book.rules), *(each.file for each in book.formats.formats)]
    mine = sum(file in own for file in files)
    yours = f"{mine} of your own in {place} and " if place else ""
    print(f"All rules and formats hold: {yours}{len(files) - mine} built in. They are the rulebook {book.hash}.")
    found = overruled(book, own)
    if found:
        print("\nYour rules decide texts that built-in rules show as examples:")
        print_table(("your rule", "says", "where", "says", "of the text"), found[:MOST_OVERRULED])
    if len(found) > MOST_OVERRULED:
        print(f"... and {len(found) - MOST_OVERRULED} more.")


def overruled(book: Rulebook, own: Collection[str]) -> list[tuple[str, str, str, str, str]]:
    """Where an operator's rule gives another reason than the built-in rule whose example it is."""
    rows = []
    for rule in book.rules:
        for example in rule.examples if rule.file not in own else ():
            match = book.search(example.seen)
            if match and match.rule.file in own and match.rule.reason is not rule.reason:
                rows.append((match.rule.id, str(match.rule.reason), rule.id, str(rule.reason), example.name))
    return rows


def print_proof(book: Rulebook, own: Collection[str], form: Format) -> Exit:
    """How many examples there are in each file, and which do not hold; 65 where any does not."""
    problems = unproved(book, own)
    counts: dict[str, list[int]] = {}
    proofs = [(each.file, 1, len(each.examples), len(each.counterexamples)) for each in book.formats.formats]
    proofs += [(each.file, 1, len(each.examples), len(each.counterexamples)) for each in book.rules]
    for file, *numbers in proofs:
        counts[file] = [sum(pair) for pair in zip(counts.get(file, [0, 0, 0]), numbers, strict=True)]
    entries, examples, counterexamples = (sum(column) for column in zip(*counts.values(), strict=True))
    if form is Format.JSON:
        found = {"rulebook": book.hash, "entries": entries, "examples": examples, "counterexamples": counterexamples}
        print(json.dumps({**found, "problems": list(problems)}, indent=2))
        return Exit.DATA if problems else Exit.OK
    rows = [(file, *numbers) for file, numbers in counts.items()]
    columns = ("file", "rules or formats", "examples", "counterexamples")
    print_table(columns, [*rows, ("all", entries, examples, counterexamples)])
    for problem in problems:
        print(one_line(problem))
    print("Some do not hold: see above." if problems else "All examples are won, and all counterexamples are lost.")
    return Exit.DATA if problems else Exit.OK
