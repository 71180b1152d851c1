"""`bouncesink classify` and `explain`: mails in, what we think of each out, for programs and for people."""

import io
import json
import re
import sys
from functools import cache
from types import SimpleNamespace

import pytest

from bouncesink.cli import contract, telling
from bouncesink.cli.exits import Exit
from bouncesink.cli.main import main
from bouncesink.cli.progress import LONG, progress
from bouncesink.cli.welcome import SAMPLE_DSN
from bouncesink.core.report import Action, Kind, Place, Report
from bouncesink.core.verdict import (
    Alternative,
    Disposition,
    Evidence,
    FailureClass,
    Fault,
    Reason,
    Verdict,
)
from bouncesink.core.verp.attribution import Authenticity
from bouncesink.library import Classification
from bouncesink.rulefiles import load_rulebook

HOSTILE = SAMPLE_DSN.replace("User unknown", "User unknown =?utf-8?q?=1B[2J?= \x1b[31m[bold]").replace(
    "reader@", "re\x1b[2Jader@"
)
OTHER = "Subject: hello\n\nnothing to see\n"


@pytest.fixture
def mails(tmp_path, monkeypatch):
    """A folder with a bounce, a hostile bounce and a mail that is none, where the command is run."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("bounce.eml", SAMPLE_DSN), ("hostile.eml", HOSTILE), ("other.eml", OTHER)):
        (tmp_path / name).write_bytes(text.encode())
    return tmp_path


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


# --- in sentences


OTHERS = (
    Alternative("phrase/x", Reason.POLICY_UNSPECIFIED),
    Alternative("phrase/full", Reason.MAILBOX_FULL),
    Alternative("iana/policy", Reason.POLICY_UNSPECIFIED),
)


def verdict(**changes) -> Verdict:
    facts = {
        "recipient": "reader@example.com",
        "kind": Kind.BOUNCE,
        "action": Action.FAILED,
        "class_": FailureClass.HARD,
        "reason": Reason.IP_BLOCKLISTED,
        "fault": Fault.SENDER_REPUTATION,
        "authenticity": Authenticity.PROVEN,
        "disposition": Disposition.IGNORE,
        "status": None,
        "reply_code": 554,
        "diagnostic": "554 blocked",
        "final_recipient": "reader@example.com",
        "original_recipient": None,
        "reporting_mta": "mx.example.com",
        "remote_mta": None,
        "rule": "blocklist/x",
        "rulebook": "0123456789ab",
        "evidence": Evidence("blocked", Place.DIAGNOSTIC),
    }
    return Verdict(**(facts | changes))


@cache
def reasons():
    return load_rulebook(None).reasons


def told(*, recorded: bool = False, **changes) -> dict[str, str]:
    return dict(telling.tell_verdict(verdict(**changes), reasons(), recorded=recorded))


@pytest.mark.parametrize(
    ("table", "vocabulary"),
    [
        (telling.KINDS, Kind),
        (telling.FAULTS, Fault),
        (telling.CLASSES, FailureClass),
        (telling.DISPOSITIONS, Disposition),
        (telling.AUTHENTICITIES, Authenticity),
        (telling.PLACES, Place),
    ],
)
def test_every_word_of_a_vocabulary_can_be_told(table, vocabulary):
    assert list(table) == list(vocabulary)


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_can_be_told(reason):
    entry = reasons()[reason]
    sentences = told(reason=reason)
    assert sentences["what"].startswith(entry.meaning)
    assert reason in sentences["what"]
    assert sentences["whose fault"] == telling.FAULTS[entry.fault]
    assert sentences["what to do"].startswith(entry.advice)


@pytest.mark.parametrize(
    ("changes", "heading", "sentence"),
    [
        ({}, "whom", "It is about reader@example.com."),
        ({"recipient": None}, "whom", "It names nobody."),
        ({"final_recipient": "other@example.net"}, "whom", "tried to other@example.net at last"),
        ({"recorded": True}, "whom", "its tag holds"),
        ({"recorded": True, "authenticity": Authenticity.LATE}, "whom", "too long ago"),
        ({}, "what", "permanent (hard)"),
        ({}, "why", 'mx.example.com said: "554 blocked".'),
        ({"remote_mta": "mx.example.net"}, "why", "mx.example.net said"),
        ({"reporting_mta": None}, "why", "The receiver said"),
        ({}, "why", 'Decided by the rule blocklist/x, by "blocked" in the diagnostic.'),
        ({"evidence": Evidence("", Place.REPLY_CODE)}, "why", "by the code 554 as the reply code."),
        ({"rule": ""}, "why", "No rule knows these words or codes."),
        ({"evidence": Evidence("x", Place.PROSE, blocklist="spamhaus-zen")}, "why", "The blocklist is spamhaus-zen."),
        ({"evidence": Evidence("x", Place.PROSE, note="was kind")}, "why", "Note: was kind."),
        (
            {"evidence": Evidence("x", Place.PROSE, OTHERS)},
            "also possible",
            "does not say which (policy_unspecified, by the rules phrase/x and iana/policy). The mailbox has no room",
        ),
        ({"diagnostic": "554 " + "word " * 200}, "why", 'word word ...".'),
        ({"diagnostic": "x" * 900}, "why", "x" * telling.QUOTED + ' ...".'),
        ({}, "what to do", "It does not count against this address."),
        ({"disposition": Disposition.SUPPRESS}, "what to do", "should not be mailed again"),
        ({"disposition": Disposition.COUNT}, "what to do", "only many of them in a short time"),
        ({"disposition": Disposition.COUNT, "reason": Reason.MAILBOX_INACTIVE}, "what to do", "said on 2 days, it stops mail"),
    ],
)
def test_what_is_told_of_a_verdict(changes, heading, sentence):
    assert sentence in told(**changes)[heading]


def test_what_leads_to_the_same_reason_is_no_other_possibility():
    same = (Alternative("iana/blocked", Reason.IP_BLOCKLISTED),)
    assert "also possible" not in told(evidence=Evidence("x", Place.PROSE, same))


def test_a_verdict_that_is_no_failure_is_told_shortly():
    sentences = told(kind=Kind.AUTO_REPLY, reason=None, fault=None, class_=None)
    assert list(sentences) == ["whom", "what to do"]


@pytest.mark.parametrize(
    ("kind", "count", "defects", "sentence"),
    [
        (Kind.BOUNCE, 1, (), "This is a bounce"),
        (Kind.BOUNCE, 3, (), "It is about 3 recipients."),
        (Kind.BOUNCE, 0, (), "It names no recipient."),
        (Kind.OTHER, 0, ("nul_byte", "long_line"), "damaged, which was read around: nul byte, long line."),
    ],
)
def test_what_is_told_of_a_mail(kind, count, defects, sentence):
    text = " ".join(telling.tell_mail(Report(kind, ""), [verdict()] * count, defects))
    assert sentence in text


def test_explain_tells_a_file_in_sentences(mails, capsys):
    assert main(["explain", "bounce.eml"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 100
    for heading in ("Whom:", "What:", "Whose fault:", "Why:", "What to do:"):
        assert re.search(rf"^{heading}", text, re.MULTILINE)
    assert "tag holds" not in text, "a file has no envelope"


def test_explain_tells_each_mail_of_an_mbox_and_standard_input(mails, capsys, monkeypatch):
    line = b"From MAILER-DAEMON Mon Feb  2 10:00:00 2026\n"
    box = line + SAMPLE_DSN.encode() + b"\n" + line + OTHER.encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(box)))
    assert main(["explain", "-"]) == 0
    text = capsys.readouterr().out
    assert "--- -#1" in text
    assert "--- -#2" in text
    assert "none of the mails" in text


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["missing.eml"], "missing.eml: No such file or directory"),
        (["7"], "there is no such database; say which by --database PATH"),
        (["7", "--database", "nowhere.db"], "nowhere.db: there is no such database"),
    ],
)
def test_explain_of_what_is_not_there_is_66(mails, arguments, problem, capsys):
    assert main(["explain", *arguments]) == Exit.NO_INPUT
    assert problem in capsys.readouterr().err


def test_a_file_may_have_a_number_for_a_name(mails, capsys):
    (mails / "7").write_text(SAMPLE_DSN)
    assert main(["explain", "7"]) == 0
    assert "mailbox_unknown" in capsys.readouterr().out


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
