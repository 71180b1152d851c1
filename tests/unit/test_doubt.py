"""What of a report raises doubt about a dead address, beside the words that blame somebody."""

from dataclasses import replace

import pytest
from judged_reports import MAILED, NOBODY, SIGNED, UNKNOWN, one, said

from bouncesink.core.case import is_of, mailbox_of
from bouncesink.core.headers import Headers
from bouncesink.core.report import Place
from bouncesink.core.verdict import Disposition

SUPPRESS, REVIEW = Disposition.SUPPRESS, Disposition.REVIEW
QUOTED = replace(UNKNOWN, diagnostic_type="", diagnostic="550 5.1.1 user unknown")


class TestWordsThatNobodyKnows:
    def test_they_are_told(self):
        verdict = one(said("550 5.1.1 User unknown; the licence has expired"))
        assert verdict.disposition is REVIEW
        assert 'the same answer says more than a rule knows: "licence"' in verdict.evidence.note

    def test_the_names_of_the_case_are_known(self):
        named = replace(SIGNED, recipient="odd.fellow+news@quaint.example")
        block = said("550 Odd Fellow of quaint: user unknown on mail and mx", final_recipient="odd.fellow@quaint.example")
        assert one(block, named).disposition is SUPPRESS
        assert one(block).disposition is REVIEW

    def test_a_second_day_asks_again_by_itself(self):
        verdict = one(said("550 This account has not been used for ages, oddly"))
        assert (verdict.disposition, verdict.evidence.note) == (Disposition.COUNT, "must be said on 2 days")

    @pytest.mark.parametrize(
        ("diagnostic", "text", "disposition"),
        [
            ("", "Greetings, oddly. There is no such user here. Oddly yours", SUPPRESS),
            ("", "There is no such user here, oddly.", REVIEW),
            ("Oddly enough. There is no such user here. Oddly", "", SUPPRESS),
            ("There is no such user here, oddly", "", REVIEW),
            ("550 no such user. Oddly", "", REVIEW),
        ],
    )
    def test_of_a_letter_the_sentence_counts(self, diagnostic, text, disposition):
        block = replace(QUOTED, diagnostic=diagnostic, place=Place.PROSE)
        assert one(block, text=text).disposition is disposition


class TestAnotherAddress:
    @pytest.mark.parametrize(
        ("text", "disposition"),
        [
            (f"Your mail to {MAILED} failed: user unknown", SUPPRESS),
            ("Your mail failed: user unknown", SUPPRESS),
            (f"{MAILED} failed", SUPPRESS),
            (f"{MAILED} failed, write to postmaster@example.com: user unknown", SUPPRESS),
            (f"{MAILED} (of user+x@example.net) failed: user unknown", SUPPRESS),
            (f"{MAILED} is @ home: user unknown", SUPPRESS),
            (f"{MAILED} is forwarded to other@example.org: user unknown", REVIEW),
            (f"{MAILED} failed. Of late you mailed <other@example.org>: user unknown", REVIEW),
            (f"You mailed other@example.org, and {MAILED}: user unknown", SUPPRESS),
        ],
    )
    def test_in_front_of_the_answer_of_a_letter(self, text, disposition):
        assert one(QUOTED, text=text).disposition is disposition

    def test_fields_are_about_whom_they_name(self):
        text = f"{MAILED} is forwarded to other@example.org: 550 5.1.1 <user@example.com>: User unknown"
        assert one(text=text).disposition is SUPPRESS

    @pytest.mark.parametrize(
        ("to", "address", "disposition"),
        [
            ("bounces@b.example.org", "news@example.org", REVIEW),
            ("bounces@example.org", "x@b.example.org", REVIEW),
            ("bounces@b.example.org", "news@b.example.org", REVIEW),
            ("bounces@b.example.org", "user@example.org", SUPPRESS),
            ("bounces@b.example.org", "anybody@example.net", SUPPRESS),
            ("", "news@example.org", SUPPRESS),
            ("bounces", "news@example.org", SUPPRESS),
            ("bounces@b.example.com", MAILED, SUPPRESS),
        ],
    )
    def test_of_the_domain_that_the_report_came_to(self, to, address, disposition):
        block = said(f"550 5.1.1 <{address}>: User unknown")
        assert one(block, headers=Headers(f"To: {to}\n".encode())).disposition is disposition

    @pytest.mark.parametrize(
        ("mailed", "failed", "disposition"),
        [
            ("user@example.com", "user@gmail.com", REVIEW),
            ("user@googlemail.com", "user@gmail.com", SUPPRESS),
            ("user@hotmail.com", "user@gmail.com", REVIEW),
            ("user@example.com", "user@store.example.net", SUPPRESS),
            ("user@gmail.com", "user@store.example.net", SUPPRESS),
        ],
    )
    def test_at_a_provider_of_mailboxes(self, mailed, failed, disposition):
        block = said("550 5.1.1 User unknown", final_recipient=failed)
        assert one(block, replace(SIGNED, recipient=mailed)).disposition is disposition

    def test_nobody_was_mailed_by_name(self):
        block = said("550 5.1.1 User unknown", final_recipient=None)
        assert one(block, replace(SIGNED, recipient=None)).disposition is SUPPRESS
        assert one(block, NOBODY).disposition is REVIEW


def test_whose_mailbox_an_address_is():
    assert mailbox_of('"User"+news@example.com') == "user"
    assert is_of("x@mail.example.com", MAILED)
    assert is_of(MAILED, "x@mail.example.com")
    assert is_of("USER+a@example.org", MAILED)
    assert not is_of("x@example.org", MAILED)
