"""`bouncesink rules`: check, test, show, unknowns; on the packaged rules and on a folder of an operator's own."""

import json
import os
import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bouncesink.cli import ruleview
from bouncesink.cli.exits import Exit
from bouncesink.cli.main import main
from bouncesink.cli.ruleproof import MOST_OVERRULED
from bouncesink.config import StoreSection
from bouncesink.core.classify import judge
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.problems import Table
from bouncesink.core.reading import read
from bouncesink.core.rule import StatusPattern
from bouncesink.core.rule_entry import read_rule
from bouncesink.core.verdict import Reason
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.rulefiles import load_rulebook
from bouncesink.store.database import Database
from bouncesink.store.rows import Judged

BOOK = load_rulebook(None)
BUILT_IN = len(BOOK.rules) + len(BOOK.formats.formats)
RULE = """\
[[rule]]
id = "local/counter"
reason = "mailbox_full"
literal = "the counter for letters is closed"
unless = "until tomorrow"
source = "https://receiver.example/postmaster"
examples = ["550 5.7.1 The counter for letters is closed"]
counterexamples = ["450 The counter for letters is closed until tomorrow"]
"""
DSN = """\
From: MAILER-DAEMON@mx.receiver.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="part"

--part
Content-Type: text/plain

{prose}

--part
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.receiver.example

Final-Recipient: rfc822; {recipient}
Action: failed
{fields}
--part--
"""


