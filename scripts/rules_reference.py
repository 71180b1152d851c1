#!/usr/bin/env python3
"""Draws docs/reference/reasons.md and docs/explain/dispositions.md from the rules and the tables, so that they cannot disagree.

    python scripts/rules_reference.py            writes the pages
    python scripts/rules_reference.py --check    says which ones differ, and changes nothing; exit 1 if any does

tests/rules/test_rule_documents.py runs the check.
"""

import sys
from collections.abc import Iterable

from drawn_page import ROOT, code, page, table

from bouncesink.core.disposition import BY_AUTHENTICITY, BY_KIND, BY_PROOF, Circumstances, dispose_failure, dispose_other
from bouncesink.core.reasons import VOCABULARIES, ReasonEntry
from bouncesink.core.report import Kind
from bouncesink.core.verdict import Disposition, FailureClass, Fault
from bouncesink.core.verp.attribution import Authenticity, Proof
from bouncesink.rulefiles import load_rulebook

NOTE = "Drawn by scripts/rules_reference.py: change rules/reasons.toml or core/disposition.py and run it."
NAMES = {"sisimai": "Sisimai", "kumomta": "KumoMTA", "powermta": "PowerMTA", "ses": "Amazon SES", "anymail": "django-anymail"}

REASONS_PROSE = """
Every verdict on a failure has one reason, and the reason says whose fault it was. The names stand in people's SQL and do not
change. What follows is the default for a proven verdict that is said to be permanent; what else is weighed stands in
[dispositions](../explain/dispositions.md). The names at the end of each entry are what other tools call it; theirs are often
coarser.
"""
DISPOSITION_PROSE = """
A verdict says what we think; its disposition says what we do: `suppress` the recipient, let it `count`, have a person `review`
it, `hold` it as part of an incident, or `ignore` it. Three questions are asked in turn.
"""
KIND_PROSE = """
Mail that reports no failure leads to what stands here, whatever it says. A delay is no failure: if the mail never arrives, its
expiry comes as a report of its own, and a receiver's outage sends delays in masses. A delivery, an answer or a receipt costs
nobody anything.
"""
REASON_PROSE = """
A failure leads to what its reason says. Whatever is the fault of the sender or of the message is ignored, so that a
blocklisting or a failed DMARC check costs no recipient the address. A reason that would suppress does so only on a hard failure
of the very address that was mailed:
"""
LESS = (
    ("the failure is not said to be permanent", Circumstances(FailureClass.SOFT, Authenticity.PROVEN)),
    (
        "the same report says that the mail reached, or may yet reach, somebody else behind the address (an alias, a group)",
        Circumstances(FailureClass.HARD, Authenticity.PROVEN, partial=True),
    ),
    (
        (
            "the mailbox that failed is not the one that was mailed (where it forwards to, one member of a group): another "
            "local part, or the same one at a provider of mailboxes"
        ),
        Circumstances(FailureClass.HARD, Authenticity.PROVEN, redirected=True),
    ),
    (
        (
            "the evidence is weak (a reply code alone, a code beside words that no rule knows, words that may mean several "
            "things, words beside others that blame the sender, the message or the session, words beside any that neither a "
            "rule nor the list of [plain words](../reference/rules.md#plain-words) knows, an answer to a command before RCPT)"
        ),
        Circumstances(FailureClass.HARD, Authenticity.PROVEN, weak=True),
    ),
)
BESIDE_PROSE = """
In a report of several recipients, what would `count` is ignored where it is said of somebody else and the same report says
what became of the address that was mailed, or that the mail reached somebody behind it: a stranger's full mailbox is not the
reader's.
"""
BELIEF_PROSE = """
`proven`: our tag holds and is in time, or another proof stands in its place. `unsigned`: the address carries no tag, or a tag
that does not bind the recipient, as when an opaque token is not registered and only the report names somebody. `late`: the tag
holds and is older than `verp.life_days`; the mail that it speaks of is long ago, so it is recorded and shown, and never counts.
`unproven`: anybody may have sent it.
"""

