"""``bouncesink incidents``: bursts of failures that no recipient is to blame for. Look at them, say what becomes of them."""

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bouncesink.cli.complaints import complain
from bouncesink.cli.exits import Exit
from bouncesink.cli.options import ConfigFile, Database, Format

if TYPE_CHECKING:
    from bouncesink.store.incident_records import Incident

CLOSE_EPILOG = """\b
Examples:
  bouncesink incidents close 7 --void --note "their outage"
  bouncesink incidents close 7 --release --note "that provider has closed for good"

Voided, what the incident held counts for nothing, now and later. Released, it counts as it was judged, and suppresses."""

group = typer.Typer(
    help="Bursts of failures that no recipient is to blame for: list them, show one, close one.",
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Number = Annotated[int, typer.Argument(metavar="ID", help="The incident's number, as the list shows it.")]
AnswerFormat = Annotated[Format, typer.Option("--format", help="A table for people, JSON for programs.")]


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="incidents", short_help="Bursts that are nobody's fault: list, show, close.")


@group.command("list", short_help="The incidents, the newest first.")
def list_incidents(
    everything: Annotated[bool, typer.Option("--all", help="Those that are over too.")] = False,
    form: AnswerFormat = Format.TABLE,
    database: Database = None,
    config: ConfigFile = None,
) -> None:
    """The incidents that are open, or all of them."""
    from bouncesink.cli.settings import settle
    from bouncesink.store.beside import opened
    from bouncesink.store.incident_records import incidents

    with opened(settle(config, database=database).config.store, "reading incidents") as connection:
        found = incidents(connection, open_only=not everything)
    if form is Format.JSON:
        print(json.dumps([_object(each) for each in found], indent=2))
    elif found:
        _print(found)
    else:
        print("No incident is there." if everything else "No incident is open. `--all` shows those that are over.")


@group.command(short_help="One incident.")
def show(number: Number, form: AnswerFormat = Format.TABLE, database: Database = None, config: ConfigFile = None) -> int:
    """One incident, with what it holds."""
    from bouncesink.cli.settings import settle
    from bouncesink.store.beside import opened
    from bouncesink.store.incident_records import incidents

    with opened(settle(config, database=database).config.store, "reading incidents") as connection:
        found = incidents(connection, number=number)
    if not found:
        complain(f"there is no incident {number}; `bouncesink incidents list --all` shows them")
        return Exit.NO_INPUT
    if form is Format.JSON:
        print(json.dumps(_object(found[0]), indent=2))
    else:
        _print(found)
    return Exit.OK


@group.command(epilog=CLOSE_EPILOG, short_help="Say what becomes of what an incident holds.")
def close(
    number: Number,
    release: Annotated[
        bool | None, typer.Option("--release/--void", help="What it held counts as it was judged, or for nothing.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="Why, for whoever reads it later.")] = "",
    database: Database = None,
    config: ConfigFile = None,
) -> int:
    """Close an incident, or change what becomes of one that is over. The server may run meanwhile."""
    from bouncesink.cli.settings import settle
    from bouncesink.config.policy import policies
    from bouncesink.store.beside import opened, transaction
    from bouncesink.store.incidents import Closing, Outcome
    from bouncesink.store.incidents import close as close_incident

    if release is None:
        complain("say what becomes of the verdicts that it holds: either --void or --release")
        return Exit.USAGE
    settled = settle(config, database=database).config
    outcome = Outcome.RELEASED if release else Outcome.VOIDED
    with opened(settled.store, "closing an incident") as connection, transaction(connection):
        closing = Closing(number, outcome, datetime.now(UTC), note)
        folded = close_incident(connection, closing, policies(settled.policy))
    said = f"{folded} recipients were judged again" if release else "what it held counts for nothing"
    print(f"incident {number} is {outcome}: {said}", file=sys.stderr)
    return Exit.OK


def _print(found: "list[Incident]") -> None:
    from bouncesink.cli.rendering import print_table

    columns = ("id", "what", "about", "reason", "since", "last", "verdicts", "recipients", "held", "before", "outcome", "note")
    print_table(
        columns,
        [
            (
                *(each.id, each.scope, each.subject, each.reason, _minute(each.opened_at), _minute(each.last_at)),
                *(each.verdicts, each.recipients, each.held, each.held_before, each.outcome or "open", each.note),
            )
            for each in found
        ],
    )


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _object(incident: "Incident") -> dict[str, object]:
    from bouncesink.store.text import timestamp

    return {
        "id": incident.id,
        "scope": incident.scope,
        "subject": incident.subject,
        "reason": incident.reason,
        "opened_at": timestamp(incident.opened_at),
        "last_at": timestamp(incident.last_at),
        "closed_at": timestamp(incident.closed_at) if incident.closed_at else None,
        "outcome": incident.outcome,
        "verdicts": incident.verdicts,
        "recipients": incident.recipients,
        "held": incident.held,
        "held_before": incident.held_before,
        "note": incident.note,
    }
