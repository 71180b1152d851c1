"""Amazon SES: notifications in JSON, however SNS wraps them, and whatever is wrong with them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.core.defect import Defect
from bouncesink.core.reading import read
from bouncesink.core.report import Action, Kind, Place

FOOTER = "\n\n--\nIf you wish to stop receiving notifications from this topic, please click or visit the link below:\nhttps://a.example\n"
MAIL = {"timestamp": "2026-05-04T08:00:00.000Z", "destination": ["nobody@example.org"]}


def mailed(body, content_type="text/plain"):
    text = body if isinstance(body, str) else json.dumps(body)
    head = f"From: no-reply@sns.example\nSubject: AWS Notification Message\nContent-Type: {content_type}; charset=UTF-8\n\n"
    return (head + text).encode()


def told(name, own, mail=MAIL, key="notificationType"):
    return {key: name, name[0].lower() + name[1:]: own, "mail": mail}


def bounce(kind="Permanent", sub="General", recipients=None, **more):
    return told("Bounce", {"bounceType": kind, "bounceSubType": sub, "bouncedRecipients": recipients, **more})


NOBODY = {
    "emailAddress": "nobody@example.org",
    "action": "failed",
    "status": "5.1.1",
    "diagnosticCode": "smtp; 550 5.1.1 user unknown",
}
PLAIN = bounce(recipients=[NOBODY], reportingMTA="dsn; out.example.net", timestamp="2026-05-04T08:00:05.000Z")
SNS = {"Type": "Notification", "MessageId": "1", "Message": json.dumps(PLAIN)}
BRIDGE = {"detail-type": "Email Bounced", "source": "aws.ses", "detail": told("Bounce", PLAIN["bounce"], key="eventType")}


@pytest.mark.parametrize(
    "content",
    [
        mailed(PLAIN),
        mailed(json.dumps(PLAIN) + FOOTER),
        mailed(json.dumps(PLAIN, indent=2) + FOOTER),
        mailed(SNS),
        mailed(json.dumps(SNS, indent=2)),
        mailed(BRIDGE),
        mailed({"Type": "Notification", "Message": json.dumps(BRIDGE)}),
        mailed(PLAIN, "application/json"),
        mailed(json.dumps(PLAIN).replace("user", "us!\n er"), "text/plain"),
        mailed(json.dumps(PLAIN).replace("user unknown", "user\nunknown")),
    ],
    ids=["bare", "footer", "indented", "sns", "sns-indented", "eventbridge", "bridge-in-sns", "json-type", "cut", "wrapped"],
)
def test_a_bounce_is_read_whatever_it_is_wrapped_in(content):
    report = read(content)
    assert (report.kind, report.reader) == (Kind.BOUNCE, "amazon-ses")
    assert (report.reporting_mta, report.arrival_date) == ("out.example.net", "2026-05-04T08:00:00.000Z")
    (block,) = report.recipients
    assert (block.final_recipient, block.original_recipient, block.action) == ("nobody@example.org", None, Action.FAILED)
    assert (str(block.status), block.reply_code, str(block.diagnostic_status)) == ("5.1.1", 550, "5.1.1")
    assert (block.diagnostic, block.diagnostic_type, block.place) == ("550 5.1.1 user unknown", "smtp", Place.DIAGNOSTIC)
    assert block.last_attempt_date == "2026-05-04T08:00:05.000Z"


def test_a_part_in_json_is_read_beside_a_text():
    parts = (
        f"--b\nContent-Type: text/plain\n\nSee the part.\n--b\nContent-Type: application/json\n\n{json.dumps(PLAIN)}\n--b--\n"
    )
    report = read(b"Content-Type: multipart/mixed; boundary=b\n\n" + parts.encode())
    assert (report.reader, report.recipients[0].final_recipient) == ("amazon-ses", "nobody@example.org")


DELAY = {
    "delayType": "TransientCommunicationFailure",
    "expirationTime": "2026-05-04T20:00:00.000Z",
    "delayedRecipients": [{"emailAddress": "nobody@example.org", "status": "4.4.1"}],
}
DELIVERY = {"recipients": ["nobody@example.org"], "smtpResponse": "250 2.6.0 Message received", "remoteMtaIp": "192.0.2.1"}


@pytest.mark.parametrize(
    ("event", "kind", "action", "status", "diagnostic"),
    [
        (bounce("Transient", "MailboxFull"), Kind.BOUNCE, Action.FAILED, "4.0.0", "mailbox full"),
        (bounce("Permanent", "General"), Kind.BOUNCE, Action.FAILED, "5.0.0", ""),
        (bounce("Undetermined", "Undetermined"), Kind.BOUNCE, Action.FAILED, "None", ""),
        (bounce(recipients=[NOBODY | {"action": "delayed"}]), Kind.BOUNCE, Action.DELAYED, "5.1.1", "550 5.1.1 user unknown"),
        (told("DeliveryDelay", DELAY, key="eventType"), Kind.DELAYED, Action.DELAYED, "4.4.1", "connection to the recipient"),
        (told("Delivery", DELIVERY), Kind.DELIVERED, Action.DELIVERED, "None", "250 2.6.0 Message received"),
        (told("Reject", {"reason": "Bad content"}), Kind.BOUNCE, Action.FAILED, "None", "message contained a virus"),
    ],
)
def test_events_say_what_happened(event, kind, action, status, diagnostic):
    report = read(mailed(event))
    (block,) = report.recipients
    assert (report.kind, block.action, str(block.status)) == (kind, action, status)
    assert block.final_recipient == "nobody@example.org"
    assert block.diagnostic.startswith(diagnostic)
    assert bool(block.diagnostic) == bool(diagnostic)


def test_a_delay_tells_until_when_and_a_delivery_to_whom():
    assert read(mailed(told("DeliveryDelay", DELAY))).recipients[0].will_retry_until == "2026-05-04T20:00:00.000Z"
    assert read(mailed(told("Delivery", DELIVERY))).recipients[0].remote_mta == "192.0.2.1"


@pytest.mark.parametrize(
    ("feedback_type", "kind"),
    [(None, Kind.COMPLAINT), ("abuse", Kind.COMPLAINT), ("not-spam", Kind.FEEDBACK), ("auth-failure", Kind.FEEDBACK)],
)
def test_a_complaint_is_one_by_its_feedback_type(feedback_type, kind):
    own = {"complainedRecipients": [{"emailAddress": "reader@example.org"}], "complaintFeedbackType": feedback_type}
    report = read(mailed(told("Complaint", own)))
    assert (report.kind, report.feedback_type) == (kind, feedback_type or "abuse")
    assert [block.original_recipient for block in report.recipients] == ["reader@example.org"]


def test_a_complaint_of_one_of_several_names_nobody():
    own = {"complainedRecipients": [{"emailAddress": "a@example.org"}, {"emailAddress": "b@example.org"}]}
    report = read(mailed(told("Complaint", own)))
    assert (report.kind, report.recipients, report.defects) == (Kind.COMPLAINT, (), (Defect.RECIPIENT_MISSING,))


def test_a_bounce_that_names_nobody_still_speaks():
    report = read(mailed(told("Bounce", {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": ""}]}, {})))
    assert [block.final_recipient for block in report.recipients] == [None]
    assert report.defects == (Defect.RECIPIENT_MISSING,)


def test_a_delivery_that_names_nobody_names_nobody():
    assert read(mailed(told("Delivery", {}, {}))).recipients == ()


def test_of_too_many_recipients_the_number_is_kept():
    report = read(mailed(bounce(recipients=[NOBODY | {"emailAddress": f"n{number}@example.org"} for number in range(130)])))
    assert (len(report.recipients), report.recipients_omitted) == (100, 30)


@pytest.mark.parametrize(
    "event",
    [{"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "ok"}, told("Open", {}, key="eventType")],
)
def test_what_tells_of_no_delivery_is_a_report(event):
    report = read(mailed(event))
    assert (report.kind, report.reader, report.recipients) == (Kind.REPORT, "amazon-ses", ())


def test_the_original_is_what_ses_tells_of_its_headers():
    headers = [{"name": "Message-ID", "value": "<1@example.com>"}, {"name": "X-A", "value": "a\r\n\tb"}, 7]
    original = read(mailed(told("Bounce", PLAIN["bounce"], MAIL | {"headers": headers}))).original
    assert original is not None
    assert (original.message_id, original.headers["x-a"], original.complete) == ("<1@example.com>", "a b", False)
    assert read(mailed(PLAIN)).original is None


@pytest.mark.parametrize(
    "body",
    [
        '{"notificationType": "Bounce"}',
        '{"notificationType": "Bounce", "bounce"',
        '{"notificationType": 7, "eventType": null}',
        '{"notificationType": "Sunrise", "sunrise": {}}',
        '{"Type": "Notification", "Message": "[]"}',
        '{"Type": "Notification", "Message": "{\\"Message\\": 1}"}',
        '{"detail": ' * 790 + "1" + "}" * 790,
        '{"detail": ' * 100_000,
        '["notificationType"]',
        '{"a": ' + "9" * 5000 + "}",
        "A person writes of a Bounce in SES.",
    ],
)
def test_what_is_no_notification_is_left_alone(body):
    report = read(mailed(body))
    assert report.reader != "amazon-ses"
    assert Defect.READER_FAILED not in report.defects


def test_half_a_character_and_nul_are_no_trouble():
    report = read(mailed(bounce(recipients=[NOBODY | {"diagnosticCode": "smtp; 550 \ud800\0gone"}])))
    assert report.recipients[0].diagnostic == "550 ?gone"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    ["bounceType", "bouncedRecipients", "recipients", "complainedRecipients", "emailAddress", "reportingMTA"]
)


@given(
    st.sampled_from(["Bounce", "Complaint", "Delivery", "DeliveryDelay", "Reject", "Open"]),
    st.dictionaries(KEYS, JSON | st.lists(st.dictionaries(KEYS, JSON, max_size=3), max_size=3), max_size=4),
    st.dictionaries(st.sampled_from(["destination", "headers", "timestamp"]), JSON, max_size=3),
)
def test_fields_may_be_anything(name, own, mail):
    """Whatever stands in the fields, the notification is read, and what is read can be written down."""
    report = read(mailed(told(name, own, mail)))
    assert report.reader == "amazon-ses"
    assert Defect.READER_FAILED not in report.defects
    for block in report.recipients:
        f"{block.diagnostic}{block.final_recipient}{block.last_attempt_date}".encode()
