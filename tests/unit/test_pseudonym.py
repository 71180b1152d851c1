"""Pseudonyms: what stands for an address, and that nothing of the address is left where it was written as one."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from verdicts import DEAD

from bouncesink.core.address import parse
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.pseudonym import CONCEALED, Pseudonyms, is_pseudonym
from bouncesink.core.report import Kind, Place, Report, ReportedRecipient
from bouncesink.core.sighting import provider_of
from bouncesink.core.verdict import Reason
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar

HIDDEN = Pseudonyms(b"a key for these tests alone!!")
JANE = "Jane.Doe@Example.com"


def test_test_vector():
    """For those who make the same in another language: docs/decisions/0018-pseudonyms.md."""
    assert Pseudonyms(bytes(range(32))).of(JANE) == "s22etyu4ipt253fu4nl6s2ymlu@qget5gb4fpaqhtla.invalid"


def test_one_address_is_one_pseudonym_that_is_its_own():
    known = HIDDEN.of(JANE)
    assert is_pseudonym(known)
    assert HIDDEN.of("jane.doe@EXAMPLE.com") == known == HIDDEN.of(known) == HIDDEN.of(known.upper())
    assert known != HIDDEN.of("jane.do@example.com")
    assert known != Pseudonyms(b"another key for these tests!!").of(JANE)
    parsed = parse(known)
    assert parsed is not None
    assert parsed.key == known


def test_recipients_of_a_domain_have_a_provider_of_their_own():
    one, other = (
        provider_of(Reason.MAILBOX_UNKNOWN, None, None, HIDDEN.of("a@example.com")),
        provider_of(Reason.MAILBOX_UNKNOWN, None, None, HIDDEN.of("b@EXAMPLE.com")),
    )
    assert one == other != provider_of(Reason.MAILBOX_UNKNOWN, None, None, HIDDEN.of("a@example.net"))


def test_the_key_is_told_nowhere():
    assert "tests" not in repr(HIDDEN)
    assert HIDDEN.fingerprint != Pseudonyms(b"another key for these tests!!").fingerprint


@pytest.mark.parametrize(
    ("text", "concealed"),
    [
        ("", ""),
        ("550 5.1.1 User unknown", "550 5.1.1 User unknown"),
        (f"550 <{JANE}>: unknown", "550 <JANE>: unknown"),
        ("unknown user: JANE.DOE", f"unknown user: {CONCEALED}"),
        ("no jane.does here", "no jane.does here"),
        ("to x-jane.doe=example.com@b.example, jane.doe=EXAMPLE.com", None),
        ("somebody@else.example.", None),
        ("user@[192.0.2.1] is gone", None),
    ],
)
def test_texts(text, concealed):
    found = HIDDEN.conceal_text(text, (JANE, None, HIDDEN.of(JANE)))
    assert "jane.doe" not in found.lower().replace("jane.does", "")
    assert "somebody" not in found
    assert "192.0.2.1" not in found
    if concealed is not None:
        assert found == concealed.replace("JANE>", f"{HIDDEN.of(JANE)}>")


def test_a_short_local_part_is_left_in_words():
    assert HIDDEN.conceal_text("a b at c", ("a@example.com",)) == "a b at c"
    assert HIDDEN.conceal_text("postfix says: nobody", ("nobody",)) == f"postfix says: {CONCEALED}"


words = st.sampled_from(["550", "5.1.1", "<", ">", "user unknown", ":", ";", ",", "=", "@", "b.example", "x@y.example"])
names = st.sampled_from([JANE, JANE.upper(), "jane.doe", "jane.doe=example.com", "x-jane.doe=example.com@b.example"])


@given(st.lists(words | names, max_size=20).map(" ".join))
def test_an_address_that_is_known_is_nowhere_in_a_text(text):
    assert "jane.doe" not in HIDDEN.conceal_text(text, (JANE,)).lower()


def mail_to(path: str, grammar: Grammar, reverse_path: str = "") -> Mail:
    admitted = Admitted(path, Attribution(grammar, JANE, authenticity=Authenticity.PROVEN, note=f"not {JANE}"))
    return Mail(Envelope(reverse_path, (admitted,)), b"", datetime(2026, 11, 1, tzinfo=UTC), Peer(Via.SMTP))


def test_an_envelope():
    mail = HIDDEN.conceal_mail(mail_to("tag-jane.doe=example.com@b.example", Grammar.SIGNED, JANE))
    (admitted,) = mail.envelope.admitted
    assert re.fullmatch(r"[a-z2-7]{26}@b\.example", admitted.forward_path)
    assert admitted.attribution.recipient == mail.envelope.reverse_path == HIDDEN.of(JANE)
    assert "jane" not in repr(mail).lower()
    again = HIDDEN.conceal_mail(mail_to("tag-jane.doe=example.com@b.example", Grammar.SIGNED))
    assert again.envelope.admitted == mail.envelope.admitted, "so that the same mail is known again"
    assert again.envelope.reverse_path == ""
    (opaque,) = HIDDEN.conceal_mail(mail_to("abcd@b.example", Grammar.OPAQUE)).envelope.admitted
    assert opaque.forward_path == "abcd@b.example"


def test_a_report_and_a_verdict():
    report = Report(Kind.BOUNCE, "dsn", headers={"subject": f"To {JANE}", "message-id": "<1@mx>"}, original_envelope_id=JANE)
    concealed = HIDDEN.conceal_report(report, (JANE,))
    assert concealed.headers == {"subject": f"To {HIDDEN.of(JANE)}", "message-id": "<1@mx>"}
    assert concealed.original_envelope_id == HIDDEN.of(JANE)
    evidence = replace(DEAD.evidence, words="jane.doe unknown", note=JANE)
    hidden = HIDDEN.conceal_verdict(
        replace(DEAD, recipient=JANE, final_recipient=JANE, diagnostic=f"550 {JANE}?", evidence=evidence), ()
    )
    assert "jane" not in repr(hidden).lower()
    assert (hidden.recipient, hidden.original_recipient, hidden.reason) == (HIDDEN.of(JANE), None, DEAD.reason)


def test_the_report_may_say_whose_a_pseudonym_is():
    blocks = (
        ReportedRecipient(place=Place.DIAGNOSTIC, final_recipient="x@example.com"),
        ReportedRecipient(place=Place.DIAGNOSTIC, original_recipient=JANE),
    )
    report = Report(Kind.BOUNCE, "dsn", blocks)
    assert HIDDEN.named(HIDDEN.of(JANE), report) == JANE
    assert HIDDEN.named(HIDDEN.of("a@b.example"), report) == HIDDEN.of("a@b.example")