def dsn(diagnostic: str, recipient: str = "reader@receiver.example", prose: str = "Your mail could not be delivered.") -> str:
    fields = f"Diagnostic-Code: smtp; {diagnostic}\n" if diagnostic else "Status: 5.0.0\n"
    return DSN.format(prose=prose, recipient=recipient, fields=fields)


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch) -> Path:
    """A folder of its own to be in, without anybody's configuration."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("BOUNCESINK_"):
            monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def folder(place) -> Path:
    folder = place / "rules"
    folder.mkdir()
    (folder / "mine.toml").write_text(RULE)
    return folder


def run(capsys, *arguments: str, code: int = Exit.OK) -> str:
    assert main(["rules", *arguments]) == code
    return capsys.readouterr().out


# --- check


def test_the_built_in_rules_hold(capsys):
    told = f"All rules and formats hold: {BUILT_IN} built in. They are the rulebook {BOOK.hash}.\n"
    assert run(capsys, "check") == told


def test_a_folder_of_ones_own_holds(folder, capsys):
    text = run(capsys, "check", "rules")
    assert text.startswith(f"All rules and formats hold: 1 of your own in rules and {BUILT_IN} built in.")
    assert "Your rules decide" not in text


def test_the_configurations_folder_is_checked(folder, capsys):
    Path("x.toml").write_text('[rules]\nfolder = "rules"\n')
    assert "1 of your own in rules" in run(capsys, "check", "--config", "x.toml")


def test_every_problem_is_told_at_once(folder, capsys):
    (folder / "a.toml").write_text('[[rule]]\nid = "x"\nreson = "virus"\n[[rul]]\n')
    (folder / "b.toml").write_text("[[rule]\n")
    (folder / "reasons.toml").write_text("[mailbox_ful]\ndays = 2\n")
    assert main(["rules", "check", "rules"]) == Exit.CONFIG
    captured = capsys.readouterr()
    assert captured.out == ""
    problems = [line.removeprefix("bouncesink: ") for line in captured.err.splitlines()]
    assert len(problems) == len(set(problems)) > 5
    for wanted in (
        "rules/a.toml: unknown key 'rul', did you mean 'rule'?",
        "rules/a.toml: rule x: unknown key 'reson', did you mean 'reason'?",
        'rules/a.toml: rule x: id must look like "google/no-such-user"',
        "rules/a.toml: rule x: reason is missing",
        "rules/a.toml: rule x: examples are missing",
        "rules/b.toml: ",
        "reasons.toml: unknown reason 'mailbox_ful', did you mean 'mailbox_full'?",
    ):
        assert [problem for problem in problems if problem.startswith(wanted)], wanted


def test_an_example_that_is_lost_is_a_problem(folder, capsys):
    (folder / "mine.toml").write_text(RULE.replace('["550 5.7.1 The counter', '["550 5.7.1 User unknown", "550 The counter'))
    assert main(["rules", "check", "rules"]) == Exit.CONFIG
    told = capsys.readouterr().err
    assert re.fullmatch(
        r"bouncesink: rules/mine\.toml: rule local/counter: example '550 5\.7\.1 User unknown' is won by [\w/-]+\n", told
    )


def test_a_folder_that_is_not_there(capsys):
    assert main(["rules", "check", "nowhere"]) == Exit.CONFIG
    assert capsys.readouterr().err == "bouncesink: nowhere: is no folder of rule files\n"


def test_built_in_examples_that_are_decided_otherwise_now_are_shown(folder, capsys):
    text = 'literal = "rejected"\nexamples = ["550 rejected"]\n'
    (folder / "mine.toml").write_text(f'[[rule]]\nid = "local/all"\nreason = "virus"\nsource = "us"\n{text}')
    told = run(capsys, "check", "rules")
    assert "Your rules decide texts that built-in rules show as examples" in told
    assert told.count("local/all") == MOST_OVERRULED
    assert re.search(r"\.\.\. and \d+ more\.", told)


# --- test


def test_without_a_text_every_example_is_proved(folder, capsys):
    text = run(capsys, "test", "rules")
    assert "All examples are won, and all counterexamples are lost." in text
    assert re.search(r"rules/mine\.toml +│ 1 +│ 1 +│ 1 ", text)
    counts = json.loads(run(capsys, "test", "rules", "--format", "json"))
    assert counts["entries"] == BUILT_IN + 1
    assert counts["examples"] > len(BOOK.rules)
    assert counts["counterexamples"] > 1
    assert counts["problems"] == []


def test_examples_that_are_lost_are_65(folder, capsys):
    (folder / "mine.toml").write_text(RULE.replace("5.7.1 The counter", "5.7.1 Another counter"))
    told = run(capsys, "test", "rules", code=Exit.DATA)
    assert "rule local/counter: example '550 5.7.1 Another counter for letters is closed' is won by" in told
    assert "Some do not hold" in told
    assert len(json.loads(run(capsys, "test", "rules", "--format", "json", code=Exit.DATA))["problems"]) == 1


def test_which_rule_wins_a_text_which_hold_too_and_which_step_aside(folder, capsys):
    said = "550 5.2.2 The counter for letters is closed until tomorrow"
    told = run(capsys, "test", "rules", "--text", said)
    assert told.startswith("--text: mailbox_full, soft, by the rule iana/mailbox-full\n")
    assert re.search(r"steps aside +│ local/counter +│ mailbox_full +│ diagnostic +│ unless 'until tomorrow', which", told)
    assert re.search(r"wins +│ iana/mailbox-full +│ mailbox_full +│ status", told)


def test_the_same_for_programs(folder, capsys):
    said = "550 5.2.2 The counter for letters is closed"
    (trial,) = json.loads(run(capsys, "test", "rules", "--format", "json", "--text", said, "--recipient", "a@example.com"))
    assert (trial["source"], trial["recipient"], trial["reason"]) == ("--text", "a@example.com", "mailbox_full")
    assert trial["rules"][0] == {
        "rule": "local/counter",
        "reason": "mailbox_full",
        "outcome": "wins",
        "place": "diagnostic",
        "words": "the counter for letters is closed",
        "objection": None,
    }
    assert {each["outcome"] for each in trial["rules"][1:]} == {"holds too"}


def test_who_said_it_can_decide(capsys):
    vendor = next(rule for rule in BOOK.rules if rule.conditions and rule.conditions.vendors and rule.examples[0].seen.hosts[0])
    seen = vendor.examples[0].seen
    text, host = seen.texts[0][1], seen.hosts[0]
    assert f"by the rule {vendor.id}\n" in run(capsys, "test", "--text", text, "--host", host, "--recipient", seen.recipient)


def test_a_text_that_no_rule_knows(capsys):
    assert run(capsys, "test", "--text", "hm") == "--text: undetermined, neither hard nor soft, by no rule\n"


def test_mails_are_tried_recipient_by_recipient(folder, place, capsys):
    (place / "a.eml").write_text(dsn("550 5.7.1 The counter for letters is closed"))
    (place / "b.eml").write_text("From: a@example.com\nSubject: hello\n\nhello\n")
    assert main(["rules", "test", "rules", "a.eml", "b.eml", "missing.eml"]) == Exit.NO_INPUT
    captured = capsys.readouterr()
    assert captured.out.startswith("a.eml about reader@receiver.example: mailbox_full, soft, by the rule local/counter\n")
    assert "b.eml: is of the kind" in captured.err
    assert "missing.eml: No such file or directory" in captured.err


def test_only_one_folder_can_be_tried(folder, place, capsys):
    (place / "other").mkdir()
    assert main(["rules", "test", "rules", "other"]) == Exit.USAGE
    assert "only one folder of rules" in capsys.readouterr().err


# --- show


def test_the_whole_book_words_before_codes(folder, capsys):
    found = json.loads(run(capsys, "show", "--rules", "rules", "--format", "json"))
    assert found[0]["id"] == "local/counter"
    assert len(found) == len(BOOK.rules) + 1
    with_words = ["literal" in each for each in found]
    assert with_words == sorted(with_words, reverse=True)
    text = run(capsys, "show")
    assert "iana/mailbox-full" in text
    assert "(and " in text


def test_one_rule_is_shown_as_a_rule_file_would_have_it(folder, capsys):
    found = json.loads(run(capsys, "show", "local/counter", "--rules", "rules", "--format", "json"))
    entry = BOOK.reasons[Reason.MAILBOX_FULL]
    assert (found.pop("file"), found.pop("meaning"), found.pop("fault"), found.pop("advice")) == (
        "rules/mine.toml",
        entry.meaning,
        entry.fault,
        entry.advice,
    )
    written = tomllib.loads(RULE)["rule"][0]
    assert found == {**written, "literal": [written["literal"]], "unless": [written["unless"]]}
    text = run(capsys, "show", "local/counter", "--rules", "rules")
    for value in (written["literal"], written["source"], entry.advice, "until tomorrow"):
        assert value in text


def test_what_is_shown_of_a_rule_can_be_read_back():
    """The keys are those of rule files: shown and read again, every rule is the same."""
    for rule in BOOK.rules:
        shown = json.loads(json.dumps(ruleview.rule_object(rule)))
        shown.pop("file")
        problems: list[str] = []
        again = read_rule(Table("x", shown, problems), rule.file)
        assert problems == []
        assert again is not None
        for name in ("id", "reason", "class_", "literals", "unless", "conditions", "weak", "note", "source"):
            assert getattr(again, name) == getattr(rule, name), (rule.id, name)
        assert (again.pattern and again.pattern.pattern) == (rule.pattern and rule.pattern.pattern), rule.id


def test_a_reason_and_the_rules_that_lead_to_it(folder, capsys):
    entry = BOOK.reasons[Reason.MAILBOX_FULL]
    text = run(capsys, "show", "mailbox_full", "--rules", "rules")
    for value in (entry.meaning, entry.advice, "sisimai: MailboxFull", "local/counter", "rules lead to it"):
        assert value in text
    found = json.loads(run(capsys, "show", "mailbox_full", "--rules", "rules", "--format", "json"))
    assert found["rules"][0] == "local/counter"
    assert found["elsewhere"] == dict(entry.equivalents)
    assert (found["expires_days"], found["class"]) == (entry.expires_days, entry.class_)


@pytest.mark.parametrize(("name", "nearest"), [("iana/mailbox-ful", "iana/mailbox-full"), ("mailbox_ful", "mailbox_full")])
def test_a_name_that_is_not_there(name, nearest, capsys):
    assert main(["rules", "show", name]) == Exit.NO_INPUT
    assert capsys.readouterr().err == (f"bouncesink: {name}: no rule and no reason is called so, did you mean '{nearest}'?\n")


@pytest.mark.parametrize(
    ("codes", "texts"),
    [
        ((), []),
        ((550,), ["550"]),
        (range(500, 600), ["5xx"]),
        ((*range(450, 460), 421), ["421", "45x"]),
        ((550, 551), ["550", "551"]),
    ],
)
def test_reply_codes_are_written_shortly(codes, texts):
    assert ruleview.reply_code_texts(frozenset(codes)) == texts


@pytest.mark.parametrize("text", ["5.1.1", "x.7.x", "4.x.x"])
def test_a_status_is_written_as_it_was(text):
    pattern = StatusPattern.parse(text)
    assert pattern is not None
    assert ruleview.status_text(pattern) == text


# --- unknowns


@pytest.fixture
def mails(place) -> list[str]:
    texts = [
        dsn("554 Letter number 17 was put aside at 192.0.2.1"),
        dsn("554 Letter number 4711 was put aside at 198.51.100.1", "other@receiver.example"),
        dsn("554 hm, somebody there does not like it"),
        dsn("550 5.1.1 User unknown"),
        dsn("", prose="All that we can say is that the pigeon has not come back."),
    ]
    names = []
    for number, text in enumerate(texts):
        (place / f"{number}.eml").write_text(text)
        names.append(f"{number}.eml")
    return names


def test_unknowns_of_mails_are_gathered_by_what_they_say(mails, capsys):
    found = json.loads(run(capsys, "unknowns", *mails, "--format", "json"))
    assert [(each["count"], each["text"]) for each in found] == [
        (2, "letter number <number> was put aside at <ip>"),
        (1, "all that we can say is that the pigeon has not come back."),
        (1, "hm, somebody there does not like it"),
    ]
    first = found[0]
    assert first["sample"] == "554 Letter number 17 was put aside at 192.0.2.1"
    assert first["hosts"] == ["mx.receiver.example"]
    assert first["sources"] == ["0.eml", "1.eml"]
    assert first["reasons"] == ["undetermined"]
    assert 'literal = "was put aside at"' in first["draft"]
    assert len(json.loads(run(capsys, "unknowns", *mails, "--format", "json", "--top", "1"))) == 1


def test_unknowns_for_people(mails, capsys):
    text = run(capsys, "unknowns", *mails)
    assert re.search(
        r"│ 2 +│ letter number <number> was put aside at <ip> +│ mx\.receiver\.example +│ 0\.eml +│ 554 Letter", text
    )
    assert "--format toml" in text


def test_a_draft_mends_many_as_soon_as_it_has_a_reason(mails, folder, capsys):
    drafted = run(capsys, "unknowns", *mails, "--format", "toml")
    assert drafted.count("\n[[rule]]\n") == 3
    (folder / "drafted.toml").write_text(drafted.replace('reason = "undetermined"', 'reason = "spam_content"'))
    assert "4 of your own" in run(capsys, "check", "rules")
    assert run(capsys, "unknowns", *mails, "--rules", "rules") == "No verdict there is undetermined or policy_unspecified.\n"
    assert json.loads(run(capsys, "unknowns", *mails, "--rules", "rules", "--format", "json")) == []


async def record(path: Path, contents: list[str]) -> None:
    attribution = Attribution(Grammar.SIGNED, "reader@receiver.example", authenticity=Authenticity.PROVEN)
    admitted = Admitted("tag-reader=receiver.example@b.example", attribution)
    async with Database.open(StoreSection(path=path)) as database:
        for content in contents:
            mail = Mail(
                Envelope("", (admitted,)), content.encode(), datetime(2026, 2, 2, tzinfo=UTC), Peer(Via.SMTP, "192.0.2.1")
            )
            report = read(mail.content, BOOK.formats)
            await database.intake.record(mail, report, (Judged(admitted, judge(report, attribution, BOOK)),))


def test_unknowns_of_a_database_as_they_were_judged(mails, place, capsys):
    import asyncio

    asyncio.run(record(place / "b.db", [(place / name).read_text() for name in mails]))
    found = json.loads(run(capsys, "unknowns", "--database", "b.db", "--format", "json"))
    assert [(each["count"], each["text"], each["sources"]) for each in found] == [
        (2, "letter number <number> was put aside at <ip>", ["1", "2"]),
        (1, "all that we can say is that the pigeon has not come back.", ["5"]),
        (1, "hm, somebody there does not like it", ["3"]),
    ]
    newest = json.loads(run(capsys, "unknowns", "--database", "b.db", "--format", "json", "--limit", "1"))
    assert [each["sources"] for each in newest] == [["5"]]


def test_unknowns_of_nothing(place, capsys):
    assert main(["rules", "unknowns"]) == Exit.NO_INPUT
    assert "there is no such database" in capsys.readouterr().err
    assert main(["rules", "unknowns", "missing.eml"]) == Exit.NO_INPUT
    assert "missing.eml: No such file" in capsys.readouterr().err
    assert main(["rules", "unknowns", "missing.eml", "--database", "b.db"]) == Exit.USAGE
    assert "--database" in capsys.readouterr().err
