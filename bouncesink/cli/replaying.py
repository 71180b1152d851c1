"""What ``bouncesink replay`` runs and tells: corrections as they come or all at the end, for people or for programs."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bouncesink.cli.options import ManyFormat
from bouncesink.cli.progress import Step, progress
from bouncesink.cli.rendering import print_table
from bouncesink.config.policy import policies
from bouncesink.config.sections import Config
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.verdict import Verdict
from bouncesink.replay import Outcome, replay, task_of
from bouncesink.store.archive import Choice, Missing
from bouncesink.store.rejudged import Corrected, Moved
from bouncesink.store.revisions import open_reviser
from bouncesink.store.text import timestamp

_MOST_ROWS = 50
_WHY = {
    Missing.DROPPED: "their raw content was dropped, by retention or at once",
    Missing.CUT: "only a part of their raw content was kept",
    Missing.DAMAGED: "their raw content is damaged",
}


@dataclass(slots=True)
class Told:
    """What came of it. ``transitions`` counts corrections by what was thought and is, ``objects`` are all of them for JSON."""

    dry: bool
    outcome: Outcome = field(default_factory=Outcome)
    transitions: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], str] = field(default_factory=dict)
    objects: list[dict[str, object]] = field(default_factory=list)


class _Teller:
    """Hears of a replay while it goes on: a bar where a person watches, JSON lines as they come."""

    def __init__(self, told: Told, form: ManyFormat, stack: ExitStack) -> None:
        self._told = told
        self._form = form
        self._stack = stack
        self._step: Step | None = None

    def begun(self, mails: int, recipients: int) -> None:
        self._step = self._stack.enter_context(progress("judging mails, folding recipients", mails + recipients))

    def step(self, count: int) -> None:
        if self._step is not None:
            self._step(count)

    def corrected(self, correction: Corrected) -> None:
        _note(self._told, correction)
        if self._form is ManyFormat.JSONL:
            print(json.dumps(_corrected_object(correction)))
        elif self._form is ManyFormat.JSON:
            self._told.objects.append(_corrected_object(correction))


def run(config: Config, rulebook: Rulebook, choice: Choice, form: ManyFormat, *, dry: bool) -> Told:
    """Do it, dry or for good."""
    told = Told(dry)
    by = policies(config.policy)
    task = "" if dry else task_of(choice, rulebook, by)
    with ExitStack() as stack, open_reviser(config.store, choice, by, task, datetime.now(UTC)) as reviser:
        told.outcome = replay(reviser, rulebook, _Teller(told, form, stack))
    return told


def _note(told: Told, correction: Corrected) -> None:
    change = (_words(correction.before), _words(correction.after))
    told.transitions[change] += 1
    told.examples.setdefault(change, f"mail {correction.mail_id}")


def _words(verdict: Verdict | None) -> str:
    """A verdict in a cell."""
    if verdict is None:
        return "(nothing)"
    words = (str(verdict.reason or verdict.kind), str(verdict.class_ or ""), f"-> {verdict.disposition}")
    return " ".join(filter(None, words))


def print_outcome(told: Told, form: ManyFormat) -> None:
    """Tables: what is judged otherwise, and who must not be mailed any more or may be mailed again."""
    moved = list(told.outcome.moved.values())
    if form is ManyFormat.JSONL:
        for each in moved:
            print(json.dumps(_moved_object(each)))
        print(json.dumps({"what": "summary", **_summary(told)}))
    elif form is ManyFormat.JSON:
        recipients = [_moved_object(each) for each in moved]
        print(json.dumps({"verdicts": told.objects, "recipients": recipients, "summary": _summary(told)}, indent=2))
    else:
        if told.transitions:
            rows = ((count, *change, told.examples[change]) for change, count in told.transitions.most_common())
            print_table(("verdicts", "was", "is" if not told.dry else "would be", "such as"), rows)
        for suppressed in (True, False):
            _print_moved(told, suppressed=suppressed)


def _print_moved(told: Told, *, suppressed: bool) -> None:
    found = told.outcome.by(suppressed=suppressed)
    if not found:
        return
    what = "suppressed" if suppressed else "released"
    title = f"{'would be ' if told.dry else ''}{what}: {len(found)}"
    if len(found) > _MOST_ROWS:
        title += f" (the first {_MOST_ROWS}; --format jsonl has all)"
    rows = (
        (each.known.recipient, each.was, each.stands, each.known.reason, each.after.until if each.after else None)
        for each in found[:_MOST_ROWS]
    )
    print_table(("recipient", "stood" if not told.dry else "stands", "then", "reason", "until"), rows, title=title)


def said_of(told: Told) -> Iterator[str]:
    """The same in sentences, for standard error."""
    outcome, would = told.outcome, "would be" if told.dry else "were"
    if outcome.resumed:
        yield "it went on where it was cut off; what was done before that is not counted here"
    yield f"{outcome.judged} mails were judged again, {outcome.corrected} verdicts {would} corrected"
    for why, count in outcome.missing.items():
        if count:
            yield f"{count} mails were not judged, what was judged of them holds on: {_WHY[why]}"
    if outcome.failed:
        yield f"{outcome.failed} mails could not be judged through a bug of bouncesink's; please report the lines above"
    suppressed, released = len(outcome.by(suppressed=True)), len(outcome.by(suppressed=False))
    others = len(outcome.moved) - suppressed - released
    yield f"{suppressed} recipients {would} suppressed, {released} released, {others} stand elsewhere"


def _summary(told: Told) -> dict[str, object]:
    outcome = told.outcome
    return {
        "dry_run": told.dry,
        "resumed": outcome.resumed,
        "judged": outcome.judged,
        "corrected": outcome.corrected,
        "failed": outcome.failed,
        **{str(why): count for why, count in outcome.missing.items()},
        "recipients": outcome.folded,
        "suppressed": len(outcome.by(suppressed=True)),
        "released": len(outcome.by(suppressed=False)),
        "moved": len(outcome.moved),
    }


def _corrected_object(correction: Corrected) -> dict[str, object]:
    return {
        "what": "verdict",
        "mail_id": correction.mail_id,
        "verdict_id": correction.verdict_id,
        "before": _verdict_object(correction.before) if correction.before else None,
        "after": _verdict_object(correction.after),
    }


def _verdict_object(verdict: Verdict) -> dict[str, object]:
    return {
        "recipient": verdict.recipient,
        "kind": verdict.kind,
        "class": verdict.class_,
        "reason": verdict.reason,
        "fault": verdict.fault,
        "disposition": verdict.disposition,
        "rule": verdict.rule,
    }


def _moved_object(moved: Moved) -> dict[str, object]:
    after = moved.after
    return {
        "what": "recipient",
        "recipient": moved.known.recipient,
        "was": moved.was,
        "stands": moved.stands,
        "reason": after.reason if after else None,
        "until": timestamp(after.until) if after and after.until else None,
    }
