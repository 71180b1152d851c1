"""The log: one line per event, no addresses unless asked for, and nothing that a terminal obeys."""

import asyncio
import io
import json
import logging
import select
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from bouncesink.config import LogSection
from bouncesink.configwords import LogFormat, LogLevel
from bouncesink.core.defect import Defect
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.reply import NO_SUCH_ADDRESS
from bouncesink.core.report import Kind, Place, Report
from bouncesink.core.verdict import Disposition, Evidence, FailureClass, Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.errors import StoreBusy
from bouncesink.observe import log
from bouncesink.observe.terminal import escape_control, one_line
from bouncesink.store.rows import Judged, Recorded

PEER = Peer(Via.SMTP, "192.0.2.1")
ADDRESS = "aimffb4gpqryfiq3-reader=example.com@b.example"


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


class Output(io.StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, *, terminal: bool = False) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    @property
    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture(autouse=True)
def _restored():
    yield
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if type(handler).__module__ != "bouncesink.observe.stream"]
    logging.captureWarnings(capture=False)
    log._Current.logger = None
    log._Current.addresses = False


def opened(**section) -> Output:
    output = Output()
    log.configure(LogSection(**section), output)
    return output


def verdict(reason: Reason = Reason.MAILBOX_UNKNOWN, fault: Fault = Fault.RECIPIENT, rule: str = "a/b") -> Verdict:
    return Verdict(
        recipient="reader@example.com",
        kind=Kind.BOUNCE,
        action=None,
        class_=FailureClass.HARD,
        reason=reason,
        fault=fault,
        authenticity=Authenticity.PROVEN,
        disposition=Disposition.SUPPRESS,
        status=None,
        reply_code=550,
        diagnostic="550 no reader@example.com here",
        final_recipient=None,
        original_recipient=None,
        reporting_mta=None,
        remote_mta=None,
        rule=rule,
        rulebook="0123456789ab",
        evidence=Evidence("no such", Place.DIAGNOSTIC),
    )


def mail(paths: int = 1, peer: Peer = PEER) -> Mail:
    admitted = tuple(Admitted(ADDRESS, Attribution(Grammar.SIGNED, "reader@example.com")) for _ in range(paths))
    return Mail(Envelope("", admitted), b"x" * 300, datetime(2026, 2, 2, tzinfo=UTC), peer)


def record(
    *verdicts: Verdict, report: Report | None = None, recorded: tuple[Recorded, ...] = (Recorded(7, duplicate=False),)
) -> None:
    one = mail(len(recorded))
    each = tuple(Judged(one.envelope.admitted[0], verdicts if n == 0 else ()) for n in range(len(recorded)))
    log.mail_recorded(mail=one, report=report or Report(Kind.BOUNCE, "dsn"), judged=each, recorded=recorded, seconds=0.00314)


def test_a_recorded_mail_is_one_line_with_everything():
    output = opened()
    record(verdict())
    (line,) = output.lines
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert datetime.fromisoformat(line.pop("timestamp")).tzinfo is not None
    assert line == {
        "level": "info",
        "event": "mail.recorded",
        "id": 7,
        "via": "smtp",
        "peer": "192.0.2.1",
        "kind": "bounce",
        "reader": "dsn",
        "reason": "mailbox_unknown",
        "fault": "recipient",
        "disposition": "suppress",
        "rule": "a/b",
        "authenticity": "proven",
        "verdicts": 1,
        "size": 300,
        "ms": 3.1,
    }


def test_an_mtas_number_of_the_mail_is_told_where_there_is_one():
    output = opened()
    one = mail(peer=Peer(Via.MILTER, "192.0.2.1", queue_id="4cF0h12X"))
    judged, recorded = (Judged(one.envelope.admitted[0], ()),), (Recorded(7, duplicate=False),)
    log.mail_recorded(mail=one, report=Report(Kind.BOUNCE, "dsn"), judged=judged, recorded=recorded, seconds=0.0)
    assert (output.lines[0]["via"], output.lines[0]["queue_id"]) == ("milter", "4cF0h12X")


def test_several_verdicts_are_joined_and_still_one_line():
    output = opened()
    other = verdict(Reason.IP_BLOCKLISTED, Fault.SENDER_REPUTATION, "c/d")
    record(verdict(), verdict(), other, recorded=(Recorded(7, duplicate=False), Recorded(8, duplicate=True)))
    (line,) = output.lines
    assert (line["id"], line["ids"], line["duplicates"], line["verdicts"]) == (7, [7, 8], 1, 3)
    assert (line["reason"], line["rule"]) == ("mailbox_unknown,ip_blocklisted", "a/b,c/d")
    assert line["disposition"] == "suppress"


def test_a_mail_of_a_thousand_rules_is_still_a_short_line():
    output = opened()
    record(*(verdict(rule=f"rule/{n}") for n in range(1_000)))
    (line,) = output.lines
    assert line["verdicts"] == 1_000
    assert line["rule"].endswith(",...")
    assert len(line["rule"]) < 200


