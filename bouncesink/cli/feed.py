"""``bouncesink feed``: what other systems sync from. Read it, follow it, keep a cursor in it."""

import json
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bouncesink.cli.options import ConfigFile, Database, Format

if TYPE_CHECKING:
    from bouncesink.config.sections import StoreSection
    from bouncesink.store.feed import FeedEntry

EPILOG = """\b
Examples:
  bouncesink feed export --since 0 --format jsonl >feed.jsonl
  bouncesink feed tail --follow --cursor crm
  bouncesink feed ack crm 4711

Keep `seq` in the same transaction as what you make of an event, and ask for what is after it: then each counts exactly once."""
NEWEST = 10
POLL = 0.5
PAGE = 1_000


class FeedFormat(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


group = typer.Typer(
    help="What other systems sync from: every verdict and every change of a recipient, numbered without gaps.",
    epilog=EPILOG,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Since = Annotated[int, typer.Option("--since", metavar="SEQ", min=0, help="Entries after this one.")]
CursorName = Annotated[str, typer.Argument(metavar="NAME", help="The cursor.")]


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="feed", short_help="What other systems sync from.")


@group.command(short_help="Everything after a SEQ, as JSON lines or CSV.")
def export(
    since: Since = 0,
    form: Annotated[FeedFormat, typer.Option("--format", help="JSON lines, or CSV with a header.")] = FeedFormat.JSONL,
    database: Database = None,
    config: ConfigFile = None,
) -> None:
    """Print every entry after SEQ, in order. A SEQ past the end, or one that retention has passed, is an error."""
    import asyncio

    from bouncesink.cli.settings import settle

    section = settle(config, database=database).config.store
    asyncio.run(_export(section, since, form))


@group.command(short_help="The newest entries, or what a cursor has not acknowledged; and what comes.")
def tail(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for what comes.")] = False,
    cursor: Annotated[str | None, typer.Option("--cursor", metavar="NAME", help="From where this cursor stands.")] = None,
    count: Annotated[
        int | None,
        typer.Option(
            "--count",
            "-n",
            metavar="N",
            min=0,
            help="How many of the newest, else 10; with a cursor how many at most, the oldest first, and then it ends.",
            show_default=False,
        ),
    ] = None,
    database: Database = None,
    config: ConfigFile = None,
) -> None:
    """Print entries as JSON lines. Reading never moves a cursor: `feed ack` does.

    With --cursor and -n this is a batch: acknowledge the last SEQ of it, and ask for the next.
    """
    import asyncio

    from bouncesink.cli.settings import settle

    asyncio.run(_tail(settle(config, database=database).config.store, cursor, count, follow=follow))


@group.command(short_help="The cursors, and how far they are behind.")
def cursors(
    form: Annotated[Format, typer.Option("--format", help="A table for people, JSON for programs.")] = Format.TABLE,
    database: Database = None,
    config: ConfigFile = None,
) -> None:
    """Every cursor, what it has acknowledged, and how many entries it is behind."""
    import asyncio

    from bouncesink.cli.rendering import print_table
    from bouncesink.cli.settings import settle

    found = asyncio.run(_cursors(settle(config, database=database).config.store))
    if form is Format.JSON:
        print(json.dumps(found, indent=2))
    elif found:
        print_table(("cursor", "seq", "behind", "moved"), [tuple(each.values()) for each in found])
    else:
        print("There is no cursor. `bouncesink feed ack NAME SEQ --new` makes one.")


@group.command(short_help="Move a cursor: its reader has everything up to SEQ.")
def ack(
    name: CursorName,
    seq: Annotated[int, typer.Argument(metavar="SEQ", min=0, help="The last entry that its reader has.")],
    new: Annotated[bool, typer.Option("--new", help="Make the cursor.")] = False,
    database: Database = None,
    config: ConfigFile = None,
) -> None:
    """Acknowledge everything up to SEQ. A cursor never moves back."""
    from bouncesink.cli.settings import settle
    from bouncesink.store.cursors import acknowledge, create

    if new and not (name.strip() and name.isprintable()):
        raise typer.BadParameter("a cursor needs a name that can be read", param_hint="NAME")
    section, now = settle(config, database=database).config.store, datetime.now(UTC)
    cursor = create(section, name, now, seq) if new else acknowledge(section, name, seq, now)
    print(f"{cursor.name} has everything up to {cursor.seq}", file=sys.stderr)


@group.command("drop", short_help="Forget a cursor: nothing is kept for it any more.")
def drop_cursor(name: CursorName, database: Database = None, config: ConfigFile = None) -> None:
    """Forget a cursor whose reader is gone: `retention.feed_days` keeps what any cursor has not passed."""
    from bouncesink.cli.settings import settle
    from bouncesink.store.cursors import drop

    drop(settle(config, database=database).config.store, name)
    print(f"{name} is no cursor any more", file=sys.stderr)


def object_of(entry: "FeedEntry") -> dict[str, Any]:
    """An entry in JSON's types: docs/reference/feed.schema.json."""
    from bouncesink.core.event import TIMES
    from bouncesink.store.text import respelled, timestamp

    verdict = entry.verdict
    found: dict[str, Any] = {
        "seq": entry.seq,
        "at": timestamp(entry.at),
        "type": str(entry.type),
        "recipient": entry.recipient,
        "verdict_id": entry.verdict_id,
        "mail_id": entry.mail_id,
    }
    if verdict is not None:
        found["verdict"] = {
            "kind": verdict.kind,
            "class": verdict.class_,
            "reason": verdict.reason,
            "fault": verdict.fault,
            "authenticity": verdict.authenticity,
            "disposition": verdict.disposition,
            "action": verdict.action,
            "status": str(verdict.status) if verdict.status else None,
            "reply_code": verdict.reply_code,
            "diagnostic": verdict.diagnostic,
            "rule": verdict.rule,
        }
    if entry.body:
        found["body"] = {key: value for key, value in entry.body.items() if key != "memory"}
        found["body"] |= {name: respelled(found["body"][name]) for name in TIMES if found["body"].get(name)}
    return found


async def _entries(section: "StoreSection", since: int, *, follow: bool) -> AsyncGenerator["FeedEntry"]:
    import asyncio

    from bouncesink.store.feed import open_feed

    async with open_feed(section) as feed:
        while True:
            page = await feed.after(since, PAGE)
            for entry in page:
                yield entry
                since = entry.seq
            if not page:
                if not follow:
                    return
                sys.stdout.flush()
                await asyncio.sleep(POLL)


async def _print(section: "StoreSection", since: int, *, follow: bool, most: int | None = None) -> None:
    """``most``: so many and no more, None for all there are."""
    if most == 0:
        return
    async with aclosing(_entries(section, since, follow=follow)) as entries:
        async for entry in entries:
            print(json.dumps(object_of(entry)))
            if most is not None and entry.seq >= since + most:
                return


async def _export(section: "StoreSection", since: int, form: FeedFormat) -> None:
    from bouncesink.cli.progress import progress_of_answers
    from bouncesink.store.feed import open_feed

    async with open_feed(section) as feed:
        last = await feed.last()
    write = _csv_writer() if form is FeedFormat.CSV else lambda entry: print(json.dumps(object_of(entry)))
    with progress_of_answers("exporting", last - since) as step:
        async for entry in _entries(section, since, follow=False):
            write(entry)
            if not entry.seq % PAGE:
                step(PAGE)


def _csv_writer() -> Callable[["FeedEntry"], object]:
    """Writes the header, and gives what writes an entry."""
    import csv

    verdict = ("kind", "class", "reason", "fault", "authenticity", "disposition", "status", "reply_code", "diagnostic", "rule")
    state = ("standing", "was", "until", "points")
    writer = csv.writer(sys.stdout)
    writer.writerow(("seq", "at", "type", "recipient", "verdict_id", "mail_id", *verdict, *state))

    def write(entry: "FeedEntry") -> None:
        found = object_of(entry)
        told, body = found.get("verdict", {}), found.get("body", {})
        head = [found[name] for name in ("seq", "at", "type", "recipient", "verdict_id", "mail_id")]
        writer.writerow([*head, *(told.get(name) for name in verdict), *(body.get(name) for name in state)])

    return write


async def _tail(section: "StoreSection", cursor: str | None, count: int | None, *, follow: bool) -> None:
    from bouncesink.store.feed import open_feed

    async with open_feed(section) as feed:
        if cursor is not None:
            since = (await feed.cursor(cursor)).seq
        else:
            newest, count = NEWEST if count is None else count, None
            since = max(await feed.last() - newest, await feed.first() - 1, 0)
    await _print(section, since, follow=follow, most=count)


async def _cursors(section: "StoreSection") -> list[dict[str, Any]]:
    from bouncesink.store.feed import open_feed
    from bouncesink.store.text import timestamp

    async with open_feed(section) as feed:
        last = await feed.last()
        return [
            {"name": each.name, "seq": each.seq, "behind": last - each.seq, "moved_at": timestamp(each.moved_at)}
            for each in await feed.cursors()
        ]
