"""What operators do by hand, from another connection, while the server's is open."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bouncesink.core.occurrence import Act
from bouncesink.core.policy import Policies
from bouncesink.core.verdict import Reason
from bouncesink.errors import StoreError
from bouncesink.store import operator as operator_module
from bouncesink.store.archive import Choice
from bouncesink.store.beside import opened
from bouncesink.store.operator import Done, ImportedAct, open_operator
from bouncesink.store.refold import Acts
from bouncesink.store.rejudged import Rejudged
from bouncesink.store.revisions import open_reviser
from bouncesink.store.selection import Selection

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def operator(section, database):
    with open_operator(section, "anna", NOW) as operator:
        yield operator


async def test_suppress_and_release_are_audited_and_told(database, bounce, operator, rows):
    until = datetime(2126, 11, 26, tzinfo=UTC)  # the view compares with the real time
    assert operator.suppress(Selection(addresses=("New@Example.com",)), until=until, note="phone") == Done(1, 0)
    assert rows("SELECT recipient_key, until FROM suppressions") == [("new@example.com", "2126-11-26T00:00:00.000Z")]
    assert operator.release(Selection(addresses=("new@example.com", "unknown@example.com")), note="") == Done(1, 1)
    assert rows("SELECT count(*) FROM suppressions") == [(0,)]
    assert rows("SELECT actor, act, recipient FROM audit ORDER BY id") == [
        ("anna", "suppress", "New@Example.com"),
        ("anna", "release", "New@Example.com"),
    ]
    assert rows("SELECT type FROM feed ORDER BY seq") == [("recipient.suppressed",), ("suppression.released",)]
    await database.intake.record(*bounce(1).arguments)
    assert rows("SELECT max(seq) FROM feed") == [(4,)]


@pytest.mark.parametrize(
    ("selection", "changed"),
    [
        (Selection(standing="suppressed"), 3),
        (Selection(reason=Reason.MAILBOX_UNKNOWN), 2),
        (Selection(reason=Reason.MAILBOX_MOVED, addresses=("a@example.com",)), 0),
        (Selection(since=datetime(2026, 11, 23, tzinfo=UTC)), 0),
        (Selection(before=datetime(2026, 11, 23, tzinfo=UTC)), 3),
        (Selection(incident=1), 0),
    ],
)
async def test_in_bulk(database, bounce, operator, rows, selection, changed, monkeypatch):
    monkeypatch.setattr(operator_module, "AT_ONCE", 2)
    await database.intake.record(*bounce(1, "a@example.com", "b@example.com").arguments)
    await database.intake.record(*bounce(2, "c@example.com").with_verdict(reason=Reason.MAILBOX_MOVED).arguments)
    assert operator.release(selection).changed == changed
    assert rows("SELECT count(*) FROM suppressions") == [(3 - changed,)]


async def test_an_import_goes_on_where_it_was(operator, rows, monkeypatch):
    monkeypatch.setattr(operator_module, "AT_ONCE", 2)
    acts = [ImportedAct(Act.SUPPRESS, f"reader{number}@example.com") for number in range(5)]

    def stop(done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        operator.bring_in(acts, "list.csv", stop)
    assert rows("SELECT count(*) FROM suppressions") == [(2,)]
    told: list[int] = []
    assert operator.bring_in(acts, "list.csv", told.append) == Done(3, 0)
    assert told == [4, 5]
    assert rows("SELECT count(*) FROM suppressions") == [(5,)]
    assert rows("SELECT count(*) FROM audit") == [(5,)]
    assert rows("SELECT count(*) FROM progress WHERE task LIKE 'import:%'") == [(0,)]


async def test_forget_leaves_no_trace(database, bounce, operator, rows, section):
    await database.intake.record(*bounce(1, "gone@example.com").arguments)
    await database.intake.record(*bounce(2, "stays@example.com").arguments)
    operator.release(Selection(addresses=("gone@example.com",)))
    gone = operator.forget("Gone@example.com")
    assert (gone.recipients, gone.verdicts, gone.mails, gone.contents, gone.shared) == (1, 1, 1, 1, 0)
    for name in ("mails", "verdicts", "recipients", "feed", "audit", "addressees"):
        assert not [row for row in rows(f"SELECT * FROM {name}") if "gone" in str(row).replace("forgotten", "").lower()]
    assert rows("SELECT recipient FROM suppressions") == [("stays@example.com",)]
    assert rows("SELECT seq FROM feed ORDER BY seq") == [(seq,) for seq in range(1, 7)]
    assert [entry.seq for entry in await database.feed.after(0)] == [1, 2, 3, 4, 5, 6]


async def test_ids_of_the_forgotten_are_not_given_again(database, bounce, operator):
    (first,) = await database.intake.record(*bounce(1, "gone@example.com").arguments)
    operator.forget("gone@example.com")
    (second,) = await database.intake.record(*bounce(1, "gone@example.com").arguments)
    assert second.mail_id == first.mail_id + 1
    assert not second.duplicate


def correct(section, mail_id: int, verdict, recipient: str) -> None:
    """As a replay does that finds that the mail is about somebody else."""
    said = replace(verdict, recipient=recipient, final_recipient=recipient)
    with open_reviser(section, Choice(), Policies(), "test", NOW) as reviser:
        stored = next(each for each in reviser.page() if each.mail_id == mail_id)
        reviser.revise(0, [Rejudged(stored, (said,))], "new")


@pytest.mark.parametrize(
    ("told", "gone", "left"),
    [
        (["b@example.com"], "a@example.com", [("b@example.com", None)]),
        (["b@example.com"], "b@example.com", []),  # what it corrected must not hold again
        (["b@example.com", "c@example.com"], "a@example.com", [("b@example.com", None), ("c@example.com", 2)]),
        (["b@example.com", "c@example.com"], "b@example.com", [("a@example.com", None), ("c@example.com", 1)]),
        (["b@example.com", "c@example.com"], "c@example.com", []),
        (["b@example.com", "a@example.com"], "a@example.com", []),
        (["b@example.com", "a@example.com"], "b@example.com", [("a@example.com", None), ("a@example.com", 1)]),
    ],
)
async def test_forgetting_parts_corrections_that_are_about_others(database, bounce, operator, rows, section, told, gone, left):
    await database.intake.record(*bounce(1, "a@example.com").arguments)
    for recipient in told:
        correct(section, 1, bounce(1).judged[0].verdicts[0], recipient)
    operator.forget(gone)
    assert rows("SELECT recipient, revises FROM verdicts ORDER BY id") == left
    assert rows("PRAGMA foreign_key_check") == []
    assert not [row for row in rows("SELECT * FROM feed") if gone in str(row)]


@pytest.mark.parametrize("only", [None, {"a@example.com"}])
async def test_acts_are_found_however_they_were_spelled_and_no_others_are_kept(section, operator, only):
    """A list that was brought in is a million acts, and a server that folds a few recipients again needs theirs alone."""
    acts = Acts(only)
    for seen in (1, 2):
        operator.suppress(Selection(addresses=("A@Example.com", "b@example.com")))
        operator.release(Selection(addresses=("a@example.com",)))
        operator.forget("c@example.com")
        with opened(section, "folding") as connection:
            acts.refresh(connection)
            acts.refresh(connection)
        assert [act.act for act in acts.of("a@example.com")] == [Act.SUPPRESS, Act.RELEASE] * seen
        assert len(acts.of("b@example.com")) == (0 if only else 1)


def test_without_a_database(section):
    with pytest.raises(StoreError, match=r"no database at .*bouncesink serve"), open_operator(section, "anna", NOW):
        pass
