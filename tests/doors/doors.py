"""What the tests of every door share: a mailbox with troubles, a door in a loop and thread of its own, what the log says."""

import asyncio
import io
import json
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from bouncesink.config.sections import LogSection
from bouncesink.core.mail import Admitted, Mail, Peer
from bouncesink.core.reply import NO_SUCH_ADDRESS, Reply, recorded_as
from bouncesink.core.verp.attribution import Attribution, Grammar
from bouncesink.errors import StoreBusy, StoreFull
from bouncesink.observe import log

PATIENCE = 20.0
MEGABYTE = 1_048_576

OpenDoor = Callable[..., Any]  # the fixtures, which are each folder's own
Call = Callable[..., Any]


@dataclass
class Mailbox:
    """What stands behind a door: keeps mails, and has the troubles that its recipients are named after."""

    mails: list[Mail] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    entered: threading.Event = field(default_factory=threading.Event)
    may_commit: threading.Event = field(default_factory=threading.Event)

    def admit(self, forward_path: str, *, peer: Peer | None = None) -> Admitted | Reply:
        self.named.append(forward_path)
        if forward_path.startswith("nobody"):
            return NO_SUCH_ADDRESS
        if forward_path.startswith("admit-bug"):
            raise KeyError("secret of admit")
        return Admitted(forward_path, Attribution(Grammar.NONE))

    async def accept(self, mail: Mail) -> Reply:
        self.entered.set()
        trouble = mail.envelope.admitted[0].forward_path.partition("@")[0]
        if trouble == "busy":
            raise StoreBusy("/secret/path is locked")
        if trouble == "full":
            raise StoreFull("/secret/path is full")
        if trouble == "bug":
            raise KeyError("secret of accept")
        if trouble == "slow":
            await asyncio.to_thread(self.may_commit.wait, PATIENCE)
        self.mails.append(mail)
        return recorded_as(str(len(self.mails)))


class Door:
    """Sessions in a thread. ``stop`` is what SIGTERM does: no one new is let in, and who is in is drained."""

    def __init__(self, mailbox: Mailbox, new_loop: Callable[[], Any] | None = None) -> None:
        self.mailbox = mailbox
        self.troubles: list[str] = []
        self._new_loop = new_loop
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(PATIENCE)

    @abstractmethod
    def _open(self) -> AbstractAsyncContextManager[None]:
        """Listen; leaving it drains."""

    def stop(self) -> None:
        with suppress(RuntimeError):  # it has stopped already
            self._loop.call_soon_threadsafe(self._stop.set)

    def join(self) -> None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the door did not close"
        assert self.troubles == []

    def do(self, act: Callable[[], object]) -> None:
        """Have ``act`` done on the loop."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (act(), done.set()))
        assert done.wait(PATIENCE)

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=self._new_loop) as runner:
                runner.run(self._serve())
        except Exception as error:
            self.troubles.append(repr(error))
            raise
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda _loop, context: self.troubles.append(str(context)))
        self._stop = asyncio.Event()
        async with self._open():
            self._ready.set()
            await self._stop.wait()


@contextmanager
def closed_at_the_end() -> Iterator[list[Any]]:
    """A list of doors: each is closed, and was without trouble, at the end."""
    doors: list[Any] = []
    yield doors
    for door in doors:
        door.mailbox.may_commit.set()
        door.stop()
        door.join()


@contextmanager
def hung_up_at_the_end() -> Iterator[list[Any]]:
    """A list of callers: each hangs up at the end."""
    callers: list[Any] = []
    yield callers
    for caller in callers:
        caller.close()


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """What the log says meanwhile."""
    stream = io.StringIO()
    log.configure(LogSection(), stream)
    yield stream
    log.configure(LogSection())


def until(condition: Callable[[], object], what: str, within: float = PATIENCE) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.005)


def events(written: io.StringIO, expected: int) -> list[dict[str, Any]]:
    """What the log says, once it says ``expected`` lines: those of one turn of the loop are written at its end."""
    until(lambda: written.getvalue().count("\n") >= expected, f"{expected} lines in the log")
    return [json.loads(line) for line in written.getvalue().splitlines()]
