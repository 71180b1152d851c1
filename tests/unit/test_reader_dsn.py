"""The reader of RFC 3464 and RFC 6533 reports: well-formed, and with every damage that is known."""

from base64 import encodebytes
from quopri import encodestring

import pytest

from bouncesink.core.defect import Defect
from bouncesink.core.reading import read
from bouncesink.core.report import Action, Kind, Place, Report
from bouncesink.core.status import EnhancedStatusCode

FIELDS = """\
Reporting-MTA: dns; mx.example.net
Received-From-MTA: dns; out.sender.example
Original-Envelope-Id: env-42
Arrival-Date: Mon, 1 Jan 2024 00:00:00 +0000

Final-Recipient: rfc822; user@example.com
Original-Recipient: rfc822;alias@example.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; mail.example.com
Diagnostic-Code: smtp; 550 5.1.1 <user@example.com>: Recipient address
    rejected: User unknown
Last-Attempt-Date: Mon, 1 Jan 2024 00:00:02 +0000
"""
ORIGINAL = """\
Return-Path: <bounce+1@bounces.sender.example>
From: Shop <news@sender.example>
To: alias@example.com
Message-ID: <1@sender.example>
Subject: =?utf-8?q?gr=C3=B6=C3=9Fer?=
X-Campaign: 7

Hello
"""


def report(
    fields: str | bytes = FIELDS,
    *,
    subtype: str = "message/delivery-status",
    part_headers: str = "",
    text: str = "Your mail was not delivered.",
    original: str = ORIGINAL,
    original_type: str = "message/rfc822",
    subject: str = "Undelivered Mail Returned to Sender",
) -> bytes:
    body = fields if isinstance(fields, bytes) else fields.encode()
    return (
        (
            f"From: MAILER-DAEMON@mx.example.net\nSubject: {subject}\nAuto-Submitted: Auto-Replied\nMIME-Version: 1.0\n"
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
            f"--b\nContent-Type: text/plain; charset=utf-8\n\n{text}\n\n--b\nContent-Type: {subtype}\n{part_headers}\n"
        ).encode()
        + body
        + f"\n--b\nContent-Type: {original_type}\n\n{original}\n--b--\n".encode()
    )


def only(content: bytes) -> tuple[Report, "object"]:
    found = read(content)
    assert len(found.recipients) == 1
    return found, found.recipients[0]


def test_a_well_formed_report() -> None:
    found, one = only(report())
    assert (found.kind, found.reader, found.defects) == (Kind.BOUNCE, "dsn", ())
    assert found.reporting_mta == "mx.example.net"
    assert found.received_from_mta == "out.sender.example"
    assert found.original_envelope_id == "env-42"
    assert found.arrival_date == "Mon, 1 Jan 2024 00:00:00 +0000"
    assert found.auto_submitted == "auto-replied"
    assert found.text == "Your mail was not delivered."
    assert found.headers["subject"] == "Undelivered Mail Returned to Sender"
    assert one.final_recipient == "user@example.com"
    assert one.original_recipient == "alias@example.com"
    assert one.action is Action.FAILED
    assert one.status == one.diagnostic_status == EnhancedStatusCode(5, 1, 1)
    assert one.reply_code == 550
    assert one.diagnostic_type == "smtp"
    assert one.diagnostic == "550 5.1.1 <user@example.com>: Recipient address rejected: User unknown"
    assert one.remote_mta == "mail.example.com"
    assert one.last_attempt_date == "Mon, 1 Jan 2024 00:00:02 +0000"
    assert one.place is Place.DIAGNOSTIC


def test_the_returned_original() -> None:
    original = read(report()).original
    assert original is not None
    assert original.message_id == "<1@sender.example>"
    assert original.return_path == "bounce+1@bounces.sender.example"
    assert original.headers["subject"] == "größer"
    assert original.headers["x-campaign"] == "7"
    assert original.header_bytes.endswith(b"X-Campaign: 7\n")
    assert original.complete


@pytest.mark.parametrize("content_type", ["text/rfc822-headers", "message/global-headers", "message/rfc822-headers"])
def test_headers_of_the_original_alone(content_type: str) -> None:
    original = read(report(original=ORIGINAL.replace("\n\nHello", ""), original_type=content_type)).original
    assert original is not None
    assert original.message_id == "<1@sender.example>"
    assert not original.complete


