"""Families of damage: one report, of which one line is written in every way that senders write it. Golden mails would differ
in nothing else."""

import pytest

from bouncesink.core.reading import read
from bouncesink.core.report import Action, Kind

REPORT = """\
From: MAILER-DAEMON@mail.example.org
To: bounces+1001@b.example.com
Subject: Undelivered mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

Your message could not be delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.org

Final-Recipient: rfc822; nobody@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--b1--
"""


def read_with(line, *, instead_of):
    assert REPORT.count(instead_of) == 1
    return read(REPORT.replace(instead_of, line).encode())


@pytest.mark.parametrize(
    ("written", "action", "defects"),
    [
        ("failed", Action.FAILED, ()),
        ("Failed", Action.FAILED, ()),
        ("FAILED", Action.FAILED, ()),
        (" failed ", Action.FAILED, ()),
        ("failed (permanently)", Action.FAILED, ("odd_action",)),
        ("failure", Action.FAILED, ("odd_action",)),
        ("expired", Action.FAILED, ("odd_action",)),
        ("deliverable", Action.DELIVERED, ("odd_action",)),
        ("delivered (to mailbox)", Action.DELIVERED, ("odd_action",)),
        ("relayed", Action.RELAYED, ()),
        ("relayed (to mailer)", Action.RELAYED, ("odd_action",)),
        ("expanded (to multi-recipient alias)", Action.EXPANDED, ("odd_action",)),
        ("delayed", Action.DELAYED, ()),
        ("", Action.FAILED, ("action_missing",)),
        ("mystery", Action.FAILED, ("odd_action",)),
    ],
)
def test_action(written, action, defects):
    report = read_with(f"Action:{written}", instead_of="Action: failed")
    assert report.recipients[0].action is action
    assert report.defects == defects


@pytest.mark.parametrize(
    ("written", "status", "defects"),
    [
        ("5.1.1", "5.1.1", ()),
        ("5.1.1 (bad destination mailbox address)", "5.1.1", ()),
        ("#5.1.1", "5.1.1", ()),
        ("(5.1.1)", "5.1.1", ()),
        ("5.1.1;", "5.1.1", ()),
        ("5.7.511", "5.7.511", ("status_contradicts_diagnostic",)),
        ("5.0.0", "5.0.0", ()),
        ("4.4.7", "4.4.7", ("status_contradicts_diagnostic",)),
        ("5.0", None, ("odd_status",)),
        ("550", None, ("odd_status",)),
        ("user unknown", None, ("odd_status",)),
        ("9.1.1", None, ("odd_status",)),
        ("", None, ("status_missing",)),
    ],
)
def test_status(written, status, defects):
    report = read_with(f"Status: {written}", instead_of="Status: 5.1.1")
    said = report.recipients[0].status
    assert (str(said) if said else None) == status
    assert report.defects == defects


@pytest.mark.parametrize(
    "written",
    [
        "rfc822; nobody@example.org",
        "RFC822;nobody@example.org",
        "rfc822;<nobody@example.org>",
        "rfc822;rfc822;nobody@example.org",
        "rfc822; rfc822; rfc822; nobody@example.org",
        "RFC822;\n nobody@example.org",
        "RFC822;\n\t<nobody@example.org>",
        "smtp; nobody@example.org",
        "local; nobody@example.org",
        "nobody@example.org",
        "<nobody@example.org>",
        '"Nora Nobody" <nobody@example.org>',
        "rfc822; nobody@example.org (Nora Nobody)",
        "rfc822; @relay.example.net:nobody@example.org",
        "rfc822; IMCEASMTP-nobody+40example+2Eorg@exch.example.net",
        r"utf-8; nob\x{6F}dy@example.org",
        "rfc822; nobody@example.org.",
        "rfc822; 'nobody@example.org'",
    ],
)
def test_recipient(written):
    report = read_with(f"Final-Recipient: {written}", instead_of="Final-Recipient: rfc822; nobody@example.org")
    assert [each.final_recipient for each in report.recipients] == ["nobody@example.org"]
    assert report.defects == ()


