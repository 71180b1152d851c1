"""How the log leaves: for people or programs, from libraries too, whole, and with nothing that a terminal obeys."""

import asyncio
import contextlib
import io
import json
import logging
import os
import select
import sys
import warnings
from collections.abc import Iterator

import pytest
from log_lines import Output, opened, raised, say_everything

from bouncesink.config.sections import LogSection
from bouncesink.config.words import LogFormat
from bouncesink.core.mail import Peer, Via
from bouncesink.core.reply import NO_SUCH_ADDRESS
from bouncesink.observe import log
from bouncesink.observe.terminal import escape_control, one_line

pytestmark = pytest.mark.usefixtures("restored_log")


class CountedWrites(io.StringIO):
    """A stream that counts what it is handed."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.longest = 0

    def write(self, text: str) -> int:
        self.writes += 1
        self.longest = max(self.longest, len(text))
        return super().write(text)


@pytest.mark.parametrize(
    ("form", "terminal", "is_json"),
    [
        (LogFormat.AUTO, False, True),
        (LogFormat.AUTO, True, False),
        (LogFormat.JSON, True, True),
        (LogFormat.CONSOLE, False, False),
    ],
)
def test_json_where_nobody_watches(form, terminal, is_json):
    output = Output(terminal=terminal)
    log.configure(LogSection(format=form), output)
    log.server_stopping()
    assert "server.stopping" in output.getvalue()
    assert output.getvalue().startswith("{") is is_json


HOSTILE = "a\x1b[2Jb\x07\x9b31m\u202ec\udc80\r\nd"


@pytest.mark.parametrize("form", [LogFormat.JSON, LogFormat.CONSOLE])
def test_strangers_cannot_steer_the_terminal(form):
    output = opened(format=form, addresses=True)
    log.mail_refused(forward_path=HOSTILE, reply=NO_SUCH_ADDRESS, peer=Peer(Via.SMTP, HOSTILE))
    log.bug("x", ValueError(HOSTILE))
    said = output.getvalue()
    assert "mail.refused" in said
    for character in "\x1b\x07\x9b\u202e\udc80\r":
        assert character not in said
    said.encode("utf-8")


def test_a_refused_address_is_one_line_on_the_console_too():
    output = opened(format=LogFormat.CONSOLE, addresses=True)
    log.mail_refused(forward_path="a\nmail.recorded id=1", reply=NO_SUCH_ADDRESS)
    assert len(output.getvalue().splitlines()) == 1


def test_libraries_speak_through_the_same_stream():
    output = opened()
    logging.getLogger("mail.log").info("every command")
    logging.getLogger("mail.log").warning("odd: %s", "x")
    logging.getLogger("asyncio").error("lost", exc_info=raised(KeyError("k"), None))
    logging.getLogger("asyncio").debug("chatter")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    first, second, third = output.lines
    assert (first["event"], first["logger"], first["level"], first["message"]) == ("library", "mail.log", "warning", "odd: x")
    assert (second["level"], second["message"]) == ("error", "lost")
    assert "KeyError" in second["exception"]
    assert third["logger"] == "py.warnings"


def test_a_malformed_record_of_a_library_is_stdlibs_to_report(capsys):
    output = opened()
    (ours,) = (each for each in logging.getLogger().handlers if type(each).__module__ == "bouncesink.observe.stream")
    ours.handle(logging.LogRecord("x", logging.WARNING, __file__, 1, "%d", ("no number",), None))
    assert output.getvalue() == ""
    assert "Logging error" in capsys.readouterr().err


def test_configuring_again_does_not_double_the_lines():
    opened()
    output = opened()
    logging.getLogger("x").warning("once")
    assert len(output.lines) == 1


class Broken(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_log_that_cannot_be_written_stops_nobody():
    log.configure(LogSection(), Broken())
    say_everything()
    closed = io.StringIO()
    log.configure(LogSection(), closed)
    closed.close()
    say_everything()


def test_without_being_configured_it_is_the_defaults_on_standard_error(capsys):
    log.server_stopping()
    captured = capsys.readouterr()
    assert json.loads(captured.err)["event"] == "server.stopping"
    assert captured.out == ""


def test_standard_error_may_be_replaced_after_configuring(monkeypatch):
    log.configure(LogSection())
    later = Output()
    monkeypatch.setattr(sys, "stderr", later)
    log.server_stopping()
    assert len(later.lines) == 1


@pytest.mark.parametrize(
    ("text", "escaped", "line"),
    [
        ("plain é 漢", "plain é 漢", "plain é 漢"),
        ("a\nb\tc", "a\nb\tc", "a b c"),
        ("a\r\nb", "a\\r\nb", "a b"),
        ("\x1b[31m", "\\x1b[31m", "\\x1b[31m"),
        ("\x85\x9b", "\\x85\\x9b", "\\x85\\x9b"),
        ("\u202eevil", "\\u202eevil", "\\u202eevil"),
        ("\ud800\udcff", "\\ud800\\udcff", "\\ud800\\udcff"),
    ],
)
def test_control_characters_are_spelled(text, escaped, line):
    assert escape_control(text) == escaped
    assert one_line(text) == line


def test_lines_of_one_turn_of_the_loop_are_one_write_and_stand_in_their_order() -> None:
    output = CountedWrites()
    log.configure(LogSection(format=LogFormat.JSON), output)

    async def turn() -> int:
        log.server_stopping()
        log.store_recovered(seconds=1)
        before = output.writes
        await asyncio.sleep(0)
        return before

    assert asyncio.run(turn()) == 0
    assert output.writes == 1
    assert [json.loads(line)["event"] for line in output.getvalue().splitlines()] == ["server.stopping", "store.recovered"]


def test_many_lines_of_one_turn_are_written_in_pieces_that_a_pipe_takes_whole() -> None:
    output = CountedWrites()
    log.configure(LogSection(format=LogFormat.JSON), output)

    async def turn() -> None:
        for _ in range(200):
            log.store_recovered(seconds=1)

    asyncio.run(turn())
    lines = output.getvalue().splitlines()
    assert len(lines) == 200
    assert output.longest <= select.PIPE_BUF
    assert output.writes < len(lines) / 10


def test_trouble_is_written_before_the_turn_ends() -> None:
    output = CountedWrites()
    log.configure(LogSection(format=LogFormat.JSON), output)

    async def turn() -> str:
        log.bug("here", ValueError("x"))
        return output.getvalue()

    assert json.loads(asyncio.run(turn()))["event"] == "bug"


class Pipe:
    """A pipe that takes the log, and is read when a test likes."""

    def __init__(self) -> None:
        self.reads, writes = os.pipe()
        os.set_blocking(self.reads, False)
        self.output = os.fdopen(writes, "w")

    def read(self) -> list[str]:
        found = b""
        with contextlib.suppress(BlockingIOError):
            while octets := os.read(self.reads, 1_048_576):
                found += octets
        return found.decode().splitlines()


@pytest.fixture(name="pipe")
def _pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    os.close(pipe.reads)
    with contextlib.suppress(BrokenPipeError):
        pipe.output.close()


def test_a_pipe_that_nobody_reads_stops_nobody(pipe: Pipe) -> None:
    log.configure(LogSection(format=LogFormat.JSON), pipe.output)
    for _ in range(5_000):
        log.server_stopping()
    told = pipe.read()
    assert 100 < len(told) < 5_000
    assert {json.loads(line)["event"] for line in told} == {"server.stopping"}
    log.server_stopping()
    assert len(pipe.read()) == 1, "it goes on where somebody reads again"


def test_of_a_line_that_is_longer_than_the_room_the_rest_is_lost_and_not_the_next(pipe: Pipe) -> None:
    log.configure(LogSection(format=LogFormat.JSON), pipe.output)
    log.bug("here", ValueError("x" * 1_000_000))
    (torn,) = pipe.read()
    assert torn.startswith('{"timestamp"')
    log.server_stopping()
    assert [json.loads(line)["event"] for line in pipe.read() if line] == ["server.stopping"]
    log.bug("here", ValueError("x" * 20_000))
    assert [json.loads(line)["event"] for line in pipe.read()] == ["bug"], "a long line that has room is whole"