def test_a_bounce_inside_the_original_names_nobody() -> None:
    inner = report(FIELDS.replace("user@example.com", "inner@example.org")).decode()
    found = read(report(original=inner))
    assert [each.final_recipient for each in found.recipients] == ["user@example.com"]


DAMAGES = [
    ({"subtype": "message/global-delivery-status"}, set()),
    ({"subtype": "message/xdelivery-status"}, {Defect.WRONG_REPORT_SUBTYPE}),
    ({"subtype": "message/badstatus"}, {Defect.WRONG_REPORT_SUBTYPE}),
    ({"subtype": "text/delivery-status"}, {Defect.WRONG_REPORT_SUBTYPE}),
    ({"subtype": "message/delivery status"}, {Defect.WRONG_REPORT_SUBTYPE}),
    ({"subtype": "application/octet-stream"}, {Defect.WRONG_REPORT_SUBTYPE}),
    ({"subtype": "multipart/delivery-status"}, {Defect.WRONG_REPORT_SUBTYPE, Defect.MULTIPART_WITHOUT_PARTS}),
    ({"subtype": "text/plain"}, {Defect.FIELDS_OUTSIDE_PART}),
    ({"fields": encodebytes(FIELDS.encode()), "part_headers": "Content-Transfer-Encoding: base64\n"}, {Defect.FIELDS_ENCODED}),
    (
        {"fields": encodestring(FIELDS.encode()), "part_headers": "Content-Transfer-Encoding: quoted-printable\n"},
        {Defect.FIELDS_ENCODED},
    ),
    # a blank line cuts the part's own header off, or the encoding is not told at all
    ({"fields": b"Content-Transfer-Encoding: base64\n\n" + encodebytes(FIELDS.encode())}, {Defect.FIELDS_ENCODED}),
    ({"fields": encodebytes(FIELDS.encode())}, {Defect.FIELDS_ENCODED}),
    ({"fields": "\n\n" + FIELDS.replace("\n\n", "\n")}, set()),
    ({"fields": FIELDS.replace("Status: 5.1.1", "Status: 5.1.1 (bad destination mailbox)")}, set()),
    ({"fields": FIELDS.replace("rfc822; user", "rfc822;rfc822;user")}, set()),
    ({"fields": FIELDS.replace("rfc822; user", "RFC822;\n user")}, set()),
    ({"fields": FIELDS.replace("failed", "FAILED")}, set()),
    ({"fields": FIELDS.replace("failed", "expired")}, {Defect.ODD_ACTION}),
    ({"fields": FIELDS.replace("failed", "failed (5 days)")}, {Defect.ODD_ACTION}),
    ({"fields": FIELDS.replace("failed", "xyz")}, {Defect.ODD_ACTION}),
    ({"fields": FIELDS.replace("failed", "")}, {Defect.ACTION_MISSING}),
    ({"fields": FIELDS.replace("Action: failed\n", "")}, {Defect.ACTION_MISSING}),
    ({"fields": FIELDS + "stray words\n"}, {Defect.BAD_FIELD_LINE}),
    ({"fields": "".join(f"  {line}" for line in FIELDS.splitlines(keepends=True))}, {Defect.FIELDS_ENCODED}),
]


@pytest.mark.parametrize(("changes", "defects"), DAMAGES)
def test_damaged_reports_say_the_same(changes: dict[str, str], defects: set[Defect]) -> None:
    found, one = only(report(**changes))
    assert found.kind is Kind.BOUNCE
    assert set(found.defects) == defects
    assert one.final_recipient == "user@example.com"
    assert one.original_recipient == "alias@example.com"
    assert one.action is Action.FAILED
    assert (one.reply_code, str(one.status)) == (550, "5.1.1")


def test_one_group_encoded_inside_the_part() -> None:
    message, _, recipient = FIELDS.partition("\n\n")
    found, one = only(report(f"{message}\n\n".encode() + encodebytes(recipient.encode())))
    assert found.reporting_mta == "mx.example.net"
    assert one.final_recipient == "user@example.com"
    assert found.defects == (Defect.FIELDS_ENCODED,)


