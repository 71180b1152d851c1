"""What else proves whom a mail is about: bound to one recipient, dated, and only for kinds of mail that the table names."""

from datetime import date, timedelta

import pytest

from bouncesink.core.attestation import (
    Attestation,
    OwnSignature,
    corroborate,
    is_settled,
    matters,
    returned_path,
    with_returned,
)
from bouncesink.core.reading import read
from bouncesink.core.report import Kind, Report, ReturnedOriginal
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.rulefiles import load_rulebook

TODAY = date(2026, 11, 28)
NAME = "s1._domainkey.example.com"
PROVEN, UNSIGNED, LATE, UNPROVEN = Authenticity.PROVEN, Authenticity.UNSIGNED, Authenticity.LATE, Authenticity.UNPROVEN
STATIC = Attribution(Grammar.STATIC)
JANE, JOHN = "jane@example.net", "john@example.net"
MAILMAN = Attribution(Grammar.MAILMAN, JANE, authenticity=UNSIGNED, list_name="news")
BARE = Attribution(Grammar.OPAQUE, None, "00" * 8, PROVEN, issued_on=TODAY, key_id=1)
BOOK = load_rulebook(None)


def own(*recipients: str, days: int | None = 1) -> Attestation:
    return Attestation(OwnSignature(NAME, recipients, None if days is None else TODAY - timedelta(days=days)))


@pytest.mark.parametrize(
    ("attribution", "kind", "attestation", "recipient", "authenticity", "note"),
    [
        (STATIC, Kind.BOUNCE, own(JANE), JANE, PROVEN, f"our signature {NAME} holds on the returned original"),
        (STATIC, Kind.COMPLAINT, own(JANE), JANE, PROVEN, "holds on the returned original"),
        (MAILMAN, Kind.BOUNCE, own("Jane@EXAMPLE.net"), JANE, PROVEN, "holds on the returned original"),
        (BARE, Kind.BOUNCE, own(JANE), JANE, PROVEN, "holds on the returned original"),
        (MAILMAN, Kind.BOUNCE, own(JOHN), JANE, UNSIGNED, f"our signature {NAME} holds and names another recipient"),
        (STATIC, Kind.BOUNCE, own(JANE, JOHN), None, UNPROVEN, f"our signature {NAME} holds and names 2 recipients, not one"),
        (STATIC, Kind.BOUNCE, own(), None, UNPROVEN, "names 0 recipients, not one"),
        (STATIC, Kind.BOUNCE, own(JANE, days=None), None, UNPROVEN, f"our signature {NAME} holds and bears no day"),
        (STATIC, Kind.BOUNCE, own(JANE, days=35), JANE, PROVEN, ""),
        (STATIC, Kind.BOUNCE, own(JANE, days=36), JANE, LATE, "holds on the returned original, of 2026-10-23"),
        (STATIC, Kind.BOUNCE, own(JANE, days=-2), JANE, PROVEN, ""),
        (STATIC, Kind.BOUNCE, own(JANE, days=-3), JANE, LATE, "of 2026-12-01"),
        (STATIC, Kind.REPLY, own(JANE), None, UNPROVEN, ""),
        (STATIC, Kind.AUTO_REPLY, own(JANE), None, UNPROVEN, ""),
        (
            STATIC,
            Kind.COMPLAINT,
            Attestation(reporter="loop.example"),
            None,
            PROVEN,
            "reported by loop.example, which is trusted",
        ),
        (MAILMAN, Kind.COMPLAINT, Attestation(reporter="loop.example"), JANE, PROVEN, "reported by loop.example"),
        (STATIC, Kind.BOUNCE, Attestation(reporter="loop.example"), None, UNPROVEN, ""),
        (STATIC, Kind.BOUNCE, Attestation(notes=("it took too long",)), None, UNPROVEN, "it took too long"),
        (STATIC, Kind.BOUNCE, Attestation(), None, UNPROVEN, ""),
    ],
)
def test_signatures(attribution, kind, attestation, recipient, authenticity, note):
    after = corroborate(attribution, kind, attestation, TODAY, 35)
    assert (after.recipient, after.authenticity, after.grammar) == (recipient, authenticity, attribution.grammar)
    assert note in after.note
    assert (after.issued_on == attribution.issued_on) or after.authenticity in {PROVEN, LATE}
    assert after.list_name == attribution.list_name


