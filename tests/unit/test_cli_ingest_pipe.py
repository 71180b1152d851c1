"""`bouncesink ingest` in a pipe, and how it ends where something is wrong: with a code that an MTA understands."""

import sqlite3
from contextlib import closing

import pytest
from ingested_files import FROM, dsn, piped

from bouncesink import rulewatch
from bouncesink.cli import ingesting
from bouncesink.cli.exits import Exit
from bouncesink.cli.main import main
from bouncesink.rulefiles import load_rulebook
from bouncesink.store.lock import ServerLock


def test_a_pipe_says_nothing_where_all_is_well(place, monkeypatch, capsys):
    piped(monkeypatch, FROM + dsn(1) + f"\n{FROM}{dsn(2)}")
    arguments = ["ingest", "--database", str(place.database), "--forward-path=a@b.example", "--reverse-path=", "-"]
    assert main(arguments) == 0
    assert capsys.readouterr() == ("", "")
    assert place.rows("SELECT count(*), max(forward_path) FROM mails") == [(1, "a@b.example")]


def test_a_pipe_whose_forward_path_is_no_address_is_told_and_recorded(place, monkeypatch):
    """64 would have the MTA throw the mail away."""
    piped(monkeypatch, dsn(1))
    assert place.ingest("--forward-path=a b@c.example", "-") == {"recorded": 1}
    assert "'a b@c.example' is no address" in place.said
    assert place.rows("SELECT forward_path, authenticity FROM mails") == [("a b@c.example", "unproven")]


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
