"""`bouncesink ingest` on real files and a real database: what is recorded, what is left, how it goes on, how it ends."""

import functools
import io
import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from bouncesink import rulewatch
from bouncesink.cli import backlog as backlog_room
from bouncesink.cli import ingesting
from bouncesink.cli.backlog import Backlog
from bouncesink.cli.exits import Exit
from bouncesink.cli.main import main
from bouncesink.cli.welcome import SAMPLE_DSN
from bouncesink.rulefiles import load_rulebook
from bouncesink.store.lock import ServerLock

FROM = "From MAILER-DAEMON Mon Jan  5 10:00:00 2026\n"


def dsn(number: int, to: str = "") -> str:
    head = f"X-Original-To: {to}\n" if to else ""
    return head + SAMPLE_DSN.replace("<sample@", f"<{number}@").replace("reader@", f"reader{number}@")


book = functools.cache(load_rulebook)


class Place:
    """A folder with a database, and the command run there."""

    def __init__(self, folder: Path, capsys) -> None:
        self.folder = folder
        self.database = folder / "b.db"
        self._capsys = capsys

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def ingest(self, *arguments: str, code: int = 0) -> dict[str, int]:
        assert main(["ingest", "--format", "json", "--database", str(self.database), *arguments]) == code
        said = self._capsys.readouterr()
        self.said = said.err
        counts = json.loads(said.out)
        return {name: count for name, count in counts.items() if count and name != "seconds"}

    def names(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.folder / folder).iterdir())

    def fails(self, *arguments: str, code: int) -> str:
        assert main(["ingest", "--database", str(self.database), *arguments]) == code
        return self._capsys.readouterr().err

    def rows(self, sql: str):
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def place(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ingesting, "PATIENCE", 0.2)
    monkeypatch.setattr(rulewatch, "load_rulebook", book)
    monkeypatch.setenv("BOUNCESINK_STORE__BUSY_TIMEOUT", "0.3")
    return Place(tmp_path, capsys)


def test_files_folders_maildirs_and_mboxes(place):
    place.write("one.eml", dsn(1, "a@b.example"))
    place.write("folder/2.eml", dsn(2))
    place.write("folder/3", "not a bounce at all")
    place.write("m/new/4.x", dsn(4, "c@b.example"))
    place.write("m/cur/5.x:2,S", dsn(5))
    place.write("m/tmp/6.x", dsn(6))
    place.write("z.mbox", f"{FROM}{dsn(7)}\n{FROM}{dsn(8)}\n")
    assert place.ingest("one.eml", "folder", "m", "z.mbox") == {"recorded": 7}
    rows = place.rows("SELECT forward_path, via, authenticity FROM mails ORDER BY forward_path")
    assert rows == [("", "file", "unproven")] * 5 + [("a@b.example", "file", "unproven"), ("c@b.example", "file", "unproven")]
    assert place.names("m/new") + place.names("m/cur") == ["4.x:2,", "5.x:2,S"]
    assert place.names("m/tmp") == ["6.x"]
    assert place.rows("SELECT DISTINCT disposition FROM verdicts WHERE kind = 'bounce'") == [("review",)], (
        "nobody is suppressed"
    )
    assert place.ingest("one.eml", "folder", "m") == {"duplicates": 5}


def test_a_minted_address_suppresses_as_it_does_by_smtp(place, capsys):
    assert main(["verp", "mint", "reader1@example.com", "--domain", "b.example", "--database", str(place.database)]) == 0
    minted = capsys.readouterr().out.strip()
    place.write("one.eml", dsn(1, minted))
    assert place.ingest("one.eml") == {"recorded": 1}
    assert place.rows("SELECT recipient, reason FROM suppressions") == [("reader1@example.com", "mailbox_unknown")]


def test_the_envelope_of_the_command_line(place):
    place.write("one.eml", dsn(1, "no@b.example"))
    place.ingest("--forward-path=a@b.example", "--forward-path", "c@b.example", "--reverse-path=", "one.eml")
    assert place.rows("SELECT forward_path, reverse_path FROM mails") == [("a@b.example", ""), ("c@b.example", "")]


def test_explain_tells_of_one_that_came_from_a_file(place, capsys):
    place.write("one.eml", dsn(1))
    place.ingest("one.eml")
    assert main(["explain", "1", "--database", str(place.database)]) == 0
    assert "to an address that nobody knows from a file." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (("--received-at", "header"), "2026-02-02T10:00:00.000Z"),
        (("--received-at", "2025-01-01T10:00:00+01:00"), "2025-01-01T09:00:00.000Z"),
        (("--received-at", "2025-01-01"), "2025-01-01T00:00:00.000Z"),
    ],
)
def test_when_it_came(place, option, expected):
    place.write("one.eml", dsn(1))
    place.ingest(*option, "one.eml")
    assert place.rows("SELECT received_at FROM mails") == [(expected,)]


