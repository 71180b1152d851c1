"""The judge: one verdict for each recipient of a report, each axis for itself."""

from dataclasses import replace

import pytest

from bouncesink.core.classify import SPEAKING_KINDS, effective_status, judge, observe
from bouncesink.core.report import Action, Kind, Place, Report, ReportedRecipient
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verdict import Disposition, FailureClass, Fault, Reason
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.rulefiles import load_rulebook

BOOK = load_rulebook(None)
MAILED = "user@example.com"
SIGNED = Attribution(Grammar.SIGNED, recipient=MAILED, authenticity=Authenticity.PROVEN)
NOBODY = Attribution(Grammar.NONE)


def status(text: str) -> EnhancedStatusCode | None:
    return EnhancedStatusCode.find(text)


UNKNOWN = ReportedRecipient(
    final_recipient=MAILED,
    action=Action.FAILED,
    status=status("5.1.1"),
    diagnostic_type="smtp",
    diagnostic="550 5.1.1 <user@example.com>: User unknown",
    reply_code=550,
    diagnostic_status=status("5.1.1"),
    remote_mta="mx.example.com",
)


def report(*blocks: ReportedRecipient, kind: Kind = Kind.BOUNCE, **fields: object) -> Report:
    return Report(kind=kind, reader="dsn", recipients=blocks, reporting_mta="mail.example.net", **fields)


def one(block: ReportedRecipient = UNKNOWN, attribution: Attribution = SIGNED, **fields: object):
    (verdict,) = judge(report(block, **fields), attribution, BOOK)
    return verdict


def said(diagnostic: str, **fields: object) -> ReportedRecipient:
    codes: dict[str, object] = {
        "status": None,
        "reply_code": int(diagnostic[:3]) if diagnostic[:3].isdigit() else None,
        "diagnostic_status": status(diagnostic),
    }
    return replace(UNKNOWN, diagnostic=diagnostic, **{**codes, **fields})


def test_every_axis_of_a_plain_bounce():
    verdict = one()
    assert (verdict.recipient, verdict.kind, verdict.action) == (MAILED, Kind.BOUNCE, Action.FAILED)
    assert (verdict.class_, verdict.reason, verdict.fault) == (FailureClass.HARD, Reason.MAILBOX_UNKNOWN, Fault.RECIPIENT)
    assert (verdict.authenticity, verdict.disposition) == (Authenticity.PROVEN, Disposition.SUPPRESS)
    assert (verdict.status, verdict.reply_code, verdict.diagnostic) == (status("5.1.1"), 550, UNKNOWN.diagnostic)
    assert (verdict.final_recipient, verdict.original_recipient) == (MAILED, None)
    assert (verdict.reporting_mta, verdict.remote_mta) == ("mail.example.net", "mx.example.com")
    assert (verdict.rule, verdict.rulebook) == ("phrase/user-unknown", BOOK.hash)
    assert (verdict.evidence.words, verdict.evidence.place, verdict.evidence.note) == ("User unknown", Place.DIAGNOSTIC, "")


def test_a_refusal_before_the_recipient_was_named_suppresses_nobody():
    verdict = one(replace(UNKNOWN, smtp_command="EHLO"))
    assert (verdict.disposition, verdict.evidence.note.split(";")[0]) == (
        Disposition.REVIEW,
        "said before the recipient was named",
    )


class TestWhom:
    def test_the_address_that_was_mailed_before_what_the_report_says(self):
        block = replace(UNKNOWN, final_recipient="final@example.net", original_recipient="original@example.org")
        assert one(block).recipient == MAILED
        assert one(block, NOBODY).recipient == "original@example.org"
        assert one(replace(block, original_recipient=None), NOBODY).recipient == "final@example.net"

    def test_one_verdict_for_each_recipient(self):
        verdicts = judge(report(UNKNOWN, replace(UNKNOWN, final_recipient="b@example.com")), NOBODY, BOOK)
        assert [verdict.recipient for verdict in verdicts] == [MAILED, "b@example.com"]

    @pytest.mark.parametrize("kind", sorted(SPEAKING_KINDS))
    def test_a_report_that_names_nobody_is_about_the_address_it_came_to(self, kind):
        (verdict,) = judge(report(kind=kind), SIGNED, BOOK)
        assert verdict.recipient == MAILED
        (verdict,) = judge(report(kind=kind), NOBODY, BOOK)
        assert verdict.recipient is None

    @pytest.mark.parametrize("kind", sorted(set(Kind) - SPEAKING_KINDS))
    def test_any_other_mail_says_nothing_of_nobody(self, kind):
        assert judge(report(kind=kind), NOBODY, BOOK) == ()
        (verdict,) = judge(report(kind=kind), SIGNED, BOOK)
        assert (verdict.recipient, verdict.reason, verdict.fault, verdict.class_) == (MAILED, None, None, None)

    def test_a_report_without_recipients_is_read_from_its_words(self):
        (verdict,) = judge(report(text="Sorry. (#5.1.1) There is no such user."), SIGNED, BOOK)
        assert (verdict.reason, verdict.disposition) == (Reason.MAILBOX_UNKNOWN, Disposition.SUPPRESS)

    def test_a_code_that_only_stands_in_its_words_is_not_enough(self):
        (verdict,) = judge(report(text="Sorry. (#5.1.1) Better luck next time."), SIGNED, BOOK)
        assert (verdict.reason, verdict.disposition) == (Reason.MAILBOX_UNKNOWN, Disposition.REVIEW)


