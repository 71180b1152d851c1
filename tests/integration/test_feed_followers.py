"""One writer, ten readers that follow the feed while it is written, and an operator who writes too: none skips or repeats one.

Readers are processes of their own, as other systems are, and each begins anew from its last seq now and then. FEED_EVENTS says
how many events there are to be: ``FEED_EVENTS=1000000`` is the whole proof, a smaller number the one of every day.
"""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bouncesink.config.sections import StoreSection
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.report import Action, Kind, Place, Report
from bouncesink.core.verdict import Disposition, Evidence, FailureClass, Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.store.database import Database
from bouncesink.store.feed import open_feed
from bouncesink.store.operator import open_operator
from bouncesink.store.rows import Judged
from bouncesink.store.selection import Selection

EVENTS = int(os.environ.get("FEED_EVENTS", "30000"))
READERS = 10
VERDICTS = 10  # of one mail
AGAIN = 7_000  # a reader begins anew after so many
FIRST = datetime(2026, 3, 2, tzinfo=UTC)


def bounce(serial: int) -> tuple[Mail, Report, tuple[Judged, ...]]:
    """A report about ten dead addresses: twenty events."""
    attribution = Attribution(Grammar.NONE, authenticity=Authenticity.PROVEN)
    verdicts = tuple(
        Verdict(
            recipient=f"r{serial}-{number}@p{number}.example",
            kind=Kind.BOUNCE,
            action=Action.FAILED,
            class_=FailureClass.HARD,
            reason=Reason.MAILBOX_UNKNOWN,
            fault=Fault.RECIPIENT,
            authenticity=Authenticity.PROVEN,
            disposition=Disposition.SUPPRESS,
            status=None,
            reply_code=550,
            diagnostic="550 User unknown",
            final_recipient=None,
            original_recipient=None,
            reporting_mta=None,
            remote_mta=None,
            rule="generic/user-unknown",
            rulebook="0123456789ab",
            evidence=Evidence("User unknown", Place.DIAGNOSTIC),
        )
        for number in range(VERDICTS)
    )
    admitted = Admitted("bounces@b.example", attribution)
    mail = Mail(Envelope("", (admitted,)), b"%d" % serial, FIRST + timedelta(seconds=serial), Peer(Via.SMTP))
    return mail, Report(Kind.BOUNCE, "dsn"), (Judged(admitted, verdicts),)


class Sum:
    """What was seen, in its order: two that are equal have seen the same, once each."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = hashlib.blake2b(digest_size=16)

    def add(self, seq: int, kind: str, recipient: str | None) -> None:
        self.count += 1
        self._digest.update(f"{seq} {kind} {recipient}\n".encode())

    def told(self) -> list[object]:
        return [self.count, self._digest.hexdigest()]


def ended_at(end: Path) -> int:
    """The last seq of all, once somebody has said so."""
    return int(end.read_text()) if end.exists() else 1 << 60


async def follow(section: StoreSection, end: Path) -> list[object]:
    """Read until the seq that ``end`` names, once it is there. Anything but the next seq is told and ends it."""
    seen, since = Sum(), 0
    while since < ended_at(end):
        async with open_feed(section) as feed:
            until = since + AGAIN
            while since < until:
                page = await feed.after(since, 1_000)
                for entry in page:
                    if entry.seq != since + 1:
                        return [f"{entry.seq} came after {since}"]
                    since = entry.seq
                    seen.add(entry.seq, str(entry.type), entry.recipient)
                if not page:
                    if since >= ended_at(end):
                        break
                    await asyncio.sleep(0.005)
    return seen.told()


def operate(section: StoreSection, stop: Path) -> list[object]:
    """Suppress and release by hand, all the while."""
    changed = 0
    with open_operator(section, "anna", datetime.now(UTC)) as operator:
        while not stop.exists():
            for act in (operator.suppress, operator.release):
                changed += act(Selection(addresses=("hand@example.com",))).changed
            time.sleep(0.05)
    return [changed]


async def write(section: StoreSection, events: int) -> None:
    async with Database.open(section) as database:
        serial = 0
        while await database.feed.last() < events:
            await asyncio.gather(*(database.intake.record(*bounce(serial + number)) for number in range(64)))
            serial += 64


@contextmanager
def started(role: str, section: StoreSection, end: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, __file__, role, str(section.path), str(end)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def told_by(process: "subprocess.Popen[str]") -> list[object]:
    out, _ = process.communicate(timeout=120 + EVENTS / 300)
    assert process.returncode == 0
    return json.loads(out)


async def all_of(section: StoreSection) -> list[object]:
    """What the table says, once nobody writes any more."""
    seen, since = Sum(), 0
    async with open_feed(section) as feed:
        while page := await feed.after(since, 5_000):
            for entry in page:
                seen.add(entry.seq, str(entry.type), entry.recipient)
            since = page[-1].seq
    return seen.told()


@pytest.mark.slow
@pytest.mark.timeout(240 + EVENTS / 100)
def test_ten_readers_skip_and_repeat_nothing(tmp_path: Path) -> None:
    section = StoreSection(path=tmp_path / "b.db", busy_timeout=30)
    end, stop = tmp_path / "end", tmp_path / "stop"
    asyncio.run(write(section, 1))
    with ExitStack() as stack:
        readers = [stack.enter_context(started("reader", section, end)) for _ in range(READERS)]
        operator = stack.enter_context(started("operator", section, stop))
        asyncio.run(write(section, EVENTS))
        stop.touch()
        (changed,) = told_by(operator)
        expected = asyncio.run(all_of(section))
        (tmp_path / "draft").write_text(str(expected[0]))
        (tmp_path / "draft").replace(end)
        found = [told_by(reader) for reader in readers]
    assert found == [expected] * READERS
    assert int(str(expected[0])) >= EVENTS
    assert isinstance(changed, int)
    assert changed > 1, "the operator did write meanwhile"


if __name__ == "__main__":
    role, database, end = sys.argv[1:]
    where = StoreSection(path=Path(database), busy_timeout=30)
    answer = asyncio.run(follow(where, Path(end))) if role == "reader" else operate(where, Path(end))
    print(json.dumps(answer))
