"""`bouncesink ingest` on real files and a real database: what is recorded, what is left, how it goes on."""

import os
from types import SimpleNamespace

import pytest
from ingested_files import FROM, dsn

from bouncesink.cli import backlog as backlog_room
from bouncesink.cli import ingesting
from bouncesink.cli.backlog import Backlog
from bouncesink.cli.exits import Exit
from bouncesink.cli.main import main


def test_files_folders_maildirs_and_mboxes(place):
    place.write("one.eml", dsn(1, "a@b.example"))
    place.write("folder/2.eml", dsn(2))
    place.write("folder/3", "not a bounce at all")
    place.write("m/new/4.x", dsn(4, "c@b.example"))
    place.write("m/cur/5.x:2,S", dsn(5))
    place.write("m/tmp/6.x", dsn(6))
    place.write("z.mbox", f"{FROM}{dsn(7)}\n{FROM}{dsn(8)}\n")
    assert place.ingest("one.eml", "folder", "m", "z.mbox") == {"recorded": 7}
    rows = place.rows("SELECT forward_path, via, authenticity FROM mails ORDER BY forward_path")
    assert rows == [("", "file", "unproven")] * 5 + [("a@b.example", "file", "unproven"), ("c@b.example", "file", "unproven")]
    assert place.names("m/new") + place.names("m/cur") == ["4.x:2,", "5.x:2,S"]
    assert place.names("m/tmp") == ["6.x"]
    assert place.rows("SELECT DISTINCT disposition FROM verdicts WHERE kind = 'bounce'") == [("review",)], (
        "nobody is suppressed"
    )
    assert place.ingest("one.eml", "folder", "m") == {"duplicates": 5}


def test_a_minted_address_suppresses_as_it_does_by_smtp(place, capsys):
    assert main(["verp", "mint", "reader1@example.com", "--domain", "b.example", "--database", str(place.database)]) == 0
    minted = capsys.readouterr().out.strip()
    place.write("one.eml", dsn(1, minted))
    assert place.ingest("one.eml") == {"recorded": 1}
    assert place.rows("SELECT recipient, reason FROM suppressions") == [("reader1@example.com", "mailbox_unknown")]


def test_the_envelope_of_the_command_line(place):
    place.write("one.eml", dsn(1, "no@b.example"))
    place.ingest("--forward-path=a@b.example", "--forward-path", "c@b.example", "--reverse-path=", "one.eml")
    assert place.rows("SELECT forward_path, reverse_path FROM mails") == [("a@b.example", ""), ("c@b.example", "")]


@pytest.mark.parametrize("word", ["rubbish", "", "a b@c.example", "reader@", "$RECIPIENT"])
def test_a_forward_path_that_is_no_address_is_refused_before_anything_is_recorded(place, word):
    place.write("one.eml", dsn(1))
    told = place.fails("--forward-path=a@b.example", f"--forward-path={word}", "one.eml", code=Exit.USAGE)
    assert f"{word!r} is no address" in " ".join(told.split())
    assert not place.database.exists()


def test_explain_tells_of_one_that_came_from_a_file(place, capsys):
    place.write("one.eml", dsn(1))
    place.ingest("one.eml")
    assert main(["explain", "1", "--database", str(place.database)]) == 0
    assert "to an address that nobody knows from a file." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (("--received-at", "header"), "2026-02-02T10:00:00.000Z"),
        (("--received-at", "2025-01-01T10:00:00+01:00"), "2025-01-01T09:00:00.000Z"),
        (("--received-at", "2025-01-01"), "2025-01-01T00:00:00.000Z"),
    ],
)
def test_when_it_came(place, option, expected):
    place.write("one.eml", dsn(1))
    place.ingest(*option, "one.eml")
    assert place.rows("SELECT received_at FROM mails") == [(expected,)]


@pytest.mark.parametrize(("value", "told"), [("headers", "neither the word header"), ("2999-01-01", "in the future")])
def test_a_time_that_is_none(place, value, told):
    assert told in place.fails("--received-at", value, "x", code=Exit.USAGE)


def test_a_summary_for_people(place, capsys):
    place.write("one.eml", dsn(1))
    assert main(["ingest", "--database", str(place.database), "one.eml"]) == 0
    assert "recorded" in capsys.readouterr().out


def offsets(place) -> list[int]:
    return [position for (position,) in place.rows("SELECT position FROM progress WHERE task LIKE 'ingest:%'")]


def test_an_mbox_goes_on_behind_its_bookmark_and_again_begins_anew(place):
    path = place.write("z.mbox", f"{FROM}{dsn(1)}\n{FROM}{dsn(2)}\n")
    assert place.ingest("z.mbox") == {"recorded": 2}
    assert offsets(place) == [path.stat().st_size]
    assert place.ingest("z.mbox") == {}
    assert "nothing new" in place.said
    with path.open("a") as mbox:
        mbox.write(f"{FROM}{dsn(3)}\n")
    assert place.ingest("z.mbox") == {"recorded": 1}
    assert place.ingest("--again", "z.mbox") == {"duplicates": 3}


def test_a_bookmark_of_another_file_is_not_believed(place):
    place.write("z.mbox", f"{FROM}{dsn(1)}\n{FROM}{dsn(2)}\n")
    place.ingest("z.mbox")
    place.write("z.mbox", f"{FROM}{dsn(3)}\n{FROM}{dsn(4)}\n{FROM}{dsn(5)}\n")
    assert place.ingest("z.mbox") == {"recorded": 3}


def test_a_bookmark_stays_in_front_of_what_was_not_recorded(place, monkeypatch):
    """One of our own that raises in the middle: what was settled before it is behind the bookmark, nothing else is."""
    place.write("z.mbox", "".join(f"{FROM}{dsn(number)}\n" for number in range(300)))
    real, handed = ingesting.Window._hand, []

    async def hand(self, mail):
        handed.append(mail)
        if len(handed) == 150:
            raise RuntimeError("cut off")
        return await real(self, mail)

    with monkeypatch.context() as patched:
        patched.setattr(ingesting.Window, "_hand", hand)
        assert "cut off" in place.fails("z.mbox", code=Exit.SOFTWARE)
    ((recorded,),) = place.rows("SELECT count(*) FROM mails")
    assert recorded >= 149
    place.ingest("z.mbox")
    assert place.rows("SELECT count(*) FROM mails") == [(300,)]
    assert offsets(place) == [(place.folder / "z.mbox").stat().st_size]


def test_a_pipe_that_cannot_be_sought_is_read_all_the_same(place):
    text = f"{FROM}{dsn(1)}\n{FROM}{dsn(2)}\n".encode()
    read, write = os.pipe()
    os.write(write, text)
    os.close(write)
    assert place.ingest(f"/dev/fd/{read}") == {"recorded": 2}
    os.close(read)


def test_marks_are_kept_meanwhile(place, monkeypatch):
    monkeypatch.setattr(backlog_room, "_KEEP_SECONDS", 0.0)
    kept = []
    bookmarks = SimpleNamespace(read=lambda _: None, keep=lambda _, position, __: kept.append(position))
    path = place.write("z.mbox", f"{FROM}{dsn(1)}\n{FROM}{dsn(2)}\n{FROM}{dsn(3)}\n")
    found = Backlog([str(path)], limit=100_000, unreadable=lambda *_: None, bookmarks=bookmarks)
    for number, mail in enumerate(mail for source in found.sources() for mail in source.mails):
        mail.settle(number != 1)
    found.keep_bookmarks()
    assert len(kept) == 1, "not past what is not settled"
