"""A watched Maildir: what leaves ``new``, when, and what stays there."""

import asyncio
import os
from datetime import UTC, datetime

import pytest

from bouncesink.config.sections import FilesSection
from bouncesink.core.admission import AdmissionPolicy, admit
from bouncesink.core.reply import CANNOT_NOW, recorded_as
from bouncesink.core.verp.decoder import VerpPolicy
from bouncesink.core.verp.keyring import Key, Keyring
from bouncesink.errors import ConfigError
from bouncesink.fronts import maildir as room
from bouncesink.fronts.files import FileDoor
from bouncesink.fronts.maildir import MaildirWatch, move_to_cur, watching

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEYRING = Keyring((Key(1, b"k" * 32),))


class Way:
    """Keeps the first line of each mail, and looks where its file is meanwhile."""

    def __init__(self, new) -> None:
        self.new = new
        self.lines: list[bytes] = []
        self.trouble = False
        self.there: list[bool] = []

    def admit(self, forward_path, at=None):
        return admit(forward_path, AdmissionPolicy(VerpPolicy(), refuse_unknown=False), KEYRING, at.date())

    async def accept(self, mail):
        if self.trouble:
            return CANNOT_NOW
        self.there.append(any(self.new.iterdir()))
        self.lines.append(mail.content.split(b"\r\n")[0])
        return recorded_as("1")


@pytest.fixture
def folder(tmp_path):
    for name in ("new", "cur", "tmp"):
        (tmp_path / "m" / name).mkdir(parents=True)
    return tmp_path / "m"


@pytest.fixture
def way(folder):
    return Way(folder / "new")


@pytest.fixture
def watch(folder, way):
    return MaildirWatch(folder, FileDoor(way, FilesSection(), 1_000, 10, lambda: NOW), 0.01)


def deliver(folder, name, content=b"Subject: x\n\n"):
    """As an MTA does: written in tmp, then renamed."""
    (folder / "tmp" / name).write_bytes(content)
    (folder / "tmp" / name).rename(folder / "new" / name)


def names(folder, where):
    return sorted(path.name for path in (folder / where).iterdir())


async def test_a_mail_goes_to_cur_once_it_is_recorded_and_not_before(folder, way, watch):
    deliver(folder, "1.a")
    deliver(folder, "2.b:2,S")
    (folder / "tmp" / "3.c").write_text("unfinished")
    (folder / "new" / ".hidden").touch()
    assert await watch.turn() is True
    assert (names(folder, "new"), names(folder, "cur")) == ([".hidden"], ["1.a:2,", "2.b:2,S"])
    assert names(folder, "tmp") == ["3.c"]
    assert all(way.there)
    assert await watch.turn() is None


async def test_on_trouble_of_ours_it_stays_and_is_tried_again(folder, way, watch):
    deliver(folder, "1.a")
    way.trouble = True
    assert await watch.turn() is False
    assert names(folder, "new") == ["1.a"]
    way.trouble = False
    assert await watch.turn() is True
    assert (names(folder, "new"), len(way.lines)) == ([], 1)


async def test_one_that_never_will_be_taken_stays_is_told_once_and_keeps_nobody_busy(folder, way, watch, capsys):
    deliver(folder, "1.big", b"x" * 1_001)
    deliver(folder, "2.ok")
    assert await watch.turn() is True
    assert await watch.turn() is None
    assert (names(folder, "new"), names(folder, "cur")) == (["1.big"], ["2.ok:2,"])
    assert capsys.readouterr().err.count("1.big") == 1


async def test_one_that_cannot_be_read_is_told_and_the_others_are_taken(folder, way, watch, capsys):
    (folder / "new" / "1.folder").mkdir()
    (folder / "new" / "2.link").symlink_to(folder / "nowhere")
    deliver(folder, "3.ok")
    assert await watch.turn() is True
    assert await watch.turn() is None
    assert names(folder, "cur") == ["3.ok:2,"]
    told = capsys.readouterr().err
    assert told.count("1.folder") == 1
    assert "Is a directory" in told


