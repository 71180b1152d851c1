"""``bouncesink recipients``: where addresses stand, and an operator's acts. The server may run meanwhile."""

import getpass
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bouncesink.cli.complaints import complain
from bouncesink.cli.exits import Exit
from bouncesink.cli.options import ConfigFile, Database, Format, ManyFormat, in_utc

if TYPE_CHECKING:
    from bouncesink.store.operator import Done

RELEASE_EPILOG = """\b
Examples:
  bouncesink recipients release reader@example.com --note "asked on the phone"
  bouncesink recipients release --reason mailbox_full --since 2026-11-20 --yes"""
CHECK_EPILOG = """\b
Examples:
  bouncesink recipients check recipients.txt
  bouncesink recipients check - --format jsonl <recipients.txt

The exit code is 0 where all may be mailed, 1 where any is suppressed."""
IMPORT_EPILOG = """\b
Examples:
  bouncesink recipients import dead.txt --as suppressed
  bouncesink recipients import delivered.txt --as delivered

One address a line; empty lines and lines that begin with # are passed over. Cut off, the same command goes on where it was."""

group = typer.Typer(
    help="Where addresses stand: show, list, check, suppress, release, import, forget.",
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Addresses = Annotated[list[str] | None, typer.Argument(metavar="ADDRESS", help="Addresses, or - for one a line on stdin.")]
Note = Annotated[str, typer.Option("--note", help="Why, for whoever reads it later.")]
Since = Annotated[datetime | None, typer.Option("--since", help="Who came to stand there at this time (UTC) or later.")]
WhyReason = Annotated[str | None, typer.Option("--reason", metavar="REASON", help="Whom this reason led there.")]


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="recipients", short_help="Where addresses stand; suppress, release, forget.")


@group.command(short_help="Where one address stands, and why.")
def show(
    address: Annotated[str, typer.Argument(metavar="ADDRESS")],
    form: Annotated[Format, typer.Option("--format", help="A table for people, JSON for programs.")] = Format.TABLE,
    database: Database = None,
    config: ConfigFile = None,
) -> int:
    """Where an address stands, and for people on what that rests: verdicts, with the mail that `explain` tells of, or an act.

    One of which nothing was ever said is ok.
    """
    from bouncesink.cli.lists import shown
    from bouncesink.cli.settings import naming, settle
    from bouncesink.cli.standings import object_of, print_grounds, print_standings
    from bouncesink.config.policy import policies
    from bouncesink.core.address import is_alone
    from bouncesink.store.beside import opened
    from bouncesink.store.grounds import grounds_of
    from bouncesink.store.selection import key_of, recipients_by

    address, settled = address.strip(), settle(config, database=database).config
    key = key_of(naming(settled)(address))
    with opened(settled.store, "reading recipients") as connection:
        found = recipients_by(connection, [key]).get(key)
        grounds = tuple(grounds_of(connection, found)) if found is not None and form is Format.TABLE else ()
    if found is None and not is_alone(address):
        complain(f"{shown(address)} is no address")
        return Exit.DATA
    now, policy = datetime.now(UTC), policies(settled.policy)
    if form is Format.JSON:
        print(json.dumps(object_of(address, found, now, policy), indent=2))
    else:
        print_standings([(address, found)], now, policy)
        print_grounds(grounds)
    return Exit.OK


