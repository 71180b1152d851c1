"""Options that several commands share, declared once, so that they are spelled and explained alike everywhere."""

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

FORMS = (
    "HOST:PORT, smtp://HOST:PORT, smtps://HOST:PORT, lmtp://HOST:PORT, lmtp+unix:/PATH, milter://HOST:PORT, "
    "milter+unix:/PATH or maildir:/PATH; smtp+systemd:NAME, smtps+systemd:NAME, lmtp+systemd:NAME or milter+systemd:NAME is a "
    "socket that systemd passed"
)

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The TOML file of the configuration; BOUNCESINK_CONFIG names it too."),
]
Database = Annotated[
    Path | None,
    # Whoever opens it says better what it lacks than Typer would, and with a code of its own.
    typer.Option("--database", metavar="PATH", readable=False, help="The SQLite file; over store.path of the configuration."),
]
Listen = Annotated[
    list[str] | None,
    typer.Option("--listen", metavar="URL", help=f"Where to listen: {FORMS}. Give it again for more; port 0 takes a free one."),
]
RulesFolder = Annotated[
    Path | None,
    typer.Option("--rules", metavar="FOLDER", help="Your own rule files, read in front of the built-in ones."),
]


def in_utc(at: datetime | None) -> datetime | None:
    """A time of the command line: UTC where it does not say what else it is."""
    if at is None:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


class Format(StrEnum):
    """How an answer looks: for people, or for programs."""

    TABLE = "table"
    JSON = "json"


class ManyFormat(StrEnum):
    """The same for answers of many objects, which programs may want one a line."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"


class DraftFormat(StrEnum):
    """The same for what a rule can be drafted from."""

    TABLE = "table"
    JSON = "json"
    TOML = "toml"
