"""The packaged rules: every one is proved in the whole book, and the verdicts that others get wrong are right."""

from collections import Counter

import pytest
from judged_answers import BOOK, verdict_of

from bouncesink.core.proof import prove
from bouncesink.core.rule import Observation
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verdict import Disposition, Fault, Reason

GMAIL, MICROSOFT = "gmail-smtp-in.l.google.com", "example-com.mail.protection.outlook.com"


def test_every_example_wins_and_every_counterexample_loses():
    assert prove(BOOK) == ()


def test_there_are_rules_of_every_kind():
    files = Counter(rule.file.split("/")[0] for rule in BOOK.rules)
    assert set(files) == {
        "10-vendors",
        "30-mtas",
        "50-phrases",
        "60-languages",
        "65-world",
        "70-policy.toml",
        "80-doubt.toml",
        "90-iana.toml",
    }
    assert len(BOOK.rules) > 400
    assert all(rule.source for rule in BOOK.rules)
    assert all(rule.examples for rule in BOOK.rules)


def test_every_reason_can_be_found():
    assert {rule.reason for rule in BOOK.rules} == set(Reason)


def test_no_rule_repeats_itself():
    for rule in BOOK.rules:
        assert len(set(rule.literals)) == len(rule.literals), rule.id
        inner = [a for a in rule.literals for b in rule.literals if a != b and b in a]
        assert not inner, f"{rule.id}: a shorter literal opens it already"


SUPPRESS, COUNT, IGNORE = Disposition.SUPPRESS, Disposition.COUNT, Disposition.IGNORE


