"""``bouncesink config``: the configuration that holds and where each value came from; or every problem of it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bouncesink.cli.exits import Exit
from bouncesink.cli.options import ConfigFile, Database, Format, Listen

if TYPE_CHECKING:
    from bouncesink.config.file import Effective
    from bouncesink.config.keys import Key

EPILOG = "\b\nExample:\n  bouncesink config --config /etc/bouncesink/bouncesink.toml"
MASK = "(secret)"


def register(app: typer.Typer) -> None:
    app.command(epilog=EPILOG, short_help="Print the configuration that holds.")(config)


def config(
    form: Annotated[Format, typer.Option("--format", help="For people, or for programs.")] = Format.TABLE,
    file: ConfigFile = None,
    database: Database = None,
    listen: Listen = None,
) -> int:
    """Print every setting with its value and where that came from: default, file, environment or option.

    A configuration that does not hold is answered with all of its problems and exit code 78. Secrets are never printed.
    """
    from bouncesink.cli.rendering import print_table
    from bouncesink.cli.settings import listening, settle
    from bouncesink.config.keys import KEYS

    effective = settle(file, database=database, listen=listen, more=(listening,))
    if form is Format.JSON:
        print(json.dumps({key.name: _object(key, effective) for key in KEYS.values()}, indent=2))
        return Exit.OK
    rows = ((key.name, _spelled(_value(key, effective)), key.unit, effective.origin(key.name)) for key in KEYS.values())
    print_table(("key", "value", "unit", "from"), rows)
    return Exit.OK


def _object(key: "Key", effective: "Effective") -> dict[str, Any]:
    origin = effective.origin(key.name)
    return {"value": _value(key, effective), "unit": key.unit or None, "source": origin.source, "name": origin.name or None}


def _value(key: "Key", effective: "Effective") -> Any:
    """As JSON has it; a secret only says whether it is there."""
    value = key.value(effective.config)
    if key.secret:
        return MASK if value else None
    if isinstance(value, tuple):
        return [str(each) if isinstance(each, Path) else each for each in value]
    return str(value) if isinstance(value, Path) else value


def _spelled(value: Any) -> str:
    """As the TOML file would have it."""
    return "" if value is None else json.dumps(value, ensure_ascii=False)