def test_a_proof_that_is_late_is_not_made_good_by_a_reporter():
    attestation = Attestation(own(JANE, days=99).own, "loop.example")
    assert corroborate(STATIC, Kind.COMPLAINT, attestation, TODAY, 35).authenticity is LATE


def token(recipient: str | None, authenticity: Authenticity = PROVEN, grammar: Grammar = Grammar.SIGNED) -> Attribution:
    return Attribution(grammar, recipient, "", authenticity, issued_on=TODAY, key_id=3)


@pytest.mark.parametrize(
    ("attribution", "returned", "kind", "recipient", "authenticity", "note"),
    [
        (STATIC, token(JANE), Kind.BOUNCE, JANE, PROVEN, "the tag stands in the returned Return-Path"),
        (STATIC, token(JANE), Kind.COMPLAINT, JANE, PROVEN, "the tag stands in the returned Return-Path"),
        (STATIC, token(JANE, LATE), Kind.BOUNCE, JANE, LATE, "the tag stands in the returned Return-Path"),
        (MAILMAN, token(JANE), Kind.BOUNCE, JANE, PROVEN, "the tag stands in the returned Return-Path"),
        (MAILMAN, token(JOHN), Kind.BOUNCE, JANE, UNSIGNED, "the returned Return-Path is another recipient's"),
        (STATIC, token(JANE), Kind.REPLY, None, UNPROVEN, ""),
        (STATIC, token(None, UNPROVEN, Grammar.NONE), Kind.BOUNCE, None, UNPROVEN, ""),
        (STATIC, token(JANE, UNSIGNED, Grammar.MAILMAN), Kind.BOUNCE, None, UNPROVEN, ""),
        (STATIC, token(None, PROVEN, Grammar.OPAQUE), Kind.BOUNCE, None, UNPROVEN, ""),
        (STATIC, token(JANE, PROVEN, Grammar.OPAQUE), Kind.BOUNCE, JANE, PROVEN, "the tag stands"),
    ],
)
def test_a_returned_tag(attribution, returned, kind, recipient, authenticity, note):
    after = with_returned(attribution, returned, kind)
    assert (after.recipient, after.authenticity, after.note) == (recipient, authenticity, after.note)
    assert note in after.note
    assert after.grammar is attribution.grammar
    if authenticity in {PROVEN, LATE}:
        assert (after.issued_on, after.key_id) == (TODAY, 3)


def test_what_the_address_settles():
    assert is_settled(token(JANE))
    assert is_settled(token(JANE, LATE))
    assert not is_settled(STATIC)
    assert not is_settled(MAILMAN)
    assert not is_settled(BARE), "a tag over a reference that nobody registered binds nobody"


def test_where_the_reverse_path_of_the_original_stands():
    original = ReturnedOriginal({"return-path": "<b@example.com>"})
    assert returned_path(Report(Kind.BOUNCE, "dsn")) == ""
    assert returned_path(Report(Kind.BOUNCE, "dsn", original=original)) == "b@example.com"
    assert (
        returned_path(Report(Kind.COMPLAINT, "arf", original=original, original_mail_from="a@example.com")) == "a@example.com"
    )


def bounce(diagnostic: str) -> Report:
    return read(
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
        b"Final-Recipient: rfc822; jane@example.net\r\nAction: failed\r\nStatus: 5.0.0\r\n"
        b"Diagnostic-Code: smtp; " + diagnostic.encode() + b"\r\n\r\n--b--\r\n"
    )


@pytest.mark.parametrize(
    ("attribution", "diagnostic", "decides"),
    [
        (STATIC, "550 5.1.1 User unknown", True),
        (MAILMAN, "550 5.1.1 User unknown", True),
        (BARE, "550 5.1.1 User unknown", True),
        (STATIC, "452 4.2.2 Mailbox full", True),
        (MAILMAN, "452 4.2.2 Mailbox full", False),
        (STATIC, "554 5.7.1 Your IP is listed by spamhaus", False),
        (MAILMAN, "554 5.7.1 Your IP is listed by spamhaus", False),
    ],
)
def test_signatures_are_asked_for_only_where_they_decide(attribution, diagnostic, decides):
    assert matters(bounce(diagnostic), attribution, BOOK) is decides
