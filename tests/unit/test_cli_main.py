"""The command itself: how it starts, how it ends, and how quickly it answers."""

import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from contextlib import suppress

import pytest

from bouncesink import __version__
from bouncesink.cli import main as cli
from bouncesink.cli.exits import Exit, exit_of
from bouncesink.cli.main import main
from bouncesink.cli.welcome import SAMPLE_DSN
from bouncesink.errors import (
    BouncesinkError,
    ConfigError,
    KeyringError,
    RuleError,
    SchemaTooNew,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreMisses,
    StoreReadOnly,
    StoreRefuses,
)

MODULE = (sys.executable, "-m", "bouncesink")
COMMANDS = ["serve", "classify", "explain", "config", "verp"]
EVERY_COMMAND = [[], *([word] for word in COMMANDS), ["verp", "mint"], ["verp", "decode"], ["verp", "keygen"]]


def run(*arguments: str, **more) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOUNCESINK_")}
    return subprocess.run([*MODULE, *arguments], capture_output=True, text=True, check=False, env=environment, **more)


def test_the_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"bouncesink {__version__}\n"


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_explains_itself_with_an_example(words, option, capsys):
    assert main([*words, option]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"Usage: {' '.join(['bouncesink', *words])} ")
    if words in ([], ["verp"]):
        assert all(command in told for command in (COMMANDS if not words else ["mint", "decode", "keygen"]))
    else:
        assert f"  {' '.join(['bouncesink', *words])} " in told, "an example"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["clasify", "x"], "Did you mean 'classify'?"),
        (["nonsense"], "No such command 'nonsense'"),
        (["verp", "mnt"], "Did you mean 'mint'?"),
        (["classify", "--fromat", "json", "x"], "--format"),
        (["classify", "--format", "xml", "x"], "'xml' is not one of"),
        (["replay", "--since", "yesterday"], "must be a day or a time (UTC), as in 2026-11-28"),
        (["incidents", "show", "x"], "must be a whole number"),
        (["feed", "tail", "--count", "-1"], "must be 0 or more"),
        (["classify"], "Missing argument"),
        (["serve", "extra"], "unexpected extra argument"),
        (["verp", "keygen", "--append"], "say which file"),
        (["verp", "mint", "a@example.com"], "say which of your Return-Path domains"),
        ([], "Usage: bouncesink"),
        (["verp"], "Usage: bouncesink verp"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_command_line_is_64_with_a_hint(arguments, hint, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == Exit.USAGE
    captured = capsys.readouterr()
    assert hint in captured.err
    assert not [words for words in ("Value error", "Input should be") if words in captured.err], "a library's"
    assert captured.out == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError(("a", "b")), 78),
        (RuleError(("a",)), 78),
        (KeyringError(("a",)), 78),
        (SchemaTooNew("a"), 78),
        (StoreBusy("a"), 75),
        (StoreFull("a"), 74),
        (StoreReadOnly("a"), 77),
        (StoreMisses("a"), 66),
        (StoreRefuses("a"), 65),
        (StoreError("a"), 74),
        (BouncesinkError("a"), 74),
    ],
)
def test_every_error_of_ours_has_its_exit_code(error, code):
    assert exit_of(error) == code


def raising(error: BaseException):
    def app(*_, **__):
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (ConfigError(("one", "two\x1b[2J")), 78, "bouncesink: one\nbouncesink: two\\x1b[2J\n"),
        (StoreBusy("x.db: locked"), 75, "bouncesink: x.db: locked\n"),
        (KeyboardInterrupt(), 130, ""),
        (OSError(28, "No space left on device"), 74, "bouncesink: No space left on device\n"),
        (OSError(5, "Input/output error", "x"), 74, "bouncesink: x: Input/output error\n"),
        (OSError(13, "Permission denied", "x"), 66, "bouncesink: x: Permission denied\n"),
        (OSError(2, "No such file or directory", "x"), 66, "bouncesink: x: No such file or directory\n"),
    ],
)
def test_how_a_command_ends_when_it_cannot_go_on(error, code, told, monkeypatch, capsys):
    monkeypatch.setattr(cli, "app", raising(error))
    assert main(["config"]) == code
    assert capsys.readouterr().err == told


def test_a_bug_is_told_whole(monkeypatch, capsys):
    monkeypatch.setattr(cli, "app", raising(ZeroDivisionError("ours")))
    assert main(["config"]) == Exit.SOFTWARE
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert "ZeroDivisionError: ours" in told
    assert "this is a bug of bouncesink's" in told


def test_it_runs_as_a_module_and_hands_on_its_exit_code():
    outcome = run("--version")
    assert (outcome.returncode, outcome.stdout) == (0, f"bouncesink {__version__}\n")
    assert run("nonsense").returncode == 64


