"""The log: one function per event, one line per call, on standard error. Nothing else in bouncesink writes a log line.

Promises: a mail that was recorded is exactly one line (``mail.recorded``), with everything that one would grep for. Addresses
of people are never written unless ``log.addresses`` says so: ids, and hashes keyed anew at every start, stand for them. A log
that cannot be written never stops a mail. JSON where nobody watches, columns on a terminal; strangers' control characters are
escaped in both. What libraries say through stdlib logging (aiosmtpd, asyncio, warnings) goes through the same stream.

This module must not know who calls it, nor read the clock for anything but the time of a line.
"""

import hashlib
import os
import traceback
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TextIO

from bouncesink import __version__
from bouncesink.config.sections import LogSection
from bouncesink.core.mail import Mail, Peer
from bouncesink.core.reply import Reply
from bouncesink.core.report import Kind, Report
from bouncesink.core.verdict import Verdict
from bouncesink.observe import stream
from bouncesink.observe.tally import TALLY

_MOST_VALUES = 8
_HASH_KEY = os.urandom(16)


class _Judged(Protocol):
    """What the store calls Judged, as far as a line tells it: the store is above this room."""

    @property
    def verdicts(self) -> Sequence[Verdict]: ...


class _Recorded(Protocol):
    """What the store calls Recorded."""

    @property
    def mail_id(self) -> int: ...
    @property
    def duplicate(self) -> bool: ...


class _Current:
    """What ``configure`` decided. Until it is called the defaults hold."""

    logger: stream.EventLog | None = None
    addresses: bool = False


def configure(section: LogSection, output: TextIO | None = None) -> None:
    """Decide level, format and stream of everything that follows; ``output`` is standard error unless given."""
    _Current.addresses = section.addresses
    _Current.logger = stream.open_stream(section, output)


def shows_addresses() -> bool:
    """Whether addresses of people may stand in a line."""
    return _Current.addresses


def flush() -> None:
    """Write what is held back: this process ends."""
    _logger().flush()


def _logger() -> stream.EventLog:
    if _Current.logger is None:
        configure(LogSection())
    assert _Current.logger is not None
    return _Current.logger


def server_started(*, listening: Sequence[str], database: Path, rulebook: str) -> None:
    """The server takes mail from now on. `rulebook` is the hash of the rules that judge."""
    facts = {"listening": list(listening), "database": str(database), "rulebook": rulebook}
    _logger().info("server.started", version=__version__, pid=os.getpid(), **facts)


def worker_died(*, worker: int, code: int | None, seconds: float) -> None:
    """A worker ended though nobody told it to; another takes its place. Nothing that was acknowledged is lost.

    `code` is its exit code, that of a signal negative; `seconds` is how long it lived.
    """
    _logger().error("worker.died", worker=worker, code=code, seconds=round(seconds, 1))


def watch_started(*, listening: Sequence[str]) -> None:
    """Metrics, health and readiness are served there (`watch.listen`)."""
    _logger().info("watch.started", listening=list(listening))


def server_root() -> None:
    """The server was started as root and stays root: name another user in `process.user`, or start it as one."""
    _logger().warning("server.root")


def connections_limited(*, wanted: int, possible: int) -> None:
    """This process may have too few files open for `wanted` connections (`smtp.max_connections`): beyond `possible` peers are
    told 421. Raise the limit of whoever starts it (`LimitNOFILE`, `ulimit -n`), or lower the setting.
    """
    _logger().warning("connections.limited", wanted=wanted, possible=possible)


def server_stopping() -> None:
    """A signal arrived: nothing new is let in, open transactions may finish."""
    _logger().info("server.stopping")


def server_stopped() -> None:
    """Everything that was acknowledged is on disk and the database is closed."""
    _logger().info("server.stopped")
    _logger().flush()


