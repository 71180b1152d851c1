"""A progress bar on standard error, when a person is watching and the work is long. Otherwise nothing at all."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

LONG = 200  # files; below that it would be gone before it was read
LONG_OCTETS = 1_000_000


class Step(Protocol):
    """To be called after a step, or after ``count`` of them."""

    def __call__(self, count: int = 1) -> None: ...


@contextmanager
def progress(what: str, total: int, *, wanted: bool = True) -> Iterator[Step]:
    """Gives the function to call after each of ``total`` steps."""
    if not wanted or total < LONG or not sys.stderr.isatty():
        yield lambda count=1: None  # noqa: ARG005 - nobody watches
        return
    from rich.progress import MofNCompleteColumn

    with _bar(what, total, MofNCompleteColumn()) as advance:
        yield lambda count=1: advance(count)


@contextmanager
def progress_of_answers(what: str, total: int) -> Iterator[Step]:
    """The same for work whose answers go to standard output as it goes on: where that is the terminal they show it."""
    with progress(what, total, wanted=not sys.stdout.isatty()) as step:
        yield step


@contextmanager
def progress_octets(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """The same for octets: gives the function to call with how many were done."""
    if total < LONG_OCTETS or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import DownloadColumn

    with _bar(what, total, DownloadColumn()) as advance:
        yield advance


@contextmanager
def _bar(what: str, total: int, column: "ProgressColumn") -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), column, TimeRemainingColumn())
    # What goes to standard output goes there: rich would have it shown above the bar, and a file would not get it.
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task(what, total=total)
        yield lambda steps: bar.advance(task, steps)