async def test_a_file_that_vanishes_is_nobodys_concern(folder, way, watch, monkeypatch, capsys):
    deliver(folder, "1.gone")
    deliver(folder, "2.ok")
    real = os.scandir

    def scandir(path):
        monkeypatch.setattr(room.os, "scandir", real)
        found = list(real(path))
        (folder / "new" / "1.gone").unlink(missing_ok=True)
        return found

    monkeypatch.setattr(room.os, "scandir", scandir)
    assert await watch.turn() is True
    assert names(folder, "cur") == ["2.ok:2,"]
    assert capsys.readouterr().err == ""


async def test_another_reader_may_move_it_first(folder):
    deliver(folder, "1.a")
    path = folder / "new" / "1.a"
    move_to_cur(path)
    move_to_cur(path)
    assert names(folder, "cur") == ["1.a:2,"]
    deliver(folder, "2.b")
    (folder / "cur" / "1.a:2,").unlink()
    (folder / "cur").rmdir()
    with pytest.raises(FileNotFoundError):
        move_to_cur(folder / "new" / "2.b")


async def test_recorded_but_not_movable_is_told_and_not_recorded_over_and_over(folder, way, watch, capsys):
    deliver(folder, "1.a")
    (folder / "cur").rmdir()
    assert await watch.turn() is True
    assert await watch.turn() is None
    assert (len(way.lines), names(folder, "new")) == (1, ["1.a"])
    assert "cannot be moved to cur" in capsys.readouterr().err


async def test_a_turn_is_bounded(folder, way, watch, monkeypatch):
    monkeypatch.setattr(room, "FILES_A_TURN", 3)
    monkeypatch.setattr(room, "OCTETS_A_TURN", 1_500)
    for n in range(7):
        deliver(folder, f"{n}.x", b"%d\n" % n)
    deliver(folder, "7.big", b"y" * 900)
    deliver(folder, "8.big", b"z" * 900)
    deliver(folder, "9.last", b"9\n")
    seen = []
    while await watch.turn():
        seen.append(len(way.lines))
    assert seen == [3, 6, 9, 10]


async def test_a_folder_that_goes_is_told_once_and_waited_for(folder, way, watch, capsys):
    folder.rename(folder.with_name("away"))
    assert await watch.turn() is False
    assert await watch.turn() is False
    assert capsys.readouterr().err.count("No such file or directory") == 1
    folder.with_name("away").rename(folder)
    deliver(folder, "1.a")
    assert await watch.turn() is True


async def test_the_watch_takes_what_comes_whatever_goes_wrong_meanwhile(folder, way, monkeypatch, wait_until):
    door = FileDoor(way, FilesSection(), 1_000, 10, lambda: NOW)
    real, bugs = MaildirWatch._read, iter([RuntimeError("a bug")])

    def read(self):
        for bug in bugs:
            raise bug
        return real(self)

    monkeypatch.setattr(MaildirWatch, "_read", read)
    async with MaildirWatch.running(folder, door, 0.01):
        for n in range(20):
            deliver(folder, f"{n}.x", b"%d\n" % n)
            await asyncio.sleep(0)
        await asyncio.to_thread(wait_until, lambda: len(names(folder, "cur")) == 20, 10, "all of them")
    assert len(way.lines) == 20


async def test_what_is_no_maildir_is_told_all_at_once_and_none_is_watched(folder, way, tmp_path):
    door = FileDoor(way, FilesSection(), 1_000, 10, lambda: NOW)
    with pytest.raises(ConfigError) as caught:
        async with watching([tmp_path / "a", folder, tmp_path], door):
            pass
    assert [str(tmp_path / "a") in caught.value.problems[0], len(caught.value.problems)] == [True, 2]
