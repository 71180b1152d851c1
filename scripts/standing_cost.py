"""What standings, incidents and the feed's tellings of them cost a mail, in CPU of the writer's thread: the writer's own
transaction with them, against the same without, in turns, in one run.

    python scripts/standing_cost.py [--mails 20000] [--batch 16] [--rounds 9] [--simulated]

Each round makes two databases, and records the same mails in both, a slice in the one and a slice in the other by turns, so
that whatever else the machine does hits both alike. The traffic is a mailing's at its worst: nearly half dead addresses, a
third soft failures of recipients that fail again and again, the rest nobody's fault, so that four mails in five change a
standing. ``--simulated`` it is all that comes back in the sixty days of simulation.py, with a blocklisting and an outage. Time
is ``time.thread_time_ns``: the commit's wait is not in it.
"""

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest import mock

from simulated_senders import judged
from simulation import heard

from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.policy import Policies
from bouncesink.core.report import Action, Kind, Place, Report, ReturnedOriginal
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verdict import Disposition, Evidence, FailureClass, Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.process import heap
from bouncesink.store import rows
from bouncesink.store.batch import Batch
from bouncesink.store.connection import open_sqlite
from bouncesink.store.many import insert_many
from bouncesink.store.migrate import prepare
from bouncesink.store.rows import Judged
from bouncesink.store.submission import Submission, submission_of
from bouncesink.store.writer import Writer

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
HARD, SOFT = FailureClass.HARD, FailureClass.SOFT
KINDS = (
    (45, HARD, Reason.MAILBOX_UNKNOWN, Fault.RECIPIENT, Disposition.SUPPRESS),
    (30, SOFT, Reason.MAILBOX_FULL, Fault.RECIPIENT, Disposition.COUNT),
    (10, HARD, Reason.SPAM_CONTENT, Fault.MESSAGE, Disposition.IGNORE),
    (10, SOFT, Reason.GREYLISTED, Fault.RECEIVER, Disposition.IGNORE),
    (5, HARD, Reason.POLICY_UNSPECIFIED, Fault.UNKNOWN, Disposition.REVIEW),
)
PADDING = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz \n", k=3_000))


def worst(mails: int, seed: int) -> Iterator[Submission]:
    """A mailing's bounces. Six mails a second: a mailing of that many takes an hour, so that nothing is a burst."""
    chance = random.Random(seed)
    for serial in range(mails):
        at = START + timedelta(seconds=serial / 6)
        yield submission(made_up(chance, serial), serial, at, f"<{serial}@sender.example>")


