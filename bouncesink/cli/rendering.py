"""Rendering: how answers look to people. Tables by rich, where a stranger's text can neither style nor steer a terminal.

Promises: text given here is shown as it is, control characters spelled as escapes, and never read as markup; where nobody
watches (a pipe, a file) lines are as wide as they need to be and carry no colour.
"""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bouncesink.observe.terminal import one_line

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 220
# What draws the eye: what must not be mailed again in red, what wants a person in yellow.
_STYLES = {"suppress": "red", "review": "yellow", "hard": "red", "soft": "yellow"}


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """A table on standard output. None and "" are empty cells."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(word := _shown(cell), style=_STYLES.get(word, "")) for cell in row))
    _console().print(table)


def _shown(cell: object) -> str:
    return "" if cell is None else one_line(str(cell))


def _console() -> "Console":
    from rich.console import Console

    return Console(soft_wrap=False, width=None if sys.stdout.isatty() else _WIDE, highlight=False, markup=False, emoji=False)
