"""Rule files on disk: the packaged ones, an operator's in front of them, and everything that can be wrong with a folder."""

from pathlib import Path

import pytest

from bouncesink.core.proof import prove
from bouncesink.core.report import Place
from bouncesink.core.rule import Observation
from bouncesink.core.verdict import Disposition, Reason
from bouncesink.errors import RuleError
from bouncesink.rulefiles import load_rulebook, own_files, read_rulebook

OWN = """
[[rule]]
id = "ours/full"
reason = "not_accepting"
literal = "mailbox full"
source = "our own gateway"
examples = ["550 mailbox full"]
"""


def words(book, text: str):
    return book.search(Observation(((Place.DIAGNOSTIC, text),))).rule


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def problems_of(folder: Path) -> tuple[str, ...]:
    with pytest.raises(RuleError) as raised:
        load_rulebook(folder)
    return raised.value.problems


def test_packaged_rules_stand_in_their_order():
    files = list(dict.fromkeys(rule.file for rule in load_rulebook(None).rules))
    assert files == sorted(files)
    assert files[0].startswith("10-vendors/")
    assert files[-1] == "90-iana.toml"


def test_an_operators_rules_stand_in_front(tmp_path):
    book = load_rulebook(write(tmp_path, own=OWN))
    assert words(book, "mailbox full").id == "ours/full"
    assert words(load_rulebook(None), "mailbox full").id != "ours/full"
    assert book.hash != load_rulebook(None).hash


def test_an_operators_files_stand_in_the_order_of_their_names(tmp_path):
    write(tmp_path, a__z=OWN, b=OWN.replace("ours/full", "ours/other"))
    assert problems_of(tmp_path) == (f"{tmp_path}/b.toml: rule ours/other: example '550 mailbox full' is won by ours/full",)


def test_hidden_files_are_no_rules(tmp_path):
    write(tmp_path, **{".hidden": "[[", ".folder__x": "[[", "own": OWN})
    assert own_files(tmp_path) == [tmp_path / "own.toml"]
    assert words(load_rulebook(tmp_path), "mailbox full").id == "ours/full"


def test_a_book_can_be_read_without_being_proved(tmp_path):
    book, own = read_rulebook(write(tmp_path, own=OWN.replace("550 mailbox full", "550 no")))
    assert own == {f"{tmp_path}/own.toml"}
    assert len(prove(book, own)) == 1


def test_an_empty_folder_changes_nothing(tmp_path):
    assert load_rulebook(tmp_path).hash == load_rulebook(None).hash


def test_an_operator_may_change_single_keys_of_reasons(tmp_path):
    book = load_rulebook(write(tmp_path, reasons="[mailbox_full]\ndisposition = 'review'\n"))
    assert book.reasons[Reason.MAILBOX_FULL].disposition is Disposition.REVIEW
    assert book.reasons[Reason.MAILBOX_FULL].meaning == load_rulebook(None).reasons[Reason.MAILBOX_FULL].meaning
    assert book.hash != load_rulebook(None).hash


class TestProblems:
    def test_no_folder(self, tmp_path):
        assert problems_of(tmp_path / "none") == (f"{tmp_path}/none: is no folder of rule files",)

    def test_not_toml_not_utf8_and_a_bad_rule_are_all_told(self, tmp_path):
        write(tmp_path, broken="[[rule", bad='[[rule]]\nid = "x"\n', reasons="[virsu]\nfault = 1\n[virus]\nfault = 'me'\n")
        (tmp_path / "latin.toml").write_bytes(b"# \xe4\n")
        problems = problems_of(tmp_path)
        for part in (
            "broken.toml: ",
            "latin.toml: 'utf-8' codec",
            "bad.toml: rule x: reason is missing",
            "unknown reason 'virsu'",
            "virus: fault knows no 'me'",
        ):
            assert any(part in problem for problem in problems), part

    def test_a_file_that_cannot_be_parsed_is_enough(self, tmp_path):
        (problem,) = problems_of(write(tmp_path, broken="x = "))
        assert problem.startswith(f"{tmp_path}/broken.toml: ")

    def test_a_reason_that_is_no_table(self, tmp_path):
        assert "reasons.toml: reason 'virus' is missing" in problems_of(write(tmp_path, reasons="virus = 3\n"))

    def test_a_rule_that_does_not_win_its_own_example(self, tmp_path):
        (problem,) = problems_of(write(tmp_path, own=OWN.replace("550 mailbox full", "550 no")))
        assert problem == f"{tmp_path}/own.toml: rule ours/full: example '550 no' is won by no rule"

    def test_an_id_of_ours(self, tmp_path):
        (problem,) = problems_of(write(tmp_path, own=OWN.replace("ours/full", "phrase/mailbox-full")))
        assert "rule phrase/mailbox-full: id is used already in" in problem