@pytest.mark.parametrize(
    ("diagnostic", "remote_mta", "reason", "fault", "disposition"),
    [
        ("550 5.7.27 Sender address has null MX", "", Reason.SENDER_REJECTED, Fault.SENDER_IDENTITY, IGNORE),
        (
            "550 5.1.1 rejected, 192.0.2.1 is listed at zen.spamhaus.org",
            *("", Reason.IP_BLOCKLISTED, Fault.SENDER_REPUTATION, IGNORE),
        ),
        (
            "550 5.2.1 Mailbox unavailable. Your IP address 192.0.2.1 is blacklisted using SPAMHAUS-XBL",
            *("", Reason.IP_BLOCKLISTED, Fault.SENDER_REPUTATION, IGNORE),
        ),
        ("450 4.2.1 user is receiving mail at a rate too high", GMAIL, Reason.RECIPIENT_RATE_LIMITED, Fault.RECIPIENT, COUNT),
        ("550 5.1.8 Domain of sender address does not exist", "", Reason.SENDER_REJECTED, Fault.SENDER_IDENTITY, IGNORE),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found", MICROSOFT, Reason.MAILBOX_UNKNOWN, Fault.RECIPIENT, SUPPRESS),
        ("556 5.1.10 Recipient address has null MX", "", Reason.DOMAIN_NULL_MX, Fault.RECIPIENT_DOMAIN, SUPPRESS),
        ("550 5.2.1 account is disabled", GMAIL, Reason.MAILBOX_DISABLED, Fault.RECIPIENT, SUPPRESS),
        ("550 Requested action not taken: mailbox unavailable", "", Reason.MAILBOX_UNKNOWN, Fault.RECIPIENT, SUPPRESS),
        ("550 Mailbox blocked due to inactivity", "", Reason.MAILBOX_INACTIVE, Fault.RECIPIENT, COUNT),
        (
            "552 5.2.2 The recipient's inbox is out of storage space and inactive. https://support.google.com/mail/?p=OverQuotaPerm",
            *(GMAIL, Reason.MAILBOX_INACTIVE, Fault.RECIPIENT, COUNT),
        ),
        ("550 5.7.515 no", MICROSOFT, Reason.AUTH_FAILED, Fault.SENDER_IDENTITY, IGNORE),
        ("421 4.7.0 [TSS04] try later", "mta5.am0.yahoodns.net", Reason.LOW_REPUTATION, Fault.SENDER_REPUTATION, IGNORE),
        ("550 5.7.28 mail flood", "", Reason.RATE_LIMITED, Fault.SENDER_REPUTATION, IGNORE),
        ("550 5.7.1 relaying denied", "", Reason.RELAY_DENIED, Fault.RECIPIENT_DOMAIN, COUNT),
        ("554 5.7.1 Client host blocked using zen.spamhaus.org", "", Reason.IP_BLOCKLISTED, Fault.SENDER_REPUTATION, IGNORE),
        (
            "550 5.1.1 <user@example.com>: 192.0.2.1 has sent to too many recipients this hour. IB607",
            *("", Reason.RATE_LIMITED, Fault.SENDER_REPUTATION, IGNORE),
        ),
    ],
)
def test_what_the_leading_tools_get_wrong(diagnostic, remote_mta, reason, fault, disposition):
    verdict = verdict_of(diagnostic, remote_mta)
    assert (verdict.reason, verdict.fault, verdict.disposition) == (reason, fault, disposition)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("5.1.0", Reason.MAILBOX_UNKNOWN),
        ("5.1.1", Reason.MAILBOX_UNKNOWN),
        ("5.1.3", Reason.BAD_ADDRESS_SYNTAX),
        ("5.1.6", Reason.MAILBOX_MOVED),
        ("5.1.2", Reason.DOMAIN_UNKNOWN),
        ("5.1.10", Reason.DOMAIN_NULL_MX),
        ("5.1.7", Reason.SENDER_REJECTED),
        ("4.1.8", Reason.SENDER_REJECTED),
        ("4.2.1", Reason.RECIPIENT_RATE_LIMITED),
        ("5.2.1", Reason.MAILBOX_DISABLED),
        ("5.2.2", Reason.MAILBOX_FULL),
        ("4.2.2", Reason.MAILBOX_FULL),
        ("5.2.3", Reason.MESSAGE_TOO_BIG),
        ("5.3.4", Reason.MESSAGE_TOO_BIG),
        ("4.3.1", Reason.SYSTEM_FULL),
        ("5.3.5", Reason.SYSTEM_ERROR),
        ("4.4.1", Reason.NETWORK_ERROR),
        ("4.4.2", Reason.NETWORK_ERROR),
        ("5.4.3", Reason.NETWORK_ERROR),
        ("4.4.5", Reason.NETWORK_ERROR),
        ("5.4.4", Reason.DOMAIN_UNKNOWN),
        ("5.4.6", Reason.ROUTING_LOOP),
        ("4.4.7", Reason.EXPIRED),
        ("5.5.1", Reason.PROTOCOL_ERROR),
        ("5.5.3", Reason.TOO_MANY_RECIPIENTS),
        ("5.6.0", Reason.MESSAGE_FORMAT),
        ("5.6.7", Reason.SMTPUTF8_UNSUPPORTED),
        ("5.7.13", Reason.MAILBOX_DISABLED),
        ("5.7.17", Reason.MAILBOX_MOVED),
        ("5.7.20", Reason.AUTH_FAILED),
        ("5.7.24", Reason.AUTH_FAILED),
        ("5.7.26", Reason.AUTH_FAILED),
        ("5.7.29", Reason.AUTH_FAILED),
        ("5.7.25", Reason.PTR_MISSING),
        ("5.7.27", Reason.SENDER_REJECTED),
        ("5.7.28", Reason.RATE_LIMITED),
        ("5.7.30", Reason.TLS_FAILED),
        ("5.7.1", Reason.POLICY_UNSPECIFIED),
        ("5.7.999", Reason.POLICY_UNSPECIFIED),
        ("5.0.0", Reason.UNDETERMINED),
        ("4.0.0", Reason.UNDETERMINED),
        ("5.9.8", Reason.UNDETERMINED),
    ],
)
def test_when_only_a_status_speaks(status, reason):
    assert verdict_of("", status=EnhancedStatusCode.find(status)).reason is reason


