"""Rendering: how answers look to people. Tables by rich, where a stranger's text can neither style nor steer a terminal.

Promises: text given here is shown as it is, control characters spelled as escapes, and never read as markup; where nobody
watches (a pipe, a file) lines are as wide as they need to be and carry no colour. A hundred thousand rows are drawn in a second
or two: rich takes half a minute and a gigabyte for them, so a long table in which nothing has to be folded is ruled here, alike
but for the colours.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bouncesink.observe.terminal import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_WIDE = 220
_LONG = 1_000  # rows
_FOLDED = 1.75  # what wants more than so many times a terminal's width would be columns of single letters
# What draws the eye: what must not be mailed again in red, what wants a person in yellow.
_STYLES = {"suppress": "red", "review": "yellow", "hard": "red", "soft": "yellow"}


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """A table on standard output; on a terminal much too narrow for one, a line for each cell. None and "" are empty cells."""
    from rich.table import Table
    from rich.text import Text

    console = _console()
    words = [[_shown(cell) for cell in row] for row in rows]
    if len(words) > _LONG and _print_ruled(console, columns, words, title):
        return
    cells = [[Text(word, style=_STYLES.get(word, "")) for word in row] for row in words]
    if _unfolded(columns, words) > _FOLDED * console.width:
        _print_lines(console, columns, cells, title)
        return
    table = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in cells:
        table.add_row(*row)
    console.print(table)


def print_array(objects: Iterable[object]) -> int:
    """A JSON array on standard output, each of ``objects`` as it comes: none is kept. How many they were."""
    count = 0
    for count, each in enumerate(objects, 1):
        text = json.dumps(each, indent=2).replace("\n", "\n  ")
        sys.stdout.write(f"{'[' if count == 1 else ','}\n  {text}")
    print("\n]" if count else "[]")
    return count


def _print_ruled(console: "Console", columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> bool:
    """Print a long table as it would look if nothing were folded, or say that it is too wide for that."""
    from rich import box
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(columns, *rows, strict=True)]
    if sys.stdout.isatty() and sum(widths) + 3 * len(widths) + 1 > console.width:
        return False
    drawn = box.HEAVY_HEAD.substitute(console.options)
    padded = [width + 2 for width in widths]
    write = sys.stdout.write

    def line(row: Sequence[str], left: str, between: str, right: str) -> None:
        filled = (f" {word}{' ' * (width - cell_len(word))} " for word, width in zip(row, widths, strict=True))
        write(f"{left}{between.join(filled)}{right}\n")

    write(f"{title}\n" if title else "")
    write(f"{drawn.get_top(padded)}\n")
    line(columns, drawn.head_left, drawn.head_vertical, drawn.head_right)
    write(f"{drawn.get_row(padded, 'head')}\n")
    for row in rows:
        line(row, drawn.mid_left, drawn.mid_vertical, drawn.mid_right)
    write(f"{drawn.get_bottom(padded)}\n")
    return True


def _unfolded(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How wide a table is in which no word is folded."""
    words = (max(len(word) for cell in column for word in (*cell.split(), "")) for column in zip(columns, *rows, strict=True))
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