OF_A_DATABASE = [
    *(["recipients", "show", "a@example.com"], ["recipients", "suppress", "a@example.com"], ["recipients", "list"]),
    *(["feed", "tail"], ["feed", "export"], ["feed", "cursors"], ["feed", "ack", "crm", "1"], ["incidents", "list"]),
    *(["replay", "--dry-run"], ["rules", "unknowns"], ["explain", "1"]),
]


@pytest.mark.parametrize("words", OF_A_DATABASE, ids=" ".join)
def test_where_there_is_no_database_its_path_is_told(words, tmp_path, capsys):
    assert main([*words, "--database", str(tmp_path / "none.db")]) == Exit.NO_INPUT
    assert str(tmp_path / "none.db") in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", OF_A_DATABASE, ids=" ".join)
def test_a_file_that_is_no_database_is_told_in_a_line(words, tmp_path):
    """In a process of its own: what a thread that outlives the loop says goes nowhere else."""
    path = tmp_path / "notes.db"
    path.write_text("these are notes, and no database at all, however one looks at them\n" * 20)
    outcome = run(*words, "--database", str(path))
    assert outcome.returncode == Exit.IO
    assert len(outcome.stderr.splitlines()) == 1, outcome.stderr
    assert f"{path}: the file is not an SQLite database" in outcome.stderr


HEAVY = {"rich", "structlog", "asyncio", "aiosmtpd", "sqlite3", "aiosqlite", "zstandard", "ahocorasick_rs", "idna"}
# Typer itself imports pydantic for a command's parameters, so only what needs no command is quite quick.


@pytest.mark.parametrize(
    ("words", "heavy"),
    [
        (["--help"], HEAVY | {"pydantic"}),
        (["--version"], HEAVY | {"pydantic"}),
        (["classify", "--help"], HEAVY),
        (["serve", "--help"], HEAVY),
        (["verp", "mint", "--help"], HEAVY),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_help_imports_nothing_heavy(words, heavy):
    code = (
        "import atexit, sys\n"
        f"atexit.register(lambda: sys.stderr.write('heavy: ' + ','.join(sorted({heavy} & set(sys.modules)))))\n"
        f"sys.argv = ['bouncesink', *{words!r}]\n"
        "from bouncesink.cli.main import run\nrun()\n"
    )
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stderr == "heavy: "


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    for number in range(300):
        (tmp_path / f"{number:03}").write_text(f"Subject: {number}\n\nnothing\n")
    with subprocess.Popen(
        [*MODULE, "classify", "--format", "jsonl", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline().startswith(b"{")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == -signal.SIGPIPE


@pytest.fixture
def _heard_interrupts():
    """A shell that starts something in the background has it ignore SIGINT, and what that starts too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heard_interrupts")
def test_control_c_is_130(tmp_path):
    fifo = tmp_path / "never.eml"
    os.mkfifo(fifo)
    with subprocess.Popen([*MODULE, "classify", str(fifo)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        writer = None
        while writer is None and time.monotonic() < deadline:
            try:
                writer = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)  # succeeds once it reads
            except OSError:
                time.sleep(0.02)
        assert writer is not None
        while process.poll() is None and time.monotonic() < deadline:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)  # one that comes just before it reads is heard only after it: whoever waits presses again
        assert process.wait(1) == Exit.INTERRUPTED
        assert b"Traceback" not in process.stderr.read()
        os.close(writer)


@pytest.mark.parametrize("name", [b"caf\xc3\xa9.eml", b"caf\xe9.eml"], ids=["UTF-8", "no UTF-8"])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_a_terminal_cannot_show_is_spelled(encoding, name, tmp_path):
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(b"Subject: nothing\n\n")
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run([*MODULE, "classify", path], capture_output=True, check=False, env=environment, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"caf" in done.stdout


@pytest.mark.parametrize(("width", "lines"), [(40, True), (200, False)])
def test_a_terminal_too_narrow_for_a_table_has_lines(width, lines, tmp_path):
    (tmp_path / "mail.eml").write_text(SAMPLE_DSN)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, width))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    command = [*MODULE, "classify", str(tmp_path / "mail.eml")]
    with subprocess.Popen(command, stdout=theirs, env={**environment, "NO_COLOR": "1", "TERM": "xterm"}) as process:
        os.close(theirs)
        told = b""
        with suppress(OSError):  # as Linux ends a terminal
            while some := os.read(ours, 65_536):
                told += some
        assert process.wait(60) == 0
    os.close(ours)
    plain = re.sub(rb"\x1b\[[0-9;]*m", b"", told)
    assert (b"\r\nreason: mailbox_unknown\r\n" in plain) is lines
    assert "┃".encode() in plain or lines
