"""A page for each reason, drawn from the rules: complete, up to date, and nothing left over."""

import subprocess
import sys
from pathlib import Path

import pytest

from bouncesink.core.verdict import Reason
from bouncesink.rulefiles import load_rulebook

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "reference" / "reasons"
BOOK = load_rulebook(None)


def test_the_pages_are_what_the_rules_say():
    command = [sys.executable, ROOT / "scripts" / "reason_pages.py", "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.stdout, checked.stderr, checked.returncode) == ("", "", 0)


def test_there_is_a_page_for_each_reason_and_for_nothing_else():
    assert {path.name for path in FOLDER.iterdir()} == {f"{reason}.md" for reason in Reason}


@pytest.mark.parametrize("reason", Reason)
def test_a_page_says_what_whose_fault_what_to_do_and_which_rules(reason):
    entry = BOOK.reasons[reason]
    page = (FOLDER / f"{reason}.md").read_text("utf-8")
    assert page.startswith(f"# {reason}\n")
    for told in (entry.meaning, entry.advice, f"`{entry.fault}`", *entry.equivalents.values()):
        assert told in page
    rules = [rule.id for rule in BOOK.rules if rule.reason is reason]
    assert rules
    assert [rule for rule in rules if f"| `{rule}` |" not in page] == []