class TestKind:
    @pytest.mark.parametrize(
        ("action", "kind"),
        [
            (Action.FAILED, Kind.BOUNCE),
            (Action.DELAYED, Kind.DELAYED),
            (Action.DELIVERED, Kind.DELIVERED),
            (Action.RELAYED, Kind.DELIVERED),
            (Action.EXPANDED, Kind.DELIVERED),
            (None, Kind.BOUNCE),
        ],
    )
    def test_in_a_delivery_report_each_recipients_own_action_decides(self, action, kind):
        assert one(replace(UNKNOWN, action=action)).kind is kind

    def test_elsewhere_the_mails_kind_does(self):
        assert one(UNKNOWN, kind=Kind.COMPLAINT).kind is Kind.COMPLAINT

    def test_a_delay_is_judged_and_ignored(self):
        verdict = one(said("451 4.4.1 connection timed out", action=Action.DELAYED), kind=Kind.DELAYED)
        assert (verdict.kind, verdict.class_, verdict.reason) == (Kind.DELAYED, FailureClass.SOFT, Reason.NETWORK_ERROR)
        assert verdict.disposition is Disposition.IGNORE

    def test_a_delivery_has_no_reason(self):
        verdict = one(replace(UNKNOWN, action=Action.DELIVERED))
        assert (verdict.reason, verdict.rule, verdict.disposition) == (None, "", Disposition.IGNORE)

    def test_what_nobody_could_read_is_for_a_person(self):
        verdict = one(ReportedRecipient(final_recipient=MAILED), kind=Kind.UNKNOWN)
        assert (verdict.reason, verdict.disposition) == (Reason.UNDETERMINED, Disposition.REVIEW)
        assert (verdict.rule, verdict.evidence.words) == ("", "")


class TestClass:
    @pytest.mark.parametrize(
        ("block", "class_"),
        [
            (said("550 5.1.1 user unknown"), FailureClass.HARD),
            (said("450 4.1.1 user unknown"), FailureClass.SOFT),
            (said("450 5.1.1 user unknown"), FailureClass.SOFT),
            (said("5.1.1 user unknown"), FailureClass.HARD),
            (said("4.1.1 user unknown"), FailureClass.SOFT),
            (said("user unknown", status=status("4.0.0")), FailureClass.SOFT),
            (said("user unknown", status=status("2.0.0")), FailureClass.HARD),
            (said("user unknown"), FailureClass.HARD),
            (said("user unknown", reply_code=250), FailureClass.HARD),
            (said("552 5.2.2 mailbox full"), FailureClass.SOFT),
            (said("550 5.7.1 greylisted"), FailureClass.SOFT),
            (said("nothing of use"), None),
            (said("450 4.2.1 The email account that you tried to reach is disabled - gsmtp"), FailureClass.HARD),
        ],
    )
    def test_the_rule_then_the_diagnostic_then_the_status_then_the_reason(self, block, class_):
        assert one(block).class_ is class_

    @pytest.mark.parametrize(
        ("in_diagnostic", "field", "effective"),
        [
            ("5.1.1", "5.0.0", "5.1.1"),
            ("5.0.0", "5.1.1", "5.1.1"),
            ("5.7.1", "5.1.1", "5.7.1"),
            ("5.0.0", "4.0.0", "5.0.0"),
            ("5.0.0", "", "5.0.0"),
            ("", "5.1.1", "5.1.1"),
            ("", "", ""),
        ],
    )
    def test_the_code_inside_the_diagnostic_beats_a_lazy_status(self, in_diagnostic, field, effective):
        block = replace(UNKNOWN, diagnostic_status=status(in_diagnostic), status=status(field))
        assert effective_status(block) == status(effective)


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


