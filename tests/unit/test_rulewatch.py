"""The watch over a folder of rules: what it takes up, what it refuses, and what it waits for."""

import asyncio
import json
import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bouncesink import rulewatch
from bouncesink.config.sections import LogSection
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.verdict import Reason
from bouncesink.errors import RuleError
from bouncesink.observe import log
from bouncesink.rulefiles import OwnFiles
from bouncesink.rulewatch import RuleWatch, marks_of

ROUND = 0.02


def rule(reason: str = "mailbox_unknown", identifier: str = "local/counter") -> str:
    text = "the counter for letters is closed"
    return (
        f'[[rule]]\nid = "{identifier}"\nreason = "{reason}"\nliteral = "{text}"\n'
        f'source = "https://receiver.example/"\nexamples = ["550 {text}"]\n'
    )


class Output:
    """A stream whose lines can be asked for by the name of their event."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    def events(self, name: str) -> list[dict]:
        return [line for line in map(json.loads, self.text.splitlines()) if line["event"] == name]


@pytest.fixture
def output():
    output = Output()
    log.configure(LogSection(), output)
    yield output
    log._Current.logger = None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "mine.toml").write_text(rule())
    return folder


async def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(ROUND)


def reason_of(book: Rulebook) -> Reason:
    (own,) = (rule for rule in book.rules if rule.id.startswith("local/"))
    return own.reason


def test_rules_that_do_not_hold_do_not_start(folder):
    (folder / "mine.toml").write_text(rule("mailbox_ful"))
    with pytest.raises(RuleError, match="did you mean 'mailbox_full'"):
        RuleWatch(folder)


async def test_without_a_folder_there_is_nothing_to_watch(output):
    watch = RuleWatch(None)
    async with watch.running(pytest.fail, ROUND):
        watch.look_now()
        await asyncio.sleep(0)
    assert output.text == ""


async def test_what_is_in_force_is_handed_on_though_the_folder_no_longer_holds(folder, output):
    """As to a worker that takes the place of another."""
    watch = RuleWatch(folder)
    taken: list[Rulebook] = []
    async with watch.running(taken.append, ROUND):
        (folder / "mine.toml").write_text(rule("mailbox_full"))
        await until(lambda: taken, "the changed folder")
        (folder / "mine.toml").write_text("[[rule")
        await until(lambda: output.events("rules.refused"), "the refusal")
    handed = pickle.loads(pickle.dumps(watch.in_force))
    another = RuleWatch(folder, handed)
    assert another.book.hash == watch.book.hash == taken[-1].hash
    async with another.running(taken.append, ROUND):
        await asyncio.sleep(5 * ROUND)
        assert len(output.events("rules.refused")) == 1, "what was told is not told again"
        (folder / "mine.toml").write_text(rule("mailbox_moved"))
        await until(lambda: len(taken) == 2, "the mended folder")
    assert reason_of(another.book) is Reason.MAILBOX_MOVED


async def test_what_changed_while_it_was_handed_on_is_a_change(folder, output):
    handed = RuleWatch(folder).in_force
    (folder / "mine.toml").write_text(rule("mailbox_full"))
    taken: list[Rulebook] = []
    another = RuleWatch(folder, handed)
    assert reason_of(another.book) is Reason.MAILBOX_UNKNOWN
    async with another.running(taken.append, ROUND):
        await until(lambda: taken, "the changed folder")
    assert reason_of(another.book) is Reason.MAILBOX_FULL


async def test_a_change_is_taken_up_once(folder, output):
    watch = RuleWatch(folder)
    taken: list[Rulebook] = []
    first = watch.book
    async with watch.running(taken.append, ROUND):
        (folder / "mine.toml").write_text(rule("mailbox_full"))
        await until(lambda: taken, "the changed folder")
        (folder / "more" / "deep").mkdir(parents=True)
        (folder / "more" / "deep" / "b.toml").write_text("")
        await until(lambda: len(taken) == 2, "the added file")
    assert [reason_of(book) for book in taken] == [Reason.MAILBOX_FULL] * 2
    assert watch.book is taken[-1]
    lines = output.events("rules.reloaded")
    assert [(line["replaced"], line["rulebook"]) for line in lines] == [
        (first.hash, taken[0].hash),
        (taken[0].hash, taken[1].hash),
    ]
    assert lines[0]["rules"] == len(first.rules)


async def test_a_bad_folder_is_refused_once_and_the_old_book_stays(folder, output):
    watch = RuleWatch(folder)
    first = watch.book
    taken: list[Rulebook] = []
    async with watch.running(taken.append, ROUND):
        (folder / "mine.toml").write_text(rule("mailbox_ful") + "wrong = 1\n")
        await until(lambda: output.events("rules.refused"), "the refusal")
        await asyncio.sleep(10 * ROUND)  # what would be told again is told within a few rounds
        assert watch.book is first
        assert not taken
        (folder / "mine.toml").write_text(rule("mailbox_full"))
        await until(lambda: taken, "the mended folder")
    (line,) = output.events("rules.refused")
    assert line["rulebook"] == first.hash
    assert len(line["problems"]) == 2


async def test_a_folder_that_is_gone_is_refused_and_taken_up_when_it_is_back(folder, output):
    watch = RuleWatch(folder)
    taken: list[Rulebook] = []
    async with watch.running(taken.append, ROUND):
        folder.rename(folder.with_name("away"))
        await until(lambda: output.events("rules.refused"), "the refusal")
        folder.with_name("away").rename(folder)
        # the same files as at first, but another folder was tried in between
        await until(lambda: taken, "the folder that is back")
    assert "is no folder of rule files" in output.events("rules.refused")[0]["problems"][0]


async def test_what_moves_while_it_is_read_is_read_again(folder, output, monkeypatch):
    """A real change, made at the one moment that no test could hit by chance: while the rules are being read."""
    watch = RuleWatch(folder)
    taken: list[Rulebook] = []
    read = rulewatch.load_rulebook
    reads = []

    def read_while_it_moves(place: Path, files: OwnFiles) -> Rulebook:
        reads.append(place)
        book = read(place, files)
        if len(reads) == 1:
            (folder / "mine.toml").write_text(rule("system_full"))
        return book

    monkeypatch.setattr(rulewatch, "load_rulebook", read_while_it_moves)
    async with watch.running(taken.append, ROUND):
        (folder / "mine.toml").write_text(rule("mailbox_full"))
        await until(lambda: taken, "the folder that stands still")
    assert len(reads) == 2
    assert [reason_of(book) for book in taken] == [Reason.SYSTEM_FULL]


async def test_a_bug_is_logged_once_and_the_watch_goes_on(folder, output):
    watch = RuleWatch(folder)
    taken: list[Rulebook] = []

    def take(book: Rulebook) -> None:
        taken.append(book)
        if len(taken) == 1:
            raise LookupError("a bug")

    async with watch.running(take, ROUND):
        (folder / "mine.toml").write_text(rule("mailbox_full"))
        await until(lambda: output.events("bug"), "the bug")
        (folder / "mine.toml").write_text(rule("system_full"))
        await until(lambda: len(taken) == 2, "the next change")
    assert [line["where"] for line in output.events("bug")] == ["rulewatch"]


async def test_being_told_to_look_waits_for_no_round(folder, output):
    watch = RuleWatch(folder)
    taken: list[Rulebook] = []
    async with watch.running(taken.append, 3600):
        watch.look_now()
        await until(lambda: taken, "the folder, which has not changed")
    assert taken[0].hash == output.events("rules.reloaded")[0]["replaced"]


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.write_text(rule("mailbox_full")),
        lambda file: os.utime(file, ns=(1, 1)),
        lambda file: file.with_name("new.toml").write_text(""),
        lambda file: file.unlink(),
        lambda file: (file.unlink(), file.symlink_to("/nowhere")),
    ],
)
def test_what_marks_a_change(folder, change):
    before = marks_of(folder)
    assert marks_of(folder) == before
    change(folder / "mine.toml")
    assert marks_of(folder) != before


@pytest.mark.parametrize("name", ["notes.txt", ".#mine.toml", "..data/mine.toml", ".git/x.toml", "mine.toml~"])
def test_what_is_no_rule_file_marks_none_and_is_not_read(folder, name):
    before = marks_of(folder)
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("this is [ no TOML")
    assert marks_of(folder) == before
    assert reason_of(RuleWatch(folder).book) is Reason.MAILBOX_UNKNOWN


def test_no_folder_has_no_marks(tmp_path):
    assert marks_of(tmp_path / "nowhere") is None
