"""The way through with its real parts: real keys, the packaged rules, a real database on disk."""

import asyncio
import io
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from whole_way import DOMAIN, KEYRING, MINTER, NOW, Way, dsn, minted, opened

from bouncesink.config.admission import admission_policy
from bouncesink.config.sections import AdmissionSection, LogSection, StoreSection, VerpSection
from bouncesink.config.words import AdmissionMode
from bouncesink.core.mail import Peer, Via
from bouncesink.core.reply import NO_SUCH_ADDRESS, Reply
from bouncesink.observe import log
from bouncesink.pipeline import READ_ON_LOOP_LIMIT, Pipeline
from bouncesink.rulefiles import load_rulebook
from bouncesink.store.addressees import register
from bouncesink.store.database import Database


@pytest.fixture(name="section")
def _section(tmp_path: Path) -> StoreSection:
    return StoreSection(path=tmp_path / "b.db", busy_timeout=0.2)


@pytest.fixture(name="way")
async def _way(section: StoreSection) -> AsyncIterator[Way]:
    async with opened(section) as way:
        yield way


async def test_a_bounce_to_a_minted_address_is_judged_and_recorded_before_its_250(way: Way) -> None:
    reply = await way.pipeline.accept(way.mail(dsn("jane@example.net"), minted("jane@example.net")))
    assert (reply.code, str(reply.status)) == (250, "2.0.0")
    told = way.rows("SELECT recipient, kind, class, reason, fault, disposition, authenticity FROM bounces")
    assert told == [("jane@example.net", "bounce", "hard", "mailbox_unknown", "recipient", "suppress", "proven")]
    assert way.rows("SELECT type, recipient FROM feed ORDER BY seq") == [
        ("verdict.recorded", "jane@example.net"),
        ("recipient.suppressed", "jane@example.net"),
    ]


async def test_the_same_mail_again_is_250_and_counts_once(way: Way) -> None:
    mail = way.mail(dsn("jane@example.net"), minted("jane@example.net"))
    first, second = await way.pipeline.accept(mail), await way.pipeline.accept(mail)
    assert str(first) == str(second)
    assert way.rows("SELECT count(*) FROM verdicts") == [(1,)]


async def test_each_recipient_of_one_mail_has_its_own_row(way: Way) -> None:
    paths = [minted("jane@example.net"), minted("joe@example.net")]
    assert (await way.pipeline.accept(way.mail(dsn("jane@example.net"), *paths))).accepted
    assert way.rows("SELECT recipient FROM bounces ORDER BY 1") == [("jane@example.net",), ("joe@example.net",)]


@pytest.mark.parametrize("forward_path", ["nobody@b.example.com", "", "a" * 2_000, "\udcff@b.example.com"])
async def test_what_is_not_ours_is_refused_for_good(way: Way, forward_path: str) -> None:
    reply = way.pipeline.admit(forward_path)
    assert isinstance(reply, Reply)
    assert reply.code in (550, 553)


@pytest.mark.parametrize(("peer", "lines"), [(Peer(Via.SMTP, "192.0.2.7"), 1), (None, 0)])
async def test_a_refusal_is_in_the_log_unless_the_front_lets_pass(way: Way, peer: Peer | None, lines: int) -> None:
    log.configure(LogSection(), output := io.StringIO())
    try:
        assert way.pipeline.is_ours("nobody@b.example.com")
        assert way.pipeline.admit("nobody@b.example.com", peer=peer) == NO_SUCH_ADDRESS
        log._logger().flush()
    finally:
        log.configure(LogSection())
    assert output.getvalue().count('"mail.refused","via":"smtp","peer":"192.0.2.7"') == lines


async def test_a_forged_tag_is_refused(way: Way) -> None:
    good = minted("jane@example.net")
    forged = good.replace("jane", "joan")
    assert way.pipeline.admit(forged) == NO_SUCH_ADDRESS


async def test_a_mode_accepts_and_marks_what_is_not_ours(section: StoreSection) -> None:
    policy = admission_policy(AdmissionSection(mode=AdmissionMode.MARK), VerpSection())
    async with Database.open(section) as database:
        way = Way(Pipeline(policy, KEYRING, load_rulebook(None), database.addressees, database.intake, lambda: NOW), section)
        assert (await way.pipeline.accept(way.mail(dsn("jane@example.net"), "nobody@b.example.com"))).accepted
        told = way.rows("SELECT recipient, reason, authenticity, disposition FROM bounces")
    assert told == [("jane@example.net", "mailbox_unknown", "unproven", "review")]


async def test_an_opaque_token_means_whom_the_sender_registered(way: Way) -> None:
    long = f"{'a' * 50}@example.net"
    token = MINTER.mint(long, NOW.date())
    assert token.reference is not None
    register(way.section, DOMAIN, [(f"{token.reference:016x}", long)])
    assert (await way.pipeline.accept(way.mail(dsn(long), token.address))).accepted
    assert way.rows("SELECT recipient, authenticity FROM bounces") == [(long, "proven")]


async def test_an_opaque_token_that_nobody_registered_believes_the_report_less(way: Way) -> None:
    long = f"{'b' * 50}@example.net"
    assert (await way.pipeline.accept(way.mail(dsn(long), MINTER.mint(long, NOW.date()).address))).accepted
    assert way.rows("SELECT recipient, authenticity, disposition FROM bounces") == [(long, "unsigned", "count")]