def simulated(mails: int, seed: int) -> Iterator[Submission]:
    """What sixty days bring back to a sender with one and a half times as many recipients, in its order."""
    for serial, bounce in enumerate(heard(mails * 3 // 2, seed)):
        address = bounce.person.address
        verdict = judged(bounce.cause, forged=bounce.forged)
        diagnostic = (verdict.diagnostic or "").replace(verdict.recipient or "", address)
        host = f"mx.{bounce.person.provider}"
        theirs = replace(verdict, recipient=address, final_recipient=address, remote_mta=host, diagnostic=diagnostic)
        yield submission(theirs, serial, bounce.at, f"<{bounce.at.date()}@sender.example>")


def made_up(chance: random.Random, serial: int) -> Verdict:
    _, class_, reason, fault, disposition = chance.choices(KINDS, [kind[0] for kind in KINDS])[0]
    # Soft failures are those of few, again and again; the dead are others each time.
    number = chance.randrange(2_000) if class_ is SOFT else 10_000 + serial
    provider = number % 300
    recipient = f"reader{number}@p{provider}.example"
    return Verdict(
        recipient=recipient,
        kind=Kind.BOUNCE,
        action=Action.FAILED,
        class_=class_,
        reason=reason,
        fault=fault,
        authenticity=Authenticity.PROVEN,
        disposition=disposition,
        status=EnhancedStatusCode(5 if class_ is HARD else 4, 1, 1),
        reply_code=550,
        diagnostic="550 5.1.1 The address that you tried to reach does not exist",
        final_recipient=recipient,
        original_recipient=recipient,
        reporting_mta="mx.sender.example",
        remote_mta=f"mx1.p{provider}.example",
        rule="generic/user-unknown",
        rulebook="0123456789ab",
        evidence=Evidence("does not exist", Place.DIAGNOSTIC),
    )


def submission(verdict: Verdict, serial: int, at: datetime, original: str) -> Submission:
    """A mail that says so, in answer to the one with that Message-ID."""
    recipient, proof = str(verdict.recipient), verdict.authenticity
    attribution = Attribution(Grammar.SIGNED, recipient, authenticity=proof, issued_on=date(2026, 3, 1), key_id=1)
    admitted = Admitted(f"abcdefghijklmnop-{recipient.replace('@', '=')}@b.example", attribution)
    content = f"Subject: Undelivered {serial}\r\n\r\n{PADDING}{serial}\r\n".encode()
    mail = Mail(Envelope("", (admitted,)), content, at, Peer(Via.SMTP, "192.0.2.1", "mx.sender.example"))
    report = Report(
        Kind.BOUNCE,
        "dsn",
        headers={"message-id": f"<{serial}@mx.sender.example>", "subject": "Undelivered"},
        original=ReturnedOriginal({"message-id": original}),
    )
    return submission_of(mail, report, (Judged(admitted, (verdict,)),))


def plain_write(self: Batch, cursor, at, _policies, _incidents) -> None:  # noqa: ANN001 - as Batch.write
    """What a batch wrote before there were standings: contents, mails, verdicts, and the feed's word of each verdict."""
    insert_many(cursor, "contents", ("id", *rows.CONTENT_COLUMNS), self.contents)
    insert_many(cursor, "mails", ("id", "content_id", *rows.MAIL_COLUMNS), self.mails)
    verdicts = [(number, one.mail_id, *one.row) for number, one in enumerate(self.fresh, self.first_verdict)]
    insert_many(cursor, "verdicts", ("id", "mail_id", *rows.VERDICT_COLUMNS), verdicts)
    self._announced(cursor, at).write()


class Side:
    """One of the two databases."""

    def __init__(self, folder: Path, name: str, *, plain: bool) -> None:
        path = folder / name
        self.connection = open_sqlite(path, 5.0)
        prepare(self.connection, str(path))
        self.writer = Writer(path, 1_048_576, Policies())
        self.writer.take_in(self.connection)
        self.plain = plain
        self.spent = 0

    def record(self, submissions: list[Submission]) -> None:
        patch = mock.patch.object(Batch, "write", plain_write) if self.plain else mock.patch.object(Batch, "write", Batch.write)
        with patch:
            begun = time.thread_time_ns()
            outcome = self.writer.write(self.connection, submissions)
            self.spent += time.thread_time_ns() - begun
        if outcome.trouble or any(isinstance(result, Exception) for result in outcome.results):
            raise SystemExit(f"not recorded: {outcome}")

    def check(self, count: int) -> None:
        """That it did what it is timed for."""
        (told,) = self.connection.execute("SELECT count(*) FROM feed WHERE type = 'verdict.recorded'").fetchone()
        (changed,) = self.connection.execute("SELECT count(*) FROM feed WHERE type <> 'verdict.recorded'").fetchone()
        if told != count or (changed == 0) is not self.plain:
            raise SystemExit(f"{told} verdicts and {changed} changes in the feed, of {count} mails")


@contextmanager
def sides(folder: Path) -> Iterator[tuple[Side, Side]]:
    with_, without = Side(folder, "with.db", plain=False), Side(folder, "without.db", plain=True)
    with closing(with_.connection), closing(without.connection):
        yield with_, without


def run(traffic: list[Submission], size: int) -> tuple[float, float]:
    """Microseconds a mail: with, and without."""
    done = 0
    heap.settle()  # as the server does: else looking through the traffic for garbage is whoever's turn it happens in
    with tempfile.TemporaryDirectory() as name, sides(Path(name)) as (with_, without):
        order = [with_, without]
        for start in range(0, len(traffic), size):
            made = traffic[start : start + size]
            for side in order:
                side.record([replace(each) for each in made])
            order.reverse()
            done += len(made)
            if done // size % 200 == 199:
                for side in order:
                    side.connection.execute("PRAGMA wal_checkpoint(RESTART)")
        with_.check(done)
        without.check(done)
        return with_.spent / done / 1_000, without.spent / done / 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mails", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--simulated", action="store_true", help="the traffic of simulation.py's sixty days")
    given = parser.parse_args()
    found = []
    for number in range(given.rounds):
        found.append(run(list((simulated if given.simulated else worst)(given.mails, number + 1)), given.batch))
        with_, without = found[-1]
        print(
            f"round {number + 1}: with {with_:6.1f}  without {without:6.1f}  more {with_ - without:6.1f} us a mail", flush=True
        )
    more = statistics.median(with_ - without for with_, without in found)
    print(
        f"median of {given.rounds} rounds of {given.mails} mails in batches of {given.batch}: {more:.1f} us of CPU a mail more"
    )
    sys.exit(0)


if __name__ == "__main__":
    main()
