"""Replay: what better rules change of mails that were judged, and that nothing else changes."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from replay_archive import BOOK, CLOSED, UNKNOWN, Archive, book_with

from bouncesink.core.policy import Policies, Policy
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.store.addressees import register
from bouncesink.store.archive import Choice
from bouncesink.store.rows import Judged
from bouncesink.store.standings import recipient_of

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
