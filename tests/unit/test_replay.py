"""Stored mails judged again: on a real database, with real content, by a rule that an operator adds."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bouncesink.config import StoreSection
from bouncesink.core.classify import judge
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.policy import Policies, Policy
from bouncesink.core.reading import read
from bouncesink.core.report import Kind, Report
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.verdict import Reason
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.replay import Outcome, replay, task_of
from bouncesink.rulefiles import load_rulebook
from bouncesink.store import revisions
from bouncesink.store.addressees import register
from bouncesink.store.archive import Choice, Missing
from bouncesink.store.database import Database
from bouncesink.store.operator import open_operator
from bouncesink.store.rejudged import Corrected
from bouncesink.store.revisions import open_reviser
from bouncesink.store.rows import Judged
from bouncesink.store.selection import Selection
from bouncesink.store.standings import recipient_of

FIRST = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW = datetime(2026, 12, 1, tzinfo=UTC)
EVERYTHING = Choice()
CLOSED = "550 5.7.1 The counter for letters is closed"
UNKNOWN = "550 5.1.1 User unknown"
RULE = f"""\
[[rule]]
id = "local/counter"
reason = "{{reason}}"
literal = "the counter for letters is closed"
source = "https://receiver.example/postmaster"
examples = ["{CLOSED}"]
"""
BOOK = load_rulebook(None)


def book_with(folder: Path, reason: str) -> Rulebook:
    folder.mkdir(exist_ok=True)
    (folder / "mine.toml").write_text(RULE.format(reason=reason), "utf-8")
    return load_rulebook(folder)


def content_of(number: int, said: str, address: str) -> bytes:
    return (
        f"From: MAILER-DAEMON@mx.example.net\r\nMessage-ID: <{number}@mx.example.net>\r\nSubject: Undelivered\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; out.example.com\r\n\r\n"
        f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: {said[4:9]}\r\n"
        f"Diagnostic-Code: smtp; {said}\r\n\r\n--b--\r\n"
    ).encode()


@dataclass
class Archive:
    """A database, and the mails that are put into it as the server does."""

    section: StoreSection
    count: int = 0

    def record(self, said: str, *addresses: str, attribution: Attribution | None = None, **changes: object) -> None:
        """One mail about each of ``addresses``, an hour after the one before."""
        asyncio.run(self._record([self.mail(said, address, attribution) for address in addresses], **changes))

    def mail(self, said: str, address: str, attribution: Attribution | None = None) -> tuple[Mail, Report, tuple[Judged, ...]]:
        self.count += 1
        content = content_of(self.count, said, address)
        attribution = attribution or Attribution(Grammar.SIGNED, address, authenticity=Authenticity.PROVEN)
        admitted = Admitted(f"tag{self.count}-{address.replace('@', '=')}@b.example", attribution)
        report = read(content, BOOK.formats)
        judged = Judged(admitted, judge(report, attribution, BOOK))
        received_at = FIRST + timedelta(hours=self.count)
        return Mail(Envelope("", (admitted,)), content, received_at, Peer(Via.SMTP)), report, (judged,)

    async def _record(self, mails: list[tuple[Mail, Report, tuple[Judged, ...]]], **changes: object) -> None:
        async with Database.open(replace(self.section, **changes)) as database:
            for each in mails:
                await database.intake.record(*each)

    def rows(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.section.path)) as connection:
            return connection.execute(sql, parameters).fetchall()

    def edit(self, sql: str, *parameters: object) -> None:
        """What retention or a bad disk does."""
        with closing(sqlite3.connect(self.section.path)) as connection, connection:
            connection.execute(sql, parameters)

    def standings(self) -> dict[str, str]:
        return dict(self.rows("SELECT recipient, standing FROM recipients"))

    def replay(
        self,
        book: Rulebook,
        choice: Choice = EVERYTHING,
        policies: Policies | None = None,
        *,
        dry: bool = False,
        **hears: object,
    ) -> "tuple[Outcome, Hearer]":
        policies = policies or Policies()
        hearer = Hearer(**hears)
        task = "" if dry else task_of(choice, book, policies)
        with open_reviser(self.section, choice, policies, task, NOW) as reviser:
            return replay(reviser, book, hearer), hearer


class Hearer:
    def __init__(self, on_step: Callable[[int], None] = lambda _: None) -> None:
        self.total = self.done = 0
        self.corrections: list[Corrected] = []
        self._on_step = on_step

    def begun(self, mails: int, recipients: int) -> None:
        self.total = mails + recipients

    def step(self, count: int) -> None:
        self.done += count
        self._on_step(self.done)

    def corrected(self, correction: Corrected) -> None:
        self.corrections.append(correction)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(StoreSection(path=tmp_path / "b.db", busy_timeout=2))


@pytest.fixture
def dead(tmp_path: Path) -> Rulebook:
    """The counter that is closed is a dead address."""
    return book_with(tmp_path / "rules", "mailbox_unknown")


@pytest.fixture
def blamed(tmp_path: Path) -> Rulebook:
    """It is us, rather."""
    return book_with(tmp_path / "rules", "low_reputation")


FEED = "SELECT type, recipient FROM feed ORDER BY seq"


def everything(archive: Archive) -> list[list[tuple[object, ...]]]:
    return [archive.rows(f"SELECT * FROM {name}") for name in ("verdicts", "feed", "recipients", "progress", "mails")]


def test_the_same_rules_change_nothing(archive):
    archive.record(UNKNOWN, "a@example.com", "b@example.com")
    before = everything(archive)
    outcome, hearer = archive.replay(BOOK)
    assert (outcome.judged, outcome.corrected, outcome.moved) == (2, 0, {})
    assert everything(archive) == before
    assert hearer.done == hearer.total == 4


def test_a_correction_is_a_row_of_its_own_and_suppresses_through_the_feed(archive, dead):
    archive.record(CLOSED, "a@example.com")
    archive.record(UNKNOWN, "b@example.com")
    assert "a@example.com" not in [row[0] for row in archive.rows("SELECT recipient FROM suppressions")]
    first = archive.rows("SELECT * FROM verdicts")
    seq = archive.rows("SELECT max(seq) FROM feed")[0][0]
    outcome, _ = archive.replay(dead)
    assert (outcome.judged, outcome.corrected) == (2, 1)
    assert archive.rows("SELECT * FROM verdicts LIMIT 2") == first, "nothing is edited"
    assert archive.rows("SELECT recipient, reason, disposition, rule, revises FROM verdicts WHERE id = 3") == [
        ("a@example.com", "mailbox_unknown", "suppress", "local/counter", 1)
    ]
    assert archive.rows(f"SELECT type, verdict_id, body ->> 'revises' FROM feed WHERE seq > {seq}") == [
        ("verdict.revised", 3, 1),
        ("recipient.suppressed", None, None),
    ]
    assert archive.rows("SELECT recipient, why FROM suppressions ORDER BY recipient") == [
        ("a@example.com", "[3]"),
        ("b@example.com", "[2]"),
    ]
    assert archive.rows("SELECT verdict_id, revises FROM bounces ORDER BY verdict_id") == [(2, None), (3, 1)]
    assert archive.rows("SELECT count(*) FROM recipient_history WHERE recipient_key = 'a@example.com'") == [(2,)]


def test_there_and_back_again(archive, dead, tmp_path):
    archive.record(CLOSED, "a@example.com")
    before = archive.standings()
    archive.replay(dead)
    assert archive.standings() == {"a@example.com": "suppressed"}
    outcome, _ = archive.replay(BOOK)
    assert outcome.corrected == 1
    assert archive.rows("SELECT id, revises FROM verdicts") == [(1, None), (2, 1), (3, 1)]
    assert archive.standings() in (before, {"a@example.com": "ok"})
    assert archive.rows("SELECT type FROM feed WHERE type = 'suppression.released'") == [("suppression.released",)]
    assert archive.replay(BOOK)[0].corrected == 0


def test_what_is_our_own_fault_releases(archive, dead, blamed, tmp_path):
    archive.record(CLOSED, "a@example.com")
    archive.replay(book_with(tmp_path / "rules", "mailbox_unknown"))
    outcome, _ = archive.replay(book_with(tmp_path / "rules", "low_reputation"))
    assert [each.known.recipient for each in outcome.by(suppressed=False)] == ["a@example.com"]
    assert archive.rows("SELECT count(*) FROM suppressions") == [(0,)]


def test_dry_tells_the_same_and_changes_nothing(archive, dead):
    archive.record(CLOSED, "a@example.com", "b@example.com", "b@example.com")
    archive.record(UNKNOWN, "c@example.com")
    before = everything(archive)
    dry, heard = archive.replay(dead, dry=True)
    assert everything(archive) == before
    wet, heard_again = archive.replay(dead)
    assert (dry.judged, dry.corrected, dry.failed) == (wet.judged, wet.corrected, wet.failed) == (4, 3, 0)
    assert [(each.mail_id, each.after.reason) for each in heard.corrections] == [
        (each.mail_id, each.after.reason) for each in heard_again.corrections
    ]
    assert {key: (each.was, each.stands) for key, each in dry.moved.items()} == {
        key: (each.was, each.stands) for key, each in wet.moved.items()
    }
    assert sorted(each.known.recipient for each in wet.by(suppressed=True)) == ["a@example.com", "b@example.com"]


@pytest.mark.parametrize("dry", [True, False])
def test_another_policy_moves_recipients_without_a_correction(archive, dry):
    archive.record("452 4.2.2 Mailbox full", *["a@example.com"] * 3)
    strict = Policies(Policy(points=1, points_a_day=1))
    outcome, _ = archive.replay(BOOK, policies=strict, dry=dry)
    assert (outcome.corrected, [each.known.recipient for each in outcome.by(suppressed=True)]) == (0, ["a@example.com"])
    assert archive.rows("SELECT count(*) FROM suppressions WHERE until IS NOT NULL") == [(0,)] or not dry
    assert archive.standings()["a@example.com"] == ("suppressed" if not dry else archive.standings()["a@example.com"])
    if not dry:
        assert archive.replay(BOOK)[0].by(suppressed=False)
        assert archive.standings()["a@example.com"] != "suppressed"


def test_what_is_not_there_whole_is_not_judged(archive, dead):
    archive.record(CLOSED, "dropped@example.com", "damaged@example.com")
    archive.record(CLOSED, "cut@example.com", content_limit=100)
    archive.record(CLOSED, "never@example.com", content_limit=0)
    archive.edit("UPDATE contents SET body = NULL WHERE id = 1")
    archive.edit("UPDATE contents SET body = x'00' WHERE id = 2")
    for dry in (True, False):
        outcome, _ = archive.replay(dead, dry=dry)
        assert (outcome.judged, outcome.corrected) == (0, 0)
        assert outcome.missing == {Missing.DROPPED: 2, Missing.CUT: 1, Missing.DAMAGED: 1}
    assert archive.rows("SELECT count(*) FROM suppressions") == [(0,)]


def test_a_bug_in_judging_one_leaves_that_one_as_it_was(archive, dead, monkeypatch):
    archive.record(CLOSED, "a@example.com", "b@example.com")

    def broken(report, attribution, rulebook):
        if attribution.recipient == "a@example.com":
            raise ZeroDivisionError
        return judge(report, attribution, rulebook)

    monkeypatch.setattr("bouncesink.replay.judge", broken)
    outcome, _ = archive.replay(dead)
    assert (outcome.judged, outcome.failed, outcome.corrected) == (1, 1, 1)
    assert archive.rows("SELECT recipient FROM suppressions") == [("b@example.com",)]


@pytest.mark.parametrize(
    ("choice", "whose"),
    [
        (Choice(since=FIRST + timedelta(hours=2)), "bcd"),
        (Choice(until=FIRST + timedelta(hours=2)), "a"),
        (Choice(keys=("b@example.com", "c@example.com")), "bc"),
        (Choice(kinds=(Kind.BOUNCE,)), "abcd"),
        (Choice(kinds=(Kind.COMPLAINT,)), ""),
        (Choice(reasons=(Reason.MAILBOX_UNKNOWN,)), "d"),
        (Choice(since=FIRST + timedelta(hours=2), keys=("a@example.com", "b@example.com")), "b"),
    ],
)
def test_a_part_of_the_mails(archive, dead, choice, whose):
    archive.record(CLOSED, "a@example.com", "b@example.com", "c@example.com")
    archive.record(UNKNOWN, "d@example.com")
    outcome, hearer = archive.replay(dead, choice)
    assert outcome.judged == len(whose)
    assert {each.after.recipient for each in hearer.corrections} == {f"{name}@example.com" for name in whose if name != "d"}


def test_cut_off_it_goes_on_where_it_was(archive, dead, monkeypatch):
    monkeypatch.setattr(revisions, "AT_ONCE", 2)
    monkeypatch.setattr(revisions, "KEYS_AT_ONCE", 2)
    archive.record(CLOSED, *(f"r{number}@example.com" for number in range(7)))

    def stop_at(mark: int):
        def stop(done: int) -> None:
            if done == mark:
                raise KeyboardInterrupt

        return stop

    with pytest.raises(KeyboardInterrupt):
        archive.replay(dead, on_step=stop_at(5))
    assert archive.rows("SELECT count(*) FROM verdicts WHERE revises IS NOT NULL") == [(4,)]
    assert archive.rows("SELECT count(*) FROM suppressions") == [(4,)], "what was done is whole"
    outcome, _ = archive.replay(dead, on_step=lambda _: None)
    assert (outcome.resumed, outcome.judged, outcome.corrected) == (True, 3, 3)
    assert archive.rows("SELECT count(*) FROM suppressions") == [(7,)]
    assert archive.rows("SELECT count(*), max(seq) FROM feed") == [archive.rows("SELECT max(seq), count(*) FROM feed")[0]]
    assert archive.rows("SELECT count(*) FROM progress WHERE task GLOB 'replay:*'") == [(0,)]
    assert archive.replay(dead)[0].resumed is False

    with pytest.raises(KeyboardInterrupt):
        archive.replay(BOOK, on_step=stop_at(9))  # among the recipients
    outcome, _ = archive.replay(BOOK)
    assert (outcome.resumed, outcome.judged, outcome.folded) == (True, 0, 5)
    assert archive.rows("SELECT count(*) FROM suppressions") == [(0,)]


def test_by_other_rules_it_begins_anew(archive, dead, monkeypatch):
    """One that was cut off, and then another: to go on with the first would leave half of the mails to the second."""
    monkeypatch.setattr(revisions, "AT_ONCE", 1)
    archive.record(CLOSED, "a@example.com", "b@example.com")

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive.replay(dead, on_step=stop)
    archive.replay(BOOK)
    outcome, _ = archive.replay(dead)
    assert (outcome.resumed, outcome.judged) == (False, 2)
    assert archive.rows("SELECT count(*) FROM suppressions") == [(2,)]


def test_what_operators_did_keeps_its_place(archive, dead):
    archive.record(CLOSED, "a@example.com", "b@example.com")
    archive.replay(dead)
    with open_operator(archive.section, "anna", NOW) as operator:
        operator.release(Selection(addresses=("a@example.com",)))
        operator.suppress(Selection(addresses=("c@example.com",)))
    archive.replay(dead, policies=Policies(Policy(points=9)))
    assert archive.standings() == {"a@example.com": "ok", "b@example.com": "suppressed", "c@example.com": "suppressed"}


def test_an_opaque_token_that_was_registered_since_names_its_recipient(archive):
    opaque = Attribution(Grammar.OPAQUE, None, "000000000000002a", Authenticity.PROVEN)
    archive.record(UNKNOWN, "a@example.com", attribution=opaque)
    assert archive.rows("SELECT authenticity FROM verdicts") == [("unsigned",)]
    register(archive.section, "b.example", [("000000000000002a", "a@example.com")])
    archive.replay(BOOK)
    assert archive.rows("SELECT authenticity, disposition, revises FROM bounces") == [("proven", "suppress", 1)]
    assert archive.standings() == {"a@example.com": "suppressed"}


def test_a_verdict_that_was_missing_is_recorded(archive):
    """Judging failed when it came; a mended bouncesink judges it."""
    mail, report, (judged,) = archive.mail(UNKNOWN, "a@example.com")
    asyncio.run(archive._record([(mail, report, (Judged(judged.admitted, ()),))]))
    outcome, hearer = archive.replay(BOOK)
    assert (outcome.corrected, hearer.corrections[0].before) == (1, None)
    assert archive.rows(FEED) == [("verdict.recorded", "a@example.com"), ("recipient.suppressed", "a@example.com")]


def test_one_that_is_forgotten_meanwhile_stays_forgotten(archive, dead, monkeypatch):
    archive.record(CLOSED, "a@example.com", "b@example.com")

    def forget(_: int) -> None:
        with open_operator(archive.section, "anna", NOW) as operator:
            operator.forget("a@example.com")

    archive.replay(dead, on_step=forget)
    assert archive.rows("SELECT recipient FROM verdicts") == [("b@example.com",), ("b@example.com",)]


def test_the_feed_replayed_from_the_start_rebuilds_the_table(archive, dead):
    import json

    from bouncesink.core.event import recipient_of as recipient_of_state

    archive.record(CLOSED, "a@example.com", "b@example.com", "b@example.com")
    archive.replay(dead)
    archive.replay(BOOK, Choice(keys=("b@example.com",)))
    rebuilt = {}
    for (body,) in archive.rows("SELECT body FROM feed WHERE body ->> 'standing' IS NOT NULL ORDER BY seq"):
        state = json.loads(str(body))
        rebuilt[state["recipient_key"]] = recipient_of_state(state["recipient_key"], state)
    with closing(sqlite3.connect(archive.section.path)) as connection:
        connection.row_factory = sqlite3.Row
        stand = {row["recipient_key"]: recipient_of(row) for row in connection.execute("SELECT * FROM recipients")}
    assert rebuilt == stand
