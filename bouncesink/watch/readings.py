"""Readings: what the metrics that are no events say at the moment, one function for each of ``metrics.READINGS``.

Promises: each is cheap: the numbers of the process, a stat of a file, or the sampler's last answer. None waits.
"""

import platform
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from bouncesink import __version__
from bouncesink.observe.metrics import Reading, Values
from bouncesink.observe.trace import TRACES
from bouncesink.store.survey import SQLITE_VERSION
from bouncesink.watch.readiness import Readiness
from bouncesink.watch.sampling import Sampler
from bouncesink.watch.subject import Sessions, Subject

_DAY = 86_400.0


def readings(subject: Subject, readiness: Readiness, sampler: Sampler) -> Mapping[str, Reading]:
    """By the names of READINGS."""
    versions = (__version__, platform.python_version(), SQLITE_VERSION)
    path = subject.store.path.resolve()
    return {
        "build_info": lambda: {versions: 1},
        "rulebook_info": lambda: {(subject.rulebook().hash,): 1},
        "rulebook_rules": lambda: len(subject.rulebook().rules),
        "ready": lambda: {(check.name,): check.holds for check in readiness.last},
        "queue_mails": lambda: subject.intake.state.mails,
        "queue_bytes": lambda: subject.intake.state.octets,
        "oldest_uncommitted_seconds": lambda: subject.intake.state.oldest_seconds,
        "store_trouble_now_seconds": lambda: subject.intake.state.trouble_seconds,
        "silence_seconds": lambda: _silence(subject, sampler),
        "database_bytes": lambda: _sizes({"db": path, "wal": path.with_name(f"{path.name}-wal")}),
        "disk_free_bytes": lambda: shutil.disk_usage(path.parent).free,
        "table_rows": lambda: {(table,): count for table, count in sampler.survey.rows.items()},
        "recipients": lambda: {(standing,): count for standing, count in sampler.survey.recipients.items()},
        "counted_age_seconds": lambda: None if sampler.counted_at is None else monotonic() - sampler.counted_at,
        "feed_entries": lambda: sampler.glance.feed_seq if sampler.glance else None,
        "feed_behind": lambda: {(name,): count for name, count in (sampler.glance.behind if sampler.glance else {}).items()},
        "incidents_open": lambda: sampler.glance.open_incidents if sampler.glance else None,
        "connections_open": lambda: None if (who := _sessions(subject)) is None else len(who),
        "connections_limit": lambda: None if (who := _sessions(subject)) is None else who.limit,
        "doors": lambda: _doors(subject),
        "certificate_days_left": lambda: _days_left(subject),
        "traces_running": lambda: len(TRACES.running()),
    }


def _sessions(subject: Subject) -> Sessions | None:
    return subject.doors.sessions if subject.doors else None


def _doors(subject: Subject) -> Values | None:
    who = _sessions(subject)
    return None if who is None else {(what,): count for what, count in who.counted().items()}


def _silence(subject: Subject, sampler: Sampler) -> float:
    last = subject.all_tallied().last_bounce or sampler.started_at.timestamp()
    return max(0.0, datetime.now(UTC).timestamp() - last)


def _sizes(files: Mapping[str, Path]) -> Values:
    return {(name,): path.stat().st_size for name, path in files.items() if path.exists()}


def _days_left(subject: Subject) -> Values:
    now = datetime.now(UTC)
    return {(name,): (expires - now).total_seconds() / _DAY for name, expires in subject.certificates().items()}
