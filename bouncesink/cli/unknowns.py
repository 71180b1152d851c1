"""Unknowns by command: verdicts that say too little, from a database or from mails, as a table, JSON or drafts of rules."""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence

from bouncesink.cli.mails import Unreadable, find_files, read_mails
from bouncesink.cli.options import DraftFormat
from bouncesink.cli.progress import progress
from bouncesink.cli.rendering import print_table
from bouncesink.config.sections import StoreSection
from bouncesink.core.classify import judge
from bouncesink.core.draft import Draft, as_toml, drafts
from bouncesink.core.reading import read
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.unknowns import VAGUE_REASONS, Cluster, Unknown, unknown_of
from bouncesink.library import ASSUMED

_HINT = "`--format toml` drafts a rule for each of them."


def of_mails(paths: Sequence[str], book: Rulebook, unreadable: Unreadable) -> Iterator[Unknown]:
    """Judged now, by ``book``."""
    files = find_files(paths, unreadable)
    with progress("judging", len(files)) as done:
        for found in read_mails(files, unreadable, done):
            report = read(found.content, book.formats)
            unknown = (unknown_of(verdict, found.name, report.text) for verdict in judge(report, ASSUMED, book))
            yield from (each for each in unknown if each)


def of_database(section: StoreSection, limit: int, book: Rulebook) -> list[Unknown]:
    """As they were judged when they came. A verdict without a diagnostic is told by its mail's text for people."""
    return asyncio.run(_of_database(section, limit, book))


async def _of_database(section: StoreSection, limit: int, book: Rulebook) -> list[Unknown]:
    from bouncesink.store.queries import open_queries

    found: list[Unknown | None] = []
    async with open_queries(section) as queries:
        for stored in await queries.verdicts_of(VAGUE_REASONS, limit):
            mail = await queries.mail(stored.mail_id) if not stored.verdict.diagnostic else None
            prose = read(mail.content, book.formats).text if mail else ""
            found.append(unknown_of(stored.verdict, str(stored.mail_id), prose))
    return [each for each in found if each]


def print_clusters(clusters: Sequence[Cluster], book: Rulebook, form: DraftFormat) -> None:
    """The largest first. JSON has the draft with each; TOML is a file of rules."""
    made = drafts(clusters, book)
    if form is DraftFormat.TOML:
        print("\n\n".join(map(as_toml, made)))
    elif form is DraftFormat.JSON:
        by_text = {draft.cluster.text: draft for draft in made}
        print(json.dumps([_object(each, by_text.get(each.text)) for each in clusters], indent=2))
    elif clusters:
        columns = ("verdicts", "what they say", "from", "such as", "one of them")
        print_table(columns, (_row(each) for each in clusters))
        print(_HINT)
    else:
        print("No verdict there is undetermined or policy_unspecified.")


def tell_left_out(kinds: int, top: int, verdicts: int, limit: int | None) -> None:
    """That there are, or may be, more than were printed."""
    if kinds > top:
        print(f"These are {top} of {kinds} kinds of text: --top shows more.", file=sys.stderr)
    if verdicts == limit:
        print(f"They are of the newest {limit} such verdicts, and there may be more: --limit asks for them.", file=sys.stderr)


def _row(cluster: Cluster) -> tuple[object, ...]:
    more = f" (and {len(cluster.hosts) - 1} more)" if len(cluster.hosts) > 1 else ""
    host = f"{cluster.hosts[0]}{more}" if cluster.hosts else ""
    return cluster.count, cluster.text or "(nothing at all)", host, cluster.sources[0], cluster.sample


def _object(cluster: Cluster, draft: Draft | None) -> dict[str, object]:
    return {
        "count": cluster.count,
        "text": cluster.text,
        "sample": cluster.sample,
        "reasons": list(cluster.reasons),
        "hosts": list(cluster.hosts),
        "sources": list(cluster.sources),
        "draft": as_toml(draft) if draft else None,
    }
