"""``bouncesink ingest``: mails that lie in files, or are piped in, recorded as if they had come by SMTP."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bouncesink.cli.complaints import complain
from bouncesink.cli.options import ConfigFile, Database, Format

if TYPE_CHECKING:
    from bouncesink.cli.ingesting import Tally

EPILOG = """\b
Examples:
  bouncesink ingest --received-at header archive.mbox ~/Maildir/.Bounces
  bouncesink ingest --reverse-path=${sender} --forward-path=${recipient} -

The second is what Postfix's pipe(8) runs. A run that was cut off goes on where it was; a mail is recorded once, however often
it is given. Works beside a running server, which then does the recording."""

HEADER = "header"


def register(app: typer.Typer) -> None:
    app.command(epilog=EPILOG, short_help="Record mails from files, Maildirs, mboxes or a pipe.")(ingest)


def ingest(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Files, folders, Maildirs, mboxes, or - for standard input.")
    ],
    forward_path: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="The envelope recipient, where it is known; give it again for more."),
    ] = None,
    reverse_path: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The envelope sender; else Return-Path says. Empty is the null one.")
    ] = None,
    received_at: Annotated[
        str | None,
        typer.Option(metavar="header|TIME", help="When they came: as the topmost Received or Date says, or an ISO 8601 time."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Read mboxes from the start, though an earlier run got on.")] = False,
    form: Annotated[
        Format, typer.Option("--format", help="How the summary looks: for people, or for programs.")
    ] = Format.TABLE,
    database: Database = None,
    config: ConfigFile = None,
) -> int:
    """Record mails as if they had come by SMTP. A mail of a Maildir's new goes to cur once it is recorded.

    Which address a mail came to is what --forward-path says, else its X-Original-To, Envelope-To or Delivered-To field
    (files.recipient_headers), else unknown. An address that is not ours is recorded all the same, as unproven; what is no
    address at all is 64 and nothing is recorded, but with - is told and recorded: an MTA would throw the mail away.

    Exit codes: 0 everything is recorded, 65 some mail never will be, 66 something could not be read, 75 trouble of ours: give
    it again. With - any trouble of ours is 75, a wrong configuration too, so that a pipe transport keeps the mail.
    """
    from bouncesink.cli.ingesting import Orders, run
    from bouncesink.cli.mails import STDIN

    at = _time(received_at)
    piped = STDIN in paths
    _check(forward_path or (), piped=piped)
    orders = Orders(
        tuple(paths), tuple(forward_path or ()), reverse_path, at, again=again, by_header=received_at == HEADER, piped=piped
    )
    tally = run(orders, database, config)
    if not piped or form is Format.JSON or sys.stdout.isatty():
        _show(tally, form)
    return tally.exit


def _check(forward_paths: Sequence[str], *, piped: bool) -> None:
    """A slip of whoever types is refused before anything is recorded. In a pipe strangers choose the address, the MTA has said
    250 for it, and would throw the mail away at 64: it is told, and recorded as unproven.
    """
    from bouncesink.core.verp.path import is_address

    for each in forward_paths:
        if is_address(each):
            continue
        told = f"{each!r} is no address, as bounces@b.example.com is"
        if not piped:
            raise typer.BadParameter(told, param_hint="--forward-path")
        complain(f"--forward-path: {told}; the mail is recorded as about nobody who could be proven")


def _time(received_at: str | None) -> datetime | None:
    from datetime import UTC

    if received_at is None or received_at == HEADER:
        return None
    try:
        at = datetime.fromisoformat(received_at)
    except ValueError:
        raise typer.BadParameter(
            f"{received_at!r} is neither the word header nor a time, as 2026-11-22T12:00:00Z is", param_hint="--received-at"
        ) from None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    if at > datetime.now(UTC):
        raise typer.BadParameter(f"{received_at} is in the future", param_hint="--received-at")
    return at


def _show(tally: "Tally", form: Format) -> None:
    from bouncesink.cli.rendering import print_table

    counts = tally.counts()
    if form is Format.JSON:
        print(json.dumps({**counts, "seconds": round(tally.seconds, 3)}, indent=2))
    else:
        print_table(("mails", "count"), list(counts.items()))
