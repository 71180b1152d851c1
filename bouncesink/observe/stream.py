"""The stream under the log: levels, the shape of a line, and the one place that writes it.

Promises: one write for a line, so that lines of several processes on one pipe do not mix; a stream that is full or closed loses
lines and stops nobody; control characters of strangers never reach a terminal. Our own events skip stdlib's handlers, which
cost more than a line itself; foreign records come in through one stdlib handler and leave by the same writer.

This module must not know any event.
"""

import functools
import json
import logging
import os
import sys
import time
from typing import TYPE_CHECKING, TextIO

import structlog

from bouncesink.config import LogFormat, LogSection
from bouncesink.observe.terminal import escape_control

if TYPE_CHECKING:
    from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_encode = json.JSONEncoder(separators=(",", ":"), default=str).encode


class Writer:
    """What structlog calls its logger: takes finished lines. Looks standard error up each time, as it may be replaced."""

    def __init__(self, output: TextIO | None) -> None:
        self._output = output

    @property
    def is_terminal(self) -> bool:
        return (self._output or sys.stderr).isatty()

    def write(self, line: str) -> None:
        output = self._output or sys.stderr
        try:
            output.write(line + "\n")
            if not getattr(output, "line_buffering", False):
                output.flush()
        except (OSError, ValueError):
            return  # a log that cannot be written must not stop a mail

    debug = info = warning = error = critical = write


class _Foreign(logging.Handler):
    """Brings the records of libraries into our stream, as event ``library``."""

    def __init__(self, log: "FilteringBoundLogger") -> None:
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


def open_stream(section: LogSection, output: TextIO | None) -> "FilteringBoundLogger":
    """Configure structlog and stdlib logging for the whole process, and give the logger that events are written to."""
    writer = Writer(output)
    structlog.configure(
        processors=_processors(section.format, is_terminal=writer.is_terminal),
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[section.level]),
        logger_factory=lambda *_: writer,
        cache_logger_on_first_use=True,
    )
    log: FilteringBoundLogger = structlog.get_logger().bind()
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, _Foreign)]
    root.addHandler(_Foreign(log))
    for name in ("mail.log", "mail.debug"):  # aiosmtpd tells every command at INFO
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    return log


def _processors(form: LogFormat, *, is_terminal: bool) -> "list[Processor]":
    if form is LogFormat.JSON or (form is LogFormat.AUTO and not is_terminal):
        return [_stamp, _as_json]
    columns = structlog.dev.ConsoleRenderer(
        colors=is_terminal and not os.environ.get("NO_COLOR"),
        sort_keys=False,
        pad_event_to=15,
        exception_formatter=structlog.dev.plain_traceback,
    )
    return [_stamp, _escape, columns]


@functools.lru_cache(maxsize=2)
def _second(since_epoch: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since_epoch))


def _stamp(_: "WrappedLogger", level: str, event: "EventDict") -> "EventDict":
    """Time, level and name stand first in every line."""
    second, thousandth = divmod(time.time_ns() // 1_000_000, 1_000)
    return {"timestamp": f"{_second(second)}.{thousandth:03}Z", "level": level, "event": event.pop("event"), **event}


def _as_json(_: "WrappedLogger", __: str, event: "EventDict") -> str:
    return _encode(event)  # ASCII only, so control characters and surrogates are escaped by JSON itself


def _escape(_: "WrappedLogger", __: str, event: "EventDict") -> "EventDict":
    return {key: escape_control(value) if isinstance(value, str) else value for key, value in event.items()}