def test_a_mail_without_verdicts_and_with_defects():
    output = opened()
    record(
        report=Report(Kind.UNKNOWN, "", defects=(Defect.NUL_BYTE, Defect.LONG_LINE)), recorded=(Recorded(9, duplicate=True),)
    )
    (line,) = output.lines
    assert (line["kind"], line["reason"], line["verdicts"], line["duplicates"]) == ("unknown", "", 0, 1)
    assert line["defects"] == "nul_byte,long_line"


def say_everything() -> None:
    record(verdict())
    log.mail_refused(forward_path=ADDRESS, reply=NO_SUCH_ADDRESS, peer=PEER)
    log.mail_refused(forward_path=ADDRESS, reply=NO_SUCH_ADDRESS)
    log.mail_deferred(mail=mail(), error=StoreBusy("database is locked"))


def test_addresses_stay_out_of_it():
    output = opened()
    say_everything()
    assert len(output.lines) == 4
    assert "example.com" not in output.getvalue()
    assert "b.example" not in output.getvalue()


def test_addresses_are_in_it_when_asked_for():
    output = opened(addresses=True)
    say_everything()
    recorded, refused = output.lines[:2]
    assert (recorded["forward_path"], recorded["recipient"]) == (ADDRESS, "reader@example.com")
    assert refused["forward_path"] == ADDRESS
    assert "address_hash" not in refused


def test_the_same_refused_address_has_the_same_hash_whatever_its_case():
    output = opened()
    for address in (ADDRESS, ADDRESS.upper(), "other@b.example", "raw\udcff@b.example"):
        log.mail_refused(forward_path=address, reply=NO_SUCH_ADDRESS)
    first, second, third, fourth = (line["address_hash"] for line in output.lines)
    assert first == second
    assert len({first, third, fourth}) == 3


def test_every_other_event():
    output = opened(level=LogLevel.DEBUG)
    log.server_started(listening=("127.0.0.1:2525",), database=Path("x.db"), rulebook="0123456789ab")
    log.peer_dropped(peer=PEER, why="timed out")
    log.store_trouble(error=StoreBusy("locked"), waiting=3)
    log.store_recovered(seconds=1.26)
    log.checkpoint_done(pages=9, moved=9, ms=1.0)
    log.authenticity_unchecked(why="it took too long")
    log.rules_reloaded(rulebook="ba9876543210", replaced="0123456789ab", rules=520, seconds=0.4123)
    log.rules_refused(problems=("a.toml: x", "b.toml: y"), rulebook="0123456789ab")
    log.server_stopping()
    log.server_stopped()
    assert [(line["event"], line["level"]) for line in output.lines] == [
        ("server.started", "info"),
        ("peer.dropped", "info"),
        ("store.trouble", "error"),
        ("store.recovered", "info"),
        ("checkpoint.done", "debug"),
        ("authenticity.unchecked", "warning"),
        ("rules.reloaded", "info"),
        ("rules.refused", "error"),
        ("server.stopping", "info"),
        ("server.stopped", "info"),
    ]
    assert output.lines[2] | {"timestamp": ""} == {
        "timestamp": "",
        "level": "error",
        "event": "store.trouble",
        "waiting": 3,
        "error": "StoreBusy",
        "detail": "locked",
    }


def raised(error: Exception, cause: Exception | None) -> Exception:
    """The error as it is after somebody raised it."""
    with pytest.raises(type(error)) as caught:
        raise error from cause
    return caught.value


def test_a_bug_comes_with_its_traceback_and_its_cause():
    output = opened()
    log.bug("judge", raised(ValueError("ours"), OSError("disk")))
    (line,) = output.lines
    assert (line["where"], line["error"], line["detail"]) == ("judge", "ValueError", "ours (OSError: disk)")
    assert "Traceback (most recent call last)" in line["exception"]
    assert line["exception"].endswith("ValueError: ours")


@pytest.mark.parametrize(
    ("level", "events"),
    [
        (LogLevel.DEBUG, ["checkpoint.done", "server.stopping", "mail.deferred", "bug"]),
        (LogLevel.INFO, ["server.stopping", "mail.deferred", "bug"]),
        (LogLevel.WARNING, ["mail.deferred", "bug"]),
        (LogLevel.ERROR, ["bug"]),
    ],
)
def test_less_severe_lines_are_left_out(level, events):
    output = opened(level=level)
    log.checkpoint_done(pages=1, moved=1, ms=0)
    log.server_stopping()
    log.mail_deferred(mail=mail(), error=StoreBusy())
    log.bug("x", ValueError())
    assert [line["event"] for line in output.lines] == events


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


def test_what_the_log_asks_of_the_store_is_only_a_shape():
    output = opened()
    one = mail()
    judged = (SimpleNamespace(verdicts=(verdict(),)),)
    recorded = (SimpleNamespace(mail_id=3, duplicate=False),)
    log.mail_recorded(mail=one, report=Report(Kind.BOUNCE, "dsn"), judged=judged, recorded=recorded, seconds=0)
    assert output.lines[0]["id"] == 3


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