@pytest.mark.parametrize(("value", "told"), [("headers", "neither the word header"), ("2999-01-01", "in the future")])
def test_a_time_that_is_none(place, value, told):
    assert told in place.fails("--received-at", value, "x", code=Exit.USAGE)


def test_a_summary_for_people(place, capsys):
    place.write("one.eml", dsn(1))
    assert main(["ingest", "--database", str(place.database), "one.eml"]) == 0
    assert "recorded" in capsys.readouterr().out


# --- how it goes on


def offsets(place) -> list[int]:
    return [position for (position,) in place.rows("SELECT position FROM progress WHERE task LIKE 'ingest:%'")]


def test_an_mbox_goes_on_behind_its_bookmark_and_again_begins_anew(place):
    path = place.write("z.mbox", f"{FROM}{dsn(1)}\n{FROM}{dsn(2)}\n")
    assert place.ingest("z.mbox") == {"recorded": 2}
    assert offsets(place) == [path.stat().st_size]
    assert place.ingest("z.mbox") == {}
    assert "nothing new" in place.said
    with path.open("a") as mbox:
        mbox.write(f"{FROM}{dsn(3)}\n")
    assert place.ingest("z.mbox") == {"recorded": 1}
    assert place.ingest("--again", "z.mbox") == {"duplicates": 3}


def test_a_bookmark_of_another_file_is_not_believed(place):
    place.write("z.mbox", f"{FROM}{dsn(1)}\n{FROM}{dsn(2)}\n")
    place.ingest("z.mbox")
    place.write("z.mbox", f"{FROM}{dsn(3)}\n{FROM}{dsn(4)}\n{FROM}{dsn(5)}\n")
    assert place.ingest("z.mbox") == {"recorded": 3}


def test_a_bookmark_stays_in_front_of_what_was_not_recorded(place, monkeypatch):
    """One of our own that raises in the middle: what was settled before it is behind the bookmark, nothing else is."""
    place.write("z.mbox", "".join(f"{FROM}{dsn(number)}\n" for number in range(300)))
    real, handed = ingesting.Window._hand, []

    async def hand(self, mail):
        handed.append(mail)
        if len(handed) == 150:
            raise RuntimeError("cut off")
        return await real(self, mail)

    with monkeypatch.context() as patched:
        patched.setattr(ingesting.Window, "_hand", hand)
        assert "cut off" in place.fails("z.mbox", code=Exit.SOFTWARE)
    ((recorded,),) = place.rows("SELECT count(*) FROM mails")
    assert recorded >= 149
    place.ingest("z.mbox")
    assert place.rows("SELECT count(*) FROM mails") == [(300,)]
    assert offsets(place) == [(place.folder / "z.mbox").stat().st_size]


def test_a_pipe_that_cannot_be_sought_is_read_all_the_same(place):
    text = f"{FROM}{dsn(1)}\n{FROM}{dsn(2)}\n".encode()
    read, write = os.pipe()
    os.write(write, text)
    os.close(write)
    assert place.ingest(f"/dev/fd/{read}") == {"recorded": 2}
    os.close(read)


def test_marks_are_kept_meanwhile(place, monkeypatch):
    monkeypatch.setattr(backlog_room, "_KEEP_SECONDS", 0.0)
    kept = []
    bookmarks = SimpleNamespace(read=lambda _: None, keep=lambda _, position, __: kept.append(position))
    path = place.write("z.mbox", f"{FROM}{dsn(1)}\n{FROM}{dsn(2)}\n{FROM}{dsn(3)}\n")
    found = Backlog([str(path)], limit=100_000, unreadable=lambda *_: None, bookmarks=bookmarks)
    for number, mail in enumerate(found):
        mail.settle(number != 1)
    found.keep_bookmarks()
    assert len(kept) == 1, "not past what is not settled"


# --- how it ends


def piped(monkeypatch, text: str | bytes) -> None:
    content = text.encode() if isinstance(text, str) else text
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content), isatty=lambda: False))


def test_a_pipe_says_nothing_where_all_is_well(place, monkeypatch, capsys):
    piped(monkeypatch, FROM + dsn(1) + f"\n{FROM}{dsn(2)}")
    arguments = ["ingest", "--database", str(place.database), "--forward-path=a@b.example", "--reverse-path=", "-"]
    assert main(arguments) == 0
    assert capsys.readouterr() == ("", "")
    assert place.rows("SELECT count(*), max(forward_path) FROM mails") == [(1, "a@b.example")]


def test_a_pipe_without_an_envelope_may_be_an_mbox(place, monkeypatch):
    piped(monkeypatch, f"{FROM}{dsn(1)}\n{FROM}{dsn(2)}\n")
    assert place.ingest("-") == {"recorded": 2}
    piped(monkeypatch, dsn(3, "a@b.example"))
    assert place.ingest("-") == {"recorded": 1}


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 500, b"\n", b"From ", b"a" * 100_000])
def test_any_octets_are_recorded(place, monkeypatch, content):
    piped(monkeypatch, content)
    assert place.ingest("-") == {"recorded": 1}


