"""Draws docs/reference/config.md for scripts/reference.py: every key, its default, its unit and its variable."""

import dataclasses
import inspect
from pathlib import Path

from drawn_page import code, table

from bouncesink.cli.config import _spelled
from bouncesink.config.checks import UNSIGNED_GRAMMARS
from bouncesink.config.keys import ENVIRONMENT_FILE, KEYS, SECTIONS, Key
from bouncesink.config.sections import Config

PROSE = f"""
No configuration at all works: the defaults below, on loopback, with a key that is made at first use. What is given stands in
layers, each over the one before: the defaults; one TOML file (`--config FILE`, else the file that the variable
`{ENVIRONMENT_FILE}` names); the environment; options of the command line. `bouncesink config` prints what holds and where each
value came from.

Unknown keys are refused, and so are unknown variables that start with `BOUNCESINK_`. Every problem is told at once, with exit
code 78. Relative paths count from where the command is started.

In the environment a list is written with commas, `a,b`, or as JSON, `["a", "b"]`, where an entry has a comma or a space in it.
Secrets are read from the environment or from a file of their own, and from nowhere else.
"""


def config_page_parts() -> list[str]:
    """What stands below the title."""
    parts = [PROSE, "## Above the tables", keys_table([key for key in KEYS.values() if not key.section])]
    sections = {each.name: each.type for each in dataclasses.fields(Config)}
    for section in SECTIONS:
        parts += [f"## [{section}]", inspect.getdoc(sections[section]) or ""]
        parts.append(keys_table([key for key in KEYS.values() if key.section == section]))
    parts += [
        "## Grammars without a tag",
        f"`admission.unsigned` knows {code(*UNSIGNED_GRAMMARS)}. What each looks like stands in [VERP](verp.md).",
    ]
    return parts


def keys_table(keys: list[Key]) -> str:
    return table(("key", "default", "unit", "meaning", "variable"), map(key_row, keys))


def key_row(key: Key) -> tuple[str, ...]:
    default = list(key.default) if isinstance(key.default, tuple) else key.default
    default = str(default) if isinstance(default, Path) else default
    least = (
        ""
        if key.minimum is None
        else f"; at least {key.minimum:g}"
        if key.minimum < 10_000
        else f"; at least {int(key.minimum)}"
    )
    meaning = key.description[0].upper() + key.description[1:] + least
    return f"`{key.field}`", f"`{text}`" if (text := _spelled(default)) else "", key.unit, meaning, f"`{key.variable}`"
