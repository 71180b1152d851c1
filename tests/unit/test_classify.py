"""The judge: one verdict for each recipient of a report, each axis for itself."""

from dataclasses import replace

import pytest
from judged_reports import BOOK, MAILED, NOBODY, SIGNED, UNKNOWN, one, report, said, status

from bouncesink.core.classify import SPEAKING_KINDS, effective_status, judge
from bouncesink.core.report import Action, Kind, Place, ReportedRecipient
from bouncesink.core.verdict import Disposition, FailureClass, Fault, Reason
from bouncesink.core.verp.attribution import Authenticity


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
            (said("nothing of use"), FailureClass.HARD),
            (said("too many connections"), FailureClass.SOFT),
            (said("this message looks like spam"), FailureClass.HARD),
            (said("450 4.2.1 The email account that you tried to reach is disabled - gsmtp"), FailureClass.HARD),
        ],
    )
    def test_the_rule_then_the_diagnostic_then_the_status_then_the_reason(self, block, class_):
        assert one(block).class_ is class_

    @pytest.mark.parametrize(
        ("kind", "words", "class_"),
        [
            (Kind.BOUNCE, "nothing of use", FailureClass.HARD),
            (Kind.DELAYED, "nothing of use", FailureClass.SOFT),
            (Kind.DELAYED, "user unknown", FailureClass.SOFT),
            (Kind.DELAYED, "550 5.1.1 user unknown", FailureClass.HARD),
            (Kind.UNKNOWN, "nothing of use", None),
        ],
    )
    def test_without_a_code_what_became_of_the_mail_tells(self, kind, words, class_):
        action = {Kind.BOUNCE: Action.FAILED, Kind.DELAYED: Action.DELAYED}.get(kind)
        assert one(said(words, action=action), kind=kind).class_ is class_

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
