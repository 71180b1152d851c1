"""No good address is dropped wrongly: words that look like a dead address and are none.

Answers that carry a dead address's words or code and speak of the sender, the message or the receiver: none of them may
suppress, and each must say whose fault it is. test_dead_addresses.py has those that are truly gone.
"""

import re

import pytest
from judged_answers import BOOK, SUPPRESSING, verdict_of
from near_misses import NEAR_MISSES

from bouncesink.core.rule import Observation
from bouncesink.core.verdict import Disposition, Fault

# Words that leave open what is wrong, beside words that know: no blame follows, but nobody is dropped at once either.
DOUBTFUL = [
    # A part of the receiving system, or of the sender's, is what is not there.
    "550 5.1.1 No such user: news (checking envelope sender at example.org)",
    "550 5.7.0 SASL user does not exist",
    "550 5.7.1 API user disabled, message was not sent",
    "550 5.7.1 The mail contains invalid addresses in the Cc header",
    "550 5.3.5 mailbox server for this user unknown to proxy",
    "550 5.2.0 mailbox not found on this backend, please retry",
    "554 5.3.0 quota file for user not found",
    "550 5.4.6 account alias loop: address unknown after 10 rewrites",
    "550 user unknown, fix your DNS",
    "550 no such user: your host has no rDNS",
    "550 mailbox not found; message flagged by Cloudmark",
    "550 5.1.1 user unknown, see our blacklist",
    "550 5.1.1 user unknown: complaints to postmaster",
    "535 5.7.8 authentication credentials invalid, no such user",
    "550 5.1.1 You must authenticate before sending to unknown recipients",
    "550 mail server is not available, mailbox unavailable",
    "550 No such user agent accepted",
    "550 5.5.1 user unknown command",
    "550 5.1.1 URL in message listed, mailbox unavailable",
    "550 5.1.1 too many errors; user unknown",
    "550 5.7.1 user unknown in the allowed senders list",
    # An invitation to come again.
    "550 user unknown; try later",
    "550 mailbox unavailable, try again later",
    "550 5.1.1 user not found yet, try in an hour",
    "550 5.1.1 unknown user; transient error",
    "550 user moved; try later",
    "550 5.2.1 account disabled, try again tomorrow",
    "550 5.1.1 Benutzer unbekannt, bitte später erneut versuchen",
    "550 5.1.1 utilisateur inconnu, veuillez réessayer plus tard",
    "550 5.1.1 用户不存在，请稍后再试",
    # The message or the dialogue is what is wrong.
    "553 bad syntax in message",
    "501 bad syntax",
    "553 bad syntax",
    "553 5.1.3 bad syntax in message",
    "553 5.1.3 invalid syntax in message",
    "553 5.1.3 not a valid message",
    "553 5.1.3 illegal character in body",
    "553 5.1.3 message has not a valid To header",
    "501 5.1.3 bad syntax in DATA",
    "553 5.1.3 Invalid address in message",
    "550 5.1.1 user unknown; bad syntax in message",
    "550 5.1.1 no such user, bad message",
]


@pytest.mark.parametrize("diagnostic", DOUBTFUL)
def test_doubt_keeps_an_address(diagnostic):
    assert verdict_of(diagnostic).disposition is not Disposition.SUPPRESS


# A word of these beside a dead address's words, in whatever order: the address stays.
BESIDE = [
    *("your IP has a bad history", "we blocked your server", "your host sends junk", "the sending host is on a list"),
    *("sender is forged", "your domain was reported", "no SPF", "DKIM missing", "DMARC p=reject", "not authenticated by DMARC"),
    *(
        "sender not authorised",
        "your certificate is invalid",
        "TLS needed",
        "use STARTTLS",
        "greylisted",
        "too many errors from you",
    ),
    *("quota of sender exceeded", "infected", "bad attachment", "PTR missing", "HELO invalid", "RBL", "DNSBL match"),
    *("listed on barracuda", "IP 192.0.2.1 rejected", "host blocked", "country blocked", "geo block", "suspicious traffic"),
    *("directory attack suspected", "harvesting detected", "relay denied", "authentication required", "you need to log in"),
    *(
        "return path invalid",
        "MAIL FROM rejected",
        "server maintenance",
        "temporary failure",
        "internal error",
        "database error",
    ),
    *("lookup failed", "timeout", "server busy", "system overloaded", "disk full on server", "message expired", "mail loop"),
    *("too many hops", "8bit not allowed", "out of resources", "service unavailable", "not in allow list", "members only"),
    *("list closed", "policy violation", "blocked by administrator"),
    *("try later", "try again later", "please retry later", "will retry", "come back in an hour", "transient failure"),
    *("deferred", "temporarily so", "please wait", "not at this time", "bad syntax", "bad syntax in message"),
    *("message malformed", "bad message"),
    *("invalid character in body", "wrong syntax in the header"),
]
GONE = [
    "550 5.1.1 User unknown",
    "550 No such user here",
    "550 5.1.1 <user@example.com>: Recipient address rejected: User unknown",
    "550 5.2.1 Account disabled",
]
# What stands behind a dead address's words and changes nothing.
HARMLESS = [
    *("please check the address and try again", "contact your administrator", "in reply to RCPT TO command", "id=4F1A2B"),
    *(
        "see https://help.example.net/errors#5.1.1",
        "Giving up on 192.0.2.7.",
        "This is a permanent error",
        "via mail.example.net",
    ),
    *("try again with another address", "please resend to the right address", "error in address", "see the message below"),
    *("please do not reply", "verify the address before sending again", "the mailbox may have been deleted"),
]


