"""What a mail that is judged again makes of the verdicts that held of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from verdicts import DEAD

from bouncesink.core.report import Kind
from bouncesink.core.revision import WITHDRAWN, differs, revise
from bouncesink.core.verdict import Disposition, FailureClass, Reason

FULL = replace(DEAD, reason=Reason.MAILBOX_FULL, class_=FailureClass.SOFT, disposition=Disposition.COUNT)
OTHER = replace(DEAD, recipient="other@example.com", final_recipient="other@example.com")
NOBODY = replace(DEAD, recipient=None, final_recipient=None)


def places(held, judged):
    """(place, what it says now: reason, or withdrawn)."""
    return [
        (each.place, "withdrawn" if each.verdict.evidence.note == WITHDRAWN else str(each.verdict.reason))
        for each in revise(held, judged, "new")
    ]


@pytest.mark.parametrize(
    ("held", "judged", "corrected"),
    [
        ((), (), []),
        ((DEAD,), (DEAD,), []),
        ((DEAD,), (replace(DEAD, rulebook="new", rule="mine/other", diagnostic="said otherwise"),), []),
        ((DEAD,), (replace(DEAD, recipient="READER@EXAMPLE.com"),), []),
        ((DEAD,), (FULL,), [(0, "mailbox_full")]),
        ((DEAD,), (OTHER,), [(0, "mailbox_unknown")]),
        ((DEAD, OTHER), (OTHER, DEAD), []),
        ((DEAD, OTHER), (OTHER, FULL), [(0, "mailbox_full")]),
        ((DEAD, OTHER), (OTHER,), [(0, "withdrawn")]),
        ((DEAD,), (), [(0, "withdrawn")]),
        ((), (DEAD,), [(None, "mailbox_unknown")]),
        ((OTHER,), (DEAD, OTHER), [(None, "mailbox_unknown")]),
        ((NOBODY,), (DEAD,), [(0, "mailbox_unknown")]),
        # the same recipient twice, by two addresses behind it
        ((DEAD, replace(FULL, final_recipient="b@e")), (replace(FULL, final_recipient="b@e"), DEAD), []),
    ],
)
def test_what_is_corrected(held, judged, corrected):
    assert places(held, judged) == corrected


def test_the_withdrawn_says_nothing_of_the_recipient():
    (gone,) = revise((replace(DEAD, kind=Kind.COMPLAINT),), (), "new")
    assert (gone.verdict.kind, gone.verdict.disposition, gone.verdict.reason) == (Kind.OTHER, Disposition.IGNORE, None)
    assert gone.verdict.rulebook == "new"
    assert revise((gone.verdict,), (), "newer") == ()


recipients = st.sampled_from(["a@example.com", "A@Example.com", "b@example.com", None])
verdicts = st.builds(
    lambda recipient, final, reason, kind, disposition: replace(
        DEAD, recipient=recipient, final_recipient=final, reason=reason, kind=kind, disposition=disposition
    ),
    recipients,
    recipients,
    st.sampled_from([Reason.MAILBOX_FULL, Reason.MAILBOX_UNKNOWN, None]),
    st.sampled_from([Kind.BOUNCE, Kind.DELAYED, Kind.OTHER]),
    st.sampled_from(Disposition),
)


@given(st.lists(verdicts, max_size=6), st.lists(verdicts, max_size=6))
def test_judged_twice_alike_nothing_is_left_to_correct(held, judged):
    """And each place is corrected once at most, and all that is judged now holds somewhere."""
    revisions = revise(held, judged, "new")
    taken = [each.place for each in revisions if each.place is not None]
    assert len(taken) == len(set(taken))
    after = dict(enumerate(held)) | {each.place: each.verdict for each in revisions if each.place is not None}
    holding = [*after.values(), *(each.verdict for each in revisions if each.place is None)]
    assert revise(holding, judged, "new") == ()
    for verdict in judged:
        assert any(not differs(verdict, each) for each in holding)
