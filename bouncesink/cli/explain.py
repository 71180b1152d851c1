"""``bouncesink explain``: one mail, told in sentences. A file, standard input, or a mail that the server recorded."""

import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bouncesink.cli.complaints import complain
from bouncesink.cli.exits import Exit
from bouncesink.cli.options import ConfigFile, Database, RulesFolder
from bouncesink.observe.terminal import escape_control

if TYPE_CHECKING:
    from bouncesink.cli.telling import Known, Reasons
    from bouncesink.config.sections import Config
    from bouncesink.core.verdict import Verdict
    from bouncesink.store.queries import StoredMail

EPILOG = """\b
Examples:
  bouncesink explain bounce.eml
  bouncesink explain 17 --database bouncesink.db"""
_WIDTH = 100


def register(app: typer.Typer) -> None:
    app.command(epilog=EPILOG, short_help="Tell one mail in sentences.")(explain)


def explain(
    mail: Annotated[str, typer.Argument(metavar="FILE|ID|-", help="A file, - for standard input, or a recorded mail's id.")],
    database: Database = None,
    rules: RulesFolder = None,
    config: ConfigFile = None,
) -> int:
    """Tell in sentences what a mail says: whom it is about, what happened, whose fault it was, why, and what to do.

    A number is the id of a recorded mail when --database is given, or when no file has that name. It is told as it was judged
    when it came, or by the last replay since, with what its address proved.
    """
    from bouncesink.cli.settings import settle
    from bouncesink.rulefiles import load_rulebook

    settled = settle(config, database=database, rules=rules).config
    if mail.isascii() and mail.isdigit() and (database is not None or not Path(mail).exists()):
        return _explain_recorded(int(mail), settled)
    mails = _read(mail)
    if not mails:
        return Exit.NO_INPUT
    from bouncesink.core.classify import judge
    from bouncesink.core.reading import read
    from bouncesink.library import ASSUMED

    rulebook = load_rulebook(settled.rules.folder)
    for name, content in mails:
        report = read(content, rulebook.formats)
        if len(mails) > 1:
            print(f"--- {escape_control(name)}\n")
        _print(report, judge(report, ASSUMED, rulebook), rulebook.reasons, report.defects, recorded=False)
    return Exit.OK


def _read(path: str) -> list[tuple[str, bytes]]:
    """The mails of one file; an mbox may hold several."""
    from bouncesink.cli.mails import read_mails

    def unreadable(name: str, why: str) -> None:
        complain(f"{name}: {why}")

    return [(found.name, found.content) for found in read_mails([path], unreadable)]


def _explain_recorded(mail_id: int, config: "Config") -> int:
    from bouncesink.rulefiles import load_rulebook

    if not config.store.path.is_file():
        complain(f"{config.store.path}: there is no such database; say which by --database PATH")
        return Exit.NO_INPUT
    recorded = _fetch(mail_id, config)
    if recorded is None:
        complain(f"{config.store.path}: no mail has the id {mail_id}; the view bounces has the ids, as mail_id")
        return Exit.NO_INPUT
    when = recorded.received_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    to, source = recorded.forward_path or "an address that nobody knows", recorded.remote_address or "a file"
    print(escape_control(f"Mail {mail_id} came at {when} to {to} from {source}."))
    verdicts = [stored.verdict for stored in recorded.verdicts]
    _print(recorded, verdicts, load_rulebook(config.rules.folder).reasons, (), recorded=True)
    return Exit.OK


def _fetch(mail_id: int, config: "Config") -> "StoredMail | None":
    import asyncio

    from bouncesink.store.queries import open_queries

    async def fetch() -> "StoredMail | None":
        async with open_queries(config.store) as queries:
            return await queries.mail(mail_id)

    return asyncio.run(fetch())


def _print(
    mail: "Known", verdicts: "Sequence[Verdict]", reasons: "Reasons", defects: "Sequence[str]", *, recorded: bool
) -> None:
    from bouncesink.cli.telling import tell_mail, tell_verdict

    sys.stdout.writelines(_folded(" ".join(tell_mail(mail, verdicts, defects))))
    for verdict in verdicts:
        print()
        for heading, sentences in tell_verdict(verdict, reasons, recorded=recorded):
            sys.stdout.writelines(_folded(sentences, f"{heading.capitalize()}: "))
    print()


def _folded(text: str, heading: str = "") -> Iterator[str]:
    """Lines that fit a screen; a heading stands before the first and the rest is set under it."""
    indent = " " * len("Also possible: ") if heading else ""
    start = heading.ljust(len(indent))
    lines = textwrap.wrap(
        escape_control(text),
        _WIDTH,
        initial_indent=start,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield from (f"{line}\n" for line in lines)