def test_a_report_that_is_the_whole_mail() -> None:
    found, one = only(b"From: MAILER-DAEMON@mx.example\nContent-Type: message/delivery-status\n\n" + FIELDS.encode())
    assert (found.kind, one.final_recipient, found.original) == (Kind.BOUNCE, "user@example.com", None)


@pytest.mark.parametrize("indent", ["", "    "])
def test_fields_written_into_a_text(indent: str) -> None:
    fields = "".join(f"{indent}{line}\n" for line in FIELDS.splitlines())
    content = (
        f"From: MAILER-DAEMON@mx.example\nSubject: failure\n\nTechnical report:\n\n{fields}\n"
        f"--- Original message follows.\n\n{ORIGINAL}"
    )
    found, one = only(content.encode())
    assert found.reader == "dsn"
    assert one.final_recipient == "user@example.com"
    assert one.reply_code == 550
    assert Defect.FIELDS_OUTSIDE_PART in found.defects
    assert found.original is not None
    assert found.original.message_id == "<1@sender.example>"


@pytest.mark.parametrize(
    "text", ["Final-Recipient: rfc822; user@example.com\n", "the final recipient is nobody\n", "Action: failed\n"]
)
def test_a_word_of_a_report_is_no_report(text: str) -> None:
    assert read(f"From: someone@example.com\nSubject: hello\n\n{text}".encode()).kind is Kind.OTHER


KINDS = [
    (("failed", "delayed", "delivered"), Kind.BOUNCE),
    (("delivered", "failed"), Kind.BOUNCE),
    (("delayed",), Kind.DELAYED),
    (("relayed", "delayed"), Kind.DELAYED),
    (("delivered",), Kind.DELIVERED),
    (("relayed",), Kind.DELIVERED),
    (("expanded",), Kind.DELIVERED),
    (("deliverable",), Kind.DELIVERED),
]


@pytest.mark.parametrize(("actions", "kind"), KINDS)
def test_the_kind_follows_the_actions(actions: tuple[str, ...], kind: Kind) -> None:
    groups = [
        f"Final-Recipient: rfc822; u{n}@example.com\nAction: {action}\nStatus: 5.0.0\n" for n, action in enumerate(actions)
    ]
    found = read(report("Reporting-MTA: dns; mx.example\n\n" + "\n".join(groups)))
    assert found.kind is kind
    assert len(found.recipients) == len(actions)


GUESSED = [
    ("Status: 5.1.1", Action.FAILED),
    ("Status: 4.2.2", Action.FAILED),
    ("Status: 4.2.2\nWill-Retry-Until: tomorrow", Action.DELAYED),
    ("Status: 2.0.0", Action.DELIVERED),
    ("Diagnostic-Code: smtp; 452 full", Action.FAILED),
    ("Diagnostic-Code: smtp; 550 unknown", Action.FAILED),
    ("Remote-MTA: dns; mx.example", None),
]


@pytest.mark.parametrize(
    ("text", "action"),
    [("It could not be delivered.", Action.FAILED), ("Still trying; it was not yet delivered.", Action.DELAYED)],
)
def test_a_missing_action_is_told_by_the_text(text: str, action: Action) -> None:
    found, one = only(report("Final-Recipient: rfc822; user@example.com\n", text=text, subject="Mail"))
    assert one.action is action
    assert found.kind is not Kind.UNKNOWN


@pytest.mark.parametrize(("field", "action"), GUESSED)
def test_a_missing_action_is_told_by_the_codes(field: str, action: Action | None) -> None:
    found, one = only(report(f"Final-Recipient: rfc822; user@example.com\n{field}\n", text="Nothing else."))
    assert one.action is action
    assert Defect.ACTION_MISSING in found.defects
    assert (found.kind is Kind.UNKNOWN) is (action is None)


STATUSES = [
    ("Status: 5.7.26", "5.7.26", set()),
    ("Status: 5.9.8", "5.9.8", set()),
    ("Status: 5.0", None, {Defect.ODD_STATUS}),
    ("Status: unknown", None, {Defect.ODD_STATUS}),
    ("Status:", None, {Defect.STATUS_MISSING}),
    ("X-A: b", None, {Defect.STATUS_MISSING}),
    ("Status: 5.7.1", "5.7.1", {Defect.STATUS_CONTRADICTS_DIAGNOSTIC}),
    ("Status: 5.0.0", "5.0.0", set()),
]


