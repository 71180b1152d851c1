"""Whom the judge believes, and for whom what a report says of others counts."""

from dataclasses import replace

import pytest
from judged_reports import BOOK, MAILED, NOBODY, SIGNED, UNKNOWN, one, report, said

from bouncesink.core.classify import judge
from bouncesink.core.report import Action, Kind, ReportedRecipient
from bouncesink.core.verdict import Disposition, Reason
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar


class TestBelief:
    @pytest.mark.parametrize(
        ("attribution", "authenticity"),
        [
            (SIGNED, Authenticity.PROVEN),
            (Attribution(Grammar.MAILMAN, MAILED, authenticity=Authenticity.UNSIGNED), Authenticity.UNSIGNED),
            (Attribution(Grammar.OPAQUE, MAILED, "00", Authenticity.PROVEN), Authenticity.PROVEN),
            (Attribution(Grammar.OPAQUE, None, "00", Authenticity.PROVEN), Authenticity.UNSIGNED),
            (Attribution(Grammar.OPAQUE, None, "00", Authenticity.LATE), Authenticity.LATE),
            (NOBODY, Authenticity.UNPROVEN),
        ],
    )
    def test_a_tag_over_a_bare_reference_does_not_bind_the_reports_address(self, attribution, authenticity):
        assert one(UNKNOWN, attribution).authenticity is authenticity

    def test_a_forged_report_suppresses_nobody(self):
        verdict = one(UNKNOWN, replace(NOBODY, note="the tag holds under none of our keys"))
        assert verdict.disposition is Disposition.REVIEW
        assert verdict.evidence.note == "unproven: suppress becomes review; the tag holds under none of our keys"

    def test_a_complaint_suppresses_where_it_is_proven(self):
        assert one(ReportedRecipient(), kind=Kind.COMPLAINT).disposition is Disposition.SUPPRESS
        assert one(ReportedRecipient(), NOBODY, kind=Kind.COMPLAINT).disposition is Disposition.REVIEW


class TestGroups:
    def test_one_member_of_an_alias_that_fails_does_not_cost_the_alias(self):
        first, second = judge(report(UNKNOWN, replace(UNKNOWN, final_recipient=MAILED, action=Action.DELIVERED)), SIGNED, BOOK)
        assert (first.disposition, second.disposition) == (Disposition.REVIEW, Disposition.IGNORE)
        assert first.evidence.note == "others behind this address were not said to fail"

    def test_if_all_fail_it_does(self):
        assert {verdict.disposition for verdict in judge(report(UNKNOWN, UNKNOWN), SIGNED, BOOK)} == {Disposition.SUPPRESS}

    def test_recipients_of_several_mails_do_not_speak_for_each_other(self):
        first, _ = judge(report(UNKNOWN, replace(UNKNOWN, action=Action.DELIVERED)), replace(SIGNED, recipient=None), BOOK)
        assert first.disposition is Disposition.SUPPRESS

    @pytest.mark.parametrize(
        ("failed", "disposition"),
        [
            ("member@example.net", Disposition.REVIEW),
            ("USER@mailhost.example.com", Disposition.SUPPRESS),
            ("user+tag@example.com", Disposition.SUPPRESS),
            ('"user"@example.com', Disposition.SUPPRESS),
            ("John User", Disposition.SUPPRESS),
            (None, Disposition.SUPPRESS),
        ],
    )
    def test_another_mailbox_that_fails_is_where_it_was_forwarded_to(self, failed, disposition):
        assert one(replace(UNKNOWN, final_recipient=failed)).disposition is disposition

    @pytest.mark.parametrize(
        ("named", "disposition"), [("member@example.net", Disposition.REVIEW), ("user@mail.example.com", Disposition.SUPPRESS)]
    )
    def test_where_no_final_recipient_is_named_the_original_one_failed(self, named, disposition):
        silent = replace(UNKNOWN, final_recipient=None, diagnostic="550 5.1.1 User unknown")
        assert one(replace(silent, original_recipient=named)).disposition is disposition

    @pytest.mark.parametrize(
        ("mine", "attribution", "disposition"),
        [
            (said("451 4.4.1 timed out"), SIGNED, Disposition.IGNORE),
            (replace(UNKNOWN, action=Action.DELIVERED), SIGNED, Disposition.IGNORE),
            (replace(UNKNOWN, final_recipient="team2@example.com", action=Action.DELIVERED), SIGNED, Disposition.IGNORE),
            # all of those behind the address fail, and it is none of them: nobody has the mail
            (said("552 5.2.2 mailbox full", final_recipient="team2@example.com"), SIGNED, Disposition.COUNT),
            (said("552 5.2.2 mailbox full", final_recipient=None), SIGNED, Disposition.COUNT),
            # of several mails in one report each speaks for itself
            (said("451 4.4.1 timed out"), replace(SIGNED, recipient=None), Disposition.COUNT),
        ],
    )
    def test_a_strangers_full_mailbox_beside_the_address_counts_for_nobody(self, mine, attribution, disposition):
        stranger = said("552 5.2.2 mailbox full", final_recipient="team1@example.com", original_recipient="other@example.com")
        _, verdict = judge(report(mine, stranger), attribution, BOOK)
        assert (verdict.reason, verdict.disposition) == (Reason.MAILBOX_FULL, disposition)

    def test_a_report_tells_it_too_where_no_address_does(self):
        forwarded = replace(UNKNOWN, original_recipient="alias@example.org")
        assert one(forwarded, replace(SIGNED, recipient=None)).disposition is Disposition.REVIEW


