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
    from rich.text import Text

_WIDE = 220
_FOLDED = 1.75  # what wants more than so many times a terminal's width would be columns of single letters
# What draws the eye: what must not be mailed again in red, what wants a person in yellow.
_STYLES = {"suppress": "red", "review": "yellow", "hard": "red", "soft": "yellow"}


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """A table on standard output; on a terminal much too narrow for one, a line for each cell. None and "" are empty cells."""
    from rich.table import Table
    from rich.text import Text

    console = _console()
    cells = [[Text(word := _shown(cell), style=_STYLES.get(word, "")) for cell in row] for row in rows]
    if _unfolded(columns, cells) > _FOLDED * console.width:
        _print_lines(console, columns, cells, title)
        return
    table = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in cells:
        table.add_row(*row)
    console.print(table)


def _unfolded(columns: Sequence[str], cells: Sequence[Sequence["Text"]]) -> int:
    """How wide a table is in which no word is folded."""
    words = (
        max(len(word) for cell in column for word in (*str(cell).split(), "")) for column in zip(columns, *cells, strict=True)
    )
    return sum(width + 3 for width in words) + 1


def _print_lines(console: "Console", columns: Sequence[str], cells: Sequence[Sequence["Text"]], title: str) -> None:
    from rich.text import Text

    for number, row in enumerate(cells):
        if number or title:
            console.print(title if not number else "")
        for column, cell in zip(columns, row, strict=True):
            if cell:
                console.print(Text.assemble((f"{column}: ", "bold"), cell), overflow="fold")


def _shown(cell: object) -> str:
    return "" if cell is None else one_line(str(cell))


def _console() -> "Console":
    from rich.console import Console

    return Console(soft_wrap=False, width=None if sys.stdout.isatty() else _WIDE, highlight=False, markup=False, emoji=False)
