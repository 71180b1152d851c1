#!/usr/bin/env python3
"""Draws docs/reference/{cli,config,log,metrics,json}.md from the code, so that they cannot disagree with it.

    python scripts/reference.py            writes the pages, and those that rules_reference.py, reason_pages.py and
                                           standing_page.py draw
    python scripts/reference.py --check    says which of the five differ, and changes nothing; exit 1 if any does

tests/unit/test_cli_reference.py runs the check.
"""

import dataclasses
import inspect
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import metrics_page
import reason_pages
import rules_reference
import standing_page

from bouncesink.cli import contract
from bouncesink.cli.config import _spelled
from bouncesink.cli.exits import Exit
from bouncesink.cli.mails import Found
from bouncesink.cli.main import app
from bouncesink.cli.welcome import SAMPLE_DSN, SAMPLE_NAME
from bouncesink.config import Config, LogSection
from bouncesink.configchecks import UNSIGNED_GRAMMARS
from bouncesink.configkeys import ENVIRONMENT_FILE, KEYS, SECTIONS, Key
from bouncesink.configwords import LogFormat, LogLevel
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.reply import NO_SUCH_ADDRESS
from bouncesink.core.report import Action, Kind, Place, Report
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verdict import Disposition, Evidence, FailureClass, Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.errors import StoreBusy
from bouncesink.library import Classification
from bouncesink.observe import log
from bouncesink.observe.metrics import NO_EVENTS
from bouncesink.store.rows import Judged, Recorded

ROOT = Path(__file__).resolve().parents[1]
NOTE = "<!-- Drawn from the code by scripts/reference.py: change the code and run it. -->"

CONFIG_PROSE = f"""
No configuration at all works: the defaults below, on loopback, with a key that is made at first use. What is given stands in
layers, each over the one before: the defaults; one TOML file (`--config FILE`, else the file that the variable
`{ENVIRONMENT_FILE}` names); the environment; options of the command line. `bouncesink config` prints what holds and where each
value came from.

Unknown keys are refused, and so are unknown variables that start with `BOUNCESINK_`. Every problem is told at once, with exit
code 78. Relative paths count from where the command is started.

In the environment a list is written with commas, `a,b`, or as JSON, `["a", "b"]`, where an entry has a comma or a space in it.
Secrets are read from the environment or from a file of their own, and from nowhere else.
"""
LOG_PROSE = """
The log is on standard error: JSON, one object a line, where nobody watches; columns on a terminal (`log.format`). One mail is
one line, `mail.recorded`, with everything that one would grep for. Addresses of people are not in it unless `log.addresses` is
true: `id` leads to the row in `mails`. Names of events and fields are stable.

Every line has `timestamp` (UTC), `level` and `event`. What libraries say through Python's own logging, from warnings up, is the
event `library` with `logger`, `message` and, after an exception, `exception`.
"""
JSON_PROSE = """
`bouncesink classify --format jsonl` prints one object a line for each mail, `--format json` an array of them. Every key is
always there, `null` where nothing was said; the one exception is `number`. Names of keys and values are stable, and new ones
may come.
"""
VOCABULARIES = {each.__name__: each for each in (Kind, Action, FailureClass, Fault, Disposition, Place)}


def page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", NOTE, *(part.strip() for part in parts)]) + "\n"


def table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    heads = list(heads)
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)


def code(*words: object) -> str:
    return ", ".join(f"`{word}`" for word in words)


# --- cli.md


def commands() -> list[list[str]]:
    """Every command, in the order in which the help has them."""
    found = [[info.name or info.callback.__name__] for info in app.registered_commands]
    for group in app.registered_groups:
        found += [[group.name, info.name or info.callback.__name__] for info in group.typer_instance.registered_commands]
    return found


def help_of(words: list[str]) -> str:
    environment = {"COLUMNS": "80", "PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh"}
    command = [sys.executable, "-m", "bouncesink", *words, "--help"]
    with tempfile.TemporaryDirectory() as folder:
        environment["PYTHONPATH"] = str(ROOT)
        return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def cli_page() -> str:
    parts = ["`bouncesink COMMAND --help` prints what stands here.", f"```text\n{help_of([])}\n```"]
    for words in commands():
        parts += [f"## bouncesink {' '.join(words)}", f"```text\n{help_of(words)}\n```"]
    parts += [
        "## Exit codes",
        "They are those of sysexits.h. Errors are told on standard error, one a line, each saying what to do.",
        table(("code", "meaning"), ((int(code_), code_.meaning) for code_ in Exit)),
    ]
    return page("Commands", *parts)


# --- config.md


