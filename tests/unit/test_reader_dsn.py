"""The reader of RFC 3464 and RFC 6533 reports: well-formed, and with every damage that is known."""

from base64 import encodebytes
from quopri import encodestring

import pytest
from delivery_reports import FIELDS, ORIGINAL, only, report

from bouncesink.core.defect import Defect
from bouncesink.core.reading import read
from bouncesink.core.report import Action, Kind, Place
from bouncesink.core.status import EnhancedStatusCode


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


def test_a_part_that_only_sounds_like_a_report_is_none() -> None:
    found = read(report("all systems up", subtype="application/status-page", text="<user@example.com>: 550 no such user"))
    assert (found.reader, found.recipients[0].reply_code) == ("prose", 550)


def test_an_empty_report_part_is_read_by_somebody_else() -> None:
    found = read(report("", text="The following addresses failed:\n\n  user@example.com\n    550 no such user"))
    assert found.reader == "prose"
    assert found.recipients[0].final_recipient == "user@example.com"


def test_fields_without_a_blank_line_before_them_are_read() -> None:
    blank, none = b"delivery-status\n\nReporting", b"delivery-status\nReporting"
    found, one = only(report().replace(blank, none))
    assert (found.kind, found.reporting_mta, one.final_recipient) == (Kind.BOUNCE, "mx.example.net", "user@example.com")
    found, one = only(report(FIELDS.replace("\n\n", "\n")).replace(blank, none))
    assert (found.kind, one.final_recipient, one.reply_code) == (Kind.BOUNCE, "user@example.com", 550)
    assert Defect.FIELDS_OUTSIDE_PART in found.defects
