"""Rule watch: a changed folder of rules is taken up by the running server, a bad one is refused while the old book stays.

The folder is looked at every few seconds, and at once when it is told to (SIGHUP). What is looked at is names, sizes, times
and inodes. A change is read once it has held still for a whole round, so that half a copy is never judged by; after SIGHUP
that is not waited for. Reading, compiling and proving are done in a thread: mails and commits do not wait for them.

Promises: the book that is handed on holds whole, and its folder stood still while it was read; a refusal names every problem
and is told once for each change; nothing that goes wrong here ends the server. Whoever takes the book decides which mail is
judged by which: the way through takes one for each mail. Must not know SQL, sockets or signals.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import perf_counter

from bouncesink.core.rulebook import Rulebook
from bouncesink.errors import RuleError
from bouncesink.observe import log
from bouncesink.rulefiles import load_rulebook, own_files

ROUND_SECONDS = 2.0

Take = Callable[[Rulebook], None]
Marks = tuple[tuple[str, int, int, int], ...]


class RuleWatch:
    """The book in force, ``book``, and the folder that it came from; without one there is nothing to watch."""

    def __init__(self, folder: Path | None) -> None:
        """Reads the rules. RuleError where they do not hold: a server does not start with them."""
        self._folder = folder
        self._seen = self._tried = marks_of(folder) if folder else None
        self._asked = asyncio.Event()
        self._takers: list[Take] = []
        self.book = load_rulebook(folder)

    def look_now(self) -> None:
        """Read the folder at once, whether or not it has changed."""
        self._asked.set()

    def tell(self, take: Take) -> None:
        """``take`` is called with each new book, beside whoever is told by ``running``."""
        self._takers.append(take)

    @asynccontextmanager
    async def running(self, take: Take | None = None, seconds: float = ROUND_SECONDS) -> AsyncIterator[None]:
        """Watch while the context is open. ``take`` is called on this loop with each new book."""
        if take is not None:
            self.tell(take)
        watching = asyncio.create_task(self._watch(self._folder, seconds)) if self._folder else None
        try:
            yield
        finally:
            if watching:
                watching.cancel()
                await asyncio.wait([watching])

    async def _watch(self, folder: Path, seconds: float) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), seconds)
            asked = self._asked.is_set()
            self._asked.clear()
            try:
                await self._look(folder, asked=asked)
            except Exception as error:  # noqa: BLE001 - rules that cannot be watched are no reason to end the server
                log.bug("rulewatch", error)

    async def _look(self, folder: Path, *, asked: bool) -> None:
        before, self._seen = self._seen, await asyncio.to_thread(marks_of, folder)
        if asked or (self._seen != self._tried and self._seen == before):
            self._tried = self._seen
            await self._reload(folder)

    async def _reload(self, folder: Path) -> None:
        started = perf_counter()
        book, problems = await asyncio.to_thread(_load, folder)
        if await asyncio.to_thread(marks_of, folder) != self._tried:
            return  # it moved meanwhile: what was read may be of two minds, and the coming rounds read it again
        if book is None:
            log.rules_refused(problems=problems, rulebook=self.book.hash)
            return
        replaced, self.book = self.book, book
        for take in self._takers:
            take(book)
        log.rules_reloaded(rulebook=book.hash, replaced=replaced.hash, rules=len(book.rules), seconds=perf_counter() - started)


def _load(folder: Path) -> tuple[Rulebook | None, tuple[str, ...]]:
    try:
        return load_rulebook(folder), ()
    except RuleError as error:
        return None, error.problems


def marks_of(folder: Path) -> Marks | None:
    """What a change shows by; None where the folder cannot be looked at."""
    try:
        return tuple(_mark(path) for path in own_files(folder))
    except OSError:
        return None


def _mark(path: Path) -> tuple[str, int, int, int]:
    """A file that cannot be looked at has a mark too: once it can be, that is a change."""
    try:
        found = path.stat()
    except OSError:
        return str(path), 0, 0, 0
    return str(path), found.st_mtime_ns, found.st_size, found.st_ino