def config_page() -> str:
    parts = [CONFIG_PROSE, "## Above the tables", keys_table([key for key in KEYS.values() if not key.section])]
    sections = {each.name: each.type for each in dataclasses.fields(Config)}
    for section in SECTIONS:
        parts += [f"## [{section}]", inspect.getdoc(sections[section]) or ""]
        parts.append(keys_table([key for key in KEYS.values() if key.section == section]))
    parts += [
        "## Grammars without a tag",
        f"`admission.unsigned` knows {code(*UNSIGNED_GRAMMARS)}. What each looks like stands in [VERP](verp.md).",
    ]
    return page("Configuration", *parts)


def keys_table(keys: list[Key]) -> str:
    return table(("key", "default", "unit", "meaning", "variable"), map(key_row, keys))


def key_row(key: Key) -> tuple[str, ...]:
    default = list(key.default) if isinstance(key.default, tuple) else key.default
    default = str(default) if isinstance(default, Path) else default
    least = (
        ""
        if key.minimum is None
        else f"; at least {key.minimum:g}"
        if key.minimum < 10_000
        else f"; at least {int(key.minimum)}"
    )
    meaning = key.description[0].upper() + key.description[1:] + least
    return f"`{key.field}`", f"`{text}`" if (text := _spelled(default)) else "", key.unit, meaning, f"`{key.variable}`"


# --- log.md


def samples() -> Mapping[Callable[..., None], dict[str, Any]]:
    """Every event, called as the server calls it."""
    content = SAMPLE_DSN.replace("\n", "\r\n").encode()
    peer = Peer(Via.SMTP, "192.0.2.1", "mx.example.com")
    attribution = Attribution(Grammar.SIGNED, "reader@example.com", authenticity=Authenticity.PROVEN)
    admitted = Admitted("ebisxmxtz5rpij5s-reader=example.com@b.example", attribution)
    mail = Mail(Envelope("", (admitted,)), content, datetime(2026, 2, 2, 10, tzinfo=UTC), peer)
    report = Report(Kind.BOUNCE, "dsn")
    judged = (Judged(admitted, (verdict(),)),)
    busy = StoreBusy("recording: database is locked")
    return {
        log.server_started: {"listening": ["127.0.0.1:2525"], "database": Path("bouncesink.db"), "rulebook": "0123456789ab"},
        log.watch_started: {"listening": ["http://127.0.0.1:2580"]},
        log.mail_recorded: {
            "mail": mail,
            "report": report,
            "judged": judged,
            "recorded": (Recorded(17, duplicate=False),),
            "seconds": 0.0031,
        },
        log.mail_refused: {"forward_path": "nobody@b.example", "reply": NO_SUCH_ADDRESS, "peer": peer},
        log.mail_deferred: {"mail": mail, "error": busy},
        log.peer_dropped: {"peer": peer, "why": "timed out"},
        log.session_line: {"peer": peer, "session": 1, "side": "peer", "line": "RCPT TO:(50 characters)", "seconds": 0.0412},
        log.trace_started: {"peers": "192.0.2.1", "minutes": 10, "lines": 2000},
        log.trace_ended: {"peers": "192.0.2.1", "lines": 37, "why": "time"},
        log.file_trouble: {"path": Path("/var/mail/bounces/new/1764244800.x"), "why": "Permission denied"},
        log.store_trouble: {"error": busy, "waiting": 3},
        log.store_recovered: {"seconds": 4.2},
        log.batch_committed: {"mails": 7, "octets": 21_480, "seconds": 0.0024},
        log.checkpoint_done: {"pages": 2000, "moved": 2000, "ms": 8.4},
        log.retention_done: {"contents": 812, "mails": 40, "verdicts": 41, "feed": 0},
        log.authenticity_unchecked: {"why": "it took too long"},
        log.rules_reloaded: {"rulebook": "ba9876543210", "replaced": "0123456789ab", "rules": 520, "seconds": 0.41},
        log.tls_loaded: {
            "certificate": Path("/etc/bouncesink/fullchain.pem"),
            "names": ["mx.example.com"],
            "kind": "ECDSA",
            "not_after": datetime(2026, 5, 1, tzinfo=UTC),
            "expired": False,
        },
        log.tls_refused: {
            "problems": ["tls.key_files: /etc/bouncesink/privkey.pem: is not the key of /etc/bouncesink/fullchain.pem"]
        },
        log.rules_refused: {
            "rulebook": "0123456789ab",
            "problems": ["/etc/bouncesink/rules/a.toml: rule local/x: unknown key 'litteral', did you mean 'literal'?"],
        },
        log.worker_died: {"worker": 2, "code": -9, "seconds": 71.5},
        log.bug: {"where": "judge", "error": ValueError("an example")},
        log.server_root: {},
        log.server_stopping: {},
        log.server_stopped: {},
    }


