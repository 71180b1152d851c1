"""Ingesting: a run of ``bouncesink ingest``, from what was ordered to what came of it.

Promises: many mails are on their way at once, so that they share commits, and a bounded number of octets; they are settled in
their order; on trouble of ours no more are begun, and what was settled stays so. Whatever goes wrong in a pipe is 75: there the
mail lies with an MTA that would else bounce it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, closing, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from time import monotonic
from traceback import print_exception

from bouncesink.cli.backlog import Backlog, Lying, Source
from bouncesink.cli.complaints import complain
from bouncesink.cli.exits import Exit
from bouncesink.cli.mails import STDIN, find_files
from bouncesink.cli.pipe import Flow, Pipe
from bouncesink.cli.progress import progress_octets
from bouncesink.cli.settings import is_in_use, keyring_of, settle
from bouncesink.config.sections import Config, StoreSection
from bouncesink.config.words import LogLevel
from bouncesink.core.reply import Reply
from bouncesink.errors import BouncesinkError, ProblemsError, SchemaTooNew, StoreError
from bouncesink.fronts.entrance import Door, Entrance
from bouncesink.fronts.handed import Handed, received_at
from bouncesink.fronts.handover_socket import socket_path

AT_ONCE = 256
OCTETS_AT_ONCE = 33_554_432
PATIENCE = 30.0  # seconds that a mail of a backlog is tried again after trouble of ours
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_MOST_COMPLAINTS = 20
_QUIET = (LogLevel.WARNING, LogLevel.ERROR)


@dataclass(frozen=True, slots=True)
class Orders:
    """What the command line says. ``by_header``: each mail says itself when it came. ``piped``: one of ``paths`` is -."""

    paths: tuple[str, ...]
    forward_paths: tuple[str, ...]
    reverse_path: str | None
    received_at: datetime | None
    again: bool
    by_header: bool
    piped: bool

    def handed(self, content: bytes) -> Handed:
        at = received_at(content, datetime.now(UTC)) if self.by_header else self.received_at
        return Handed(content, self.forward_paths, self.reverse_path, at)


@dataclass(slots=True)
class Tally:
    """What came of it. ``refused`` never will be recorded; ``deferred`` met trouble of ours; ``unread`` are files."""

    recorded: int = 0
    duplicates: int = 0
    refused: int = 0
    deferred: int = 0
    unread: int = 0
    failed: Exit = Exit.OK
    seconds: float = 0.0
    _complaints: int = field(default=0, repr=False)

    def counts(self) -> dict[str, int]:
        names = ("recorded", "duplicates", "refused", "deferred", "unread")
        return {name: getattr(self, name) for name in names}

    @property
    def exit(self) -> Exit:
        """The gravest."""
        if self.failed is not Exit.OK:
            return self.failed
        found = ((self.deferred, Exit.TEMPFAIL), (self.unread, Exit.NO_INPUT), (self.refused, Exit.DATA))
        return next((code for count, code in found if count), Exit.OK)

    def note(self, name: str, reply: Reply) -> None:
        if reply.accepted:
            self.recorded += not reply.duplicate
            self.duplicates += reply.duplicate
            return
        self.deferred += reply.temporary
        self.refused += not reply.temporary
        self._complaints += 1
        if self._complaints <= _MOST_COMPLAINTS:
            complain(f"{name}: {reply}")

    def unreadable(self, name: str, why: str) -> None:
        self.unread += 1
        complain(f"{name}: {why}")


def run(orders: Orders, database: Path | None, file: Path | None) -> Tally:
    """Do it all. BouncesinkError where a run that is no pipe cannot even begin."""
    tally = Tally()
    begun = monotonic()
    try:
        config = settle(file, database=database).config
        asyncio.run(_ingest(orders, config, tally))
    except BouncesinkError as error:
        if not orders.piped and (isinstance(error, SchemaTooNew) or not isinstance(error, StoreError)):
            raise
        complain(*(error.problems if isinstance(error, ProblemsError) else (str(error),)))
        tally.failed = Exit.TEMPFAIL
    except Exception as error:  # a bug of ours must not have an MTA bounce the mail
        if not orders.piped:
            raise
        print_exception(error)
        tally.failed = Exit.TEMPFAIL
    if orders.piped and tally.unread and tally.failed is Exit.OK:
        tally.failed = Exit.TEMPFAIL  # whatever kept us from reading the pipe, nobody has the mail but who wrote to it
    tally.seconds = monotonic() - begun
    return tally


async def _ingest(orders: Orders, config: Config, tally: Tally) -> None:
    files = find_files(orders.paths, tally.unreadable)
    backlog = Backlog(
        files,
        limit=config.smtp.size_limit,
        unreadable=tally.unreadable,
        bookmarks=None if orders.again else StoredBookmarks(config.store),
        one_each=bool(orders.forward_paths) or orders.reverse_path is not None,
    )
    path, patience = socket_path(config.store.path), max(config.store.busy_timeout, _patience(orders))
    async with Entrance.open(path, lambda: _own(config, entrance.give_way), patience) as entrance:
        with progress_octets("ingesting", backlog.octets) as advance:
            window = Window(orders, entrance, tally, advance)
            try:
                await window.pass_all(backlog)
            finally:
                backlog.keep_bookmarks()
    if not sum(tally.counts().values()) and STDIN not in files:
        complain("there is nothing new")


def _own(config: Config, give_way: Callable[[], None]) -> AbstractAsyncContextManager[Door]:
    """Our own way in. Imported late: a pipe transport starts us for each mail, and a server has it all at hand."""
    from bouncesink.app.server import own_door
    from bouncesink.observe import log

    if config.log.level not in _QUIET:
        log.configure(replace(config.log, level=LogLevel.WARNING))  # a line for each mail would hide the summary
    in_use = is_in_use(config)  # before the door makes one
    return own_door(config, lambda: keyring_of(config, in_use=in_use), give_way)


def _patience(orders: Orders) -> float:
    """A backlog can wait for trouble to pass; a pipe transport has a queue for that."""
    return 0.0 if orders.piped else PATIENCE


class Window:
    """The mails that are on their way."""

    def __init__(self, orders: Orders, door: Door, tally: Tally, advance: Callable[[int], None]) -> None:
        self._orders = orders
        self._door = door
        self._tally = tally
        self._advance = advance
        self._mails: deque[tuple[Lying, asyncio.Task[Reply]]] = deque()
        self._octets = 0
        self._stop = False

    async def pass_all(self, backlog: Backlog) -> None:
        try:
            with closing(backlog.sources()) as sources:
                for source in sources:
                    await (self._pass(source.mails) if source.pipe is None else self._pass_pipe(source, source.pipe))
                    if self._stop:
                        break
            while self._mails:
                await self._settle()
        finally:
            for _, task in self._mails:
                task.cancel()
            await asyncio.gather(*(task for _, task in self._mails), return_exceptions=True)

    async def _pass(self, mails: Iterator[Lying]) -> None:
        for mail in mails:
            await self._pass_on(mail)
            if self._stop:
                break

    async def _pass_pipe(self, source: Source, pipe: Pipe) -> None:
        async with Flow.of(pipe, source.mails, lambda mail: len(mail.content)) as flow:
            try:
                while (mail := await self._next(flow)) is not None:
                    await self._pass_on(mail)
            except OSError as error:
                self._tally.unreadable(source.name, error.strerror or str(error))

    async def _next(self, flow: Flow[Lying]) -> Lying | None:
        """The next of a pipe. While it is silent, what is in hand is settled as it comes."""
        while not self._stop:
            mail = flow.take()
            if mail is not None or flow.is_over:
                return mail
            news = asyncio.ensure_future(flow.wait())
            await asyncio.wait({news, *(task for _, task in islice(self._mails, 1))}, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            await self._settle_what_is_done()
        return None

    async def _pass_on(self, mail: Lying) -> None:
        self._begin(mail)
        await asyncio.sleep(0)
        await self._settle_what_is_done()

    async def _settle_what_is_done(self) -> None:
        """And what there is no room to leave unsettled."""
        while self._mails and (self._is_full() or self._mails[0][1].done()):
            await self._settle()

    def _begin(self, mail: Lying) -> None:
        self._octets += len(mail.content)
        self._mails.append((mail, asyncio.get_running_loop().create_task(self._hand(mail))))

    def _is_full(self) -> bool:
        return len(self._mails) >= AT_ONCE or self._octets >= OCTETS_AT_ONCE

    async def _settle(self) -> None:
        """The oldest."""
        mail, task = self._mails[0]
        reply = await task
        self._mails.popleft()
        self._octets -= len(mail.content)
        self._tally.note(mail.name, reply)
        mail.settle(not reply.temporary)
        self._advance(mail.octets)
        self._stop = self._stop or reply.temporary

    async def _hand(self, mail: Lying) -> Reply:
        handed = self._orders.handed(mail.content)
        deadline = monotonic() + _patience(self._orders)
        pause = _FIRST_PAUSE
        while True:
            reply = await self._door.hand(handed)
            if not reply.temporary or self._stop or monotonic() + pause > deadline:
                return reply
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


class StoredBookmarks:
    """In the database. A bookmark that cannot be read or kept costs time alone, so it is not worth a word."""

    def __init__(self, section: StoreSection) -> None:
        self._section = section

    def read(self, source: str) -> tuple[int, str] | None:
        from bouncesink.store.bookmarks import read_bookmark

        with suppress(StoreError):
            return read_bookmark(self._section, source)
        return None

    def keep(self, source: str, position: int, mark: str) -> None:
        from bouncesink.store.bookmarks import keep_bookmark

        with suppress(StoreError):
            keep_bookmark(self._section, source, position, mark)
