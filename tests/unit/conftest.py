"""Fixtures that several files of unit tests share. What they are made of stands beside, in modules that are no tests.

Those are imported where they are wanted: some of them compile a rulebook.
"""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bouncesink.config.sections import StoreSection
from bouncesink.core.rulebook import Rulebook
from bouncesink.observe import log
from bouncesink.store.database import Database


@pytest.fixture
def restored_log() -> Iterator[None]:
    """The log is as nobody configured it, at the end."""
    yield
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if type(handler).__module__ != "bouncesink.observe.stream"]
    logging.captureWarnings(capture=False)
    log._Current.logger = None
    log._Current.addresses = False


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own to be in, without anybody's configuration."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("BOUNCESINK_"):
            monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
async def database(tmp_path: Path) -> str:
    """An empty one, as a server makes it."""
    path = tmp_path / "b.db"
    async with Database.open(StoreSection(path=path)):
        pass
    return str(path)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """``write(text)`` is a configuration file that says so."""

    def _write(text: str | bytes) -> Path:
        path = tmp_path / "bouncesink.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return _write


@pytest.fixture
def own_rules(elsewhere: Path) -> Path:
    """A folder with one rule of an operator's own, where the command is run."""
    from rules_tried import RULE

    folder = elsewhere / "rules"
    folder.mkdir()
    (folder / "mine.toml").write_text(RULE)
    return folder


@pytest.fixture
def mails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a bounce, a hostile bounce and a mail that is none, where the command is run."""
    from classified_mails import HOSTILE, OTHER, SAMPLE_DSN

    monkeypatch.chdir(tmp_path)
    for name, text in (("bounce.eml", SAMPLE_DSN), ("hostile.eml", HOSTILE), ("other.eml", OTHER)):
        (tmp_path / name).write_bytes(text.encode())
    return tmp_path


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """A folder with a database, where files are ingested."""
    from ingested_files import Place, book

    from bouncesink import rulewatch
    from bouncesink.cli import ingesting

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ingesting, "PATIENCE", 0.2)
    monkeypatch.setattr(rulewatch, "load_rulebook", book)
    monkeypatch.setenv("BOUNCESINK_STORE__BUSY_TIMEOUT", "0.3")
    return Place(tmp_path, capsys)


@pytest.fixture
def archive(tmp_path: Path) -> Any:
    """A database with mails to judge again."""
    from replay_archive import Archive

    return Archive(StoreSection(path=tmp_path / "b.db", busy_timeout=2))


@pytest.fixture
def dead(tmp_path: Path) -> Rulebook:
    """The counter that is closed is a dead address."""
    from replay_archive import book_with

    return book_with(tmp_path / "rules", "mailbox_unknown")


@pytest.fixture
def blamed(tmp_path: Path) -> Rulebook:
    """It is us, rather."""
    from replay_archive import book_with

    return book_with(tmp_path / "rules", "low_reputation")
