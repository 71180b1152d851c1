"""Where mails are found: the same mails in the same order every time, and one that cannot be read stops nobody."""

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.cli import mbox
from bouncesink.cli.mails import Found, find_files, read_mails

FROM = "From MAILER-DAEMON Mon Feb  2 10:00:00 2026\n"


def found(*paths: object) -> list[Found]:
    problems: list[str] = []
    files = find_files([str(path) for path in paths], lambda name, _: problems.append(name))
    mails = list(read_mails(files, lambda name, _: problems.append(name)))
    assert not problems
    return mails


def split(text: str | bytes) -> list[bytes]:
    file = io.BytesIO(text.encode() if isinstance(text, str) else text)
    return list(mbox.split(mbox.first_line(file), file))


@pytest.mark.parametrize(
    ("text", "mails"),
    [
        (f"{FROM}Subject: a\n\nx\n\n{FROM}Subject: b\n\ny\n", ["Subject: a\n\nx\n", "Subject: b\n\ny\n"]),
        (f"{FROM}Subject: a\n\nx\n", ["Subject: a\n\nx\n"]),
        (f"{FROM}Subject: a\n\n{FROM}Subject: b\n\n", ["Subject: a\n", "Subject: b\n"]),
        # no empty line before it, no date in it, or no field after it: the words of a mail
        (f"{FROM}Subject: a\n\nx\n{FROM}Subject: b\n", [f"Subject: a\n\nx\n{FROM}Subject: b\n"]),
        (f"{FROM}Subject: a\n\nFrom now on: no\nSubject: b\n", ["Subject: a\n\nFrom now on: no\nSubject: b\n"]),
        (f"{FROM}Subject: a\n\n{FROM}not a field\n", [f"Subject: a\n\n{FROM}not a field\n"]),
        (f"{FROM}Subject: a\n\n{FROM}", [f"Subject: a\n\n{FROM}"]),
        # mboxrd quoting
        (f"{FROM}Subject: a\n\n>From x\n>>From y\n> From z\n", ["Subject: a\n\nFrom x\n>From y\n> From z\n"]),
        (f"{FROM}>From nested@example.com Mon\nSubject: a\n\n", ["From nested@example.com Mon\nSubject: a\n"]),
        # other spellings of the line
        ("From a@example.com Mon Feb 02 10:00 2026\nSubject: a\n\nx\n", ["Subject: a\n\nx\n"]),
        ("From - Mon Feb  2 10:00:00 CET 2026\nSubject: a\n\nx\n", ["Subject: a\n\nx\n"]),
        (f"{FROM}Subject: a\n\nx\n\n{FROM}Subject: b\n".replace("\n", "\r\n"), ["Subject: a\r\n\r\nx\r\n", "Subject: b\r\n"]),
        ("", []),
    ],
)
def test_an_mbox_is_split(text, mails):
    assert split(text) == [mail.encode() for mail in mails]


def test_a_line_without_end_is_no_empty_line():
    long = b"x" * (mbox._LONGEST_LINE)
    text = FROM.encode() + b"Subject: a\n\n" + long + b"\n" + FROM.encode() + b"Subject: b\n\n"
    assert len(split(text)) == 1


def test_a_mail_over_the_bound_is_cut_and_the_next_is_whole(monkeypatch):
    monkeypatch.setattr(mbox, "MAX_MAIL", 1_000)
    text = f"{FROM}Subject: a\n\n{'x' * 99}\n" + ("x" * 99 + "\n") * 50 + f"\n{FROM}Subject: b\n\ny\n"
    first, second = split(text)
    assert len(first) <= 1_100
    assert second == b"Subject: b\n\ny\n"


@given(st.lists(st.sampled_from([FROM.encode(), b"\n", b"\r\n", b"Subject: x\n", b">From \n", b"From ", b"\x00\xff", b"x\n"])))
def test_any_bytes_are_split_without_loss_of_lines(lines):
    content = b"".join(lines)
    mails = split(content)
    kept = sum(len(mail) for mail in mails)
    assert kept <= len(content)
    assert b"".join(mails).count(b"Subject") == content.count(b"Subject")


