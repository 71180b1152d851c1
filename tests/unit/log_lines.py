"""Mails, verdicts and a stream, for tests of what the log says and how."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from verdicts import DEAD

from bouncesink.config.sections import LogSection
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.reply import NO_SUCH_ADDRESS
from bouncesink.core.report import Kind, Report
from bouncesink.core.verdict import Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Attribution, Grammar
from bouncesink.errors import StoreBusy
from bouncesink.observe import log
from bouncesink.store.rows import Judged, Recorded

PEER = Peer(Via.SMTP, "192.0.2.1")
ADDRESS = "aimffb4gpqryfiq3-reader=example.com@b.example"


class Output(io.StringIO):
    """A stream that says whether it is a terminal."""

    def __init__(self, *, terminal: bool = False) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    @property
    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


def opened(**section) -> Output:
    output = Output()
    log.configure(LogSection(**section), output)
    return output


def verdict(reason: Reason = Reason.MAILBOX_UNKNOWN, fault: Fault = Fault.RECIPIENT, rule: str = "a/b") -> Verdict:
    return replace(DEAD, reason=reason, fault=fault, rule=rule, diagnostic="550 no reader@example.com here", status=None)


def mail(paths: int = 1, peer: Peer = PEER) -> Mail:
    admitted = tuple(Admitted(ADDRESS, Attribution(Grammar.SIGNED, "reader@example.com")) for _ in range(paths))
    return Mail(Envelope("", admitted), b"x" * 300, datetime(2026, 2, 2, tzinfo=UTC), peer)


def record(
    *verdicts: Verdict, report: Report | None = None, recorded: tuple[Recorded, ...] = (Recorded(7, duplicate=False),)
) -> None:
    one = mail(len(recorded))
    each = tuple(Judged(one.envelope.admitted[0], verdicts if n == 0 else ()) for n in range(len(recorded)))
    log.mail_recorded(mail=one, report=report or Report(Kind.BOUNCE, "dsn"), judged=each, recorded=recorded, seconds=0.00314)


def say_everything() -> None:
    record(verdict())
    log.mail_refused(forward_path=ADDRESS, reply=NO_SUCH_ADDRESS, peer=PEER)
    log.mail_refused(forward_path=ADDRESS, reply=NO_SUCH_ADDRESS)
    log.mail_deferred(mail=mail(), error=StoreBusy("database is locked"))


def raised(error: Exception, cause: Exception | None) -> Exception:
    """The error as it is after somebody raised it."""
    with pytest.raises(type(error)) as caught:
        raise error from cause
    return caught.value