@group.command("list", short_help="Those who stand somewhere, the newest first.")
def list_recipients(
    standing: Annotated[str | None, typer.Option("--standing", help="ok, watch, review or suppressed.")] = None,
    reason: WhyReason = None,
    since: Since = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 100,
    form: Annotated[ManyFormat, typer.Option("--format", help="A table for people, JSON for programs.")] = ManyFormat.TABLE,
    database: Database = None,
    config: ConfigFile = None,
) -> int:
    """Recipients, the one that came to stand there last first."""
    from bouncesink.cli.settings import settle
    from bouncesink.cli.standings import print_many, selected
    from bouncesink.config.policy import policies
    from bouncesink.store.beside import opened
    from bouncesink.store.selection import recipients_in

    selection = selected(standing=standing, reason=reason, since=since)
    if isinstance(selection, str):
        complain(selection)
        return Exit.USAGE
    settled = settle(config, database=database).config
    with opened(settled.store, "reading recipients") as connection:
        found = recipients_in(connection, selection, limit)
    print_many([(each.recipient, each) for each in found], form, datetime.now(UTC), policies(settled.policy))
    if form is ManyFormat.TABLE and not found:
        print("Nobody stands so.", file=sys.stderr)
    elif form is ManyFormat.TABLE and len(found) == limit:
        print(f"These are {limit}, and there may be more: --limit shows them.", file=sys.stderr)
    return Exit.OK


@group.command(epilog=CHECK_EPILOG, short_help="Which of many addresses may be mailed.")
def check(
    path: Annotated[str, typer.Argument(metavar="FILE", help="One address a line, or - for stdin.")],
    form: Annotated[ManyFormat, typer.Option("--format", help="A table for people, JSON for programs.")] = ManyFormat.TABLE,
    database: Database = None,
    config: ConfigFile = None,
) -> int:
    """Answer for each address, in their order, whether it may be mailed. Of a table only those that may not are rows.

    A line that is no address, and nobody that is known, ends it with 65 and no answer at all.
    """
    from bouncesink.cli.lists import lines_in, problems_of, some_of
    from bouncesink.cli.progress import progress_of_answers
    from bouncesink.cli.settings import naming, settle
    from bouncesink.cli.standings import is_suppressed, print_many
    from bouncesink.config.policy import policies
    from bouncesink.store.beside import opened
    from bouncesink.store.selection import key_of, recipients_by

    lines = lines_in(path)
    settled = settle(config, database=database).config
    now, policy = datetime.now(UTC), policies(settled.policy)
    known_as = naming(settled)
    keys = [key_of(known_as(line.recipient)) for line in lines]
    distinct = list(dict.fromkeys(keys))
    with progress_of_answers("checking", len(distinct) + len(lines)) as step:
        with opened(settled.store, "reading recipients") as connection:
            known = recipients_by(connection, distinct, step)
        if problems := problems_of([line for line, key in zip(lines, keys, strict=True) if key not in known]):
            complain(*some_of(problems))
            return Exit.DATA
        answers = [(line.recipient, known.get(key)) for line, key in zip(lines, keys, strict=True)]
        bad = [answer for answer in answers if is_suppressed(answer[1], now, policy)]
        if form is not ManyFormat.TABLE:
            print_many(answers, form, now, policy, step)
    if form is ManyFormat.TABLE:
        print_many(bad, form, now, policy)
        print(f"{len(answers) - len(bad)} of {len(answers)} may be mailed", file=sys.stderr)
    return Exit.NO if bad else Exit.OK


@group.command(short_help="Mail these no more.")
def suppress(
    addresses: Addresses = None,
    until: Annotated[datetime | None, typer.Option("--until", help="Until this time (UTC); else for good.")] = None,
    note: Note = "",
    database: Database = None,
    config: ConfigFile = None,
) -> int:
    """Suppress addresses by hand. They need not be known."""
    from bouncesink.cli.lists import given, problems_of, some_of
    from bouncesink.cli.standings import acting
    from bouncesink.store.selection import Selection

    lines, end = given(addresses), in_utc(until)
    if not lines:
        complain("name the addresses, or - to read them from standard input")
        return Exit.USAGE
    if end is not None and end <= datetime.now(UTC):
        complain(f"--until {end:%Y-%m-%dT%H:%M} (UTC) has passed: nobody would be suppressed")
        return Exit.USAGE
    if problems := problems_of(lines):
        complain(*some_of(problems), "nobody was suppressed")
        return Exit.DATA
    with acting(config, database, getpass.getuser()) as (operator, known_as):
        addressed = Selection(addresses=tuple(known_as(line.recipient) for line in lines))
        done = operator.suppress(addressed, until=end, note=note)
    return _told(done, "suppressed")


