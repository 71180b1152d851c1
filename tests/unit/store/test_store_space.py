"""Room on the disk, asked of the disk itself."""

import asyncio
import os
from pathlib import Path

import pytest

from bouncesink.store.space import FreeSpace


@pytest.mark.parametrize(("minimum", "low"), [(0, False), (1, False), (1 << 60, True)])
async def test_it_is_low_below_the_minimum(tmp_path: Path, minimum: int, low: bool) -> None:
    space = FreeSpace(tmp_path / "x.db", minimum)
    async with space.watched():
        assert space.is_low is low


async def test_a_disk_that_fills_is_noticed_and_one_that_empties_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.statvfs(tmp_path)
    free = [real.f_bavail]

    class Disk:
        f_frsize = real.f_frsize

        @property
        def f_bavail(self) -> int:
            return free[0]

    monkeypatch.setattr("bouncesink.store.space.os.statvfs", lambda _: Disk())
    space = FreeSpace(tmp_path / "x.db", real.f_frsize)
    async with space.watched(0.01), asyncio.timeout(20):
        for blocks, low in ((0, True), (2, False)):
            free[0] = blocks
            while space.is_low is not low:  # noqa: ASYNC110 - a disk sets no event
                await asyncio.sleep(0.005)


async def test_what_cannot_be_looked_at_has_room(tmp_path: Path) -> None:
    space = FreeSpace(tmp_path / "no" / "x.db", 1 << 60)
    async with space.watched():
        assert not space.is_low
