"""``bouncesink recipients`` on a real database."""

import json
import re
import sqlite3
from contextlib import closing

import pytest
from commands import SECTION, run

from bouncesink.cli.welcome import SAMPLE_DSN


def test_one_of_which_nothing_was_said_is_ok(database, capsys):
    out, _ = run(capsys, "recipients", "show", "new@example.com", "--format", "json", SECTION, database)
    assert json.loads(out) == {
        "recipient": "new@example.com",
        "mail": True,
        "standing": "ok",
        "reason": None,
        "since": None,
        "until": None,
        "points": 0,
        "why": [],
        "probe_due": False,
    }


def test_suppressed_by_hand_listed_and_released(database, capsys):
    _, err = run(capsys, "recipients", "suppress", "A@Example.com", "b@example.com", "--note", "asked", SECTION, database)
    assert "2 suppressed" in err
    out, _ = run(capsys, "recipients", "list", "--standing", "suppressed", "--format", "jsonl", SECTION, database)
    assert {json.loads(line)["recipient"] for line in out.splitlines()} == {"A@Example.com", "b@example.com"}
    run(capsys, "recipients", "release", "a@example.com", SECTION, database)
    out, _ = run(capsys, "recipients", "show", "a@EXAMPLE.com", SECTION, database)
    assert "ok" in out


def test_who_did_what_by_hand_is_told_with_the_note(database, capsys):
    run(capsys, "recipients", "suppress", "A@Example.com", "--note", "asked\x1b by letter", SECTION, database)
    out, _ = run(capsys, "recipients", "show", "a@example.com", SECTION, database)
    assert re.fullmatch(r"suppress by \S+ at \S+Z: asked\\x1b by letter", out.splitlines()[-1])
    run(capsys, "recipients", "release", "a@example.com", SECTION, database)
    out, _ = run(capsys, "recipients", "show", "a@example.com", SECTION, database)
    assert re.fullmatch(r"release by \S+ at \S+Z", out.splitlines()[-1])


def test_the_verdicts_that_decided_are_told_with_their_mails(elsewhere, capsys):
    (elsewhere / "mail.eml").write_text(SAMPLE_DSN)
    run(capsys, "ingest", "mail.eml", SECTION, "b.db")
    out, _ = run(capsys, "recipients", "show", "reader@example.com", SECTION, "b.db")
    told = out.splitlines()[-1]
    assert told.startswith("verdict 1 at ")
    assert told.endswith("User unknown in virtual mailbox table [postfix/unknown-in-table] (bouncesink explain 1)")


def test_a_table_says_that_it_is_empty_or_cut(database, capsys):
    assert run(capsys, "recipients", "list", SECTION, database) == ("", "Nobody stands so.\n")
    run(capsys, "recipients", "suppress", "a@example.com", "b@example.com", SECTION, database)
    assert "there may be more: --limit" in run(capsys, "recipients", "list", "--limit", "2", SECTION, database)[1]
    assert run(capsys, "recipients", "list", "--limit", "3", SECTION, database)[1] == ""
    assert run(capsys, "recipients", "list", "--limit", "2", "--format", "jsonl", SECTION, database)[1] == ""


NO_ADDRESSES = ("nobody", "Jane Doe <jane@example.com>", "email", "a@", "@example.com")


@pytest.mark.parametrize("word", NO_ADDRESSES)
@pytest.mark.parametrize("act", ["show", "suppress"])
def test_what_is_no_address_is_refused(act, word, database, capsys):
    out, err = run(capsys, "recipients", act, word, SECTION, database, code=65)
    place = "argument 1: " if act == "suppress" else ""
    assert (out, err.splitlines()[0]) == ("", f"bouncesink: {place}{word!r} is no address")


def test_nobody_is_suppressed_where_one_of_them_is_no_address(database, capsys):
    run(capsys, "recipients", "suppress", "a@example.com", "b", SECTION, database, code=65)
    assert json.loads(run(capsys, "recipients", "list", "--format", "json", SECTION, database)[0]) == []


def test_a_list_to_check_with_a_line_that_is_no_address_is_refused_whole(database, capsys, tmp_path):
    (tmp_path / "list.csv").write_text("email\na@example.com\nb@example.com,7\n")
    out, err = run(capsys, "recipients", "check", str(tmp_path / "list.csv"), SECTION, database, code=65)
    assert out == ""
    assert err.splitlines() == [
        "bouncesink: line 1: 'email' is no address",
        "bouncesink: line 3: 'b@example.com,7' is no address",
    ]


def test_a_recipient_that_reports_call_by_a_name_alone_is_asked_for_by_it(database, capsys, tmp_path):
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "INSERT INTO recipients (recipient_key, recipient, standing, since, updated_at) "
            "VALUES ('root', 'root', 'watch', ?, ?)",
            ("2026-11-28T10:00:00.000Z",) * 2,
        )
    assert "watch" in run(capsys, "recipients", "show", "root", SECTION, database)[0]
    (tmp_path / "list").write_text("root\n")
    assert "1 of 1 may be mailed" in run(capsys, "recipients", "check", str(tmp_path / "list"), SECTION, database)[1]