@group.command(epilog=RELEASE_EPILOG, short_help="Mail these again.")
def release(
    addresses: Addresses = None,
    reason: WhyReason = None,
    since: Since = None,
    note: Note = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Release all that a reason or a time means; else they are counted.")
    ] = False,
    database: Database = None,
    config: ConfigFile = None,
) -> int:
    """Release addresses: by name, or all suppressed ones by reason and time. Nothing that was counted stays counted."""
    from bouncesink.cli.lists import given
    from bouncesink.cli.settings import settle
    from bouncesink.cli.standings import acting, selected, strangers_of
    from bouncesink.store.beside import opened
    from bouncesink.store.selection import count_in

    lines = given(addresses)
    named = tuple(line.recipient for line in lines)
    chosen = selected(standing=None if named else "suppressed", reason=reason, since=since, addresses=named)
    if isinstance(chosen, str) or (not named and not reason and not since):
        complain(chosen if isinstance(chosen, str) else "name the addresses, or give --reason or --since")
        return Exit.USAGE
    if not named and not yes:
        with opened(settle(config, database=database).config.store, "reading recipients") as connection:
            many = count_in(connection, chosen)
        told = "1 suppressed recipient" if many == 1 else f"{many} suppressed recipients"
        print(f"{told} would be released; --yes does it", file=sys.stderr)
        return Exit.OK
    if problems := strangers_of(lines, config, database):
        complain(*problems, "nobody was released")
        return Exit.DATA
    with acting(config, database, getpass.getuser()) as (operator, known_as):
        done = operator.release(replace(chosen, addresses=tuple(map(known_as, named))), note=note)
    return _told(done, "released")


@group.command("import", epilog=IMPORT_EPILOG, short_help="Suppress, or note as delivered, a list of addresses.")
def import_list(
    path: Annotated[str, typer.Argument(metavar="FILE", help="One address a line, or - for stdin.")],
    meaning: Annotated[str, typer.Option("--as", metavar="suppressed|delivered", help="What the list says of its addresses.")],
    note: Note = "",
    database: Database = None,
    config: ConfigFile = None,
) -> int:
    """Bring in a list. If any line is bad nothing is done: each is named with its number, and the exit code is 65."""
    from bouncesink.cli.lists import lines_in, problems_of, some_of
    from bouncesink.cli.standings import ACTS, acting
    from bouncesink.store.operator import ImportedAct

    if meaning not in ACTS:
        complain(f"--as {meaning}: either suppressed or delivered")
        return Exit.USAGE
    lines = lines_in(path)
    problems = problems_of(lines)
    if problems:
        complain(*some_of(problems), "nobody was brought in")
        return Exit.DATA
    with acting(config, database, getpass.getuser()) as (operator, known_as):
        acts = [ImportedAct(ACTS[meaning], known_as(line.recipient), None, note) for line in lines]
        done = operator.bring_in(acts, Path(path).name)
    return _told(done, "changed")


@group.command(short_help="Remove every trace of an address.")
def forget(
    address: Annotated[str, typer.Argument(metavar="ADDRESS")], database: Database = None, config: ConfigFile = None
) -> int:
    """Remove every trace of an address, and say what went."""
    from bouncesink.cli.lists import shown
    from bouncesink.cli.standings import acting
    from bouncesink.core.address import is_alone

    address = address.strip()
    with acting(config, database, getpass.getuser()) as (operator, known_as):
        gone = operator.forget(known_as(address)).counts()
    if not any(gone.values()) and not is_alone(address):
        complain(f"{shown(address)} is no address, and nothing is known of it")
        return Exit.DATA
    print(json.dumps(gone))
    return Exit.OK


def _told(done: "Done", what: str) -> int:
    print(f"{done.changed} {what}, {done.unchanged} stood so already", file=sys.stderr)
    return Exit.OK
