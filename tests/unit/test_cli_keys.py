"""Keys that are gone, on the command line: nothing mints or receives with a fresh one in the place of one that was lost."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bouncesink.cli.main import main
from bouncesink.config.sections import StoreSection
from bouncesink.store.database import Database

MINT = ("verp", "mint", "reader@example.com", "--domain", "b.example", "--database", "b.db")


@pytest.fixture
async def used(elsewhere: Path) -> Path:
    """A folder with a database, and no keys beside it."""
    async with Database.open(StoreSection(path=elsewhere / "b.db")):
        pass
    return elsewhere


@pytest.mark.parametrize(
    "words",
    [MINT, ("serve", "--listen", "127.0.0.1:0", "--database", "b.db"), ("ingest", "mail.eml", "--database", "b.db")],
    ids=lambda words: words[0],
)
def test_beside_a_database_that_is_in_use_no_key_is_made(words, used, capsys):
    (used / "mail.eml").write_text("Subject: a mail\n\nno more\n")
    assert main(list(words)) == 78
    told = capsys.readouterr().err
    assert "b.db.keys: the database is there, and its key file is not: put it back" in told
    assert "`bouncesink verp keygen --keys b.db.keys --append`" in told
    assert not (used / "b.db.keys").exists()


def test_it_is_made_by_who_says_so(used, capsys):
    assert main(["verp", "keygen", "--keys", "b.db.keys", "--append"]) == 0
    capsys.readouterr()
    assert main(list(MINT)) == 0
    assert capsys.readouterr().err == ""


def test_a_key_that_is_made_while_minting_is_told(elsewhere, capsys):
    for told in ("b.db.keys: a new key was made; a server that has another one refuses these addresses\n", ""):
        assert main(list(MINT)) == 0
        assert capsys.readouterr().err == (f"bouncesink: {told}" if told else "")


def test_an_empty_file_is_no_database_in_use(elsewhere):
    (elsewhere / "b.db").touch()
    assert main(list(MINT)) == 0


def test_the_key_of_pseudonyms_is_not_made_by_a_question(elsewhere, capsys):
    (elsewhere / "b.toml").write_text('[privacy]\naddresses = "hashed"\n[store]\npath = "b.db"\n')
    (elsewhere / "mail.eml").write_text("Subject: a mail\n\nno more\n")
    assert main(["ingest", "mail.eml", "--config", "b.toml"]) == 0
    with closing(sqlite3.connect("b.db")) as connection:
        assert connection.execute("SELECT count(*) FROM privacy").fetchone() == (1,)
    (elsewhere / "b.db.privacy").rename(elsewhere / "away")
    assert main(["recipients", "show", "reader@example.com", "--config", "b.toml"]) == 78
    assert "b.db.privacy: there is no such key file; nobody is found without it: put it back" in capsys.readouterr().err
    assert not (elsewhere / "b.db.privacy").exists()
