"""The documents about rules: drawn pages are what the rules say, written ones show what holds."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bouncesink.core.rule import TEXT_PLACES
from bouncesink.core.rule_entry import EXAMPLE_KEYS, KEYS
from bouncesink.core.scan import TEXT_LIMIT
from bouncesink.core.verdict import Disposition, Reason
from bouncesink.rulefiles import load_rulebook

ROOT = Path(__file__).resolve().parents[2]
RULES = (ROOT / "docs" / "reference" / "rules.md").read_text("utf-8")
BLOCKS = re.findall(r"^```toml rules\n(.*?)^```", RULES, re.MULTILINE | re.DOTALL)
REASONS = re.findall(r"^```toml reasons\n(.*?)^```", RULES, re.MULTILINE | re.DOTALL)


def test_drawn_pages_are_up_to_date():
    command = [sys.executable, ROOT / "scripts" / "rules_reference.py", "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (checked.stdout, checked.stderr, checked.returncode) == ("", "", 0)


def test_every_reason_has_its_heading():
    page = (ROOT / "docs" / "reference" / "reasons.md").read_text("utf-8")
    assert re.findall(r"^### (\w+)$", page, re.MULTILINE) == [
        entry.reason
        for fault in dict.fromkeys(re.findall(r"^## Fault: (\w+)$", page, re.MULTILINE))
        for entry in load_rulebook(None).reasons.values()
        if entry.fault == fault
    ]
    assert len(re.findall(r"^### ", page, re.MULTILINE)) == len(Reason)


def test_there_are_examples_to_load():
    assert len(BLOCKS) == 4
    assert len(REASONS) == 1


@pytest.mark.parametrize("block", BLOCKS)
def test_the_rules_that_are_shown_hold(block, tmp_path):
    (tmp_path / "shown.toml").write_text(block, "utf-8")
    own = [rule for rule in load_rulebook(tmp_path).rules if rule.file == str(tmp_path / "shown.toml")]
    assert len(own) == block.count("[[rule]]")


def test_the_reasons_that_are_shown_hold(tmp_path):
    (tmp_path / "reasons.toml").write_text(REASONS[0], "utf-8")
    reasons = load_rulebook(tmp_path).reasons
    assert reasons[Reason.MAILBOX_FULL].expires_days == 14
    assert reasons[Reason.RELAY_DENIED].disposition is Disposition.REVIEW


def test_every_key_is_told_of():
    told = set(re.findall(r"`(\w+)`", RULES))
    assert {*KEYS, *EXAMPLE_KEYS} <= told
    assert {str(place) for place in TEXT_PLACES} - {"envelope"} <= told
    assert f"{TEXT_LIMIT:,} characters" in RULES
