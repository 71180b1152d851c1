"""The two ways of a mail: done but for its commit when ``accept`` returns, or in a task where there is more to wait for."""

import asyncio
from pathlib import Path

import pytest
from whole_way import MINTER, NOW, dsn, minted, opened

from bouncesink.config.sections import StoreSection
from bouncesink.observe import log

MAILS = [
    (dsn("jane@example.net"), "jane@example.net"),
    (dsn("joe@example.net", "2"), "jane@example.net"),
    (b"", "jane@example.net"),
    (b"\0\xff" * 500, "joe@example.net"),
    (b"From: a person\r\nSubject: hello\r\n\r\nhello\r\n", "jo@example.net"),
]
EVERYTHING = "SELECT m.kind, m.reader, m.defects, v.* FROM mails m JOIN verdicts v ON m.id = v.mail_id ORDER BY v.id"


async def gone(section: StoreSection, *, in_tasks: bool) -> tuple[list[str], list[tuple[object, ...]]]:
    """What the peers were told and what was recorded of MAILS."""
    told = []
    async with opened(section) as way:
        for content, recipient in MAILS:
            accepting = way.pipeline.accept(way.mail(content, minted(recipient)))
            assert isinstance(accepting, asyncio.Task) is in_tasks
            told.append(str(await accepting))
        return told, way.rows(EVERYTHING)


async def test_both_ways_tell_and_record_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = await gone(StoreSection(path=tmp_path / "once.db"), in_tasks=False)
    monkeypatch.setattr("bouncesink.pipeline.READ_ON_LOOP_LIMIT", -1)
    assert await gone(StoreSection(path=tmp_path / "by_and_by.db"), in_tasks=True) == at_once
    assert len(at_once[1]) == len(MAILS)


async def test_an_address_that_does_not_say_everything_is_asked_about_in_a_task(tmp_path: Path) -> None:
    long = f"{'a' * 50}@example.net"
    async with opened(StoreSection(path=tmp_path / "b.db")) as way:
        accepting = way.pipeline.accept(way.mail(dsn(long), MINTER.mint(long, NOW.date()).address))
        assert isinstance(accepting, asyncio.Task)
        assert (await accepting).accepted


async def test_a_line_that_cannot_be_made_takes_no_250_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The peer is told what the database has, though a bug of ours keeps it out of the log."""

    def stumble(**facts: object) -> None:
        raise KeyError(str(facts))

    monkeypatch.setattr(log, "mail_recorded", stumble)
    async with opened(StoreSection(path=tmp_path / "b.db")) as way:
        assert (await way.pipeline.accept(way.mail(dsn("jane@example.net"), minted("jane@example.net")))).code == 250
        assert way.rows("SELECT count(*) FROM mails") == [(1,)]
