"""`bouncesink serve`, as a process: what it prints, how it starts and stops, and what it says when it cannot."""

import json
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bouncesink.cli import welcome as room
from bouncesink.cli.exits import Exit
from bouncesink.cli.main import main
from bouncesink.cli.welcome import SAMPLE_DSN, SAMPLE_NAME, SAMPLE_RECIPIENT, welcome
from bouncesink.config.sections import AdmissionSection, Config, StoreSection, VerpSection
from bouncesink.core.verp.keyring import Key, Keyring

KEYRING = Keyring((Key(3, b"k" * 32),))
TODAY = date(2026, 2, 2)


def told(listening=("127.0.0.1:2525",), **sections) -> str:
    return welcome(listening, KEYRING, Config(**sections), TODAY)


def line(text: str, word: str) -> list[str]:
    """The one line that starts so, as a shell would read it."""
    (found,) = (each.strip() for each in text.splitlines() if each.strip().startswith(word))
    return shlex.split(found)


def test_the_swaks_line_sends_the_sample_to_the_minted_address():
    text = told()
    words = line(text, "swaks ")
    options = dict(zip(words[1::2], words[2::2], strict=True))
    assert (options["--server"], options["--port"], options["--from"]) == ("127.0.0.1", "2525", "<>")
    assert options["--to"].endswith(f"-{SAMPLE_RECIPIENT.replace('@', '=')}@b.example")
    assert options["--to"] in text.splitlines()[4]
    assert options["--data"] == f"@{Path.cwd() / SAMPLE_NAME}"


@pytest.mark.parametrize(
    ("listening", "server", "port"),
    [
        (("0.0.0.0:25", "127.0.0.1:2525"), "127.0.0.1", "25"),
        (("[::]:2525",), "[::1]", "2525"),
        (("192.0.2.1:25",), "192.0.2.1", "25"),
        (("lmtp://127.0.0.1:24", "lmtp+unix:/l", "127.0.0.1:2525"), "127.0.0.1", "2525"),
    ],
)
def test_where_it_can_be_reached(listening, server, port):
    text = told(listening)
    words = line(text, "swaks ")
    assert (words[2], words[4]) == (server, port)
    assert all(place in text for place in listening)


@pytest.mark.parametrize(
    ("listening", "options"),
    [
        (("lmtp+unix:/a folder/l",), ["--socket", "/a folder/l", "--protocol", "LMTP"]),
        (("smtps://[::]:465",), ["--server", "[::1]", "--port", "465", "--tls-on-connect"]),
        (("lmtp+unix:/l", "lmtp://127.0.0.1:24"), ["--server", "127.0.0.1", "--port", "24", "--protocol", "LMTP"]),
    ],
)
def test_swaks_speaks_what_is_spoken_there(listening, options):
    assert line(told(listening), "swaks ")[1 : 1 + len(options)] == options


def test_where_nothing_listens_the_sample_is_ingested():
    text = told(("maildir:/var/mail/bounces",))
    assert " ingest --forward-path=" in text
    assert "swaks" not in text
    assert "swaks" in told(("maildir:/var/mail/bounces", "127.0.0.1:2525"))


def test_the_configured_domain_and_prefix_are_used_and_paths_are_quoted():
    text = told(
        admission=AdmissionSection(domains=("bounces.example.org", "b.example")),
        verp=VerpSection(prefix="b-"),
        store=StoreSection(path=Path("/srv/a folder/x.db")),
    )
    minted = line(text, "swaks ")[8]
    assert minted.startswith("b-")
    assert minted.endswith("@bounces.example.org")
    assert line(text, "sqlite3 ")[2] == "/srv/a folder/x.db"
    assert line(text, "swaks ")[10] == f"@/srv/a folder/{SAMPLE_NAME}"


def test_the_sample_is_a_report_that_can_be_sent():
    assert SAMPLE_DSN.isascii()
    assert SAMPLE_RECIPIENT in SAMPLE_DSN
    assert max(map(len, SAMPLE_DSN.splitlines())) < 100


@pytest.mark.parametrize(
    ("program", "on_path", "command"),
    [
        ("/opt/x/bin/bouncesink", None, "/opt/x/bin/bouncesink"),
        ("/opt/x/bin/bouncesink", "/opt/x/bin/bouncesink", "bouncesink"),
        ("/opt/x/bin/bouncesink", "/usr/bin/bouncesink", "/opt/x/bin/bouncesink"),
        ("/x/bouncesink/__main__.py", None, f"{shlex.quote(sys.executable)} -m bouncesink"),
    ],
)
def test_bouncesink_is_named_as_it_can_be_called(program, on_path, command, monkeypatch):
    monkeypatch.setattr(sys, "argv", [program])
    monkeypatch.setattr(room.shutil, "which", lambda _: on_path)
    assert f"    {command} explain 1 --database " in told()


def test_a_folder_that_cannot_be_written_costs_the_sample_alone(tmp_path, capsys):
    config = Config(store=StoreSection(path=tmp_path / "missing" / "x.db"))
    room.greet(("127.0.0.1:1",), config, KEYRING)
    captured = capsys.readouterr()
    assert "swaks" in captured.out
    assert "the sample cannot be written: No such file or directory" in captured.err


def test_a_sample_that_is_there_is_left_alone(tmp_path):
    (tmp_path / SAMPLE_NAME).write_text("mine")
    room.greet(("127.0.0.1:1",), Config(store=StoreSection(path=tmp_path / "x.db")), KEYRING)
    assert (tmp_path / SAMPLE_NAME).read_text() == "mine"