@pytest.mark.parametrize(
    ("code", "command", "reason"),
    [
        (550, "RCPT TO", Reason.MAILBOX_UNKNOWN),
        (551, "RCPT TO", Reason.MAILBOX_UNKNOWN),
        (553, "RCPT TO", Reason.MAILBOX_UNKNOWN),
        (550, "DATA", Reason.UNDETERMINED),
        (550, "", Reason.UNDETERMINED),
        (554, "RCPT TO", Reason.UNDETERMINED),
        (421, "", Reason.UNDETERMINED),
        (450, "RCPT TO", Reason.UNDETERMINED),
        (451, "RCPT TO", Reason.UNDETERMINED),
        (552, "", Reason.MAILBOX_FULL),
        (503, "", Reason.PROTOCOL_ERROR),
    ],
)
def test_when_only_a_reply_code_speaks(code, command, reason):
    verdict = verdict_of("", reply_code=code, smtp_command=command, status=EnhancedStatusCode(5, 0, 0))
    assert verdict.reason is reason
    assert verdict.disposition is not SUPPRESS


@pytest.mark.parametrize(
    ("status", "remote_mta", "reason"),
    [
        ("5.7.27", GMAIL, Reason.AUTH_FAILED),
        ("5.7.30", GMAIL, Reason.AUTH_FAILED),
        ("5.1.10", MICROSOFT, Reason.MAILBOX_UNKNOWN),
        ("5.4.1", MICROSOFT, Reason.MAILBOX_UNKNOWN),
        ("5.5.0", "hotmail-com.olc.protection.outlook.com", Reason.MAILBOX_UNKNOWN),
    ],
)
def test_vendors_use_numbers_otherwise(status, remote_mta, reason):
    assert verdict_of("", remote_mta, status=EnhancedStatusCode.find(status)).reason is reason


@pytest.mark.parametrize(
    ("words", "blocklist"),
    [
        ("blocked using zen.spamhaus.org", "spamhaus-zen"),
        ("listed in the Spamhaus XBL", "spamhaus-xbl"),
        ("see https://www.spamhaus.org/sbl/query/SBL1", "spamhaus-sbl"),
        ("blocked using bl.spamcop.net", "spamcop"),
        ("blocked using b.barracudacentral.org", "barracuda"),
        ("listed at cbl.abuseat.org", "abuseat-cbl"),
        ("blocked using dbl.spamhaus.org", "spamhaus-dbl"),
        ("a URL in this message is listed at multi.surbl.org", "surbl"),
        ("blocked using rbl.example.net", "rbl.example.net"),
    ],
)
def test_the_blocklist_is_named(words, blocklist):
    verdict = verdict_of(f"554 5.7.1 Service unavailable; Client host [192.0.2.1] {words}")
    assert verdict.evidence.blocklist == blocklist
    assert verdict.disposition is IGNORE


# A refusal that blames the sender must not cost the recipient the address, even if it carries a recipient's words and code.
@pytest.mark.parametrize("wrapping", ["550 5.1.1 mailbox unavailable, {}", "550 5.1.1 {}", "554 {}", "5.2.1 no such user; {}"])
@pytest.mark.parametrize(
    "words",
    [
        "your IP address 192.0.2.1 is blocked",
        "your host is listed at bl.spamcop.net",
        "rejected due to poor reputation of your server",
        "message rejected per DMARC policy",
        "SPF check: fail",
        "sender address rejected: Domain not found",
        "this message was classified as spam",
        "you are sending too fast, slow down",
        "too many connections from your host",
        "the message contains a virus",
        "cannot find your reverse hostname",
    ],
)
def test_a_fault_of_the_sender_outranks_words_about_the_recipient(wrapping, words):
    assert verdict_of(wrapping.format(words)).disposition is not SUPPRESS


def test_a_search_of_nothing_is_nothing():
    assert BOOK.search(Observation()) is None
