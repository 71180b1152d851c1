"""`bouncesink verp`: what the command mints, the server of the same place believes."""

import io
import json
import sqlite3
import stat
import sys
from contextlib import closing

import pytest

from bouncesink.cli.exits import Exit
from bouncesink.cli.keys import next_key
from bouncesink.cli.lists import lines_of
from bouncesink.cli.main import main
from bouncesink.core.verp.keyring import MAX_KEY_ID, Key, format_key, parse_keyring
from bouncesink.errors import KeyringError
from bouncesink.keyfile import load

SECRET = "ab" * 32
OPAQUE_RECIPIENT = "grüße@example.com"


@pytest.fixture(autouse=True)
def folder(elsewhere):
    """Every command runs in a folder of its own, with no configuration."""
    return elsewhere


@pytest.fixture
def run(capsys):
    def run(*arguments: str, code: int = 0) -> tuple[list[str], str]:
        """Lines of standard output, and standard error."""
        answer = main(["verp", *arguments])
        captured = capsys.readouterr()
        assert answer == code, captured.err
        return captured.out.splitlines(), captured.err

    return run


@pytest.fixture
def stdin(monkeypatch):
    return lambda text: monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def decoded(run, *arguments: str) -> list[dict]:
    lines, _ = run("decode", "--json", *arguments)
    return [json.loads(line) for line in lines]


def registered(path) -> list[tuple]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT domain, reference, address FROM addressees").fetchall()


def test_a_minted_address_names_its_recipient_and_its_tag_holds(run, folder):
    (minted,), _ = run("mint", "reader@example.com", "--domain", "b.example")
    assert minted.endswith("-reader=example.com@b.example")
    (told,) = decoded(run, minted)
    assert (told["grammar"], told["recipient"], told["authenticity"], told["key_id"]) == (
        "signed",
        "reader@example.com",
        "proven",
        0,
    )
    assert told["address"] == minted
    assert [path.name for path in folder.iterdir()] == ["bouncesink.db.keys"], "a key, and nothing else"


def told_of_key(database: str) -> str:
    """What is said of the first address that is minted there."""
    return f"bouncesink: {database}.keys: a new key was made; a server that has another one refuses these addresses\n"


def test_one_a_line_in_the_order_of_the_recipients(run, stdin):
    stdin("# a comment\na@example.com\n\n  b@example.com  \r\nc@example.com")
    minted, _ = run("mint", "-", "--domain", "b.example")
    assert [each.partition("-")[2] for each in minted] == [f"{name}=example.com@b.example" for name in "abc"]


def test_if_one_is_bad_none_is_minted_and_each_bad_one_is_named(run, stdin, folder):
    stdin(f"a@example.com\n\nnonsense\n{OPAQUE_RECIPIENT}\n@\x1b[2J\n")
    minted, told = run("mint", "-", "--domain", "b.example", "--database", "x.db", code=Exit.DATA)
    assert minted == []
    problems = told.splitlines()
    assert [problem.partition(": ")[2].partition(":")[0] for problem in problems[:2]] == ["line 3", "line 5"]
    assert problems[2] == "bouncesink: nothing was minted"
    assert "\x1b" not in told
    assert not (folder / "x.db").exists(), "and nothing was registered"


def test_arguments_are_named_by_their_number(run):
    _, told = run("mint", "a@example.com", "nonsense", "--domain", "b.example", code=Exit.DATA)
    assert "argument 2: 'nonsense'" in told


def test_no_recipients_are_no_addresses(run, stdin):
    stdin("")
    assert run("mint", "-", "--domain", "b.example") == ([], told_of_key("bouncesink.db"))
    assert lines_of("\n# x\n  ") == []


def test_an_opaque_address_is_registered_where_a_database_is_given(run):
    (minted,), told = run("mint", OPAQUE_RECIPIENT, "--domain", "b.example", "--database", "x.db")
    assert told == told_of_key("x.db")
    (attribution,) = decoded(run, minted, "--database", "x.db")
    assert (attribution["grammar"], attribution["recipient"]) == ("opaque", None)
    assert registered("x.db") == [("b.example", attribution["reference"], OPAQUE_RECIPIENT)]
    run("mint", OPAQUE_RECIPIENT, "--domain", "b.example", "--database", "x.db")
    assert len(registered("x.db")) == 1


def test_a_reference_that_stands_for_somebody_else_is_not_minted(run):
    run("mint", OPAQUE_RECIPIENT, "--domain", "b.example", "--database", "x.db")
    with closing(sqlite3.connect("x.db")) as connection, connection:
        connection.execute("UPDATE addressees SET address = 'other@example.com'")
    lines, told = run("mint", OPAQUE_RECIPIENT, "--domain", "b.example", "--database", "x.db", code=Exit.DATA)
    assert lines == []
    assert "stands for other@example.com already" in told


def test_an_opaque_address_without_a_database_is_minted_with_a_word(run, folder):
    (minted,), told = run("mint", OPAQUE_RECIPIENT, "--domain", "b.example")
    assert "--database PATH" in told
    assert len(minted.partition("@")[0]) == 32
    assert not (folder / "bouncesink.db").exists()


def test_a_database_of_the_configuration_is_one_too(run, monkeypatch):
    monkeypatch.setenv("BOUNCESINK_STORE__PATH", "y.db")
    _, told = run("mint", OPAQUE_RECIPIENT, "--domain", "b.example")
    assert told == told_of_key("y.db")
    assert len(registered("y.db")) == 1