def mail_recorded(
    *, mail: Mail, report: Report, judged: Sequence[_Judged], recorded: Sequence[_Recorded], seconds: float
) -> None:
    """One mail is durably in the database, and its peer is told 250.

    `id` is the mail's row, `ids` the rows where it had several recipients. `reason`, `fault`, `disposition`, `rule` and
    `authenticity` are those of the verdicts, distinct ones joined by commas. `duplicates` counts the rows that were there
    already; `ms` is the time from the end of content to the commit. `queue_id` is the number that an MTA gave the mail which
    brought it by milter, `defects` are named where the mail had any, `forward_path` and `recipient` with `log.addresses`.
    """
    verdicts = judged[0].verdicts if len(judged) == 1 else [verdict for one in judged for verdict in one.verdicts]
    facts: dict[str, Any] = {
        "id": recorded[0].mail_id,
        "via": mail.peer.via,
        "peer": mail.peer.address,
        "kind": report.kind,
        "reader": report.reader,
        **(_judged(verdicts[0]) if len(verdicts) == 1 else _judged_of_all(verdicts)),
        "verdicts": len(verdicts),
        "size": mail.size,
        "ms": round(seconds * 1000, 1),
    }
    if len(recorded) > 1:
        facts["ids"] = [row.mail_id for row in recorded[:_MOST_VALUES]]
        facts["duplicates"] = sum(row.duplicate for row in recorded)
    elif recorded[0].duplicate:
        facts["duplicates"] = 1
    if mail.peer.queue_id:
        facts["queue_id"] = mail.peer.queue_id
    if report.defects:
        facts["defects"] = _distinct(report.defects)
    if _Current.addresses:
        facts["forward_path"] = _distinct(admitted.forward_path for admitted in mail.envelope.admitted)
        facts["recipient"] = _distinct(verdict.recipient for verdict in verdicts)
    _logger().info("mail.recorded", **facts)
    _tally(mail, report, judged, recorded, seconds)


def mail_refused(*, forward_path: str, reply: Reply, peer: Peer | None = None) -> None:
    """A forward-path was answered 5xx. It is told by `address_hash`, which is the same within one run of the server."""
    facts = {"via": peer.via, "peer": peer.address} if peer else {}
    facts |= {"forward_path": forward_path} if _Current.addresses else {"address_hash": _hash(forward_path)}
    _logger().info("mail.refused", **facts, reply=str(reply))


def mail_deferred(*, mail: Mail, error: BaseException) -> None:
    """A mail was answered 4xx because of our own trouble; the peer will try again. `detail` is the private cause."""
    facts = {"via": mail.peer.via, "peer": mail.peer.address, "size": mail.size}
    _logger().warning("mail.deferred", **facts, **_told(error))


def peer_dropped(*, peer: Peer, why: str) -> None:
    """A connection ended by us, or lost before its transaction was complete. Nothing was acknowledged."""
    _logger().info("peer.dropped", via=peer.via, peer=peer.address, why=why)


def session_line(*, peer: Peer, session: int, side: str, line: str, seconds: float) -> None:
    """A line of a session that an operator traces. `side` is who said it: peer, us, or the session's own begin and end;
    `session` numbers the traced sessions, `ms` is the time since the line before. Addresses are there with `log.addresses`.
    """
    facts = {"via": peer.via, "peer": peer.address, "session": session, "side": side, "ms": round(seconds * 1000, 1)}
    _logger().info("session.line", **facts, line=line)


def trace_started(*, peers: str, minutes: float, lines: int) -> None:
    """An operator traces the sessions of `peers`, for so many minutes or lines, whichever end first."""
    _logger().info("trace.started", peers=peers, minutes=minutes, lines=lines)


def trace_ended(*, peers: str, lines: int, why: str) -> None:
    """The trace of `peers` is over after so many lines; `why` is time, lines, told or told anew."""
    _logger().info("trace.ended", peers=peers, lines=lines, why=why)


def file_trouble(*, path: Path | str, why: str) -> None:
    """A file, folder or socket of the file front cannot be used; what it holds stays where it is, and is tried again."""
    _logger().error("file.trouble", path=str(path), why=why)


def store_trouble(*, error: BaseException, waiting: int = 0) -> None:
    """The database did not do what it was asked; `waiting` mails were told to come again."""
    _logger().error("store.trouble", waiting=waiting, **_told(error))


def store_recovered(*, seconds: float) -> None:
    """The database works again after `seconds` of trouble."""
    _logger().info("store.recovered", seconds=round(seconds, 1))


def batch_committed(*, mails: int, octets: int, seconds: float) -> None:
    """Mails that waited together are durably in the database; the wait for its thread and its locks is in `ms`."""
    _logger().debug("batch.committed", mails=mails, octets=octets, ms=round(seconds * 1000, 1))
    TALLY.batch_mails.observe(mails)
    TALLY.commit_seconds.observe(seconds)


def incident_opened(*, scope: str, subject: str, reason: str | None) -> None:
    """Many say at once what no recipient is to blame for (`bouncesink incidents list`); of a burst every verdict is held."""
    _logger().warning("incident.opened", scope=scope, subject=subject, reason=reason)


