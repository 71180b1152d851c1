"""Standing is a fold: however it is cut it comes out the same, and nobody is dropped for what is not their fault."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from bouncesink.core import event
from bouncesink.core.memory import SEEN_LIMIT
from bouncesink.core.occurrence import Act, Occurrence, OperatorAct
from bouncesink.core.policy import Policy
from bouncesink.core.recipient import WHY_LIMIT, Recipient, act_on, advance, expire
from bouncesink.core.report import Kind
from bouncesink.core.standing import Standing
from bouncesink.core.verdict import NEVER_THE_RECIPIENT, Disposition, FailureClass, Fault, Reason
from bouncesink.core.verp.attribution import Authenticity

POLICY = Policy()
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
ADDRESS = "reader@example.com"

moments = st.integers(0, 90 * 24).map(lambda hours: FIRST + timedelta(hours=hours))


@st.composite
def occurrences(draw, faults=st.sampled_from(Fault), authenticities=st.sampled_from(Authenticity)):  # noqa: B008 - strategies
    return Occurrence(
        verdict_id=0,
        at=draw(moments),
        key=ADDRESS,
        recipient=ADDRESS,
        stream="",
        kind=draw(st.sampled_from([Kind.BOUNCE, Kind.BOUNCE, Kind.COMPLAINT, Kind.DELIVERED, Kind.AUTO_REPLY])),
        class_=draw(st.sampled_from([*FailureClass, None])),
        reason=draw(st.sampled_from([*Reason, None])),
        fault=draw(faults),
        authenticity=draw(authenticities),
        disposition=draw(st.sampled_from(Disposition)),
        bounce=draw(st.sampled_from(["", "<a@e>", "<b@e>", "<c@e>"])),
        token=draw(st.sampled_from(["", "738000.1.", "738001.1."])),
    )


acts = st.builds(OperatorAct, st.sampled_from(Act), moments, st.just(ADDRESS), st.just(ADDRESS))


def histories(steps):
    """In the order of time, as verdicts are recorded, and numbered."""
    return st.lists(steps, max_size=40).map(
        lambda chosen: [
            replace(step, verdict_id=number) if isinstance(step, Occurrence) else step
            for number, step in enumerate(sorted(chosen, key=lambda each: each.at), 1)
        ]
    )


def step(recipient: Recipient | None, happened: Occurrence | OperatorAct) -> Recipient | None:
    if isinstance(happened, OperatorAct):
        return act_on(recipient, happened)
    return advance(recipient, happened, POLICY)


def as_read(told: event.FeedEvent) -> event.FeedEvent:
    return replace(told, body=orjson.loads(orjson.dumps(told.body)))


def fold(history) -> Recipient | None:
    recipient = None
    for happened in history:
        recipient = step(recipient, happened)
    return recipient


@settings(max_examples=300)
@given(histories(st.one_of(occurrences(), acts)), st.integers(0, 40))
def test_a_fold_that_is_cut_and_stored_goes_on_the_same(history, cut):
    """In one go, in batches, or after a crash: what was stored in between is all that matters."""
    recipient = fold(history[:cut])
    if recipient is not None:
        told = event.of(None, recipient)
        assert told is not None
        recipient = event.apply(as_read(told))
    for happened in history[cut:]:
        recipient = step(recipient, happened)
    assert recipient == fold(history)


@settings(max_examples=300)
@given(histories(st.one_of(occurrences(), acts)))
def test_the_feed_replayed_from_the_start_rebuilds_the_recipient(history):
    recipient = rebuilt = None
    for happened in history:
        before, recipient = recipient, step(recipient, happened)
        told = event.of(before, recipient)
        assert (told is None) == (before == recipient)
        if told is not None:
            rebuilt = event.apply(as_read(told))
    assert rebuilt == recipient


@settings(max_examples=300)
@given(
    histories(st.one_of(occurrences(), acts)),
    histories(occurrences(st.sampled_from(sorted(NEVER_THE_RECIPIENT)))),
)
def test_the_sender_s_faults_never_change_a_recipient(history, faults):
    """But for a delivery, which no fault is: whoever delivers clears."""
    recipient = fold(history)
    for happened in faults:
        if happened.kind is not Kind.DELIVERED:
            assert advance(recipient, happened, POLICY) is recipient


@settings(max_examples=300)
@given(histories(occurrences(authenticities=st.sampled_from([Authenticity.UNPROVEN, Authenticity.LATE]))))
def test_nothing_unproven_suppresses(history):
    recipient = fold(history)
    assert recipient is None or recipient.standing in (Standing.OK, Standing.REVIEW)


@settings(max_examples=300)
@given(histories(occurrences()), moments)
def test_every_suppression_names_its_verdicts_and_can_be_undone(history, at):
    recipient = fold(history)
    if recipient is not None and recipient.standing is Standing.SUPPRESSED:
        assert recipient.why
        assert set(recipient.why) <= {happened.verdict_id for happened in history}
        released = act_on(recipient, OperatorAct(Act.RELEASE, at, ADDRESS, ADDRESS))
        assert released is not None
        assert (released.standing, released.until, released.points) == (Standing.OK, None, 0)


@settings(max_examples=100)
@given(histories(occurrences()), moments)
def test_what_is_remembered_is_bounded_and_time_passes_once(history, now):
    recipient = fold(history)
    if recipient is None:
        return
    assert len(recipient.why) <= WHY_LIMIT
    assert len(recipient.memory.seen) <= SEEN_LIMIT
    assert all(count <= POLICY.token_events_a_day for _, count in recipient.memory.heard)
    assert len(recipient.memory.points) <= POLICY.window_days
    passed = expire(recipient, now, POLICY)
    assert expire(passed, now, POLICY) == passed


def test_forgetting_is_an_event_too():
    recipient = advance(
        None,
        Occurrence(
            1,
            FIRST,
            ADDRESS,
            ADDRESS,
            "",
            Kind.BOUNCE,
            FailureClass.HARD,
            Reason.MAILBOX_UNKNOWN,
            Fault.RECIPIENT,
            Authenticity.PROVEN,
            Disposition.SUPPRESS,
        ),
        POLICY,
    )
    told = event.of(recipient, None)
    assert told is not None
    assert told.type is event.EventType.FORGOTTEN
    assert event.apply(as_read(told)) is None
    assert event.of(None, None) is None
