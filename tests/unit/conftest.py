"""Fixtures that several files of unit tests share. What they are made of stands beside, in modules that are no tests."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from replay_archive import Archive, book_with

from bouncesink.config import StoreSection
from bouncesink.core.rulebook import Rulebook
from bouncesink.observe import log


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
def archive(tmp_path: Path) -> Archive:
    return Archive(StoreSection(path=tmp_path / "b.db", busy_timeout=2))


@pytest.fixture
def dead(tmp_path: Path) -> Rulebook:
    """The counter that is closed is a dead address."""
    return book_with(tmp_path / "rules", "mailbox_unknown")


@pytest.fixture
def blamed(tmp_path: Path) -> Rulebook:
    """It is us, rather."""
    return book_with(tmp_path / "rules", "low_reputation")