def verdict() -> Verdict:
    """What is thought of the sample, by hand: a new rule is no reason for a new page."""
    words = "550 5.1.1 <reader@example.com>: Recipient address rejected: User unknown"
    return Verdict(
        recipient="reader@example.com",
        kind=Kind.BOUNCE,
        action=Action.FAILED,
        class_=FailureClass.HARD,
        reason=Reason.MAILBOX_UNKNOWN,
        fault=Fault.RECIPIENT,
        authenticity=Authenticity.PROVEN,
        disposition=Disposition.SUPPRESS,
        status=EnhancedStatusCode(5, 1, 1),
        reply_code=550,
        diagnostic=words,
        final_recipient="reader@example.com",
        original_recipient=None,
        reporting_mta="mx.example.com",
        remote_mta="mx.example.com",
        rule="phrase/user-unknown",
        rulebook="0123456789ab",
        evidence=Evidence("User unknown", Place.DIAGNOSTIC),
    )


def events() -> list[Callable[..., None]]:
    """The public functions of the log that are events."""
    functions = inspect.getmembers(log, inspect.isfunction)
    return [each for name, each in functions if each.__module__ == log.__name__ and name[0] != "_" and name not in NO_EVENTS]


def line_of(event: Callable[..., None], arguments: dict[str, Any], *, addresses: bool = False) -> dict[str, Any]:
    """The line that it writes, with what differs from run to run made constant."""
    output = io.StringIO()
    log.configure(LogSection(level=LogLevel.DEBUG, format=LogFormat.JSON, addresses=addresses), output)
    event(*([arguments.pop("where"), arguments.pop("error")] if event is log.bug else []), **arguments)
    line = json.loads(output.getvalue())
    constant = {"timestamp": "2026-02-02T10:00:00.000Z", "pid": 1, "address_hash": "3f9a0c71d2e4", "version": "0.0.0"}
    return {name: constant.get(name, value) for name, value in line.items()}


def log_page() -> str:
    given = samples()
    missing = {each.__name__ for each in events()} ^ {each.__name__ for each in given}
    assert not missing, f"no sample for {missing}"
    parts = [LOG_PROSE]
    for event, arguments in given.items():
        line = line_of(event, dict(arguments))
        also = set(line_of(event, dict(arguments), addresses=True)) - set(line)
        fields = [name for name in line if name not in ("timestamp", "level", "event")]
        parts += [f"## {line['event']}", f"Level {line['level']}. {inspect.getdoc(event)}"]
        if fields:
            parts.append(f"Fields: {code(*fields)}" + (f"; with `log.addresses` also {code(*sorted(also))}." if also else "."))
        if event is log.bug:
            line["exception"] = "Traceback (most recent call last): ..."
        parts.append(f"```json\n{json.dumps(line)}\n```")
    return page("Log", *parts)


# --- json.md


def json_page() -> str:
    found = Found(SAMPLE_NAME, None, SAMPLE_DSN.encode())
    example = contract.mail_object(
        found, Classification(Report(Kind.BOUNCE, "dsn", auto_submitted="auto-replied"), (verdict(),))
    )
    return page(
        "JSON of classify",
        JSON_PROSE,
        "## A mail",
        telling_table(contract.MAIL_KEYS),
        "## A recipient",
        telling_table(contract.RECIPIENT_KEYS),
        f"`reason` is one of {code(*Reason)}.",
        "## Evidence",
        telling_table(contract.EVIDENCE_KEYS),
        "## An example",
        f"```json\n{json.dumps(example, indent=2)}\n```",
    )


def telling_table(keys: Mapping[str, contract.Telling]) -> str:
    words = {name: code(*vocabulary) for name, vocabulary in VOCABULARIES.items()}
    return table(
        ("key", "type", "meaning"), ((f"`{name}`", type_, text.format_map(words)) for name, (type_, text) in keys.items())
    )


def metrics_reference() -> str:
    return page("Metrics", *metrics_page.metrics_page_parts())


PAGES: Mapping[str, Callable[[], str]] = {
    "cli": cli_page,
    "config": config_page,
    "log": log_page,
    "metrics": metrics_reference,
    "json": json_page,
}


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = []
    for name, draw in PAGES.items():
        path = ROOT / "docs" / "reference" / f"{name}.md"
        text = draw()
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(path.relative_to(ROOT))
        if not check:
            path.write_text(text, "utf-8")
    for path in stale:
        print(f"{path}: {'differs from the code: run python scripts/reference.py' if check else 'written'}")
    if not check:
        rules_reference.main([])
        reason_pages.main([])
        standing_page.main([])
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