def test_until_a_time(database, capsys):
    run(capsys, "recipients", "suppress", "a@example.com", "--until", "2999-01-01", SECTION, database)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("UPDATE recipients SET until = '2020-01-01T00:00:00.000Z'")
    out, _ = run(capsys, "recipients", "show", "a@example.com", "--format", "json", SECTION, database)
    assert json.loads(out)["standing"] == "watch"


def test_a_bulk_release_is_counted_first(database, capsys):
    run(capsys, "recipients", "suppress", "a@example.com", "b@example.com", SECTION, database)
    _, err = run(capsys, "recipients", "release", "--since", "2020-01-01", SECTION, database)
    assert "2 suppressed recipients would be released" in err
    _, err = run(capsys, "recipients", "release", "--since", "2020-01-01", "--yes", SECTION, database)
    assert "2 released" in err


def test_many_are_checked_at_once(database, capsys, tmp_path):
    run(capsys, "recipients", "suppress", "p7@example.com", SECTION, database)
    path = tmp_path / "list.txt"
    path.write_text("".join(f"P{number}@example.com\n" for number in range(5_000)))
    out, err = run(capsys, "recipients", "check", str(path), SECTION, database, code=1)
    assert "P7@example.com" in out
    assert "4999 of 5000 may be mailed" in err
    out, _ = run(capsys, "recipients", "check", str(path), "--format", "jsonl", SECTION, database, code=1)
    answers = [json.loads(line) for line in out.splitlines()]
    assert [answer["recipient"] for answer in answers if not answer["mail"]] == ["P7@example.com"]
    path.write_text("a@example.com\n")
    run(capsys, "recipients", "check", str(path), SECTION, database)


def test_an_import_names_every_bad_line_and_does_nothing(database, capsys, tmp_path):
    path = tmp_path / "dead.txt"
    path.write_text("a@example.com\n# a comment\nnobody\n\nb c@example.com\nd@example.com\n")
    _, err = run(capsys, "recipients", "import", str(path), "--as", "suppressed", SECTION, database, code=65)
    assert "line 3: 'nobody' is no address" in err
    assert "line 5" in err
    assert run(capsys, "recipients", "list", "--format", "json", SECTION, database)[0].strip() == "[]"
    path.write_text("a@example.com\nd@example.com\n")
    _, err = run(capsys, "recipients", "import", str(path), "--as", "suppressed", SECTION, database)
    assert "2 changed" in err
    _, err = run(capsys, "recipients", "import", str(path), "--as", "delivered", SECTION, database)
    assert "0 changed" in err  # what a person suppressed, a delivery does not clear


def test_what_stands_so_already_is_told_so_and_no_entry_of_the_feed(database, capsys, tmp_path):
    (tmp_path / "dead.txt").write_text("a@example.com\nb@example.com\n")
    for told in ("2 changed, 0 stood so already", "0 changed, 2 stood so already"):
        _, err = run(capsys, "recipients", "import", str(tmp_path / "dead.txt"), "--as", "suppressed", SECTION, database)
        assert told in err
    for told in ("1 released, 0 stood so already", "0 released, 1 stood so already"):
        _, err = run(capsys, "recipients", "release", "a@example.com", SECTION, database)
        assert told in err
    out, _ = run(capsys, "feed", "export", SECTION, database)
    assert [json.loads(line)["type"] for line in out.splitlines()] == ["recipient.suppressed"] * 2 + ["suppression.released"]


def test_until_a_time_that_has_passed_is_refused(database, capsys):
    _, err = run(capsys, "recipients", "suppress", "a@example.com", "--until", "2020-01-01", SECTION, database, code=64)
    assert "2020-01-01T00:00 (UTC) has passed" in err


def test_a_time_that_says_where_it_holds_is_believed(database, capsys):
    run(capsys, "recipients", "suppress", "a@example.com", "--until", "2999-01-01T02:00:00+02:00", SECTION, database)
    assert " 2999-01-01T00:00Z " in run(capsys, "recipients", "show", "a@example.com", SECTION, database)[0]
    out, _ = run(capsys, "recipients", "show", "a@example.com", "--format", "json", SECTION, database)
    assert json.loads(out)["until"] == "2999-01-01T00:00:00.000Z"


@pytest.mark.parametrize("act", ["release", "forget"])
def test_what_is_no_address_and_nobody_is_neither_released_nor_forgotten(act, database, capsys):
    out, err = run(capsys, "recipients", act, "nobody", SECTION, database, code=65)
    assert out == ""
    assert "'nobody' is no address" in err


def test_forgetting_says_what_went(database, capsys):
    run(capsys, "recipients", "suppress", "a@example.com", SECTION, database)
    out, _ = run(capsys, "recipients", "forget", "a@example.com", SECTION, database)
    assert json.loads(out)["recipients"] == 1
    assert run(capsys, "recipients", "list", "--format", "json", SECTION, database)[0].strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["suppress"], "name the addresses"),
        (["release"], "name the addresses, or give --reason or --since"),
        (["list", "--standing", "suppresed"], "did you mean 'suppressed'?"),
        (["list", "--reason", "mailbox_ful"], "did you mean 'mailbox_full'?"),
        (["import", "x", "--as", "dead"], "either suppressed or delivered"),
    ],
)
def test_what_is_said_wrong(database, capsys, arguments, words):
    _, err = run(capsys, "recipients", *arguments, SECTION, database, code=64)
    assert words in err