class TestWhatRulesSee:
    def test_the_diagnostic_before_the_prose(self):
        seen = observe(report(UNKNOWN, text="some words"), UNKNOWN)
        assert seen.texts == ((Place.DIAGNOSTIC, UNKNOWN.diagnostic), (Place.PROSE, "some words"))
        assert seen.hosts == ("mx.example.com", "mail.example.net")
        assert seen.recipient == MAILED

    def test_a_diagnostic_stands_where_its_reader_found_it(self):
        assert observe(report(), replace(UNKNOWN, place=Place.TRANSCRIPT)).texts[0][0] is Place.TRANSCRIPT
        assert observe(report(), replace(UNKNOWN, place=Place.STATUS)).texts[0][0] is Place.DIAGNOSTIC

    def test_a_code_in_the_prose_counts_where_there_is_no_other(self):
        bare = ReportedRecipient(final_recipient=MAILED)
        assert observe(report(bare, text="failed (#5.1.1)"), bare).status == status("5.1.1")
        assert observe(report(bare, text="failed (#5.1.1)"), replace(bare, status=status("5.2.2"))).status == status("5.2.2")
        assert observe(report(bare, text="failed (#5.1.1)"), replace(bare, diagnostic="no")).status is None

    def test_the_command_is_found_in_the_prose_of_postfix(self):
        prose = "host mx.example.com said: 550 no (in reply to end of DATA command)"
        assert observe(report(UNKNOWN, text=prose), UNKNOWN).smtp_command.startswith("end of DATA")
        assert observe(report(UNKNOWN, text=prose), replace(UNKNOWN, smtp_command="RCPT")).smtp_command == "RCPT"
        assert observe(report(UNKNOWN, text="no command"), UNKNOWN).smtp_command == ""

    def test_of_several_recipients_each_has_its_own_prose(self):
        text = "<A@example.com>: mailbox full <b@example.com>: user unknown <c@example.com>: no"
        blocks = [ReportedRecipient(final_recipient=f"{name}@example.com", action=Action.FAILED) for name in "abcd"]
        reasons = [verdict.reason for verdict in judge(report(*blocks, text=text), NOBODY, BOOK)]
        assert reasons == [Reason.MAILBOX_FULL, Reason.MAILBOX_UNKNOWN, Reason.UNDETERMINED, Reason.UNDETERMINED]

    def test_an_address_that_is_the_start_of_another_is_still_its_own(self):
        text = "<ann@example.com>: user unknown"
        blocks = (ReportedRecipient(original_recipient="ann@example.com"), ReportedRecipient())
        assert observe(report(*blocks, text=text), blocks[0]).texts == ((Place.PROSE, "ann@example.com>: user unknown"),)
        assert observe(report(*blocks, text=text), blocks[1]).texts == ()


@pytest.mark.parametrize(
    ("diagnostic", "disposition"),
    [
        ("550 5.1.1", Disposition.SUPPRESS),
        ("550 5.1.1 <user@example.com>", Disposition.SUPPRESS),
        ("550 5.1.1 <user@example.com>: zut alors", Disposition.REVIEW),
        ("550 5.1.1 <user@example.com>: no such user", Disposition.SUPPRESS),
    ],
)
def test_a_code_beside_words_that_no_rule_knows_is_weak(diagnostic, disposition):
    verdict = one(said(diagnostic))
    assert (verdict.reason, verdict.disposition) == (Reason.MAILBOX_UNKNOWN, disposition)


def test_evidence_says_why_and_what_else():
    verdict = one(said("550 5.1.1 rejected, 192.0.2.1 is listed at zen.spamhaus.org"))
    assert (verdict.reason, verdict.fault, verdict.disposition) == (
        Reason.IP_BLOCKLISTED,
        Fault.SENDER_REPUTATION,
        Disposition.IGNORE,
    )
    assert verdict.evidence.blocklist == "spamhaus-zen"
    assert Reason.MAILBOX_UNKNOWN in {other.reason for other in verdict.evidence.alternatives}


def test_a_rules_note_is_told_first():
    verdict = one(said("550 5.4.1 Recipient address rejected: Access denied", remote_mta="x.mail.protection.outlook.com"))
    assert verdict.rule == "microsoft/edge-blocking"
    assert verdict.evidence.note.startswith("directory based edge blocking")


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
