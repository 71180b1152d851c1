"""The how-to on rules does what it says: its rules hold, its commands answer, its draft is what would be drafted."""

import re
import shlex
from pathlib import Path

import pytest

from bouncesink.cli.main import main
from bouncesink.core.draft import as_toml, drafts
from bouncesink.core.unknowns import Unknown, cluster
from bouncesink.core.verdict import Reason
from bouncesink.rulefiles import load_rulebook

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "howto" / "write-a-rule.md").read_text("utf-8")
DRAFTED, WRITTEN = re.findall(r"^```toml rules\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
SAID = re.findall(r"--text '([^']+)'", TEXT)


def test_the_draft_is_what_is_drafted():
    texts = [SAID[0].replace("4711", str(number)) for number in range(4711, 4728)]
    sources = ["4711", "4712", *["4712"] * 15]
    host = "mx.receiver.example"
    unknowns = [Unknown(text, source, Reason.UNDETERMINED, host) for text, source in zip(texts, sources, strict=True)]
    (draft,) = drafts(cluster(unknowns), load_rulebook(None))
    assert as_toml(draft) + "\n" == DRAFTED


@pytest.mark.parametrize("rules", [DRAFTED, WRITTEN])
def test_the_rules_hold(rules, tmp_path, capsys):
    (tmp_path / "ours.toml").write_text(rules)
    assert main(["rules", "check", str(tmp_path)]) == 0
    assert "1 of your own" in capsys.readouterr().out


def test_the_rule_wins_the_text(tmp_path, capsys):
    (tmp_path / "ours.toml").write_text(WRITTEN)
    (command,) = re.findall(r"^bouncesink (rules test .*--text .*)$", TEXT, re.MULTILINE)
    assert main(shlex.split(command.replace("/etc/bouncesink/rules", str(tmp_path)))) == 0
    assert "mailbox_disabled, hard, by the rule local/sealed-box" in capsys.readouterr().out
