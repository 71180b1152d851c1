"""Rule watch: a changed folder of rules is taken up by the running server, a bad one is refused while the old book stays.

``filewatch`` tells when the folder has changed. Reading, compiling and proving are done in a thread: mails and commits do not
wait for them.

Promises: the book that is handed on holds whole, and its folder stood still while it was read; a refusal names every problem
and is told once for each change; nothing that goes wrong here ends the server. Whoever takes the book decides which mail is
judged by which: the way through takes one for each mail. Must not know SQL, sockets or signals.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bouncesink.core.rulebook import Rulebook
from bouncesink.errors import RuleError
from bouncesink.filewatch import ROUND_SECONDS, FileWatch, Marks, mark_of
from bouncesink.observe import log
from bouncesink.process.heap import settle
from bouncesink.rulefiles import OwnFiles, load_rulebook, own_files, read_own

Take = Callable[[Rulebook], None]


@dataclass(frozen=True, slots=True)
class InForce:
    """What the book in force was made of, and the marks of the folder when that was looked at last: for another process, which
    then judges by the same book whatever has become of the folder.
    """

    files: OwnFiles
    marks: Marks | None


class RuleWatch:
    """The book in force, ``book``, and the folder that it came from; without one there is nothing to watch."""

    def __init__(self, folder: Path | None, in_force: InForce | None = None) -> None:
        """Reads the rules, or takes those that are ``in_force`` already. RuleError where they do not hold: a server does not
        start with them.
        """
        self._folder = folder
        self._watch = FileWatch("rulewatch", lambda: marks_of(folder) if folder else None)
        if in_force is not None:
            self._watch.read_before(in_force.marks)
        self._takers: list[Take] = []
        self.in_force = in_force or InForce(read_own(folder), self._watch.tried)
        self.book = load_rulebook(folder, self.in_force.files)
        settle()

    def look_now(self) -> None:
        """Read the folder at once, whether or not it has changed."""
        self._watch.look_now()

    def tell(self, take: Take) -> None:
        """``take`` is called with each new book, beside whoever is told by ``running``."""
        self._takers.append(take)

    @asynccontextmanager
    async def running(self, take: Take | None = None, seconds: float = ROUND_SECONDS) -> AsyncIterator[None]:
        """Watch while the context is open. ``take`` is called on this loop with each new book."""
        if take is not None:
            self.tell(take)
        folder = self._folder
        if folder is None:
            yield
            return
        async with self._watch.running(lambda: self._reload(folder), seconds):
            yield

    async def _reload(self, folder: Path) -> None:
        started = perf_counter()
        book, files, problems = await asyncio.to_thread(_load, folder)
        if not await self._watch.stood_still():
            return  # what was read may be of two minds, and the coming rounds read it again
        self.in_force = InForce(self.in_force.files if book is None else files, self._watch.tried)
        if book is None:
            log.rules_refused(problems=problems, rulebook=self.book.hash)
            return
        replaced, self.book = self.book, book
        for take in self._takers:
            take(book)
        settle()
        log.rules_reloaded(rulebook=book.hash, replaced=replaced.hash, rules=len(book.rules), seconds=perf_counter() - started)


def _load(folder: Path) -> tuple[Rulebook | None, OwnFiles, tuple[str, ...]]:
    files = read_own(folder)
    try:
        return load_rulebook(folder, files), files, ()
    except RuleError as error:
        return None, files, error.problems


def marks_of(folder: Path) -> Marks | None:
    """What a change of the folder shows by; None where it cannot be looked at."""
    try:
        return tuple(mark_of(path) for path in own_files(folder))
    except OSError:
        return None
