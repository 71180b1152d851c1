"""``bouncesink classify``: mails in, what we think of each out. No server, no database, nothing written anywhere."""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from bouncesink.cli.complaints import complain
from bouncesink.cli.exits import Exit
from bouncesink.cli.options import ConfigFile, ManyFormat, RulesFolder

if TYPE_CHECKING:
    from bouncesink.cli.mails import Found
    from bouncesink.library import Classification

    Answer = tuple[Found, Classification]

EPILOG = """\b
Examples:
  bouncesink classify bounce.eml
  bouncesink classify --format jsonl ~/Maildir/.Bounces archive.mbox >verdicts.jsonl

The disposition is the default for a proven first verdict: a mail by itself does not say which address it came to."""

COLUMNS = ("mail", "kind", "recipient", "class", "reason", "fault", "disposition", "status", "rule")


def register(app: typer.Typer) -> None:
    app.command(epilog=EPILOG, short_help="Judge mails in files, without any server.")(classify)


def classify(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Files, folders, Maildirs, mboxes, or - for standard input.")
    ],
    form: Annotated[ManyFormat, typer.Option("--format", help="For people, or for programs.")] = ManyFormat.TABLE,
    rules: RulesFolder = None,
    config: ConfigFile = None,
) -> int:
    """Judge mails: what kind each is, whom it is about, what happened, whose fault it was and what to do.

    What cannot be read is told on standard error, the rest is done, and the exit code is 66.
    """
    from bouncesink.cli.mails import find_files, read_mails
    from bouncesink.cli.progress import progress
    from bouncesink.cli.settings import settle
    from bouncesink.library import Classifier

    classifier = Classifier(settle(config, rules=rules).config.rules.folder)
    unread: list[str] = []

    def unreadable(name: str, why: str) -> None:
        unread.append(name)
        complain(f"{name}: {why}")

    files = find_files(paths, unreadable)
    prints_while_reading = form is not ManyFormat.TABLE and sys.stdout.isatty()
    with progress("judging", len(files), wanted=not prints_while_reading) as done:
        answers = ((found, classifier.classify(found.content)) for found in read_mails(files, unreadable, done))
        count = _WRITERS[form](answers)
    if not count and not unread:
        complain("no mail was found there")
    return Exit.OK if count and not unread else Exit.NO_INPUT


def _write_lines(answers: Iterable["Answer"]) -> int:
    from bouncesink.cli.contract import mail_object

    count = 0
    for count, (found, classification) in enumerate(answers, 1):  # noqa: B007 - the last count is the answer
        sys.stdout.write(json.dumps(mail_object(found, classification)) + "\n")
        sys.stdout.flush()
    return count


def _write_array(answers: Iterable["Answer"]) -> int:
    from bouncesink.cli.contract import mail_object
    from bouncesink.cli.rendering import print_array

    return print_array(mail_object(found, classification) for found, classification in answers)


def _write_table(answers: Iterable["Answer"]) -> int:
    from bouncesink.cli.rendering import print_table

    rows = [list(_rows(*answer)) for answer in answers]  # no mail is kept until the last was read
    if rows:
        print_table(COLUMNS, chain.from_iterable(rows))
    return len(rows)


def _rows(found: "Found", classification: "Classification") -> Iterator[tuple[object, ...]]:
    """One row for each recipient; the mail is named in its first."""
    name, kind = found.name, classification.report.kind
    if not classification.verdicts:
        yield (name, kind, *[None] * (len(COLUMNS) - 2))
    for number, verdict in enumerate(classification.verdicts):
        said = (verdict.recipient, verdict.class_, verdict.reason, verdict.fault, verdict.disposition)
        yield (name if number == 0 else None, verdict.kind, *said, verdict.status or verdict.reply_code, verdict.rule)


_WRITERS = {ManyFormat.TABLE: _write_table, ManyFormat.JSON: _write_array, ManyFormat.JSONL: _write_lines}
