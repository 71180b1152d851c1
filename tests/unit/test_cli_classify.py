"""`bouncesink classify`: mails in, what we think of each out, for programs and for people."""

import io
import json
import sys
from types import SimpleNamespace

import pytest
from classified_mails import OTHER, verdict

from bouncesink.cli import contract
from bouncesink.cli.exits import Exit
from bouncesink.cli.main import main
from bouncesink.cli.progress import LONG, progress
from bouncesink.cli.welcome import SAMPLE_DSN
from bouncesink.core.report import Kind, Place, Report
from bouncesink.core.verdict import (
    Alternative,
    Evidence,
    Reason,
)
from bouncesink.library import Classification


def objects(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_one_object_a_line_for_each_mail(mails, capsys):
    assert main(["classify", "--format", "jsonl", "."]) == 0
    bounce, hostile, other = objects(capsys.readouterr().out)
    assert [each["source"] for each in (bounce, hostile, other)] == ["bounce.eml", "hostile.eml", "other.eml"]
    assert bounce["kind"] == "bounce"
    assert bounce["auto_submitted"] == "auto-replied"
    (recipient,) = bounce["recipients"]
    expected = {
        "recipient": "reader@example.com",
        "final_recipient": "reader@example.com",
        "original_recipient": None,
        "action": "failed",
        "class": "hard",
        "status": "5.1.1",
        "reply_code": 550,
        "reason": "mailbox_unknown",
        "fault": "recipient",
        "disposition": "suppress",
        "reporting_mta": "mx.example.com",
        "remote_mta": "mx.example.com",
    }
    assert {key: recipient[key] for key in expected} == expected
    assert recipient["diagnostic"].startswith("550 5.1.1 <reader@example.com>: Recipient address rejected")
    assert recipient["rule"]
    assert recipient["evidence"]["words"]
    assert other["kind"] == "other"
    assert other["recipients"] == []


def test_the_keys_are_those_of_the_contract(mails, capsys):
    assert main(["classify", "--format", "jsonl", "."]) == 0
    for mail in objects(capsys.readouterr().out):
        assert list(mail) == [key for key in contract.MAIL_KEYS if key != "number"]
        for recipient in mail["recipients"]:
            assert list(recipient) == list(contract.RECIPIENT_KEYS)
            assert list(recipient["evidence"]) == list(contract.EVIDENCE_KEYS)


def test_the_mails_of_an_mbox_are_numbered(mails, capsys):
    line = "From MAILER-DAEMON Mon Feb  2 10:00:00 2026\n"
    (mails / "box").write_text(f"{line}{SAMPLE_DSN}\n{line}{OTHER}")
    assert main(["classify", "--format", "jsonl", "box"]) == 0
    first, second = objects(capsys.readouterr().out)
    assert [(each["source"], each["number"], each["kind"]) for each in (first, second)] == [
        ("box", 1, "bounce"),
        ("box", 2, "other"),
    ]


def test_an_array_is_the_same_objects(mails, capsys):
    main(["classify", "--format", "jsonl", "."])
    lines = objects(capsys.readouterr().out)
    assert main(["classify", "--format", "json", "."]) == 0
    assert json.loads(capsys.readouterr().out) == lines


def test_a_table_for_people_names_a_mail_once(mails, capsys):
    assert main(["classify", "bounce.eml", "other.eml"]) == 0
    told = capsys.readouterr().out
    for word in ("mailbox_unknown", "reader@example.com", "suppress", "other.eml"):
        assert told.count(word) == 1


@pytest.mark.parametrize(
    "command", [["classify", "hostile.eml"], ["classify", "--format", "jsonl", "hostile.eml"], ["explain", "hostile.eml"]]
)
def test_a_stranger_cannot_steer_the_terminal(mails, command, capsys):
    assert main(command) == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "mailbox_unknown" in told or "undetermined" in told
    assert "bold" in told or "classify" in command, "and it is no markup either"


def test_standard_input(mails, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(SAMPLE_DSN.encode())))
    assert main(["classify", "--format", "jsonl", "-"]) == 0
    (mail,) = objects(capsys.readouterr().out)
    assert (mail["source"], mail["kind"]) == ("-", "bounce")


def test_what_cannot_be_read_is_66_and_the_rest_is_done(mails, capsys):
    assert main(["classify", "--format", "jsonl", "missing.eml", "bounce.eml"]) == Exit.NO_INPUT
    captured = capsys.readouterr()
    assert captured.err == "bouncesink: missing.eml: No such file or directory\n"
    assert [each["source"] for each in objects(captured.out)] == ["bounce.eml"]


@pytest.mark.parametrize(("form", "empty"), [("table", ""), ("json", "[]\n"), ("jsonl", "")])
def test_nothing_found_is_66_too(mails, form, empty, capsys):
    (mails / "empty").mkdir()
    assert main(["classify", "--format", form, "empty"]) == Exit.NO_INPUT
    captured = capsys.readouterr()
    assert captured.out == empty
    assert "no mail was found" in captured.err


def test_your_own_rules_stand_in_front(mails, capsys):
    rules = mails / "rules"
    rules.mkdir()
    (rules / "bad.toml").write_text("nonsense = 1\n")
    assert main(["classify", "--rules", "rules", "bounce.eml"]) == Exit.CONFIG
    assert "bad.toml" in capsys.readouterr().err
    assert main(["classify", "--rules", "nowhere", "bounce.eml"]) == Exit.CONFIG
    assert "nowhere" in capsys.readouterr().err


def test_the_progress_bar_is_for_people_and_long_work_only(monkeypatch):
    terminal = io.StringIO()
    terminal.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", terminal)
    for total, wanted, shown in ((LONG - 1, True, False), (LONG, False, False), (LONG, True, True)):
        with progress("judging", total, wanted=wanted) as done:
            for _ in range(total):
                done()
        assert ("judging" in terminal.getvalue()) is shown


def test_the_contract_holds_whatever_is_missing():
    from bouncesink.cli.mails import Found

    full = verdict(evidence=Evidence("x", Place.PROSE, (Alternative("iana/policy", Reason.POLICY_UNSPECIFIED),), "zen", "n"))
    assert contract.recipient_object(full)["evidence"] == {
        "words": "x",
        "place": "prose",
        "alternatives": [{"rule": "iana/policy", "reason": "policy_unspecified"}],
        "blocklist": "zen",
        "note": "n",
    }
    empty = verdict(recipient=None, action=None, class_=None, reason=None, fault=None, diagnostic="", rule="", reply_code=None)
    mail = contract.mail_object(Found("x", None, b""), Classification(Report(Kind.OTHER, ""), (empty,)))
    (recipient,) = json.loads(json.dumps(mail))["recipients"]
    nothing = ("recipient", "action", "class", "status", "reply_code", "reason", "fault", "diagnostic", "rule")
    assert [recipient[key] for key in nothing] == [None] * len(nothing)
