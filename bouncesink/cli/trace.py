"""``bouncesink trace``: have a running server log every line of one peer's sessions, for a while."""

import json
from http.client import HTTPConnection, HTTPException
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from bouncesink.cli.complaints import complain
from bouncesink.cli.exits import Exit
from bouncesink.cli.options import ConfigFile, Format

EPILOG = """\b
Examples:
  bouncesink trace 192.0.2.1
  bouncesink trace 192.0.2.0/24 --minutes 60 --lines 10000
  bouncesink trace 192.0.2.1 --stop
  bouncesink trace                      what is traced now

The lines are events session.line of the server's log. Content is told by its size, and addresses only with log.addresses. The
server is asked through watch.listen, so that has to be set; only programs on its own machine may ask."""

_TIMEOUT = 10.0


def register(app: typer.Typer) -> None:
    app.command(epilog=EPILOG, short_help="Have one peer's sessions logged, line by line.")(trace)


def trace(
    peer: Annotated[
        str, typer.Argument(metavar="[PEER]", help="An address, a network, or `local` for peers on Unix sockets.")
    ] = "",
    minutes: Annotated[int, typer.Option("--minutes", min=1, help="It ends after so long at most.")] = 10,
    lines: Annotated[int, typer.Option("--lines", min=1, help="It ends after so many lines at most.")] = 2_000,
    stop: Annotated[bool, typer.Option("--stop", help="End it now.")] = False,
    form: Annotated[Format, typer.Option("--format", help="A table for people, JSON for programs.")] = Format.TABLE,
    config: ConfigFile = None,
) -> int:
    """Have a running server log every line of the sessions of PEER, with timing; without PEER, show what is traced."""
    from bouncesink.cli.rendering import print_table
    from bouncesink.cli.settings import settle
    from bouncesink.config.watch import places
    from bouncesink.errors import ConfigError
    from bouncesink.fronts.endpoint import reachable

    if stop and not peer:
        complain("--stop wants a PEER; `bouncesink trace` shows those that are traced")
        return Exit.USAGE
    where = places(settle(config).config.watch)
    if not where:
        raise ConfigError(("watch.listen: empty, so no server can be asked: set it, as in 127.0.0.1:2580, and restart",))
    method = "DELETE" if stop else "POST" if peer else "GET"
    query = urlencode({"peer": peer, "minutes": minutes, "lines": lines} if method == "POST" else {"peer": peer})
    try:
        status, answer = _ask(reachable(where[0][0]), where[0][1], method, f"/trace?{query}")
    except (OSError, HTTPException) as error:
        complain(f"no server answers on {where[0][0]}:{where[0][1]} (watch.listen): {str(error) or type(error).__name__}")
        return Exit.NO_INPUT
    if status != 200:
        complain(answer.strip())
        return Exit.USAGE if status == 400 else Exit.NO_INPUT if status == 404 else Exit.NO_PERMISSION
    told: Any = json.loads(answer)
    if form is Format.JSON:
        print(json.dumps(told, indent=2))
    elif stop:
        print(f"The trace of {told['peers']} is over.")
    else:
        _print(told if isinstance(told, list) else [told], print_table)
    return Exit.OK


def _print(traces: list[dict[str, Any]], print_table: Any) -> None:
    if not traces:
        print("Nobody is traced.")
        return
    columns = ("peers", "minutes left", "lines", "lines left")
    rows = [(one["peers"], round(one["seconds_left"] / 60, 1), one["lines"], one["lines_left"]) for one in traces]
    print_table(columns, rows)


def _ask(host: str, port: int, method: str, path: str) -> tuple[int, str]:
    connection = HTTPConnection(host, port, timeout=_TIMEOUT)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read(65_536).decode("utf-8", "replace")
    finally:
        connection.close()
