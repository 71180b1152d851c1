"""``bouncesink replay``: judge stored mails again, by another rulebook or policy. The server may run meanwhile."""

from dataclasses import replace as changed
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bouncesink.cli.complaints import complain
from bouncesink.cli.exits import Exit
from bouncesink.cli.options import ConfigFile, Database, ManyFormat, RulesFolder, in_utc

if TYPE_CHECKING:
    from bouncesink.store.archive import Choice

EPILOG = """\b
Examples:
  bouncesink replay --dry-run --rules ./rules
  bouncesink replay --rules ./rules --since 2026-11-01 --reason undetermined
  bouncesink replay --dry-run --format jsonl >changes.jsonl

Cut off, the same command goes on where it was. Mails whose raw content was dropped, cut or is damaged are not judged: what was
judged of them holds on, and they are counted."""


def register(app: typer.Typer) -> None:
    app.command(epilog=EPILOG, short_help="Judge stored mails again, by other rules or numbers.")(replay)


def replay(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    since: Annotated[datetime | None, typer.Option("--since", help="Mails that came at this time (UTC) or later.")] = None,
    until: Annotated[datetime | None, typer.Option("--until", help="Mails that came before this time (UTC).")] = None,
    reason: Annotated[
        list[str] | None, typer.Option("--reason", metavar="REASON", help="Mails judged so; give it again for more.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", metavar="KIND", help="Mails of this kind; give it again for more.")
    ] = None,
    recipient: Annotated[
        list[str] | None, typer.Option("--recipient", metavar="ADDRESS", help="Mails about them; give it again for more.")
    ] = None,
    form: Annotated[ManyFormat, typer.Option("--format", help="Tables for people, JSON for programs.")] = ManyFormat.TABLE,
    rules: RulesFolder = None,
    database: Database = None,
    config: ConfigFile = None,
) -> int:
    """Judge stored mails again by the rules and the [policy] in force now, correct what was judged otherwise, and let everybody
    stand where that leads. Corrections are verdicts and entries of the feed of their own; nothing is edited.
    """
    from bouncesink.cli.replaying import print_outcome, run, said_of
    from bouncesink.cli.settings import naming, settle
    from bouncesink.rulefiles import load_rulebook
    from bouncesink.store.selection import key_of

    choice = _choice(since, until, reason or [], kind or [])
    if isinstance(choice, list):
        complain(*choice)
        return Exit.USAGE
    settled = settle(config, database=database, rules=rules).config
    known_as = naming(settled)
    choice = changed(choice, keys=tuple(key_of(known_as(address)) for address in recipient or []))
    told = run(settled, load_rulebook(settled.rules.folder), choice, form, dry=dry_run)
    print_outcome(told, form)
    complain(*said_of(told))
    return Exit.SOFTWARE if told.outcome.failed else Exit.OK


def _choice(since: datetime | None, until: datetime | None, reasons: list[str], kinds: list[str]) -> "Choice | list[str]":
    """What the options mean, or everything that is wrong with them."""
    from bouncesink.core.problems import nearest
    from bouncesink.core.report import Kind
    from bouncesink.core.verdict import Reason
    from bouncesink.store.archive import Choice

    problems: list[str] = []
    for option, words, known in (("--reason", reasons, tuple(Reason)), ("--kind", kinds, tuple(Kind))):
        names = tuple(map(str, known))
        problems += [
            f"{option} {word}: there is no such {option[2:]}{nearest(word, names)}" for word in words if word not in names
        ]
    if since and until and since >= until:
        problems.append(f"--until {until}: is not after --since {since}")
    if problems:
        return problems
    return Choice(
        in_utc(since),
        in_utc(until),
        tuple(map(Reason, reasons)),
        tuple(map(Kind, kinds)),
    )