@pytest.mark.parametrize("gone", GONE)
@pytest.mark.parametrize("beside", BESIDE)
def test_a_word_of_blame_keeps_an_address(gone, beside):
    for text in (f"{gone}; {beside}", f"{gone} ({beside})", f"{gone}. {beside.capitalize()}."):
        assert verdict_of(text).disposition is not Disposition.SUPPRESS, text


@pytest.mark.parametrize("gone", GONE)
@pytest.mark.parametrize("beside", HARMLESS)
def test_a_harmless_word_keeps_nobody(gone, beside):
    for text in (f"{gone}; {beside}", f"{gone} ({beside})"):
        assert verdict_of(text).disposition is Disposition.SUPPRESS, text


def test_there_are_enough_near_misses_of_every_kind():
    assert len(NEAR_MISSES) > 130
    assert {miss.fault for miss in NEAR_MISSES} == set(Fault)
    assert len({miss.diagnostic + miss.command for miss in NEAR_MISSES}) == len(NEAR_MISSES)


@pytest.mark.parametrize("miss", NEAR_MISSES, ids=lambda miss: miss.diagnostic)
def test_a_near_miss_does_not_suppress_and_blames_whom_it_should(miss):
    verdict = verdict_of(miss.diagnostic, miss.remote_mta, smtp_command=miss.command)
    assert verdict.disposition is not Disposition.SUPPRESS
    assert verdict.fault is miss.fault, f"{verdict.reason} by {verdict.rule}"


# Whatever a server says of a dead address: if the same answer blames the sender or the message too, it is not dead for sure.
BLAMES = [
    "Your IP 192.0.2.1 is listed at zen.spamhaus.org",
    "blocked using bl.spamcop.net",
    "your IP address 192.0.2.1 is blocked",
    "because of the poor reputation of your server",
    "per the DMARC policy of example.org",
    "since the SPF check failed",
    "you are sending too fast, slow down",
    "too many connections from your host",
    "the message was classified as spam",
    "the message contains a virus",
    "the domain of the sender does not exist",
    "we cannot find your reverse hostname",
]
DEAD_EXAMPLES = [
    pytest.param(example.seen, id=f"{rule.id}: {example.name}")
    for rule in BOOK.rules
    if rule.reason in SUPPRESSING and rule.literals
    for example in rule.examples
]


def test_there_are_dead_examples():
    assert len(DEAD_EXAMPLES) > 100


@pytest.mark.parametrize("seen", DEAD_EXAMPLES)
def test_a_dead_address_beside_a_fault_of_the_sender_is_not_suppressed(seen: Observation):
    ((place, text),) = seen.texts
    for blame in BLAMES:
        for words in (f"{text} ({blame})", f"{text}; {blame}", behind_the_codes(text, blame)):
            verdict = verdict_of(
                words,
                seen.hosts[0],
                final_recipient=seen.recipient or "user@example.com",
                reply_code=seen.reply_code or 550,
                diagnostic_status=seen.status,
                smtp_command=seen.smtp_command,
                place=place,
            )
            assert verdict.disposition is not Disposition.SUPPRESS, f"{words}: {verdict.reason} by {verdict.rule}"


@pytest.mark.parametrize("words", ["pipelining error", "bad sequence of commands", "protocol error"])
@pytest.mark.parametrize("dead", ["550 5.1.1 user unknown", "550 unknown user", "550 5.1.1 no such user here"])
def test_a_dead_address_beside_a_fault_of_the_session_is_not_suppressed(dead: str, words: str):
    assert verdict_of(dead).disposition is Disposition.SUPPRESS
    for said in (f"{dead}; {words}", f"{dead} ({words})", behind_the_codes(dead, words)):
        assert verdict_of(said).disposition is not Disposition.SUPPRESS, said


def behind_the_codes(text: str, blame: str) -> str:
    codes = re.match(r"(?:\d{3}[ -])?(?:#?\d\.\d+\.\d+ )?", text)
    assert codes
    return f"{codes[0]}{blame}. {text[codes.end() :]}"