@pytest.fixture
def tree(tmp_path):
    """Two folders, a Maildir with a subfolder, hidden things, a pipe."""
    files = {
        "b/2.eml": "Subject: 2\n\n",
        "b/10.txt": "Subject: 10\n\n",
        "a.eml": "Subject: a\n\n",
        ".hidden": "Subject: no\n\n",
        "b/.hidden": "Subject: no\n\n",
        ".git/x": "Subject: no\n\n",
        "m/cur/1:2,S": "Subject: cur\n\n",
        "m/new/2": "Subject: new\n\n",
        "m/tmp/3": "Subject: no\n\n",
        "m/dovecot-uidlist": "no mail",
        "m/.Bounces/cur/4": "Subject: sub\n\n",
        "m/.Bounces/new/.keep": "",
        "m/.Bounces/maildirfolder": "",
        "z.mbox": f"{FROM}Subject: z1\n\n\n{FROM}Subject: z2\n\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    os.mkfifo(tmp_path / "b" / "pipe")
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    return tmp_path


def test_folders_are_read_in_order_and_only_mail_in_them(tree):
    names = [mail.name.removeprefix(f"{tree}/") for mail in found(tree)]
    assert names == ["a.eml", "b/10.txt", "b/2.eml", "m/.Bounces/cur/4", "m/cur/1:2,S", "m/new/2", "z.mbox#1", "z.mbox#2"]
    assert found(tree) == found(tree)


def test_the_source_is_the_path_as_it_was_given(tree, monkeypatch):
    monkeypatch.chdir(tree)
    assert [(mail.source, mail.number) for mail in found("./a.eml", "z.mbox", "b/")] == [
        ("./a.eml", None),
        ("z.mbox", 1),
        ("z.mbox", 2),
        ("b/10.txt", None),
        ("b/2.eml", None),
    ]


def test_what_was_given_twice_is_read_twice(tree):
    assert len(found(tree / "a.eml", tree / "a.eml")) == 2


def test_one_mail_with_a_from_line_keeps_it_where_its_name_says_that_it_is_one(tmp_path):
    text = f"{FROM}Subject: a\n\nReturned:\n\n{FROM}Subject: b\n"
    (tmp_path / "one.EML").write_text(text)
    (tmp_path / "several").write_text(text)
    assert [(mail.name, mail.content) for mail in found(tmp_path / "one.EML")] == [(str(tmp_path / "one.EML"), text.encode())]
    assert len(found(tmp_path / "several")) == 2


@pytest.mark.parametrize(
    ("text", "count"), [("Subject: a\n\nx", 1), (f"{FROM}Subject: a\n\n\n{FROM}Subject: b\n\n", 2), ("", 1)]
)
def test_standard_input(text, count, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    mails = found("-")
    assert len(mails) == count
    assert {mail.source for mail in mails} == {"-"}


def test_what_cannot_be_read_is_told_and_the_rest_is_done(tree):
    unread: list[tuple[str, str]] = []
    done: list[int] = []
    paths = [str(tree / "missing"), str(tree / "a.eml"), str(tree / "a.eml" / "x")]
    files = find_files(paths, lambda *each: unread.append(each))
    mails = list(read_mails(files, lambda *each: unread.append(each), lambda: done.append(1)))
    assert [mail.name for mail in mails] == [str(tree / "a.eml")]
    assert unread == [(paths[0], "No such file or directory"), (paths[2], "Not a directory")]
    assert len(done) == 3


def test_a_link_to_nowhere_is_told(tmp_path):
    (tmp_path / "link.eml").symlink_to(tmp_path / "gone")
    unread: list[str] = []
    files = find_files([str(tmp_path)], lambda name, _: unread.append(name))
    assert list(read_mails(files, lambda name, _: unread.append(name))) == []
    assert unread == [str(tmp_path / "link.eml")]


def test_a_name_that_is_not_utf8_is_read_too(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff.eml"
    Path(os.fsdecode(path)).write_bytes(b"Subject: a\n\n")
    (mail,) = found(tmp_path)
    assert os.fsencode(mail.source) == path
