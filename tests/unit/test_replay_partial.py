"""A replay of a part, of what is not whole, beside others, or that is cut off."""

from datetime import timedelta

import pytest
from replay_archive import BOOK, CLOSED, FIRST, NOW, UNKNOWN

from bouncesink.core.classify import judge
from bouncesink.core.policy import Policies, Policy
from bouncesink.core.report import Kind
from bouncesink.core.verdict import Reason
from bouncesink.store import revisions
from bouncesink.store.archive import Choice, Missing
from bouncesink.store.operator import open_operator
from bouncesink.store.selection import Selection


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


def test_one_that_is_forgotten_meanwhile_stays_forgotten(archive, dead, monkeypatch):
    archive.record(CLOSED, "a@example.com", "b@example.com")

    def forget(_: int) -> None:
        with open_operator(archive.section, "anna", NOW) as operator:
            operator.forget("a@example.com")

    archive.replay(dead, on_step=forget)
    assert archive.rows("SELECT recipient FROM verdicts") == [("b@example.com",), ("b@example.com",)]
