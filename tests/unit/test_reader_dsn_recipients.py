"""The reader of RFC 3464 reports: whom each group of fields is about, what became of the mail, and in which words."""

import pytest
from delivery_reports import only, report

from bouncesink.core.defect import Defect
from bouncesink.core.reading import read
from bouncesink.core.report import Action, Kind

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


@pytest.mark.parametrize(("field", "action"), GUESSED)
def test_a_missing_action_is_told_by_the_codes(field: str, action: Action | None) -> None:
    found, one = only(report(f"Final-Recipient: rfc822; user@example.com\n{field}\n", text="Nothing else."))
    assert one.action is action
    assert Defect.ACTION_MISSING in found.defects
    assert (found.kind is Kind.UNKNOWN) is (action is None)


@pytest.mark.parametrize(
    ("text", "action"),
    [("It could not be delivered.", Action.FAILED), ("Still trying; it was not yet delivered.", Action.DELAYED)],
)
def test_a_missing_action_is_told_by_the_text(text: str, action: Action) -> None:
    found, one = only(report("Final-Recipient: rfc822; user@example.com\n", text=text, subject="Mail"))
    assert one.action is action
    assert found.kind is not Kind.UNKNOWN


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
    # sendmail: an alias, and who of those behind it failed
    (
        "Final-Recipient: RFC822; staff@a.example\nX-Actual-Recipient: RFC822; b@c.example",
        "b@c.example",
        "staff@a.example",
        None,
    ),
    (
        "Original-Recipient: rfc822;all@a.example\nFinal-Recipient: rfc822; us@a.example\nX-Actual-Recipient: ;b@c.example",
        *("b@c.example", "all@a.example", None),
    ),
    ("Final-Recipient: rfc822; a@b.example\nX-Actual-Recipient: rfc822; A@B.example", "a@b.example", None, None),
    ("Final-Recipient: rfc822; a@b.example\nX-Actual-Recipient: X-Unix; |/bin/filter c@d.example", "a@b.example", None, None),
    ("Final-Recipient: rfc822; a@b.example\nX-Actual-Recipient: rfc822; /var/mail/a", "a@b.example", None, None),
    ("Final-Recipient: rfc822; a@b.example\nX-Actual-Recipient: rfc822; a", "a@b.example", None, None),
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


def test_recipients_over_the_limit_are_counted() -> None:
    group = "Final-Recipient: rfc822; u@example.com\nAction: failed\nStatus: 5.1.1\n\n"
    found = read(report(group * 250))
    assert (len(found.recipients), found.recipients_omitted, found.defects) == (100, 150, (Defect.RECIPIENTS_CUT,))


def test_100_000_recipients_in_one_report() -> None:
    group = "Final-Recipient: rfc822; u@example.com\nAction: failed\nStatus: 5.1.1\n\n"
    found = read(report(group * 100_000))
    assert (found.kind, len(found.recipients), found.recipients_omitted) == (Kind.BOUNCE, 100, 99_900)
    assert {Defect.RECIPIENTS_CUT, Defect.SIZE_CUT} <= set(found.defects)
