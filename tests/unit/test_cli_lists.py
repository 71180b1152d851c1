"""Lists of addresses, as spreadsheets, Windows and people write them, before a real database that suppresses one of them."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from bouncesink.cli.lists import MOST_PROBLEMS
from bouncesink.cli.main import main
from bouncesink.config.sections import StoreSection
from bouncesink.store.database import Database

DEAD = "dead@example.com"
MEANT = {
    "a byte order mark": f"\ufeff{DEAD}\n".encode(),
    "a byte order mark and CRLF": f"\ufeff{DEAD}\r\n\r\nother@example.com\r\n".encode(),
    "UTF-16 of Windows": f"{DEAD}\r\nother@example.com\r\n".encode("utf-16"),
    "UTF-16, the other way round": f"\ufeff{DEAD}\n".encode("utf-16-be"),
    "spaces and capitals": b"  Dead@EXAMPLE.com \n",
    "in angle brackets": b"<dead@example.com>\n",
    "no end of line": DEAD.encode(),
}
NOT_MEANT = {
    "a column in front": "17,alive@example.com",
    "a column behind": "alive@example.com;Alive",
    "a scheme": "mailto:alive@example.com",
    "two of them": "alive@example.com;also@example.com",
    "two domains": "alive@b@example.com",
    "a mark inside": "alive\ufeff@example.com",
    "a space of no width": "ali\u200bve@example.com",
    "half a pair of brackets": "<alive@example.com",
    "what was no character": "al\ufffdve@example.com",
}


@pytest.fixture
async def database(elsewhere: Path) -> str:
    path = elsewhere / "b.db"
    async with Database.open(StoreSection(path=path)):
        pass
    assert main(["recipients", "suppress", DEAD, "--database", str(path)]) == 0
    return str(path)


@pytest.mark.parametrize("octets", MEANT.values(), ids=MEANT)
@pytest.mark.parametrize("piped", [False, True], ids=["file", "pipe"])
def test_who_is_suppressed_is_found_however_the_file_was_written(piped, octets, database, elsewhere, monkeypatch, capsys):
    (elsewhere / "list.txt").write_bytes(octets)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(octets)))
    assert main(["recipients", "check", "-" if piped else "list.txt", "--database", database]) == 1
    assert "dead@example.com" in capsys.readouterr().out.lower()


@pytest.mark.parametrize("line", NOT_MEANT.values(), ids=NOT_MEANT)
@pytest.mark.parametrize(
    "words",
    [["check", "list.txt"], ["import", "list.txt", "--as", "suppressed"], ["suppress", "-"], ["release", "-"]],
    ids=lambda words: words[0],
)
def test_what_is_more_than_an_address_is_none(words, line, database, elsewhere, monkeypatch, capsys):
    octets = f"{DEAD}\n{line}\n".encode()
    (elsewhere / "list.txt").write_bytes(octets)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(octets)))
    assert main(["recipients", *words, "--database", database]) == 65
    assert capsys.readouterr().err.startswith("bouncesink: line 2: ")
    assert main(["recipients", "list", "--standing", "suppressed", "--format", "jsonl", "--database", database]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1, "and nothing was done"


@pytest.mark.parametrize("line", NOT_MEANT.values(), ids=NOT_MEANT)
def test_nor_is_it_minted_for(line, elsewhere, capsys):
    assert main(["verp", "mint", line, "--domain", "b.example"]) == 65
    assert capsys.readouterr().out == ""


def test_octets_that_are_no_utf_8_are_in_no_address(database, elsewhere, capsys):
    (elsewhere / "list.txt").write_bytes("jörg@example.com\n".encode("latin-1"))
    assert main(["recipients", "import", "list.txt", "--as", "suppressed", "--database", database]) == 65
    assert "line 1: 'j\\udcf6rg@example.com' is no address" in capsys.readouterr().err


def test_a_file_of_something_else_is_told_in_few_lines(database, elsewhere, capsys):
    (elsewhere / "list.txt").write_bytes(Path(database).read_bytes())
    assert main(["recipients", "check", "list.txt", "--database", database]) == 65
    told = capsys.readouterr().err.splitlines()
    assert len(told) <= MOST_PROBLEMS + 1
    assert max(map(len, told)) < 600
    assert told[-1].endswith(" more")


@pytest.mark.parametrize("words", [["check", "absent.txt"], ["import", "absent.txt", "--as", "suppressed"], ["check", "."]])
def test_what_is_not_there_is_66(words, database, capsys):
    assert main(["recipients", *words, "--database", database]) == 66
    assert words[1] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["recipients", "check", "-"], 66),
        (["recipients", "suppress", "-"], 66),
        (["verp", "mint", "-", "--domain", "b.example"], 66),
        (["classify", "-"], 66),
        (["rules", "test", "-"], 66),
        (["ingest", "-"], 75),
    ],
    ids=lambda words: " ".join(words[:2]) if isinstance(words, list) else "",
)
def test_a_standard_input_that_is_closed_is_told(words, code, database):
    closed = 'import os, sys; os.close(0); os.execv(sys.executable, [sys.executable, "-m", "bouncesink", *sys.argv[1:]])'
    options = [] if words[0] in ("classify", "rules") else ["--database", database]
    done = subprocess.run(
        [sys.executable, "-c", closed, *words, *options], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == code
    assert "is closed" in done.stderr
    assert "Traceback" not in done.stderr
