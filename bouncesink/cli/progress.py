"""A progress bar on standard error, when a person is watching and the work is long. Otherwise nothing at all."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LONG = 200  # files; below that it would be gone before it was read


@contextmanager
def progress(what: str, total: int, *, wanted: bool = True) -> Iterator[Callable[[], None]]:
    """Gives the function to call after each of ``total`` steps."""
    if not wanted or total < LONG or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
