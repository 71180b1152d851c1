"""`bouncesink explain`, and the sentences that a verdict is told in."""

import io
import re
import sys
from functools import cache
from types import SimpleNamespace

import pytest
from classified_mails import OTHER, verdict

from bouncesink.cli import telling
from bouncesink.cli.exits import Exit
from bouncesink.cli.main import main
from bouncesink.cli.welcome import SAMPLE_DSN
from bouncesink.core.report import Kind, Place, Report
from bouncesink.core.verdict import (
    Alternative,
    Disposition,
    Evidence,
    FailureClass,
    Fault,
    Reason,
)
from bouncesink.core.verp.attribution import Authenticity
from bouncesink.rulefiles import load_rulebook

OTHERS = (
    Alternative("phrase/x", Reason.POLICY_UNSPECIFIED),
    Alternative("phrase/full", Reason.MAILBOX_FULL),
    Alternative("iana/policy", Reason.POLICY_UNSPECIFIED),
)


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
        ({"recorded": True, "authenticity": Authenticity.LATE}, "whom", "too long ago to act on, or by a clock ahead of ours."),
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
