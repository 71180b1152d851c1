"""A Maildir that is watched: what an MTA delivers into ``new`` is recorded, and only then moved to ``cur``.

Promises: a mail leaves ``new`` after its commit and never before, so a crash at any point costs nothing; on trouble of ours it
stays there and is tried again, less and less often; ``tmp`` is never touched; a file that vanished is nobody's concern; one
that cannot be read, or never will be taken, is told once and looked at again much later, so that it keeps nothing busy.
Reading is done in a thread, a bounded number of files and octets at a time. Polling: works on every file system, those of
other machines too. Source: https://cr.yp.to/proto/maildir.html. Knows no store, rule or key.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from bouncesink.core.reply import Reply
from bouncesink.errors import ConfigError
from bouncesink.fronts.files import FileDoor
from bouncesink.fronts.handed import Handed
from bouncesink.observe import log

FILES_A_TURN = 200
OCTETS_A_TURN = 33_554_432
INTERVAL = 1.0
_LONGEST_PAUSE = 60.0
_LOOK_AGAIN = 600.0  # seconds until a file that could not be read or taken is looked at again
_MOST_PASSED = 100_000


def move_to_cur(path: Path) -> None:
    """A mail of ``new`` is dealt with. OSError; what has vanished is moved already."""
    name = path.name if ":2," in path.name else f"{path.name}:2,"
    try:
        path.rename(path.parent.parent / "cur" / name)
    except FileNotFoundError:
        if path.exists():
            raise


def is_maildir(path: Path) -> bool:
    return (path / "new").is_dir() and (path / "cur").is_dir()


@asynccontextmanager
async def watching(paths: Sequence[Path], door: FileDoor) -> AsyncIterator[None]:
    """Watch all of ``paths`` while the context is open. ConfigError, naming each that is no Maildir, and none is watched."""
    no_maildirs = await asyncio.to_thread(lambda: [path for path in paths if not is_maildir(path)])
    if no_maildirs:
        raise ConfigError(
            tuple(f"listen: maildir:{path}: is no Maildir that can be read: it has no new and cur" for path in no_maildirs)
        )
    async with AsyncExitStack() as stack:
        for path in paths:
            await stack.enter_async_context(MaildirWatch.running(path, door))
        yield


@dataclass(slots=True)
class _Read:
    """A file of ``new``, read: its content, or why there is none."""

    path: Path
    content: bytes = b""
    why: str = ""


class MaildirWatch:
    """One Maildir and the task that looks at it every ``interval`` seconds."""

    def __init__(self, path: Path, door: FileDoor, interval: float = INTERVAL) -> None:
        self.path = path
        self._door = door
        self._interval = interval
        self._passed: dict[str, float] = {}  # names in ``new`` that are left alone until then
        self._in_trouble = False

    @classmethod
    @asynccontextmanager
    async def running(cls, path: Path, door: FileDoor, interval: float = INTERVAL) -> AsyncIterator[None]:
        """Watch while the context is open; leaving finishes what is on its way."""
        watch = cls(path, door, interval)
        stop = asyncio.Event()
        task = asyncio.get_running_loop().create_task(watch._run(stop), name=f"maildir {path}")
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait([task])

    async def turn(self) -> bool | None:
        """Take in what is there; None where there was nothing, else whether all went well on our side."""
        try:
            found = await asyncio.to_thread(self._read)
        except OSError as error:
            self._tell(str(self.path / "new"), error.strerror or str(error))
            return False
        if not found:
            return None
        replies = await asyncio.gather(*(self._door.hand(Handed(each.content)) for each in found if not each.why))
        self._in_trouble = any(reply.temporary for reply in replies)
        settled = [each for each in found if not each.why]
        await asyncio.to_thread(self._settle, list(zip(settled, replies, strict=True)))
        for each in found:
            if each.why:
                self._pass_over(each.path, each.why)
        return not self._in_trouble

    async def _run(self, stop: asyncio.Event) -> None:
        pause = self._interval
        while not stop.is_set():
            try:
                well = await self.turn()
            except Exception as error:  # noqa: BLE001 - a bug of ours here must not end the watch
                log.bug("maildir", error)
                well = False
            if well:
                pause = self._interval
                continue
            pause = self._interval if well is None else min(pause * 2, max(_LONGEST_PAUSE, self._interval))
            try:
                async with asyncio.timeout(pause):
                    await stop.wait()
            except TimeoutError:
                continue

    def _read(self) -> list[_Read]:
        """Some files of ``new``, those first that came first as far as their names tell."""
        now = monotonic()
        names = sorted(each.name for each in os.scandir(self.path / "new") if not each.name.startswith("."))
        there = set(names)
        self._passed = {name: until for name, until in self._passed.items() if name in there}
        found: list[_Read] = []
        octets = 0
        for name in names:
            if len(found) >= FILES_A_TURN or octets >= OCTETS_A_TURN:
                break
            if self._passed.get(name, 0.0) > now:
                continue
            path = self.path / "new" / name
            try:
                with path.open("rb") as file:
                    content = file.read(self._door.size_limit + 1)
            except FileNotFoundError:
                continue
            except OSError as error:
                found.append(_Read(path, why=error.strerror or str(error)))
                continue
            octets += len(content)
            found.append(_Read(path, content))
        return found

    def _settle(self, answered: list[tuple[_Read, Reply]]) -> None:
        for each, reply in answered:
            if reply.accepted:
                try:
                    move_to_cur(each.path)
                except OSError as error:
                    self._pass_over(each.path, f"it is recorded, but cannot be moved to cur: {error.strerror or error}")
            elif not reply.temporary:
                self._pass_over(each.path, str(reply))

    def _pass_over(self, path: Path, why: str) -> None:
        log.file_trouble(path=path, why=why)
        if len(self._passed) < _MOST_PASSED:
            self._passed[path.name] = monotonic() + _LOOK_AGAIN

    def _tell(self, path: str, why: str) -> None:
        """Trouble with the whole is told when it begins."""
        if not self._in_trouble:
            log.file_trouble(path=path, why=why)
        self._in_trouble = True
