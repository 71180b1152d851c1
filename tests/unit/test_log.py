"""The log: one line per event, with what happened, and no addresses unless asked for."""

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from log_lines import ADDRESS, PEER, mail, opened, raised, record, say_everything, verdict

from bouncesink.config.words import LogLevel
from bouncesink.core.defect import Defect
from bouncesink.core.mail import Peer, Via
from bouncesink.core.reply import NO_SUCH_ADDRESS
from bouncesink.core.report import Kind, Report
from bouncesink.core.verdict import Fault, Reason
from bouncesink.errors import StoreBusy
from bouncesink.observe import log
from bouncesink.store.rows import Judged, Recorded

pytestmark = pytest.mark.usefixtures("restored_log")


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


def test_what_the_log_asks_of_the_store_is_only_a_shape():
    output = opened()
    one = mail()
    judged = (SimpleNamespace(verdicts=(verdict(),)),)
    recorded = (SimpleNamespace(mail_id=3, duplicate=False),)
    log.mail_recorded(mail=one, report=Report(Kind.BOUNCE, "dsn"), judged=judged, recorded=recorded, seconds=0)
    assert output.lines[0]["id"] == 3
