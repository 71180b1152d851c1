"""``bouncesink rules``: check rule files, try texts and mails on them, look them up, find what no rule explains yet."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bouncesink.cli.complaints import complain
from bouncesink.cli.exits import Exit
from bouncesink.cli.options import ConfigFile, Database, DraftFormat, Format, RulesFolder

if TYPE_CHECKING:
    from bouncesink.core.rulebook import Rulebook

CHECK_EPILOG = """\b
Examples:
  bouncesink rules check
  bouncesink rules check /etc/bouncesink/rules

A server that is running takes up a changed folder by itself, and refuses what this command refuses."""
TEST_EPILOG = """\b
Examples:
  bouncesink rules test /etc/bouncesink/rules
  bouncesink rules test --text '550 5.1.1 User unknown' --host mx.example.net
  bouncesink rules test /etc/bouncesink/rules bounce.eml"""
SHOW_EPILOG = """\b
Examples:
  bouncesink rules show
  bouncesink rules show google/over-quota
  bouncesink rules show mailbox_full --format json"""
UNKNOWNS_EPILOG = """\b
Examples:
  bouncesink rules unknowns --database bouncesink.db
  bouncesink rules unknowns --format toml ~/Maildir/.Bounces >rules/mine.toml

The rules of --format toml keep the reason that was given: put the right one into each, then run `bouncesink rules check`."""

group = typer.Typer(
    help="Check rule files, try texts and mails on them, look rules up, find what none explains yet.",
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Folder = Annotated[
    Path | None,
    typer.Argument(metavar="FOLDER", help="Your own rule files; else rules.folder of the configuration.", show_default=False),
]


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="rules", short_help="Check, try and look up rules; find what none explains.")


@group.command(epilog=CHECK_EPILOG, short_help="Say everything that is wrong with rule files.")
def check(folder: Folder = None, config: ConfigFile = None) -> int:
    """Say everything that is wrong with rule files: each problem with its file, its rule and the nearest word that is known.

    The built-in ones are checked too, and formats like rules. Each must win its examples in the whole book, and lose its
    counterexamples. Exit code 78 where anything does not hold.
    """
    from bouncesink.cli.ruleproof import print_holding, unproved
    from bouncesink.cli.settings import settle
    from bouncesink.errors import RuleError
    from bouncesink.rulefiles import read_rulebook

    place = settle(config, rules=folder).config.rules.folder
    book, own = read_rulebook(place)
    problems = unproved(book, own)
    if problems:
        raise RuleError(problems)
    print_holding(book, own, place)
    return Exit.OK


@group.command("test", epilog=TEST_EPILOG, short_help="Try texts and mails on rules, or prove their examples.")
def try_out(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="FOLDER|FILE", help="A folder of your own rules; mails, mboxes, or - for standard input."),
    ] = None,
    text: Annotated[str | None, typer.Option("--text", metavar="TEXT", help="What a receiver said.")] = None,
    host: Annotated[str, typer.Option("--host", metavar="HOST", help="With --text: the receiver that said it.")] = "",
    recipient: Annotated[str, typer.Option("--recipient", metavar="ADDRESS", help="With --text: whom it was about.")] = "",
    form: Annotated[Format, typer.Option("--format", help="For people, or for programs.")] = Format.TABLE,
    config: ConfigFile = None,
) -> int:
    """Try a text or mails on the rules: which one wins, which hold too, and what kept others from holding.

    Without a text or a mail every example and counterexample of all rules and formats is proved; exit code 65 where one fails.
    """
    from bouncesink.cli import ruleproof, ruletrial
    from bouncesink.cli.settings import settle
    from bouncesink.rulefiles import read_rulebook

    folders = [path for path in paths or () if Path(path).is_dir()]
    files = [path for path in paths or () if path not in folders]
    if len(folders) > 1:
        raise typer.BadParameter(f"{folders[1]}: only one folder of rules can be tried", param_hint="FOLDER")
    place = settle(config, rules=Path(folders[0]) if folders else None).config.rules.folder
    book, own = read_rulebook(place)
    if text is None and not files:
        return ruleproof.print_proof(book, own, form)
    trials = ruletrial.of_text(book, text, host, recipient) if text is not None else []
    unread: list[str] = []

    def unreadable(name: str, why: str) -> None:
        unread.append(name)
        complain(f"{name}: {why}")

    trials += ruletrial.of_mails(book, files, unreadable)
    ruletrial.print_trials(trials, form)
    return Exit.NO_INPUT if unread else Exit.OK


@group.command(epilog=SHOW_EPILOG, short_help="Show the book, one rule, or one reason.")
def show(
    name: Annotated[
        str | None,
        typer.Argument(metavar="ID|REASON", help="A rule's id, or a reason; else the whole book.", show_default=False),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="For people, or for programs.")] = Format.TABLE,
    rules: RulesFolder = None,
    config: ConfigFile = None,
) -> int:
    """Show all rules in the order in which they are heard; or one with its proof; or a reason and the rules that lead to it."""
    from bouncesink.cli import ruleview
    from bouncesink.core.problems import nearest
    from bouncesink.core.verdict import Reason

    book = _book(rules, config)
    if name is None:
        ruleview.print_book(book, form)
    elif rule := next((rule for rule in book.rules if rule.id == name), None):
        ruleview.print_rule(rule, book, form)
    elif name in list(Reason):
        ruleview.print_reason(Reason(name), book, form)
    else:
        known = [*(rule.id for rule in book.rules), *Reason]
        complain(f"{name}: no rule and no reason is called so{nearest(name, known)}")
        return Exit.NO_INPUT
    return Exit.OK


@group.command(epilog=UNKNOWNS_EPILOG, short_help="Gather what no rule explains, with a draft of a rule.")
def unknowns(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="Mails to judge now: files, folders, Maildirs, mboxes, or -."),
    ] = None,
    form: Annotated[DraftFormat, typer.Option("--format", help="For people, for programs, or as rules to begin with.")] = (
        DraftFormat.TABLE
    ),
    top: Annotated[int, typer.Option("--top", metavar="N", min=1, help="How many kinds of text, the commonest first.")] = 20,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="How many verdicts of a database, the newest first.")
    ] = 10_000,
    database: Database = None,
    rules: RulesFolder = None,
    config: ConfigFile = None,
) -> int:
    """Gather verdicts whose reason is undetermined or policy_unspecified by what the receivers said.

    Addresses, hosts, IPs, dates, ids and numbers do not count: texts that differ in nothing else are one kind, and one new
    rule would explain them all. From the database, as they were judged when they came; or from mails that are judged now.
    """
    from bouncesink.cli import unknowns as room
    from bouncesink.cli.settings import settle
    from bouncesink.core.unknowns import cluster

    if paths and database is not None:
        raise typer.BadParameter(
            "is for verdicts that were recorded, PATH for mails that are judged now", param_hint="--database"
        )
    settled = settle(config, database=database, rules=rules).config
    book = _book(rules, config)
    missing: list[str] = []

    def unreadable(name: str, why: str) -> None:
        missing.append(name)
        complain(f"{name}: {why}")

    if paths:
        found = list(room.of_mails(paths, book, unreadable))
    elif settled.store.path.is_file():
        found = room.of_database(settled.store, limit, book)
    else:
        complain(f"{settled.store.path}: there is no such database; say which by --database PATH, or which mails by PATH")
        return Exit.NO_INPUT
    kinds = cluster(found)
    room.print_clusters(kinds[:top], book, form)
    room.tell_left_out(len(kinds), top, len(found), None if paths else limit)
    return Exit.NO_INPUT if missing else Exit.OK


def _book(folder: Path | None, config: Path | None) -> "Rulebook":
    from bouncesink.cli.settings import settle
    from bouncesink.rulefiles import load_rulebook

    return load_rulebook(settle(config, rules=folder).config.rules.folder)
