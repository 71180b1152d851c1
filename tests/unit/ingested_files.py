"""A folder with a database and files in it, and `bouncesink ingest` run there."""

import functools
import io
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

from bouncesink.cli.main import main
from bouncesink.cli.welcome import SAMPLE_DSN
from bouncesink.core.rulebook import Rulebook
from bouncesink.rulefiles import load_rulebook

FROM = "From MAILER-DAEMON Mon Jan  5 10:00:00 2026\n"


def dsn(number: int, to: str = "") -> str:
    head = f"X-Original-To: {to}\n" if to else ""
    return head + SAMPLE_DSN.replace("<sample@", f"<{number}@").replace("reader@", f"reader{number}@")


_compiled = functools.cache(load_rulebook)


def book(folder: Path | None, own_files: object = None) -> Rulebook:
    """The rules of a folder, compiled once: nothing changes them here."""
    return _compiled(folder)


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


def piped(monkeypatch, text: str | bytes) -> None:
    content = text.encode() if isinstance(text, str) else text
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content), isatty=lambda: False))
