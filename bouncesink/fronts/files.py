"""The file front: a mail that lies in a file, or is piped in, becomes a Mail for the way through.

A file has no SMTP transaction. Whom its mail came to is what the caller knows (a pipe transport does), else what the fields say
that a delivering MTA adds (``files.recipient_headers``), else unknown. Promises: nothing that is handed in is refused for its
address: an unknown or forged one is recorded as unproven, since whoever handed it in has taken the responsibility already and
cannot ask the sender. Content is brought to CRLF, so that the same mail by another door is the same mail. Total on any bytes.

Knows no store, rule or key, and no folder: where mails lie is ``cli.backlog``'s and ``maildir``'s.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from typing import Protocol

from bouncesink.config.sections import FilesSection
from bouncesink.core.headers import Headers
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.reply import TOO_BIG, Reply, reply_to
from bouncesink.core.verp.attribution import Attribution, Grammar
from bouncesink.core.verp.path import MAX_PATH, parse_path
from bouncesink.errors import BouncesinkError
from bouncesink.fronts.handed import Handed, head_of
from bouncesink.observe import log

_MAX_NAMED = 100  # addresses that are looked at in the fields of one name
_UNKNOWN = Admitted("", Attribution(Grammar.NONE, note="nothing says which address this mail came to"))
_NO_ADDRESS = Attribution(Grammar.NONE, note="this is no address")


class FileWay(Protocol):
    """The way through as this front needs it: lets in whatever is an address, and judges its tag as of a given time."""

    def admit(self, forward_path: str, at: datetime | None = None) -> Admitted | Reply: ...

    def accept(self, mail: Mail) -> Awaitable[Reply]: ...


class FileDoor:
    """Takes mails in. ``at_once`` may be on their way at a time, the others wait: files have time."""

    def __init__(self, way: FileWay, section: FilesSection, size_limit: int, at_once: int, now: Callable[[], datetime]) -> None:
        self._way = way
        self._section = section
        self.size_limit = size_limit
        self._turns = asyncio.Semaphore(max(1, at_once))
        self._now = now

    async def hand(self, handed: Handed) -> Reply:
        """Record it. A Reply below 400: it is durably ours; 4xx: trouble of ours; 5xx: it never will be."""
        if len(handed.content) > self.size_limit:
            return TOO_BIG
        try:
            async with self._turns:
                return await self._way.accept(self.gather(handed))
        except BouncesinkError as error:
            return reply_to(error)
        except Exception as error:  # noqa: BLE001 - a bug of ours must never cost a bounce: told as 451, kept in the log
            log.bug("files", error)
            return reply_to(error)

    def gather(self, handed: Handed) -> Mail:
        """The Mail that is recorded."""
        now = self._now()
        at = min(handed.received_at or now, now)
        content = canonical(handed.content)
        headers = Headers(head_of(content))
        if handed.forward_paths:
            admitted = tuple(self._admit(path, at) for path in dict.fromkeys(handed.forward_paths))
        else:
            admitted = self._named(headers, at)
        reverse_path = handed.reverse_path if handed.reverse_path is not None else headers.value("return-path")
        return Mail(Envelope(_bare(reverse_path), admitted), content, at, Peer(Via.FILE))

    def _admit(self, path: str, at: datetime) -> Admitted:
        if parse_path(path) is not None:
            answer = self._way.admit(path, at)
            if isinstance(answer, Admitted):
                return answer
            if answer.temporary:
                raise BouncesinkError("admission failed")  # a proven bounce must not be recorded as unproven by a bug of ours
        return Admitted(path[:MAX_PATH], _NO_ADDRESS)

    def _named(self, headers: Headers, at: datetime) -> tuple[Admitted, ...]:
        """Those of ours, from the first field that names any; else the first that is an address at all."""
        first: Admitted | None = None
        for name in self._section.recipient_headers:
            named = [self._admit(path, at) for path in _addresses(headers, name.lower())]
            ours = tuple(each for each in named if each.attribution.grammar is not Grammar.NONE)
            if ours:
                return ours
            first = first or (named[0] if named else None)
        return (first or _UNKNOWN,)


def canonical(content: bytes) -> bytes:
    """``content`` as SMTP would have brought it: CRLF line ends and one at the end, no mbox line in front."""
    if content.startswith((b"From ", b">From ")):
        content = content.partition(b"\n")[2]
    if content.count(b"\n") != content.count(b"\r\n"):
        content = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return content if content.endswith(b"\r\n") or not content else content + b"\r\n"


def _addresses(headers: Headers, name: str) -> Iterator[str]:
    """Exim writes several into one Envelope-To, with commas."""
    found = (_bare(word) for value in headers.all(name) for word in _words(value))
    for path, _ in zip((path for path in found if path and parse_path(path) is not None), range(_MAX_NAMED), strict=False):
        yield path


def _words(value: str) -> list[str]:
    return value.split(",") if value.count("@") > 1 and '"' not in value else [value]


def _bare(path: str) -> str:
    return path.strip().removeprefix("<").removesuffix(">")[:MAX_PATH]
