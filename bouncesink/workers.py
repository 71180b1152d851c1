"""Workers: several processes receive, read and judge; this one records. Started, watched, replaced and ended here.

Each worker is the same program (``python -m bouncesink.worker``), told over its standard input what it needs, with the sockets
that it listens on and one that leads to our ``Door``. Promises: where one cannot start there is no server, and those that serve
already are ended; one that dies is replaced, at once the first time and more slowly when it goes on, and takes nothing that was
acknowledged with it: 250 was said only of what this process had committed. Its listening socket stays open here meanwhile, so
that who connects waits for the next. At the end every worker has drained, or was killed after the patience that it was given.
What a worker says besides its mails goes to an ``Ear``, to the last word that it said before it ended.

Must not know what a worker does, nor what is in its briefing.
"""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any, Protocol

from bouncesink.errors import BouncesinkError
from bouncesink.observe import log
from bouncesink.store.intake import Intake
from bouncesink.store.remote.door import Door

COMMAND = (sys.executable, "-m", "bouncesink.worker")
START_SECONDS = 60.0
LAST_WORD_SECONDS = 2.0  # to hear what a process said before it ended
SOON = 10.0  # a worker that lives less long than this is replaced more slowly each time
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 10.0


@dataclass(frozen=True, slots=True)
class Post:
    """What one worker is for: ``briefing`` makes the octets for its standard input from the number of the descriptor that leads
    to us; ``descriptors`` are passed on besides.
    """

    briefing: Callable[[int], bytes]
    descriptors: Sequence[int]


class Ear(Protocol):
    """Who watches the workers. A process is the ``life``th that was ever started here."""

    def greet(self) -> object:
        """What a process is told when it is ready."""
        ...

    def hear(self, life: int, said: Any) -> None:
        """One of them said so."""
        ...

    def bury(self, life: int) -> None:
        """It is gone, and all that it had said was heard."""
        ...


@dataclass(slots=True)
class _Worker:
    """One place among the workers, and the process that holds it now."""

    number: int
    post: Post
    process: asyncio.subprocess.Process | None = None
    door: Door | None = None  # of this process
    is_ready: bool = False  # of this process; before that a signal that it will handle ends it
    ready: asyncio.Event = field(default_factory=asyncio.Event)  # of any that held the place

    def welcome(self) -> None:
        self.is_ready = True
        self.ready.set()


class Workers:
    """Those that are employed. ``async with Workers.employed(...)``; leaving it ends them."""

    def __init__(self, posts: Sequence[Post], intake: Intake, patience: float, ear: Ear) -> None:
        self._workers = [_Worker(number, post) for number, post in enumerate(posts, 1)]
        self._intake = intake
        self._patience = patience
        self._ear = ear
        self._lives = 0
        self._ending = False

    @classmethod
    @asynccontextmanager
    async def employed(cls, posts: Sequence[Post], intake: Intake, patience: float, ear: Ear) -> AsyncIterator["Workers"]:
        """Every one ready, or BouncesinkError and none left. They have ``patience`` seconds for their last transactions."""
        workers = cls(posts, intake, patience, ear)
        watching = [asyncio.create_task(workers._keep(each), name=f"worker {each.number}") for each in workers._workers]
        try:
            await workers._all_ready(watching)
            yield workers
        finally:
            await workers._end(watching)

    @property
    def present(self) -> int:
        """How many are ready and live."""
        return sum(each.is_ready and each.process is not None and each.process.returncode is None for each in self._workers)

    def say(self, said: object) -> None:
        """Tell every worker that is ready. One that is just starting is greeted."""
        for worker in self._workers:
            if worker.is_ready and worker.door is not None:
                worker.door.say(said)

    def hang_up(self) -> None:
        """Send SIGHUP to every worker. One that is just starting reads everything anyway."""
        self._signal(signal.SIGHUP, [worker for worker in self._workers if worker.is_ready])

    def _signal(self, number: signal.Signals, workers: Sequence[_Worker]) -> None:
        for worker in workers:
            if worker.process is not None and worker.process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    worker.process.send_signal(number)

    async def _all_ready(self, watching: Sequence[asyncio.Task[None]]) -> None:
        ready = asyncio.create_task(self._each_ready())
        await asyncio.wait((ready, *watching), timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            raise BouncesinkError("a worker did not start: the log says why")

    async def _each_ready(self) -> None:
        for worker in self._workers:
            await worker.ready.wait()

    async def _end(self, watching: Sequence[asyncio.Task[None]]) -> None:
        self._ending = True
        self._signal(signal.SIGTERM, self._workers)
        _, late = await asyncio.wait(watching, timeout=self._patience)
        self._signal(signal.SIGKILL, self._workers)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    async def _keep(self, worker: _Worker) -> None:
        """One process after the other, until the end. Returns early where the first never became ready."""
        pause = 0.0
        while not self._is_over():
            began = monotonic()
            try:
                code = await self._run(worker)
            except Exception as error:  # noqa: BLE001 - a bug of ours must not leave this place empty for ever
                log.bug("workers", error)
                code = None
            if self._is_over():
                return
            log.worker_died(worker=worker.number, code=code, seconds=monotonic() - began)
            if not worker.ready.is_set():
                return
            pause = min(max(2 * pause, _FIRST_PAUSE), _LONGEST_PAUSE) if monotonic() - began < SOON else 0.0
            await asyncio.sleep(pause)

    def _is_over(self) -> bool:
        return self._ending

    async def _run(self, worker: _Worker) -> int:
        """One process from its start to its end; its exit code."""
        worker.is_ready = False
        self._lives += 1
        life = self._lives
        ours, theirs = socket.socketpair()
        with theirs:
            transport, door = await asyncio.get_running_loop().create_connection(
                lambda: Door(self._intake, lambda: self._welcome(worker), partial(self._ear.hear, life)), sock=ours
            )
            worker.door = door
            try:
                process = worker.process = await asyncio.create_subprocess_exec(
                    *COMMAND, stdin=asyncio.subprocess.PIPE, pass_fds=(theirs.fileno(), *worker.post.descriptors)
                )
                if self._ending:
                    process.terminate()
                with contextlib.suppress(OSError):  # it died before it had read all: its exit code says more
                    await _tell(process, worker.post.briefing(theirs.fileno()))
            except BaseException:
                transport.close()
                raise
        try:
            code = await process.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORD_SECONDS):
                    await door.lost.wait()
            return code
        finally:
            transport.close()
            self._ear.bury(life)

    def _welcome(self, worker: _Worker) -> None:
        worker.welcome()
        if worker.door is not None:
            worker.door.say(self._ear.greet())


async def _tell(process: asyncio.subprocess.Process, briefing: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(briefing)
    await process.stdin.drain()
    process.stdin.close()
