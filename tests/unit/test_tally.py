"""The tally: what the log tells is what is counted, whatever the level, with few labels and no more."""

import io
import marshal
import threading

import pytest

from bouncesink.config.words import LogLevel
from bouncesink.observe.stream import EventLog, Writer
from bouncesink.observe.tally import LABELS, MOST_SERIES, OTHER, SEVERAL, Histogram, Tally

FACTS = {"via": "smtp", "kind": "bounce", "reason": "mailbox_full", "fault": "recipient", "disposition": "count", "id": 17}


@pytest.mark.parametrize(
    ("event", "facts", "labels"),
    [
        ("mail.recorded", FACTS, ("smtp", "bounce", "mailbox_full", "recipient", "count")),
        ("mail.recorded", {**FACTS, "reason": "expired,mailbox_full"}, ("smtp", "bounce", SEVERAL, "recipient", "count")),
        ("mail.recorded", {**FACTS, "reason": "", "fault": ""}, ("smtp", "bounce", "", "", "count")),
        ("mail.refused", {"reply": "550 5.1.1 no, never"}, ("", "550 5.1.1 no, never")),
        ("mail.refused", {"reply": "550 5.1.1 no", "via": None}, ("", "550 5.1.1 no")),
        ("bug", {"where": "judge", "detail": "anything"}, ("judge",)),
        ("bug", {}, ("",)),
        ("an.event.that.nobody.described", {"peer": "192.0.2.1"}, ()),
    ],
)
def test_an_event_is_counted_by_its_labels(event, facts, labels):
    counts = Tally()
    counts.event(event, facts)
    counts.event(event, facts)
    assert counts.counted() == {event: {labels: 2}}


def test_what_two_spellings_share_is_one_count():
    counts = Tally()
    for reasons in ("expired,mailbox_full", "mailbox_full,expired"):
        counts.event("mail.recorded", {**FACTS, "reason": reasons})
    assert counts.counted()["mail.recorded"] == {("smtp", "bounce", SEVERAL, "recipient", "count"): 2}


def test_no_label_grows_without_end():
    counts = Tally()
    for number in range(MOST_SERIES + 50):
        counts.event("peer.dropped", {"via": "smtp", "why": f"because {number}"})
    series = counts.counted()["peer.dropped"]
    assert len(series) == MOST_SERIES + 1
    assert series[OTHER, OTHER] == 50
    counts.event("peer.dropped", {"via": "smtp", "why": "because 0"})
    assert counts.counted()["peer.dropped"]["smtp", "because 0"] == 2


def test_no_count_is_lost_between_threads():
    counts = Tally()
    threads = [
        threading.Thread(target=lambda: [counts.event("bug", {"where": "standing"}) for _ in range(5_000)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts.counted() == {"bug": {("standing",): 20_000}}


def test_a_line_that_is_not_written_is_counted(monkeypatch):
    monkeypatch.setattr("bouncesink.observe.stream.TALLY", counts := Tally())
    output = io.StringIO()
    log = EventLog(LogLevel.ERROR, lambda *told: str(told), Writer(output))
    log.debug("checkpoint.done", pages=3)
    assert (output.getvalue(), counts.counted()) == ("", {"checkpoint.done": {(): 1}})


def test_a_histogram_has_what_is_at_most_its_bound():
    histogram = Histogram((1, 2, 5))
    for value in (0, 1, 1.5, 2, 5, 5.01, 100):
        histogram.observe(value)
    assert (histogram.bins, histogram.count) == ([2, 2, 1, 2], 7)
    assert histogram.total == pytest.approx(114.51)


def test_labels_are_never_of_strangers():
    told_by_strangers = {"peer", "helo", "forward_path", "recipient", "detail", "line", "problems", "address_hash"}
    assert not {label for labels in LABELS.values() for label in labels} & told_by_strangers


def tallied(*times: int) -> Tally:
    tally = Tally()
    for number, count in enumerate(times):
        for _ in range(count):
            tally.event("peer.dropped", {"via": "smtp", "why": f"because {number}"})
            tally.mail_seconds.observe(0.002)
    tally.duplicates = sum(times)
    return tally


def test_what_several_told_is_their_sum():
    total = Tally()
    for told in (tallied(3, 1).told(), tallied(0, 4, 2).told()):
        total.add(marshal.loads(marshal.dumps(told)))
    assert total.counted() == {"peer.dropped": {("smtp", f"because {n}"): count for n, count in enumerate((3, 5, 2))}}
    assert (total.duplicates, total.mail_seconds.count, total.last_bounce) == (10, 10, None)
    assert total.mail_seconds.total == pytest.approx(0.02)
    assert total.told() == marshal.loads(marshal.dumps(total.told()))


def test_the_last_bounce_of_several_is_the_latest():
    first, second, total = Tally(), Tally(), Tally()
    first.last_bounce, second.last_bounce = 17.0, 4.0
    for each in (first, Tally(), second):
        total.add(each.told())
    assert total.last_bounce == 17.0


def test_what_is_added_may_be_bounded_and_loses_nothing():
    total = Tally()
    total.add(tallied(1, 1, 1).told(), most=2)
    total.add(tallied(1, 1, 1).told(), most=2)
    assert total.counted()["peer.dropped"] == {("smtp", "because 0"): 2, ("smtp", "because 1"): 2, (OTHER, OTHER): 2}