def test_one_that_is_too_big_never_will_be_and_the_others_are(place, monkeypatch):
    monkeypatch.setenv("BOUNCESINK_SMTP__SIZE_LIMIT", "65536")
    place.write("a.eml", dsn(1) + "x" * 70_000)
    place.write("b.mbox", f"{FROM}{dsn(2)}{'x' * 70_000}\n\n{FROM}{dsn(3)}\n")
    assert place.ingest(".", code=Exit.DATA) == {"recorded": 1, "refused": 2}
    assert "a.eml: 552 5.3.4" in place.said
    assert place.ingest("b.mbox") == {}, "nor is it tried again"


def test_what_cannot_be_read_is_told_and_the_others_are_done(place):
    place.write("a.eml", dsn(1))
    (place.folder / "link.eml").symlink_to("nowhere")
    assert place.ingest("missing", ".", code=Exit.NO_INPUT) == {"recorded": 1, "unread": 2}
    assert "missing: No such file or directory" in place.said


def test_a_locked_database_is_75_and_nothing_is_moved(place):
    place.write("m/new/1.x", dsn(1))
    (place.folder / "m" / "cur").mkdir()
    place.ingest("m")
    place.write("m/new/2.x", dsn(2))
    with closing(sqlite3.connect(place.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert place.fails("m", code=Exit.TEMPFAIL)
    assert place.names("m/new") == ["2.x"]
    assert place.ingest("m") == {"recorded": 1, "duplicates": 1}


def test_a_pipe_with_the_database_locked(place, monkeypatch):
    piped(monkeypatch, dsn(1))
    place.ingest("-")
    with closing(sqlite3.connect(place.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        piped(monkeypatch, dsn(2))
        assert place.fails("-", code=Exit.TEMPFAIL)
    assert place.rows("SELECT count(*) FROM mails") == [(1,)]


def test_a_database_that_somebody_has_and_who_does_not_listen(place):
    place.write("a.eml", dsn(1))
    with ServerLock(place.database):
        assert "is being served by another" in place.fails("a.eml", code=Exit.TEMPFAIL)


def test_trouble_that_passes_is_waited_for(place, monkeypatch):
    monkeypatch.setattr(ingesting, "PATIENCE", 20.0)
    place.write("a.eml", dsn(1))
    place.ingest("a.eml")
    place.write("b.eml", dsn(2))
    other = sqlite3.connect(place.database, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    import threading

    timer = threading.Timer(1.0, other.rollback)
    timer.start()
    assert place.ingest("b.eml") == {"recorded": 1}
    timer.join()
    other.close()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("a.eml",), Exit.CONFIG), (("-",), Exit.TEMPFAIL)],
)
def test_a_wrong_configuration_costs_a_piped_mail_nothing(place, monkeypatch, arguments, code):
    piped(monkeypatch, dsn(1))
    place.write("a.eml", dsn(1))
    monkeypatch.setenv("BOUNCESINK_NONSENSE", "1")
    assert "BOUNCESINK_NONSENSE" in place.fails(*arguments, code=code)


def test_rules_that_do_not_hold_cost_a_piped_mail_nothing(place, monkeypatch):
    place.write("rules/a.toml", "[[rule]]\nnonsense = 1\n")
    monkeypatch.setenv("BOUNCESINK_RULES__FOLDER", str(place.folder / "rules"))
    monkeypatch.setattr(rulewatch, "load_rulebook", load_rulebook)
    piped(monkeypatch, dsn(1))
    assert "a.toml" in place.fails("-", code=Exit.TEMPFAIL)
    place.write("a.eml", dsn(1))
    assert "a.toml" in place.fails("a.eml", code=Exit.CONFIG)


def test_a_bug_of_ours_costs_a_piped_mail_nothing(place, monkeypatch):
    def bug(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(ingesting, "find_files", bug)
    piped(monkeypatch, dsn(1))
    assert "RuntimeError" in place.fails("-", code=Exit.TEMPFAIL)
    assert "RuntimeError" in place.fails("a.eml", code=Exit.SOFTWARE)


def test_a_folder_that_is_not_there_is_trouble_of_ours(place):
    place.write("a.eml", dsn(1))
    place.database = place.folder / "missing" / "b.db"
    assert "the folder" in place.fails("a.eml", code=Exit.TEMPFAIL)


def test_a_database_of_a_newer_version(place):
    place.write("a.eml", dsn(1))
    place.ingest("a.eml")
    with closing(sqlite3.connect(place.database)) as connection:
        connection.execute("PRAGMA user_version = 9999")
    assert place.fails("a.eml", code=Exit.CONFIG)