PROOF_PROSE = """
A mail is `proven` by any of these, for the kinds of mail that stand beside it. [Authenticity](authenticity.md) says how each is
checked, and what it cannot prove.
"""
PROOFS = {
    Proof.TAG: "our tag, in the address that the mail came to",
    Proof.RETURNED_TAG: "our tag, in the Return-Path of the returned original or in a complaint's Original-Mail-From",
    Proof.OWN_SIGNATURE: "our own DKIM signature on the headers of the returned original, which names one recipient",
    Proof.REPORTER: "DKIM of a feedback loop that `authenticity.reporters` names, checked by us or by a front of ours",
}


def follows(entry: ReasonEntry) -> str:
    """What follows by default, in words."""
    if entry.incident:
        return "never counts against the recipient; many at once are an incident of yours"
    words = {
        Disposition.SUPPRESS: "suppress on the first day" if entry.days == 1 else f"suppress when said on {entry.days} days",
        Disposition.COUNT: "count" if entry.then is Disposition.SUPPRESS else f"count, then {entry.then}",
        Disposition.REVIEW: "review; counts if proven and said to have failed" if entry.counts_when_failed else "review",
        Disposition.IGNORE: "ignore",
    }[entry.disposition]
    return f"{words}; a suppression holds {entry.expires_days} days" if entry.expires_days else words


def reasons_page() -> str:
    book = load_rulebook(None)
    parts = [REASONS_PROSE]
    for fault in Fault:
        entries = [entry for entry in book.reasons.values() if entry.fault is fault]
        parts += [f"## Fault: {fault}", *(part for entry in entries for part in reason_parts(entry))]
    return page("Reasons", *parts, note=NOTE)


def reason_parts(entry: ReasonEntry) -> Iterable[str]:
    yield f"### {entry.reason}"
    yield f"{entry.meaning} {entry.advice}"
    yield f"Default: {follows(entry)}. [Examples, and the rules that lead to it](reasons/{entry.reason}.md)."
    yield "Elsewhere: " + ", ".join(f"{NAMES[name]} {code(entry.equivalents[name])}" for name in VOCABULARIES) + "."


def dispositions_page() -> str:
    book = load_rulebook(None)
    suppressing = next(entry for entry in book.reasons.values() if entry.disposition is Disposition.SUPPRESS)
    failures = (Kind.BOUNCE,)
    weighed = (Disposition.SUPPRESS, Disposition.COUNT, Disposition.REVIEW)
    belief = [(code(level), *(code(BY_AUTHENTICITY[level][each]) for each in weighed)) for level in Authenticity]
    kinds = [
        (code(kind), *(code(dispose_other(kind, level)) for level in Authenticity))
        for kind in sorted((each for each in Kind if each not in failures), key=lambda each: each not in BY_KIND)
    ]
    return page(
        "Dispositions",
        DISPOSITION_PROSE,
        "## What kind of mail is it?",
        KIND_PROSE,
        table(("kind", *map(code, Authenticity)), kinds),
        "## What does the reason say?",
        REASON_PROSE,
        table(
            ("where", "instead of `suppress`"), [(words, code(dispose_failure(suppressing, known)[0])) for words, known in LESS]
        ),
        BESIDE_PROSE,
        table(("reason", "by default"), [(code(entry.reason), follows(entry)) for entry in book.reasons.values()]),
        "## How far is it believed?",
        BELIEF_PROSE,
        table(("", *(f"would be {code(each)}" for each in weighed)), belief),
        "## What proves it?",
        PROOF_PROSE,
        table(("proof", "proves"), [(words, proved_by(proof)) for proof, words in PROOFS.items()]),
        note=NOTE,
    )


def proved_by(proof: Proof) -> str:
    kinds = BY_PROOF[proof]
    return "every kind" if kinds == frozenset(Kind) else ", ".join(code(kind) for kind in Kind if kind in kinds)


PAGES = {"docs/reference/reasons.md": reasons_page, "docs/explain/dispositions.md": dispositions_page}


def main(arguments: list[str]) -> int:
    differing = [
        name for name, draw in PAGES.items() if not (ROOT / name).exists() or (ROOT / name).read_text("utf-8") != draw()
    ]
    if "--check" in arguments:
        for name in differing:
            print(f"{name} is not what the rules say: run scripts/rules_reference.py")
        return 1 if differing else 0
    for name in differing:
        (ROOT / name).write_text(PAGES[name](), "utf-8")
        print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
