"""What a change of a recipient looks like once it is spelled, to the octet: people's programs read it."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from bouncesink.core import event
from bouncesink.core.memory import Memory
from bouncesink.core.recipient import Recipient
from bouncesink.core.standing import Standing
from bouncesink.core.verdict import Reason

AT = datetime(2026, 3, 2, 6, 0, 0, 167_000, tzinfo=UTC)
WHOLE = datetime(2026, 3, 2, 6, tzinfo=UTC)
SUPPRESSED = Recipient(
    key="reader@example.com",
    recipient="Reader@example.com",
    stream="news",
    standing=Standing.SUPPRESSED,
    since=AT,
    until=WHOLE + timedelta(days=30),
    reason=Reason.MAILBOX_FULL,
    points=3,
    why=(7, 9),
    memory=Memory(((739_677, 3),), WHOLE, 3, AT, 739_670, 739_677, ("<a@e>/mailbox_full",), (("739600.1.", 2),), probe=True),
    updated_at=AT,
)
OK = Recipient("reader@example.com", "reader@example.com", "", Standing.OK, WHOLE, None, None, 0, (), Memory(), AT)


@pytest.mark.parametrize(
    ("before", "after", "kind", "body"),
    [
        (
            None,
            SUPPRESSED,
            "recipient.suppressed",
            (
                '{"recipient_key":"reader@example.com","memory":{"points":[[739677,3]],"series_since":"2026-03-02T06:00:00+00:00",'
                '"series":3,"failed_at":"2026-03-02T06:00:00.167000+00:00","death_day":739670,"seen_day":739677,'
                '"seen":["<a@e>/mailbox_full"],"heard":[["739600.1.",2]],"probe":true},"version":1,"was":"ok",'
                '"recipient":"Reader@example.com","stream":"news","standing":"suppressed",'
                '"since":"2026-03-02T06:00:00.167000+00:00","until":"2026-04-01T06:00:00+00:00","reason":"mailbox_full","points":3,'
                '"why":[7,9],"updated_at":"2026-03-02T06:00:00.167000+00:00"}'
            ),
        ),
        (
            SUPPRESSED,
            OK,
            "suppression.released",
            (
                '{"recipient_key":"reader@example.com","memory":{},"version":1,"was":"suppressed","recipient":"reader@example.com",'
                '"stream":"","standing":"ok","since":"2026-03-02T06:00:00+00:00","until":null,"reason":null,"points":0,"why":[],'
                '"updated_at":"2026-03-02T06:00:00.167000+00:00"}'
            ),
        ),
        (OK, None, "recipient.forgotten", '{"recipient_key":"reader@example.com","memory":{},"version":1}'),
    ],
)
def test_a_change_as_it_is_told(before: Recipient | None, after: Recipient | None, kind: str, body: str) -> None:
    told = event.of(before, after)
    assert told is not None
    assert (told.type, told.recipient_key, orjson.dumps(told.body).decode()) == (kind, "reader@example.com", body)
    assert event.apply(event.FeedEvent(told.type, told.recipient_key, orjson.loads(body))) == after
