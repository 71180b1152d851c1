"""`bouncesink rules check` and `test`: on the packaged rules and on a folder of an operator's own."""

import json
import re
from pathlib import Path

import pytest
from rules_tried import BOOK, BUILT_IN, RULE, dsn, run

from bouncesink.cli.exits import Exit
from bouncesink.cli.main import main
from bouncesink.cli.ruleproof import MOST_OVERRULED

pytestmark = pytest.mark.usefixtures("elsewhere")


def test_the_built_in_rules_hold(capsys):
    told = f"All rules and formats hold: {BUILT_IN} built in. They are the rulebook {BOOK.hash}.\n"
    assert run(capsys, "check") == told


def test_a_folder_of_ones_own_holds(own_rules, capsys):
    text = run(capsys, "check", "rules")
    assert text.startswith(f"All rules and formats hold: 1 of your own in rules and {BUILT_IN} built in.")
    assert "Your rules decide" not in text


def test_the_configurations_folder_is_checked(own_rules, capsys):
    Path("x.toml").write_text('[rules]\nfolder = "rules"\n')
    assert "1 of your own in rules" in run(capsys, "check", "--config", "x.toml")


def test_every_problem_is_told_at_once(own_rules, capsys):
    (own_rules / "a.toml").write_text('[[rule]]\nid = "x"\nreson = "virus"\n[[rul]]\n')
    (own_rules / "b.toml").write_text("[[rule]\n")
    (own_rules / "reasons.toml").write_text("[mailbox_ful]\ndays = 2\n")
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


def test_an_example_that_is_lost_is_a_problem(own_rules, capsys):
    (own_rules / "mine.toml").write_text(RULE.replace('["550 5.7.1 The counter', '["550 5.7.1 User unknown", "550 The counter'))
    assert main(["rules", "check", "rules"]) == Exit.CONFIG
    told = capsys.readouterr().err
    assert re.fullmatch(
        r"bouncesink: rules/mine\.toml: rule local/counter: example '550 5\.7\.1 User unknown' is won by [\w/-]+\n", told
    )


def test_a_folder_that_is_not_there(capsys):
    assert main(["rules", "check", "nowhere"]) == Exit.CONFIG
    assert capsys.readouterr().err == "bouncesink: nowhere: is no folder of rule files\n"


def test_built_in_examples_that_are_decided_otherwise_now_are_shown(own_rules, capsys):
    text = 'literal = "rejected"\nexamples = ["550 rejected"]\n'
    (own_rules / "mine.toml").write_text(f'[[rule]]\nid = "local/all"\nreason = "virus"\nsource = "us"\n{text}')
    told = run(capsys, "check", "rules")
    assert "Your rules decide texts that built-in rules show as examples" in told
    assert told.count("local/all") == MOST_OVERRULED
    assert re.search(r"\.\.\. and \d+ more\.", told)


def test_without_a_text_every_example_is_proved(own_rules, capsys):
    text = run(capsys, "test", "rules")
    assert "All examples are won, and all counterexamples are lost." in text
    assert re.search(r"rules/mine\.toml +│ 1 +│ 1 +│ 1 ", text)
    counts = json.loads(run(capsys, "test", "rules", "--format", "json"))
    assert counts["entries"] == BUILT_IN + 1
    assert counts["examples"] > len(BOOK.rules)
    assert counts["counterexamples"] > 1
    assert counts["problems"] == []


def test_examples_that_are_lost_are_65(own_rules, capsys):
    (own_rules / "mine.toml").write_text(RULE.replace("5.7.1 The counter", "5.7.1 Another counter"))
    told = run(capsys, "test", "rules", code=Exit.DATA)
    assert "rule local/counter: example '550 5.7.1 Another counter for letters is closed' is won by" in told
    assert "Some do not hold" in told
    assert len(json.loads(run(capsys, "test", "rules", "--format", "json", code=Exit.DATA))["problems"]) == 1


def test_which_rule_wins_a_text_which_hold_too_and_which_step_aside(own_rules, capsys):
    said = "550 5.2.2 The counter for letters is closed until tomorrow"
    told = run(capsys, "test", "rules", "--text", said)
    assert told.startswith("--text: mailbox_full, soft, by the rule iana/mailbox-full\n")
    assert re.search(r"steps aside +│ local/counter +│ mailbox_full +│ diagnostic +│ unless 'until tomorrow', which", told)
    assert re.search(r"wins +│ iana/mailbox-full +│ mailbox_full +│ status", told)


def test_the_same_for_programs(own_rules, capsys):
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
    assert run(capsys, "test", "--text", "hm") == "--text: undetermined, hard, by no rule\n"


def test_mails_are_tried_recipient_by_recipient(own_rules, elsewhere, capsys):
    (elsewhere / "a.eml").write_text(dsn("550 5.7.1 The counter for letters is closed"))
    (elsewhere / "b.eml").write_text("From: a@example.com\nSubject: hello\n\nhello\n")
    assert main(["rules", "test", "rules", "a.eml", "b.eml", "missing.eml"]) == Exit.NO_INPUT
    captured = capsys.readouterr()
    assert captured.out.startswith("a.eml about reader@receiver.example: mailbox_full, soft, by the rule local/counter\n")
    assert "b.eml: is of the kind" in captured.err
    assert "missing.eml: No such file or directory" in captured.err


def test_only_one_folder_can_be_tried(own_rules, elsewhere, capsys):
    (elsewhere / "other").mkdir()
    assert main(["rules", "test", "rules", "other"]) == Exit.USAGE
    assert "only one folder of rules" in capsys.readouterr().err