@pytest.mark.parametrize(
    "content",
    [b"", b"\r\n", b"\0\xff" * 500, b"\r\n" * 2_000, b"From: MAILER-DAEMON@x\r\nSubject: failure notice\r\n\r\n???\r\n"],
    ids=["nothing", "blank", "noise", "lines", "says-nothing"],
)
async def test_content_that_nobody_can_read_is_kept(way: Way, content: bytes) -> None:
    assert (await way.pipeline.accept(way.mail(content, minted("jane@example.net")))).code == 250
    ((size, stored),) = way.rows("SELECT size, defects FROM mails JOIN contents ON contents.id = content_id")
    assert size == len(content)
    assert isinstance(stored, str)
    assert way.rows("SELECT recipient FROM mails") == [("jane@example.net",)]
    assert way.rows("SELECT 1 FROM bounces WHERE disposition IN ('suppress', 'count')") == []


async def test_a_huge_mail_is_read_off_the_loop(way: Way) -> None:
    content = dsn("jane@example.net") + b"x" * 70 + b"\r\n" * READ_ON_LOOP_LIMIT
    assert (await way.pipeline.accept(way.mail(content, minted("jane@example.net")))).accepted
    assert way.rows("SELECT reason FROM bounces") == [("mailbox_unknown",)]


async def test_one_book_judges_a_mail_throughout(way: Way, tmp_path: Path) -> None:
    """The book is exchanged while the mail is on its way: each of its verdicts is still by the one that it began with."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "reasons.toml").write_text("[mailbox_unknown]\nexpires_days = 7\n")
    first, second = way.pipeline.rulebook, load_rulebook(tmp_path / "own")
    content = dsn("jane@example.net") + b"x" * 70 + b"\r\n" * READ_ON_LOOP_LIMIT
    mail = way.mail(content, minted("jane@example.net"), minted("joe@example.net"))
    accepting = way.pipeline.accept(mail)
    await asyncio.sleep(0)
    way.pipeline.rulebook = second
    assert (await accepting).accepted
    assert way.rows("SELECT rulebook FROM verdicts") == [(first.hash,), (first.hash,)]
    assert (await way.pipeline.accept(way.mail(dsn("jo@example.net"), minted("jo@example.net")))).accepted
    assert way.rows("SELECT rulebook FROM verdicts ORDER BY id DESC LIMIT 1") == [(second.hash,)]


async def test_a_locked_database_is_451_and_service_goes_on(way: Way) -> None:
    mail = way.mail(dsn("jane@example.net"), minted("jane@example.net"))
    with closing(sqlite3.connect(way.section.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        refused = await way.pipeline.accept(mail)
        other.execute("ROLLBACK")
    assert (refused.code, str(refused.status)) == (451, "4.3.0")
    assert (await way.pipeline.accept(mail)).code == 250
    assert way.rows("SELECT count(*) FROM verdicts") == [(1,)]


@pytest.mark.parametrize(("freed", "event", "rows"), [(True, "mail.recorded", 1), (False, "mail.deferred", 0)])
async def test_a_mail_whose_session_was_cut_is_told_for_what_became_of_it(way: Way, freed: bool, event: str, rows: int) -> None:
    """Cut while it waits for the database: its peer hears 421, and the log has what the database has."""
    mail = way.mail(dsn("jane@example.net"), minted("jane@example.net"))
    log.configure(LogSection(), output := io.StringIO())
    try:
        with closing(sqlite3.connect(way.section.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            accepting = way.pipeline.accept(mail)
            await asyncio.sleep(0)
            assert way.pipeline.intake.state.mails == 1  # type: ignore[attr-defined]
            accepting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await accepting
            if freed:
                other.execute("ROLLBACK")
            async with asyncio.timeout(20):
                while event not in output.getvalue():
                    await asyncio.sleep(0.005)
                    log._logger().flush()
    finally:
        log.configure(LogSection())
    assert output.getvalue().count('"mail.') == 1
    assert way.rows("SELECT count(*) FROM mails") == [(rows,)]


async def test_a_bug_of_ours_in_judging_still_keeps_the_mail(way: Way) -> None:
    mail = way.mail(dsn("jane@example.net"), minted("jane@example.net"))
    way.pipeline.rulebook.reasons = {}  # a bug, on purpose
    assert (await way.pipeline.accept(mail)).code == 250
    assert way.rows("SELECT kind, defects FROM mails") == [("unknown", '["judging_failed"]')]
    assert way.rows("SELECT count(*) FROM contents WHERE body IS NOT NULL") == [(1,)]


async def test_a_bug_of_ours_at_rcpt_is_451(way: Way) -> None:
    address = minted("jane@example.net")
    way.pipeline.keyring = None  # type: ignore[assignment]  # a bug, on purpose
    reply = way.pipeline.admit(address)
    assert isinstance(reply, Reply)
    assert (reply.code, str(reply.status)) == (451, "4.3.0")


async def test_a_bug_of_ours_anywhere_else_is_451_and_tells_nothing(way: Way) -> None:
    mail = way.mail(dsn("jane@example.net"), minted("jane@example.net"))
    way.pipeline.intake = None  # type: ignore[assignment]  # a bug, on purpose
    reply = await way.pipeline.accept(mail)
    assert reply.code == 451
    assert "NoneType" not in str(reply)


async def test_many_at_once_share_commits_and_each_is_there(way: Way) -> None:
    mails = [way.mail(dsn(f"u{n}@example.net", str(n)), minted(f"u{n}@example.net")) for n in range(200)]
    replies = await asyncio.gather(*[way.pipeline.accept(mail) for mail in mails])
    assert {reply.code for reply in replies} == {250}
    assert way.rows("SELECT count(DISTINCT recipient), count(*) FROM bounces") == [(200, 200)]