@pytest.mark.parametrize(
    ("written", "code", "status", "text"),
    [
        ("smtp; 550 5.1.1 User unknown", 550, "5.1.1", "550 5.1.1 User unknown"),
        ("SMTP;550 5.1.1 User unknown", 550, "5.1.1", "550 5.1.1 User unknown"),
        ("smtp;550-5.1.1 User unknown", 550, "5.1.1", "550 5.1.1 User unknown"),
        ("smtp; 550-5.1.1 User\n 550 5.1.1 unknown", 550, "5.1.1", "550 5.1.1 User unknown"),
        ("smtp; 550 #5.1.1 User unknown", 550, "5.1.1", "550 #5.1.1 User unknown"),
        ("x-postfix; User unknown", None, None, "User unknown"),
        ("X-Postfix; host mx.example.org said: 550 5.1.1 No", 550, "5.1.1", "host mx.example.org said: 550 5.1.1 No"),
        ("X-Unix; 67", None, None, "67"),
        ("User unknown", None, None, "User unknown"),
        ("550 User unknown", 550, None, "550 User unknown"),
        ("smtp; #<#5.1.1 smtp;550 5.1.1 User unknown> #SMTP#", 550, "5.1.1", "#<#5.1.1 smtp;550 5.1.1 User unknown> #SMTP#"),
        ("smtp; server 192.0.2.55 said 550 User unknown", 550, None, "server 192.0.2.55 said 550 User unknown"),
    ],
)
def test_diagnostic(written, code, status, text):
    report = read_with(f"Diagnostic-Code: {written}", instead_of="Diagnostic-Code: smtp; 550 5.1.1 User unknown")
    said = report.recipients[0]
    assert (said.reply_code, str(said.diagnostic_status) if said.diagnostic_status else None, said.diagnostic) == (
        code,
        status,
        text,
    )


@pytest.mark.parametrize(
    "written",
    [
        'multipart/report; report-type=delivery-status; boundary="b1"',
        "multipart/report; report-type=delivery-status; boundary=b1",
        'multipart/report;\n\treport-type=delivery-status;\n\tboundary="b1"',
        'multipart/report;\n\tboundary=\n\t"b1";\n\treport-type=delivery-status',
        'Multipart/Report; Boundary="b1"; Report-Type="delivery-status"',
        'multipart/mixed; boundary="b1"',
        'multipart/report; boundary="b1',
        "multipart/report; boundary='b1'",
        'multipart/report; boundary="b1 "',
        'multipart/report; boundary*0="b"; boundary*1="1"',
        'multipart/report; report-type=delivery-status; boundary = "b1"',
        'multipart/report; boundary="b1"; boundary="b2"',
        "multipart/report",
        'multipart/report; boundary=""',
        'multipart/report; boundary="never"',
        "multipart/",
    ],
)
def test_content_type(written):
    report = read_with(
        f"Content-Type: {written}",
        instead_of='Content-Type: multipart/report; report-type=delivery-status; boundary="b1"',
    )
    assert (report.kind, [each.final_recipient for each in report.recipients]) == (Kind.BOUNCE, ["nobody@example.org"])


@pytest.mark.parametrize(
    "written",
    [
        "message/delivery-status",
        "MESSAGE/Delivery-Status",
        "message/delivery-status; charset=us-ascii",
        'message/delivery-status; name="details.txt"',
        "message/global-delivery-status",
        "message/xdelivery-status",
        "message/x-delivery-status",
        "message/badstatus",
        "text/delivery-status",
        "application/delivery-status",
        "text/plain",
        "",
    ],
)
def test_report_type(written):
    report = read_with(f"Content-Type: {written}", instead_of="Content-Type: message/delivery-status")
    assert (report.kind, [each.final_recipient for each in report.recipients]) == (Kind.BOUNCE, ["nobody@example.org"])
    assert str(report.recipients[0].status) == "5.1.1"
