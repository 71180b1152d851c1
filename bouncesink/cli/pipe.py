"""A pipe: mails that trickle in, found by a thread of their own, so that nothing else waits while it is silent.

Standard input and FIFOs may say nothing for hours. Promises: the order stays; at most ``_AHEAD`` mails of ``_OCTETS_AHEAD``
octets, and one mail more, are found ahead of who takes them; reading can be ended at any moment, and what was not read to its
end is no mail then; a FIFO that nobody has opened for writing is waited for like any other silence. A regular file is no pipe.
Knows nothing of what a mail is.
"""

import asyncio
import io
import os
import select
import stat
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, BinaryIO, Generic, Self, TypeVar, cast

from bouncesink.cli.mails import STDIN, standard_input

_AHEAD = 64
_OCTETS_AHEAD = 1_048_576
# So many are told of at once, but where the pipe falls silent, and more are read where no more are left: two threads that take
# turns at every mail cost each other more than the mails do.
_AGAIN, _OCTETS_AGAIN = _AHEAD // 4, _OCTETS_AHEAD // 4
_BUFFER = 65_536  # what a pipe of Linux holds

T = TypeVar("T")


class _EndedError(Exception):
    """Whoever reads is to stop."""


class Pipe:
    """A descriptor that one thread reads until another one ends that. A context manager: entered, it is open.

    ``on_silence`` is called on the thread that reads, before it waits.
    """

    def __init__(self, descriptor: int, *, is_ours: bool) -> None:
        """``is_ours``: closed with us."""
        self._descriptor = descriptor
        self._woken, self._wake = os.pipe()
        self._closing = [self._woken, self._wake, *([descriptor] if is_ours else [])]
        self.on_silence: Callable[[], None] = lambda: None
        self._poll = select.poll()
        for each in (descriptor, self._woken):
            self._poll.register(each, select.POLLIN)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        while self._closing:
            os.close(self._closing.pop())

    def read_into(self, buffer: Any) -> int:
        """What is there, once something is; 0 at the end. Raises _EndedError after ``end``."""
        while True:
            ready = self._poll.poll(0)
            if not ready:
                self.on_silence()
                ready = self._poll.poll()
            if any(descriptor == self._woken for descriptor, _ in ready):
                raise _EndedError
            try:
                return os.readv(self._descriptor, [buffer])
            except BlockingIOError:
                continue  # somebody else took it

    def end(self) -> None:
        os.write(self._wake, b"\0")

    def file(self) -> BinaryIO:
        """To be read as any file. Closing it closes nothing."""
        return cast("BinaryIO", io.BufferedReader(_Raw(self), _BUFFER))


class _Raw(io.RawIOBase):
    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._pipe.read_into(buffer)


def pipe_of(name: str) -> Pipe | None:
    """What ``name`` is, if that is no regular file. OSError where it cannot be opened."""
    if name == STDIN:
        try:
            descriptor = standard_input().fileno()
        except io.UnsupportedOperation:
            return None  # not the process's own
        return None if stat.S_ISREG(os.fstat(descriptor).st_mode) else Pipe(descriptor, is_ours=False)
    if stat.S_ISREG(os.stat(name).st_mode):  # noqa: PTH116 - a Path would lose "./" and change the file's name
        return None
    return Pipe(os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), is_ours=True)


class Flow(Generic[T]):
    """What a thread finds in a pipe. ``octets_of`` says how large one is."""

    def __init__(self, found: Iterator[T], octets_of: Callable[[T], int]) -> None:
        self._source = found
        self._octets_of = octets_of
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._turn = threading.Condition()
        self._found: deque[T] = deque()
        self._octets = 0
        self._is_over = False
        self._error: BaseException | None = None

    @classmethod
    @asynccontextmanager
    async def of(cls, pipe: Pipe, found: Iterator[T], octets_of: Callable[[T], int]) -> AsyncIterator["Flow[T]"]:
        """``found`` reads ``pipe``, on the thread. Leaving ends it."""
        flow = cls(found, octets_of)
        pipe.on_silence = flow._tell
        thread = threading.Thread(target=flow._read, name="pipe", daemon=True)
        thread.start()
        try:
            yield flow
        finally:
            pipe.end()
            with flow._turn:
                flow._is_over = True
                flow._turn.notify_all()
            thread.join()

    @property
    def is_over(self) -> bool:
        """Whether nothing is there, and nothing will be."""
        with self._turn:
            return self._is_over and not self._found

    def take(self) -> T | None:
        """The next, if it is there. Raises what reading raised, once all before it is taken."""
        with self._turn:
            if self._found:
                one = self._found.popleft()
                self._octets -= self._octets_of(one)
                if len(self._found) <= _AGAIN and self._octets <= _OCTETS_AGAIN:
                    self._turn.notify_all()
                return one
            self._news.clear()
            if self._error is not None:
                raise self._error
            return None

    async def wait(self) -> None:
        """Until there is something to take, or nothing more will be."""
        await self._news.wait()

    def _read(self) -> None:
        try:
            for one in self._source:
                if not self._put(one):
                    return
        except _EndedError:
            pass
        except BaseException as error:  # noqa: BLE001 - raised where it is taken
            self._error = error
        finally:
            with self._turn:
                self._is_over = True
            self._tell()

    def _put(self, one: T) -> bool:
        """Whether anybody wants more."""
        octets = self._octets_of(one)
        with self._turn:
            if not self._has_room(octets):
                self._tell()
            self._turn.wait_for(lambda: self._is_over or self._has_room(octets))
            if self._is_over:
                return False
            self._found.append(one)
            self._octets += octets
            is_much = len(self._found) == _AGAIN or self._octets >= _OCTETS_AGAIN
        if is_much:
            self._tell()
        return True

    def _tell(self) -> None:
        self._loop.call_soon_threadsafe(self._news.set)

    def _has_room(self, octets: int) -> bool:
        return not self._found or (len(self._found) < _AHEAD and self._octets + octets <= _OCTETS_AHEAD)
