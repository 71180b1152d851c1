"""What of a report the rules are shown, and what a verdict tells of why."""

from dataclasses import replace

from judged_reports import BOOK, MAILED, NOBODY, UNKNOWN, one, report, said, status

from bouncesink.core.classify import judge, observe
from bouncesink.core.report import Action, Place, ReportedRecipient
from bouncesink.core.verdict import Disposition, Fault, Reason


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