# --- the process


def test_it_starts_says_nothing_but_its_log_and_stops_with_0(server_process):
    server_process.start()
    assert server_process.terminate() == 0
    lines = [json.loads(each) for each in server_process.log.read_text().splitlines()]
    lines = [each for each in lines if each["event"] != "server.root"]
    assert [each["event"] for each in lines] == ["server.started", "server.stopping", "server.stopped"]
    assert lines[0]["listening"] == [f"127.0.0.1:{server_process.port}"]


def test_it_believes_what_the_command_line_minted_and_tells_what_it_recorded(server_process, wait_until):
    server_process.start("--welcome")
    wait_until(lambda: "Control-C stops it." in server_process.log.read_text(), 20, "the welcome")
    sample = server_process.folder / SAMPLE_NAME
    assert sample.read_text() == SAMPLE_DSN
    (minted,) = server_process.mint(SAMPLE_RECIPIENT)
    send(server_process.port, minted, sample.read_bytes())
    (row,) = server_process.rows("SELECT * FROM bounces")
    assert (row["recipient"], row["reason"], row["authenticity"]) == (SAMPLE_RECIPIENT, "mailbox_unknown", "proven")
    text = server_process.command("explain", str(row["mail_id"]), "--database", str(server_process.database))
    assert text.startswith(f"Mail {row['mail_id']} came at {datetime.now(UTC):%Y-}")
    assert f"It is about {SAMPLE_RECIPIENT}." in text
    assert "its tag holds" in " ".join(text.split())
    outcome = subprocess.run(
        [sys.executable, "-m", "bouncesink", "explain", "999", "--database", str(server_process.database)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == Exit.NO_INPUT
    assert "no mail has the id 999" in outcome.stderr


def test_an_opaque_address_that_was_minted_beside_a_running_server_is_known(server_process):
    server_process.start()
    (minted,) = server_process.mint("grüße@example.com")
    assert len(minted.partition("@")[0]) == 32
    send(server_process.port, minted, SAMPLE_DSN.replace("reader@example.com", "alias@example.net").encode())
    (row,) = server_process.rows("SELECT * FROM bounces")
    assert (row["recipient"], row["authenticity"]) == ("grüße@example.com", "proven")


def send(port: int, forward_path: str, content: bytes) -> None:
    import smtplib

    with smtplib.SMTP("127.0.0.1", port, timeout=30) as peer:
        assert peer.sendmail("", [forward_path], content) == {}


def test_a_port_that_is_taken_is_told_without_a_traceback(server_process, elsewhere):
    server_process.start()
    other = [
        sys.executable,
        "-m",
        "bouncesink",
        "serve",
        "--listen",
        f"127.0.0.1:{server_process.port}",
        "--database",
        "other.db",
    ]
    outcome = subprocess.run(other, capture_output=True, text=True, check=False, timeout=60)
    assert outcome.returncode == Exit.CONFIG
    assert "another program listens there already" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_database_that_another_server_holds(server_process, elsewhere):
    server_process.start()
    other = [sys.executable, "-m", "bouncesink", "serve", "--listen", "127.0.0.1:0", "--database", str(server_process.database)]
    outcome = subprocess.run(other, capture_output=True, text=True, check=False, timeout=60)
    assert outcome.returncode == Exit.TEMPFAIL
    assert "Traceback" not in outcome.stderr
    assert str(server_process.database) in outcome.stderr


def test_a_configuration_that_does_not_hold_makes_no_key(elsewhere, capsys):
    (elsewhere / "x.toml").write_text("[smtp]\nsize_limit = 1\n")
    assert main(["serve", "--config", "x.toml", "--listen", "nowhere"]) == Exit.CONFIG
    assert len(capsys.readouterr().err.splitlines()) == 2
    assert [path.name for path in elsewhere.iterdir()] == ["x.toml"]


TROUBLED = {
    'authenticity.dkim_keys = ["s1._domainkey.example.com=nowhere.txt"]': "s1._domainkey.example.com: nowhere.txt cannot",
    'tls.certificate_files = ["nowhere.pem"]': "tls.certificate_files: nowhere.pem: cannot",
    'rules.folder = "nowhere"': "nowhere: is no folder of rule files",
}


@pytest.mark.parametrize("holds", [None, *TROUBLED])
def test_every_file_that_does_not_hold_is_told_at_once(holds, elsewhere, capsys):
    (elsewhere / "c.toml").write_text("".join(f"{line}\n" for line in TROUBLED if line != holds))
    assert main(["serve", "--config", "c.toml", "--listen", "127.0.0.1:0"]) == Exit.CONFIG
    err = capsys.readouterr().err
    assert [line for line, told in TROUBLED.items() if f": {told}" in err] == [line for line in TROUBLED if line != holds]
    assert err.count("nowhere.txt") == (0 if holds and "dkim" in holds else 1)  # and nothing twice


def test_a_newer_schema_is_refused(elsewhere, capsys):
    main(["verp", "mint", "grüße@example.com", "--domain", "b.example", "--database", "x.db"])
    with closing(sqlite3.connect("x.db")) as connection:
        connection.execute("PRAGMA user_version = 999")
    capsys.readouterr()
    assert main(["serve", "--database", "x.db", "--listen", "127.0.0.1:0"]) == Exit.CONFIG
    assert "999" in capsys.readouterr().err