@pytest.mark.parametrize(
    "diagnostic",
    [
        "550 5.4.1 Recipient address rejected: Access denied. AS(1) your IP address is blocked",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; this message was classified as spam",
    ],
)
def test_words_that_blame_the_sender_too_make_a_suppression_a_review(diagnostic):
    verdict = one(said(diagnostic, remote_mta="x.mail.protection.outlook.com"))
    assert (verdict.reason, verdict.disposition) == (Reason.MAILBOX_UNKNOWN, Disposition.REVIEW)
    assert "other words of the same answer blame the sender or the message" in verdict.evidence.note


@pytest.mark.parametrize(
    ("diagnostic", "beside"),
    [
        ("550 5.1.1 no such user; loop detected", "loop"),
        ("550 5.4.6 no such user", "loop"),
        ("550 5.1.1 no such user (bad sequence of commands)", "session"),
        ("550 5.1.1 no such user: posting restricted", "list"),
        ("550 5.1.1 no such user who does not wish to receive mail; rejected by the recipient", "refused"),
    ],
)
def test_words_that_tell_of_something_else_beside_a_dead_address_do_too(diagnostic, beside):
    verdict = one(said(diagnostic))
    assert (verdict.reason, verdict.disposition) == (Reason.MAILBOX_UNKNOWN, Disposition.REVIEW)
    assert beside in verdict.evidence.note


def test_a_code_alone_that_says_refused_takes_nothing_from_the_words():
    assert one(said("550 5.2.0 no such user")).disposition is Disposition.SUPPRESS


OWN = {"to": "Returns <returns+user=example.com@b.example.org>"}


@pytest.mark.parametrize(
    ("diagnostic", "headers", "disposition"),
    [
        ("550 5.7.1 <returns+user=example.com@b.example.org>: user unknown", OWN, Disposition.REVIEW),
        ("550 5.7.1 returns@B.example.org does not exist: user unknown", OWN, Disposition.REVIEW),
        ("550 5.7.1 returns@b.example.org: user unknown", {}, Disposition.SUPPRESS),
        ("550 5.7.1 returns@b.example.org: user unknown", {"to": "undisclosed"}, Disposition.SUPPRESS),
        ("550 5.1.1 <user@example.com>: user unknown, mail of returns@b.example.org", OWN, Disposition.SUPPRESS),
        ("550 5.1.1 user unknown", OWN, Disposition.SUPPRESS),
        ("550 5.1.1 <user@example.com>: user unknown", {"to": "returns@example.com"}, Disposition.SUPPRESS),
    ],
)
def test_an_answer_about_our_own_address_is_not_about_the_recipient(diagnostic, headers, disposition):
    verdict = one(said(diagnostic), headers=headers)
    assert (verdict.reason, verdict.disposition) == (Reason.MAILBOX_UNKNOWN, disposition)
