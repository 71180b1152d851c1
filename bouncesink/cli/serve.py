"""``bouncesink serve``: settle the configuration and the keys, then hand over to the composition root until it ends."""

import sys
from typing import Annotated

import typer

from bouncesink.cli.options import ConfigFile, Database, Listen
from bouncesink.core.verp.keyring import Keyring

EPILOG = """\b
Example:
  bouncesink serve --listen 127.0.0.1:2525 --database /var/lib/bouncesink/bouncesink.db

SIGTERM or Control-C: takes nothing new, lets open transactions finish, writes everything to disk, ends with 0."""


def register(app: typer.Typer) -> None:
    app.command(epilog=EPILOG, short_help="Receive bounces and record verdicts.")(serve)


def serve(
    listen: Listen = None,
    database: Database = None,
    config: ConfigFile = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", metavar="N", help="Processes that receive and judge; one more records, where there are several."
        ),
    ] = None,
    welcome: Annotated[bool, typer.Option("--welcome", help="Say how to try it, as on a terminal.")] = False,
) -> int:
    """Receive bounces and record verdicts until told to stop. Works without any configuration, on 127.0.0.1:2525.

    One server may have several doors, SMTP and LMTP, with TLS and without, on as many addresses and Unix sockets as there are
    --listen.
    The log is on standard error.
    """
    from bouncesink.app.server import run_server
    from bouncesink.cli.settings import becoming, keyring_of, listening, settle
    from bouncesink.cli.welcome import greet

    settled = settle(config, database=database, listen=listen, workers=workers, more=(listening, becoming)).config

    def keyring() -> Keyring:
        return keyring_of(settled)

    def on_started(places: tuple[str, ...]) -> None:
        if welcome or sys.stdout.isatty():
            greet(places, settled, keyring())

    return run_server(settled, keyring, on_started)
