"""Draft: a rule to begin with for each cluster of unknown texts, as TOML that holds as it stands but for its reason.

The literal is the longest run of words that never vary, unless they also stand in answers that the book explains well: a rule
of "rejected" would take the verdicts of a hundred better ones. The example is the sample with example addresses (RFC 2606) and
documentation IPs (RFC 5737) in the place of real ones. A cluster that an earlier draft's literal explains gets none of its
own. The reason stays as vague as it was: the right one is for the person who writes the rule to say.

Must not know files, nor where the texts came from.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from bouncesink.core.names import stands_outside
from bouncesink.core.rule_entry import MINIMUM_LITERAL, normal, weight
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.scan import fold
from bouncesink.core.unknowns import VAGUE_REASONS, Cluster, Piece, Varying

LITERAL_LIMIT = 80
SLUG_WORDS = 5
NAMESPACE = "local"

_EXAMPLES = {
    Varying.ADDRESS: "<user@example.com>",
    Varying.DATE: "2 Feb 2026 10:00:00 +0000",
    Varying.IP: "192.0.2.1",
    Varying.HOST: "mx.example.net",
    Varying.ID: "a1b2c3d4",
    Varying.NUMBER: "12",
    Varying.NAME: "user",
}
_EDGES = " \t.,:;!?-'\"()[]{}<>|*=#"
_LINK = re.compile(r"https?:/{0,2}$")
_WORD = re.compile(r"[a-z]+|\d+")


@dataclass(frozen=True, slots=True)
class Draft:
    """``objection`` says why it cannot stand yet, "" where it can."""

    cluster: Cluster
    id: str
    literal: str
    example: str
    objection: str = ""


def drafts(clusters: Iterable[Cluster], book: Rulebook) -> tuple[Draft, ...]:
    """In the order of the clusters, with ids that ``book`` does not have."""
    explained = _explained(book)
    ids = {rule.id for rule in book.rules}
    made: list[Draft] = []
    for each in clusters:
        example = example_of(each.parts)
        low = normal(example)
        if any(draft.literal in low for draft in made if not draft.objection):
            continue
        literal, objection = literal_of(each.parts, explained)
        identifier = _free(f"{NAMESPACE}/{_slug(literal)}", ids)
        ids.add(identifier)
        made.append(Draft(each, identifier, literal, example, objection))
    return tuple(made)


def _explained(book: Rulebook) -> tuple[str, ...]:
    """What rules with a reason that says something show as their examples."""
    examples = (example for rule in book.rules if rule.reason not in VAGUE_REASONS for example in rule.examples)
    return tuple(fold(text).lower() for example in examples for _, text in example.seen.texts)


def literal_of(parts: Sequence[Piece], explained: Collection[str]) -> tuple[str, str]:
    """The longest run of fixed words that tells these texts from the ``explained`` ones; else the longest, and why not."""
    runs = sorted((_trimmed(part.text) for part in parts if part.varies is None), key=weight, reverse=True)
    shown = fold(example_of(parts))
    rare = [run for run in runs if weight(run) >= MINIMUM_LITERAL and any(map(str.isalpha, run)) and _is_said(run, shown)]
    if not rare:
        return (runs[0] if runs else ""), "no words outside of names stay the same and are long enough: only its code tells it"
    own = next((run for run in rare if not any(run in text for text in explained)), "")
    return (own, "") if own else (rare[0], "these words stand in answers that other rules explain: say more, by a pattern")


def _is_said(words: str, shown: str) -> bool:
    """Whether a rule would find them there: what stands within a name is nobody's answer."""
    at = shown.lower().find(words)
    return at < 0 or stands_outside(shown, at, at + len(words))


def _trimmed(text: str) -> str:
    text = _LINK.sub("", normal(text)).strip(_EDGES)
    if len(text) > LITERAL_LIMIT:
        text = text[: LITERAL_LIMIT + 1].rpartition(" ")[0] or text[:LITERAL_LIMIT]
    return text.strip(_EDGES)


def example_of(parts: Sequence[Piece]) -> str:
    """The text with nobody's address in it."""
    return "".join(_EXAMPLES.get(part.varies, part.text) if part.varies else part.text for part in parts).strip()


def _slug(literal: str) -> str:
    return "-".join(_WORD.findall(literal)[:SLUG_WORDS]) or "unknown"


def _free(identifier: str, taken: Collection[str]) -> str:
    number = 1
    while (free := identifier if number == 1 else f"{identifier}-{number}") in taken:
        number += 1
    return free


def as_toml(draft: Draft) -> str:
    """One rule, with what to look at as a comment; all of it a comment where it cannot stand yet."""
    cluster = draft.cluster
    mails = "mail" if cluster.count == 1 else "mails"
    lines = [_comment(f"{cluster.count} {mails}, such as {', '.join(cluster.sources)}{_said_by(cluster)}")]
    rule = [
        "[[rule]]",
        f'id = "{draft.id}"',
        f'reason = "{cluster.reasons[0]}"  # say what it really is: docs/reference/reasons.md has the words',
        f"literal = {quoted(draft.literal)}",
        f"source = {quoted(f'seen in {cluster.count} {mails}')}",
        f"examples = [{quoted(draft.example)}]",
    ]
    if draft.objection:
        rule = list(map(_comment, (draft.objection, *rule)))
    return "\n".join(lines + rule)


def _comment(text: str) -> str:
    return f"# {''.join(each if each.isprintable() else '?' for each in text)}"


def _said_by(cluster: Cluster) -> str:
    return f", from {', '.join(cluster.hosts[:3])}" if cluster.hosts else ""


def quoted(text: str) -> str:
    """A TOML basic string on one line; whatever is not printable is escaped, so that no terminal obeys it."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    number = ord(character)
    if 0xD800 <= number < 0xE000:  # no character, and nothing that TOML can hold
        return "\ufffd"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
