"""Trials: a text or mails, held against the rules, each with all the rules that had something to say of it."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bouncesink.cli.complaints import complain
from bouncesink.cli.contract import recipient_object
from bouncesink.cli.mails import read_mails
from bouncesink.cli.options import Format
from bouncesink.cli.rendering import print_table
from bouncesink.core.classify import judge, observe
from bouncesink.core.contenders import Contender, contenders
from bouncesink.core.reading import read
from bouncesink.core.report import Action, Kind, Place, Report, ReportedRecipient
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.status import EnhancedStatusCode, find_reply_code
from bouncesink.core.verdict import Verdict
from bouncesink.library import ASSUMED
from bouncesink.observe.terminal import one_line

_NOBODY = ReportedRecipient(place=Place.ENVELOPE)


@dataclass(frozen=True, slots=True)
class Trial:
    """What was judged of one recipient, and every rule that was heard. None are where the mail is no failure."""

    source: str
    verdict: Verdict
    heard: tuple[Contender, ...]

    def outcome(self, contender: Contender) -> str:
        if not contender.holds:
            return "steps aside"
        won = contender.rule.id == self.verdict.rule and contender.place is self.verdict.evidence.place
        return "wins" if won else "holds too"


def of_text(book: Rulebook, text: str, host: str, recipient: str) -> list[Trial]:
    """A text as a report would have it in its Diagnostic-Code."""
    block = ReportedRecipient(
        final_recipient=recipient or None,
        action=Action.FAILED,
        diagnostic=text,
        reply_code=find_reply_code(text),
        diagnostic_status=EnhancedStatusCode.find(text),
        remote_mta=host or None,
    )
    return _trials(book, "--text", Report(Kind.BOUNCE, "", (block,)))


def of_mails(book: Rulebook, files: Sequence[str], tell: Callable[[str, str], None]) -> list[Trial]:
    """One for each recipient that a mail says failed; ``tell`` hears what cannot be read."""
    trials: list[Trial] = []
    for found in read_mails(files, tell):
        report = read(found.content, book.formats)
        made = _trials(book, found.name, report)
        trials += made
        if not made:
            complain(f"{found.name}: is of the kind {report.kind} and no failure, so that rules have no say")
    return trials


def _trials(book: Rulebook, source: str, report: Report) -> list[Trial]:
    verdicts = zip(judge(report, ASSUMED, book), report.recipients or (_NOBODY,), strict=False)
    failures = ((verdict, block) for verdict, block in verdicts if verdict.reason)
    return [Trial(source, verdict, contenders(book, observe(report, block))) for verdict, block in failures]


def print_trials(trials: Iterable[Trial], form: Format) -> None:
    """What came of each, and below it all the rules that were heard, as the book hears them."""
    if form is Format.JSON:
        print(json.dumps([_object(trial) for trial in trials], indent=2))
        return
    for trial in trials:
        verdict = trial.verdict
        about = f" about {verdict.recipient}" if verdict.recipient else ""
        print(
            one_line(f"{trial.source}{about}: {verdict.reason}, {verdict.class_ or 'neither hard nor soft'}, by {_by(verdict)}")
        )
        rows = ((trial.outcome(each), each.rule.id, each.rule.reason, each.place, _why(each, verdict)) for each in trial.heard)
        if trial.heard:
            print_table(("outcome", "rule", "reason", "where", "its words or code, or what kept it from holding"), rows)


def _by(verdict: Verdict) -> str:
    return f"the rule {verdict.rule}" if verdict.rule else "no rule"


def _why(contender: Contender, verdict: Verdict) -> str:
    """What kept it from holding, else what it holds by; a rule of codes found no words."""
    code = verdict.status if contender.place is Place.STATUS else verdict.reply_code
    return contender.objection or contender.words or str(code)


def _object(trial: Trial) -> dict[str, Any]:
    heard = [
        {
            "rule": each.rule.id,
            "reason": each.rule.reason,
            "outcome": trial.outcome(each),
            "place": each.place,
            "words": each.words or None,
            "objection": each.objection or None,
        }
        for each in trial.heard
    ]
    return {"source": trial.source, **recipient_object(trial.verdict), "rules": heard}
