"""Proof: every rule must win its examples in the whole book and lose its counterexamples.

The packaged rules are proved by the tests, so that starting stays fast; an operator's own are proved when they are loaded.
A rule that is right alone and loses to another in the book is a problem like any other: the reader is told which one won.
"""

from collections.abc import Collection

from bouncesink.core.rule import Example
from bouncesink.core.rulebook import Rulebook


def prove(book: Rulebook, files: Collection[str] | None = None) -> tuple[str, ...]:
    """What does not hold, of all rules or of those that stand in ``files``."""
    problems = []
    for rule in book.rules:
        if files is not None and rule.file not in files:
            continue
        for wanted, examples in ((True, rule.examples), (False, rule.counterexamples)):
            for example in examples:
                winner = _winner(book, example)
                if (winner == rule.id) is not wanted:
                    name = "example" if wanted else "counterexample"
                    problems.append(f"{rule.file}: rule {rule.id}: {name} {example.name!r} is won by {winner or 'no rule'}")
    return tuple(problems)


def _winner(book: Rulebook, example: Example) -> str:
    match = book.search(example.seen)
    return match.rule.id if match else ""