@pytest.mark.parametrize(("field", "status", "defects"), STATUSES)
def test_statuses(field: str, status: str | None, defects: set[Defect]) -> None:
    code = "5.1.1" if Defect.STATUS_CONTRADICTS_DIAGNOSTIC in defects or status == "5.0.0" else ""
    fields = f"Final-Recipient: rfc822; user@example.com\nAction: failed\n{field}\nDiagnostic-Code: smtp; 550 {code} no\n"
    found, one = only(report(fields))
    assert (one.status and str(one.status)) == status
    assert set(found.defects) == defects


RECIPIENTS = [
    ("Final-Recipient: rfc822; Jane Doe", None, None, Defect.BAD_RECIPIENT),
    ("Action: failed", None, None, Defect.RECIPIENT_MISSING),
    ("Original-Recipient: rfc822; alias@example.com", None, "alias@example.com", None),
    ("Final-Recipient: rfc822; |/bin/false\nOriginal-Recipient: rfc822; a@b.example", None, "a@b.example", None),
    ("Final-Recipient: x-unix; /var/mail/a\nX-Actual-Recipient: rfc822; a@b.example", "a@b.example", None, None),
    ("Final-Recipient: rfc822; nobody", "nobody", None, None),
]


@pytest.mark.parametrize(("field", "final", "original", "defect"), RECIPIENTS)
def test_odd_recipients(field: str, final: str | None, original: str | None, defect: Defect | None) -> None:
    found, one = only(report(f"{field}\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no\n"))
    assert (one.final_recipient, one.original_recipient) == (final, original)
    assert found.kind is Kind.BOUNCE
    assert set(found.defects) == ({defect} if defect else set())


@pytest.mark.parametrize(
    ("header", "final"), [("a@b.example", "a@b.example"), ("a@b.example, c@d.example", None), ("nobody", None), ("", None)]
)
def test_a_recipient_without_a_name_is_named_beside_the_report(header: str, final: str | None) -> None:
    fields = "Final-Recipient: rfc822; /var/mail/a\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 full\n"
    found, one = only(b"X-Failed-Recipients: " + header.encode() + b"\n" + report(fields))
    assert one.final_recipient == final
    assert found.defects == (Defect.BAD_RECIPIENT,)


WORDS = [
    ("<user@example.com>: host mx said: 550 5.1.1 no such user", "550 5.1.1 no such user", 550, Place.PROSE),
    ("user@example.com\n    mailbox is full", "mailbox is full", None, Place.PROSE),
    ("Transcript:\n>>> RCPT To:<alias@example.com>\n<<< 550 5.1.1 no\n", "550 5.1.1 no", 550, Place.TRANSCRIPT),
    ("It failed.", "", None, Place.STATUS),
]


@pytest.mark.parametrize(("text", "diagnostic", "code", "place"), WORDS)
def test_words_that_the_fields_do_not_have_are_taken_from_the_text(
    text: str, diagnostic: str, code: int | None, place: Place
) -> None:
    fields = "Final-Recipient: rfc822; user@example.com\nAction: failed\nStatus: 5.0.0\n"
    one = only(report(fields, text=text))[1]
    assert (one.diagnostic, one.reply_code, one.place) == (diagnostic, code, place)


SEVERAL = "Final-Recipient: rfc822; full@example.com\nAction: failed\nStatus: 5.0.0\n\n"
SEVERAL += "Final-Recipient: rfc822; nobody@example.com\nAction: failed\nStatus: 5.0.0\n"


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("full@example.com: 552 5.2.2 Full\nnobody@example.com: 550 5.1.1 Unknown\n", ["552 5.2.2 Full", "550 5.1.1 Unknown"]),
        ("nobody@example.com: 550 5.1.1 Unknown\nfull@example.com: 552 5.2.2 Full\n", ["552 5.2.2 Full", "550 5.1.1 Unknown"]),
        ("  <full@example.com>: 552 5.2.2 Full\n  <nobody@example.com>: 550 No\n", ["552 5.2.2 Full", "550 No"]),
        # Further in is what was said of the first, though it names whom that was passed on to.
        ("<full@example.com>: 552 5.2.2\n    <box@example.com>: Full\n", ["552 5.2.2 <box@example.com>: Full", ""]),
        ("full@example.com: 552 5.2.2\nfull@example.com: Full\n", ["552 5.2.2 full@example.com: Full", ""]),
        ("full@example.com: 552 5.2.2\n<Full>: quota\n", ["552 5.2.2 <Full>: quota", ""]),
    ],
)
def test_what_the_text_says_of_the_next_recipient_is_not_said_of_this_one(text: str, answers: list[str]) -> None:
    assert [each.diagnostic for each in read(report(SEVERAL, text=text)).recipients] == answers


