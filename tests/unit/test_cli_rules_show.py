"""`bouncesink rules show`: the book, a rule, a reason, as rule files would have them."""

import json
import tomllib

import pytest
from rules_tried import BOOK, RULE, run

from bouncesink.cli import ruleview
from bouncesink.cli.exits import Exit
from bouncesink.cli.main import main
from bouncesink.core.problems import Table
from bouncesink.core.rule import StatusPattern
from bouncesink.core.rule_entry import read_rule
from bouncesink.core.verdict import Reason

pytestmark = pytest.mark.usefixtures("elsewhere")


def test_the_whole_book_words_before_codes(own_rules, capsys):
    found = json.loads(run(capsys, "show", "--rules", "rules", "--format", "json"))
    assert found[0]["id"] == "local/counter"
    assert len(found) == len(BOOK.rules) + 1
    with_words = ["literal" in each for each in found]
    assert with_words == sorted(with_words, reverse=True)
    text = run(capsys, "show")
    assert "iana/mailbox-full" in text
    assert "(and " in text


def test_one_rule_is_shown_as_a_rule_file_would_have_it(own_rules, capsys):
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


def test_a_reason_and_the_rules_that_lead_to_it(own_rules, capsys):
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