def incident_closed(*, scope: str, subject: str, reason: str | None) -> None:
    """Nothing more of it came for long enough: it is over by itself, and what it held counts for nothing."""
    _logger().info("incident.closed", scope=scope, subject=subject, reason=reason)


def checkpoint_done(*, pages: int, moved: int, ms: float) -> None:
    """The write-ahead log was moved into the database, off the commit path."""
    _logger().debug("checkpoint.done", pages=pages, moved=moved, ms=round(ms, 1))
    TALLY.checkpoint_seconds.observe(ms / 1000)


def retention_done(*, contents: int, mails: int, verdicts: int, feed: int) -> None:
    """Retention came to the end of what is old enough: so many raw contents, mails, verdicts and entries of the feed went."""
    _logger().info("retention.done", contents=contents, mails=mails, verdicts=verdicts, feed=feed)


def authenticity_unchecked(*, why: str) -> None:
    """A mail's signatures would have decided something and were not checked in time; it is recorded without."""
    _logger().warning("authenticity.unchecked", why=why)


def rules_reloaded(*, rulebook: str, replaced: str, rules: int, seconds: float) -> None:
    """The folder of rules changed and holds: mails that come from now on are judged by `rulebook`, no longer by `replaced`."""
    _logger().info("rules.reloaded", rulebook=rulebook, replaced=replaced, rules=rules, ms=round(seconds * 1000, 1))


def rules_refused(*, problems: Sequence[str], rulebook: str) -> None:
    """The folder of rules changed and does not hold: `problems` are all that is wrong, and `rulebook` judges as before."""
    _logger().error("rules.refused", rulebook=rulebook, problems=list(problems))


def tls_loaded(*, certificate: Path, names: Sequence[str], kind: str, not_after: datetime, expired: bool) -> None:
    """A certificate is shown from now on: at the start, and whenever its files have changed. A warning where it has expired:
    it is shown all the same.
    """
    line = _logger().warning if expired else _logger().info
    until = f"{not_after:%Y-%m-%dT%H:%M:%S}.000Z"  # as the line's own time is spelled
    line("tls.loaded", certificate=str(certificate), names=list(names), kind=kind, not_after=until)


def tls_refused(*, problems: Sequence[str]) -> None:
    """Certificates or keys changed and do not hold: `problems` are all that is wrong, and the old ones are shown as before."""
    _logger().error("tls.refused", problems=list(problems))


def bug(where: str, error: BaseException) -> None:
    """An exception that is not in the error tree. The peer was told 451; the traceback is in `exception`."""
    exception = "".join(traceback.format_exception(error)).rstrip()
    _logger().error("bug", where=where, **_told(error), exception=exception)


def _told(error: BaseException) -> dict[str, str]:
    cause = f" ({type(error.__cause__).__name__}: {error.__cause__})" if error.__cause__ is not None else ""
    return {"error": type(error).__name__, "detail": f"{error}{cause}"}


def _judged(verdict: Verdict) -> dict[str, str]:
    """Nearly every mail has one verdict, and this line is on every mail's way: no loops, no joins."""
    return {
        "reason": verdict.reason or "",
        "fault": verdict.fault or "",
        "disposition": verdict.disposition,
        "rule": verdict.rule,
        "authenticity": verdict.authenticity,
    }


def _tally(mail: Mail, report: Report, judged: Sequence[_Judged], recorded: Sequence[_Recorded], seconds: float) -> None:
    """What the line does not count by itself."""
    TALLY.mail_seconds.observe(seconds)
    TALLY.mail_octets.observe(mail.size)
    for one, row in zip(judged, recorded, strict=True):
        if row.duplicate:
            TALLY.duplicates += 1
            continue
        for verdict in one.verdicts:
            TALLY.verdict(verdict)
    if report.kind is Kind.BOUNCE:
        TALLY.bounced()


def _judged_of_all(verdicts: Sequence[Verdict]) -> dict[str, str]:
    each = [_judged(verdict) for verdict in verdicts]
    names = ("reason", "fault", "disposition", "rule", "authenticity")
    return {name: _distinct(judged[name] for judged in each) for name in names}


def _distinct(values: Iterable[object]) -> str:
    """The distinct values in their order, bounded, as one word that greps well."""
    seen = dict.fromkeys(str(value) for value in values if value)
    if len(seen) > _MOST_VALUES:
        return ",".join([*list(seen)[:_MOST_VALUES], "..."])
    return ",".join(seen)


def _hash(address: str) -> str:
    folded = address.lower().encode("utf-8", "surrogatepass")
    return hashlib.blake2s(folded, key=_HASH_KEY, digest_size=6).hexdigest()