def test_the_domain_and_the_prefix_may_come_from_the_configuration(run, folder):
    (folder / "x.toml").write_text('[admission]\ndomains = ["b.example"]\n[verp]\nprefix = "b-"\n')
    (minted,), _ = run("mint", "a@example.com", "--config", "x.toml")
    assert minted.startswith("b-")
    assert minted.endswith("@b.example")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["a@example.com", "--domain", "not a domain"], "not a domain"),
        (["a@example.com"], "say which of your Return-Path domains"),
    ],
)
def test_a_domain_that_cannot_be_is_a_wrong_command_line(run, arguments, word):
    _, told = run("mint", *arguments, code=Exit.USAGE)
    assert "--domain" in told
    assert word in told


def test_keys_are_looked_for_in_one_order(run, folder, monkeypatch):
    """The environment, the file that is named, the file beside the database."""
    named = folder / "named.keys"
    named.write_text(format_key(Key(5, b"n" * 32)) + "\n")
    (beside,), _ = run("mint", "a@example.com", "--domain", "b.example", "--database", "x.db")
    monkeypatch.setenv("BOUNCESINK_VERP__KEYS_FILE", str(named))
    (by_file,), _ = run("mint", "a@example.com", "--domain", "b.example", "--database", "x.db")
    monkeypatch.delenv("BOUNCESINK_VERP__KEYS_FILE")
    monkeypatch.setenv("BOUNCESINK_VERP__KEYS", f"9:{SECRET}")
    (by_environment,), _ = run("mint", "a@example.com", "--domain", "b.example", "--database", "x.db")
    told = decoded(run, by_environment, by_file, beside)
    assert [each["key_id"] for each in told] == [9, None, None]
    assert [each["authenticity"] for each in told] == ["proven", "unproven", "unproven"]
    assert SECRET not in json.dumps(told)


def test_a_key_file_that_was_named_must_be_there(run, folder, monkeypatch):
    """A new key in the place of a mistyped path would refuse every bounce to what was minted before."""
    monkeypatch.setenv("BOUNCESINK_VERP__KEYS_FILE", "mistyped.keys")
    _, told = run("mint", "a@example.com", "--domain", "b.example", code=Exit.CONFIG)
    assert "mistyped.keys: there is no such key file" in told
    assert "keygen --keys mistyped.keys --append" in told
    assert list(folder.iterdir()) == []


def test_decode_makes_no_key(run, folder):
    _, told = run("decode", "x@b.example", code=Exit.CONFIG)
    assert "bouncesink.db.keys: there is no such key file" in told
    assert list(folder.iterdir()) == []


def test_decode_tells_forged_nested_and_foreign_addresses(run):
    (minted,), _ = run("mint", "a@example.com", "--domain", "b.example")
    forged = ("b" if minted[0] == "a" else "a") + minted[1:]
    right, wrapped, wrong, foreign = decoded(run, minted, f"prvs=1234abcdef={minted}", forged, "x\x1b[2J@example.com")
    assert right["nesting"] == []
    assert (wrapped["nesting"], wrapped["authenticity"]) == (["prvs"], "proven")
    assert (wrong["authenticity"], wrong["recipient"]) == ("unproven", None)
    assert wrong["note"]
    assert foreign["grammar"] == "none"


def test_decode_for_people(run):
    (minted,), _ = run("mint", "a@example.com", "--domain", "b.example")
    lines, _ = run("decode", minted, "x\x1b[2J@example.com")
    told = "\n".join(lines)
    assert "a@example.com" in told
    assert "proven" in told
    assert "\x1b" not in told


def test_a_fresh_key_is_printed_with_the_next_id(run, folder):
    (line,), _ = run("keygen")
    assert parse_keyring(line, "").current.id == 0
    assert list(folder.iterdir()) == []
    run("mint", "a@example.com", "--domain", "b.example", "--database", "x.db")
    (line,), _ = run("keygen", "--database", "x.db")
    assert parse_keyring(line, "").current.id == 1
    (other,), _ = run("keygen", "--keys", "x.db.keys")
    assert other != line
    assert len(load(folder / "x.db.keys").keys) == 1


def test_an_appended_key_mints_and_the_old_one_still_holds(run, folder):
    (old,), _ = run("mint", "a@example.com", "--domain", "b.example", "--database", "x.db")
    lines, told = run("keygen", "--database", "x.db", "--append")
    assert lines == [], "the secret is in the file alone"
    assert "key 1 was added to x.db.keys" in told
    (new,), _ = run("mint", "a@example.com", "--domain", "b.example", "--database", "x.db")
    assert [(each["key_id"], each["authenticity"]) for each in decoded(run, old, new, "--database", "x.db")] == [
        (0, "proven"),
        (1, "proven"),
    ]
    assert stat.S_IMODE((folder / "x.db.keys").stat().st_mode) == 0o600


def test_appending_makes_the_file_for_its_owner_alone(run, folder):
    run("keygen", "--keys", "new.keys", "--append")
    assert stat.S_IMODE((folder / "new.keys").stat().st_mode) == 0o600
    assert load(folder / "new.keys").current.id == 0


def test_appending_to_a_line_that_was_not_ended(run, folder):
    (folder / "k").write_text(f"3:{SECRET}")
    run("keygen", "--keys", "k", "--append")
    assert [key.id for key in load(folder / "k").keys] == [3, 4]


def test_when_every_id_is_taken(folder):
    path = folder / "full.keys"
    path.write_text("".join(f"{number}:{SECRET}\n" for number in range(MAX_KEY_ID + 1)))
    with pytest.raises(KeyringError, match="all 32 ids are taken"):
        next_key(path)


@pytest.mark.parametrize("path", ["missing/new.keys", "."])
def test_a_key_file_that_cannot_be_written(run, path):
    _, told = run("keygen", "--keys", path, "--append", code=Exit.CONFIG)
    assert path in told
