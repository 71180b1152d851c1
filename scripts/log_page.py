"""Draws docs/reference/log.md for scripts/reference.py: every event, called as the server calls it, and the line it writes."""

import inspect
import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drawn_page import code
from sample_verdict import VERDICT

from bouncesink.cli.welcome import SAMPLE_DSN
from bouncesink.config.sections import LogSection
from bouncesink.config.words import LogFormat, LogLevel
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.reply import NO_SUCH_ADDRESS
from bouncesink.core.report import Kind, Report
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.errors import StoreBusy
from bouncesink.observe import log
from bouncesink.observe.metrics import NO_EVENTS
from bouncesink.store.rows import Judged, Recorded

PROSE = """
The log is on standard error: JSON, one object a line, where nobody watches; columns on a terminal (`log.format`). One mail is
one line, `mail.recorded`, with everything that one would grep for. Addresses of people are not in it unless `log.addresses` is
true: `id` leads to the row in `mails`. Names of events and fields are stable.

Every line has `timestamp` (UTC), `level` and `event`. What libraries say through Python's own logging, from warnings up, is the
event `library` with `logger`, `message` and, after an exception, `exception`.
"""


def samples() -> Mapping[Callable[..., None], dict[str, Any]]:
    """Every event, called as the server calls it."""
    content = SAMPLE_DSN.replace("\n", "\r\n").encode()
    peer = Peer(Via.SMTP, "192.0.2.1", "mx.example.com")
    attribution = Attribution(Grammar.SIGNED, "reader@example.com", authenticity=Authenticity.PROVEN)
    admitted = Admitted("ebisxmxtz5rpij5s-reader=example.com@b.example", attribution)
    mail = Mail(Envelope("", (admitted,)), content, datetime(2026, 2, 2, 10, tzinfo=UTC), peer)
    report = Report(Kind.BOUNCE, "dsn")
    judged = (Judged(admitted, (VERDICT,)),)
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
        log.incident_opened: {"scope": "burst", "subject": "example.com", "reason": None},
        log.incident_closed: {"scope": "burst", "subject": "example.com", "reason": None},
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
        log.connections_limited: {"wanted": 1_000, "possible": 896},
        log.server_stopping: {},
        log.server_stopped: {},
    }


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


def log_page_parts() -> list[str]:
    """What stands below the title."""
    given = samples()
    missing = {each.__name__ for each in events()} ^ {each.__name__ for each in given}
    assert not missing, f"no sample for {missing}"
    parts = [PROSE]
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
    return parts