@pytest.mark.parametrize(
    ("said", "kind", "action"),
    [
        ("Envelope expired", Kind.BOUNCE, Action.FAILED),
        ("450 4.2.1 Busy", Kind.DELAYED, Action.DELAYED),
        ("It is late, no envelope expired", Kind.DELAYED, Action.DELAYED),
    ],
)
def test_a_delay_that_is_none(said: str, kind: Kind, action: Action) -> None:
    """OpenSMTPD 6 has the form of a warning for a mail that it gave up."""
    fields = "Final-Recipient: rfc822; user@example.com\nAction: delayed\nStatus: 4.4.7\n"
    found = read(report(fields, text=f"A message is delayed for more than 0 seconds:\n\nuser@example.com: {said}\n"))
    assert (found.kind, found.recipients[0].action) == (kind, action)


def test_an_exit_code_is_kept_where_the_text_says_no_more() -> None:
    fields = "Final-Recipient: rfc822; user@example.com\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: x-unix; 77\n"
    fields += "\nFinal-Recipient: rfc822; two@example.com\nAction: failed\nStatus: 5.0.0\n"
    found = read(report(fields, text="It failed."))
    assert [(each.diagnostic, each.place) for each in found.recipients] == [("77", Place.DIAGNOSTIC), ("", Place.STATUS)]


def test_a_long_diagnostic_is_cut() -> None:
    fields = (
        f"Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 {'x' * 5000}\n"
    )
    found, one = only(report(fields))
    assert len(one.diagnostic) == 2000
    assert Defect.DIAGNOSTIC_CUT in found.defects


def test_recipients_over_the_limit_are_counted() -> None:
    group = "Final-Recipient: rfc822; u@example.com\nAction: failed\nStatus: 5.1.1\n\n"
    found = read(report(group * 250))
    assert (len(found.recipients), found.recipients_omitted, found.defects) == (100, 150, (Defect.RECIPIENTS_CUT,))


def test_100_000_recipients_in_one_report() -> None:
    group = "Final-Recipient: rfc822; u@example.com\nAction: failed\nStatus: 5.1.1\n\n"
    found = read(report(group * 100_000))
    assert (found.kind, len(found.recipients), found.recipients_omitted) == (Kind.BOUNCE, 100, 99_900)
    assert {Defect.RECIPIENTS_CUT, Defect.SIZE_CUT} <= set(found.defects)


CHALLENGES = [
    "Please confirm that you are a human by clicking the link below.",
    "This is a challenge-response system.",
    "Your message was waitlisted. Please add yourself to my guest list.",
]


@pytest.mark.parametrize("text", CHALLENGES)
def test_a_challenge_may_dress_as_a_report(text: str) -> None:
    fields = "Final-Recipient: rfc822; user@example.com\nAction: failed\nStatus: 5.7.1\n"
    assert read(report(fields, text=text)).kind is Kind.CHALLENGE
    # what a server answered is a bounce, whatever it asks for
    assert read(report(FIELDS, text=text)).kind is Kind.BOUNCE


def test_a_part_that_only_sounds_like_a_report_is_none() -> None:
    found = read(report("all systems up", subtype="application/status-page", text="<user@example.com>: 550 no such user"))
    assert (found.reader, found.recipients[0].reply_code) == ("prose", 550)


def test_an_empty_report_part_is_read_by_somebody_else() -> None:
    found = read(report("", text="The following addresses failed:\n\n  user@example.com\n    550 no such user"))
    assert found.reader == "prose"
    assert found.recipients[0].final_recipient == "user@example.com"
