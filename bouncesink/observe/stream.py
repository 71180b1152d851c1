"""The stream under the log: levels, the shape of a line, and the one place that writes it.

Promises: no line is ever torn, so lines of several processes on one pipe do not mix; a stream that is full or closed, or that
nobody reads, loses lines and stops nobody; control characters of strangers never reach a terminal. Our own events skip stdlib's
handlers, which cost more than a line itself; foreign records come in through one stdlib handler and leave by the same writer.

This module must not know any event.
"""

import asyncio
import contextlib
import functools
import json
import logging
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

import orjson
import structlog

from bouncesink.config.sections import LogSection
from bouncesink.config.words import LogFormat, LogLevel
from bouncesink.observe.tally import TALLY
from bouncesink.observe.terminal import escape_control

Render = Callable[[str, str, Mapping[str, Any]], str]
"""Level, name of the event and its facts, to a line without its end."""

_SEVERITY = {level: number for number, level in enumerate(LogLevel)}
# What POSIX promises to write to a pipe in one piece (PIPE_BUF on Linux).
_ATOMIC_WRITE = 4_096
# How long a reader that is behind is waited for, once; after that lines are lost until it reads again.
_PATIENCE = 250  # milliseconds
_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode


class Writer:
    """Takes finished lines. Looks standard error up each time, as it may be replaced."""

    def __init__(self, output: TextIO | None) -> None:
        self._output = output
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._octets = 0
        self._turn = threading.Lock()  # whoever writes
        self._stuck = False
        self._torn = False

    @property
    def is_terminal(self) -> bool:
        return (self._output or sys.stderr).isatty()

    def write(self, line: str) -> None:
        """At once; on an event loop at the end of its turn, with whatever else was said in that turn."""
        if self._octets + len(line) >= _ATOMIC_WRITE:
            self.flush()
        with self._lock:
            self._lines.append(line)
            self._octets += len(line) + 1
            if len(self._lines) > 1:
                return  # whoever came first sees to it
        try:
            asyncio.get_running_loop().call_soon(self.flush)
        except RuntimeError:  # there is no loop, so nobody is held up
            self.flush()

    def flush(self) -> None:
        with self._lock:
            text = "\n".join([*self._lines, ""])
            self._lines.clear()
            self._octets = 0
        with self._turn, contextlib.suppress(OSError, ValueError):  # a log that cannot be written must not stop a mail
            self._put(text)

    def _put(self, text: str) -> None:
        """In pieces that a pipe with room takes at once. Where it has none left within a line, the rest of it is lost."""
        output = self._output or sys.stderr
        if self._torn:
            text = f"\n{text}"
        most = _ATOMIC_WRITE if text.isascii() else _ATOMIC_WRITE // 4
        for start in range(0, len(text), most):
            if not self._has_room(output):
                self._torn = self._torn or start > 0
                return
            output.write(text[start : start + most])
            output.flush()
        self._torn = False

    def _has_room(self, output: TextIO) -> bool:
        """Whether a piece can be written without waiting for somebody to read, who may never do."""
        try:
            poll = select.poll()
            poll.register(output.fileno(), select.POLLOUT)
        except (AttributeError, OSError, ValueError):  # it is no file
            return True
        self._stuck = not poll.poll(0 if self._stuck else _PATIENCE)
        return not self._stuck


class EventLog:
    """Levels above the writer: what is less severe than ``least`` is counted and not written."""

    def __init__(self, least: LogLevel, render: Render, writer: Writer) -> None:
        self._least = _SEVERITY[least]
        self._render = render
        self._writer = writer

    def debug(self, event: str, **facts: Any) -> None:
        self.tell(LogLevel.DEBUG, event, facts)

    def info(self, event: str, **facts: Any) -> None:
        self.tell(LogLevel.INFO, event, facts)

    def warning(self, event: str, **facts: Any) -> None:
        self.tell(LogLevel.WARNING, event, facts)

    def error(self, event: str, **facts: Any) -> None:
        self.tell(LogLevel.ERROR, event, facts)
        self._writer.flush()  # it may be the last thing that this process says

    def tell(self, level: LogLevel, event: str, facts: Mapping[str, Any]) -> None:
        TALLY.event(event, facts)
        if _SEVERITY[level] >= self._least:
            self._writer.write(self._render(level, event, facts))

    def flush(self) -> None:
        """Write what is held back: nobody comes after."""
        self._writer.flush()


class _Foreign(logging.Handler):
    """Brings the records of libraries into our stream, as event ``library``."""

    def __init__(self, log: EventLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        try:
            facts = {"logger": record.name, "message": record.getMessage()}
            if record.exc_info:
                facts["exception"] = logging.Formatter().formatException(record.exc_info)
            write = self._log.error if record.levelno >= logging.ERROR else self._log.warning
            write("library", **facts)
        except Exception:  # noqa: BLE001 - a library's malformed record is stdlib's to report, as in every handler
            self.handleError(record)


def open_stream(section: LogSection, output: TextIO | None) -> EventLog:
    """The log that events are written to; stdlib logging of the whole process is led into it."""
    writer = Writer(output)
    log = EventLog(section.level, _render(section.format, is_terminal=writer.is_terminal), writer)
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, _Foreign)]
    root.addHandler(_Foreign(log))
    for name in ("mail.log", "mail.debug"):  # aiosmtpd tells every command at INFO
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    return log


def _render(form: LogFormat, *, is_terminal: bool) -> Render:
    if form is LogFormat.JSON or (form is LogFormat.AUTO and not is_terminal):
        return _as_json
    columns = structlog.dev.ConsoleRenderer(
        colors=is_terminal and not os.environ.get("NO_COLOR"),
        sort_keys=False,
        pad_event_to=15,
        exception_formatter=structlog.dev.plain_traceback,
    )

    def as_columns(level: str, event: str, facts: Mapping[str, Any]) -> str:
        return columns(None, level, {**_stamp(level, event), **_escaped(facts)})

    return as_columns


@functools.lru_cache(maxsize=2)
def _second(since_epoch: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since_epoch))


def _stamp(level: str, event: str) -> dict[str, Any]:
    """Time, level and name stand first in every line."""
    second, thousandth = divmod(time.time_ns() // 1_000_000, 1_000)
    return {"timestamp": f"{_second(second)}.{thousandth:03}Z", "level": level, "event": event}


def _as_json(level: str, event: str, facts: Mapping[str, Any]) -> str:
    # ASCII only, so control characters and surrogates are escaped by JSON itself: orjson escapes neither and is seven times as
    # fast, which is for the usual line.
    line = {**_stamp(level, event), **facts}
    try:
        octets = orjson.dumps(line, str, orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS)
    except TypeError:
        return _encode(line)
    return octets.decode() if octets.isascii() else _encode(line)


def _escaped(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: escape_control(value) if isinstance(value, str) else value for key, value in facts.items()}
