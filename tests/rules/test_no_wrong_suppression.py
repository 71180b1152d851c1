"""No good address is dropped wrongly: words that look like a dead address and are none.

Answers that carry a dead address's words or code and speak of the sender, the message or the receiver: none of them may
suppress, and each must say whose fault it is. test_dead_addresses.py has those that are truly gone.
"""

import re
from typing import NamedTuple

import pytest

from bouncesink.core.classify import judge
from bouncesink.core.report import Action, Kind, Report, ReportedRecipient
from bouncesink.core.rule import Observation
from bouncesink.core.status import EnhancedStatusCode, find_reply_code
from bouncesink.core.verdict import Disposition, Fault, Reason
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.rulefiles import load_rulebook

BOOK = load_rulebook(None)
PROVEN = Attribution(Grammar.SIGNED, recipient="user@example.com", authenticity=Authenticity.PROVEN)
MICROSOFT, QQ, MIMECAST = "example-com.mail.protection.outlook.com", "mx3.qq.com", "eu-smtp-inbound-1.mimecast.com"

IDENTITY, REPUTATION, MESSAGE = Fault.SENDER_IDENTITY, Fault.SENDER_REPUTATION, Fault.MESSAGE
RECIPIENT, DOMAIN, RECEIVER, NETWORK, UNKNOWN = (
    Fault.RECIPIENT,
    Fault.RECIPIENT_DOMAIN,
    Fault.RECEIVER,
    Fault.NETWORK,
    Fault.UNKNOWN,
)
SUPPRESSING = {
    Reason.MAILBOX_UNKNOWN,
    Reason.BAD_ADDRESS_SYNTAX,
    Reason.MAILBOX_MOVED,
    Reason.DOMAIN_NULL_MX,
    Reason.MAILBOX_DISABLED,
}


def verdict_of(diagnostic: str, remote_mta: str = "", **fields: object):
    block = ReportedRecipient(
        action=Action.FAILED,
        diagnostic=diagnostic,
        remote_mta=remote_mta or "mx.example.com",
        **{
            "final_recipient": "user@example.com",
            "reply_code": find_reply_code(diagnostic),
            "diagnostic_status": EnhancedStatusCode.find(diagnostic),
            **fields,
        },
    )
    (verdict,) = judge(Report(kind=Kind.BOUNCE, reader="dsn", recipients=(block,)), PROVEN, BOOK)
    return verdict


class Miss(NamedTuple):
    """An answer, and whose fault it tells of."""

    fault: Fault
    diagnostic: str
    remote_mta: str = ""
    command: str = ""


NEAR_MISSES = [
    # The sender's address is what does not exist.
    Miss(IDENTITY, "550 5.1.8 Domain of sender address does not exist"),
    Miss(IDENTITY, "550 5.1.1 Sender address unknown"),
    Miss(IDENTITY, "550 5.1.1 <news@example.org>: sender unknown"),
    Miss(IDENTITY, "550 5.1.0 <news@example.org>: Sender address rejected: User unknown in virtual mailbox table"),
    Miss(IDENTITY, "550 Unknown user in From address"),
    Miss(IDENTITY, "553 5.1.8 <news@example.org>... Domain of sender address news@example.org does not exist"),
    Miss(IDENTITY, "550 5.1.7 <news@example.org>: Sender address rejected: undeliverable address: user unknown"),
    Miss(IDENTITY, "550 Sender verify failed: no such user"),
    Miss(IDENTITY, "550-Verification failed for <news@example.org> 550-No such user here 550 Sender verify failed"),
    Miss(IDENTITY, "550-Callback setup failed while verifying <news@example.org> 550 Sender verify failed"),
    Miss(IDENTITY, "553 5.1.8 sender domain does not exist: mailbox unavailable"),
    Miss(IDENTITY, "550 5.7.1 Return path mailbox not found"),
    Miss(IDENTITY, "501 5.1.7 Bad sender address syntax"),
    Miss(IDENTITY, "553 5.1.7 The sender address is malformed"),
    Miss(IDENTITY, "501 5.1.7 <news@@example.org>: Invalid sender address syntax"),
    Miss(IDENTITY, "550 5.7.27 Sender address has null MX"),
    Miss(IDENTITY, "550 5.7.1 The sender's domain has a null MX"),
    Miss(IDENTITY, "550 5.1.8 Sender domain does not accept mail (null MX)"),
    Miss(IDENTITY, "450 4.1.8 <news@example.org>: Sender address rejected: Domain not found"),
    Miss(IDENTITY, "550 sorry, your envelope sender domain must exist (#5.7.1)"),
    Miss(IDENTITY, "550 5.1.1 envelope sender is not a known user"),
    Miss(IDENTITY, "550 Mailbox unavailable: the envelope-from address does not exist"),
    Miss(IDENTITY, "550 5.1.1 invalid sender: mailbox does not exist"),
    Miss(IDENTITY, "554 5.7.1 sender's mailbox is disabled"),
    Miss(IDENTITY, "550 5.7.1 No such sender"),
    Miss(IDENTITY, "550 Requested action not taken: mailbox unavailable. Sender address is not allowed."),
    Miss(IDENTITY, "550-Requested action not taken: mailbox unavailable 550-invalid DNS MX or A/AAAA resource record"),
    Miss(IDENTITY, "517-Invalid domain, see <URL:ftp://ftp.isi.edu/in-notes/rfc1035.txt>"),
    Miss(IDENTITY, "517 Domain does not exist: example.org"),
    Miss(IDENTITY, "550 5.7.1 invalid/host-not-in-DNS return address not allowed: news@example.org"),
    Miss(IDENTITY, "550 5.1.1 <x1y2z3@privaterelay.appleid.com>: unauthorized sender"),
    Miss(IDENTITY, "550 Domain may not exist or DNS check failed.", QQ),
    Miss(IDENTITY, "553 Requested action not taken: NULL sender is not allowed"),
    Miss(IDENTITY, "550 recipient not accepted. (BATV: no tag)"),
    Miss(IDENTITY, "550 5.7.1 Backscatter Protection detected invalid or expired email address"),
    Miss(IDENTITY, "501 Invalid MAIL FROM address provided"),
    Miss(IDENTITY, "550 From: Domain is invalid. Provide a valid From: IB504"),
    Miss(IDENTITY, "554 mail address invalid"),
    Miss(IDENTITY, "550 User in blacklist: news@example.org"),
    # Answers to MAIL cannot be about a recipient, whatever they say.
    Miss(IDENTITY, "550 5.1.1 <news@example.org>: user unknown", "", "MAIL FROM"),
    Miss(IDENTITY, "550 Requested action not taken: mailbox unavailable", "", "MAIL FROM"),
    Miss(IDENTITY, "553 5.1.3 invalid address", "", "MAIL FROM"),
    Miss(IDENTITY, "550 5.2.1 account disabled", "", "MAIL FROM"),
    Miss(IDENTITY, "550 #5.1.0 Address rejected.", "", "MAIL FROM"),
    # The account that sent is what is disabled.
    Miss(IDENTITY, "550 Outgoing mail from this account has been suspended"),
    Miss(IDENTITY, "550 5.7.1 Your account has been disabled due to outgoing spam. Contact support"),
    Miss(IDENTITY, "554 5.7.1 Message sending for this account has been disabled"),
    Miss(IDENTITY, "550 Sending account disabled"),
    Miss(IDENTITY, "550 5.2.1 Your mailbox is disabled for sending"),
    Miss(IDENTITY, "550 5.7.0 Mail Sending denied. This error occurs if the sender account is disabled. - gsmtp"),
    Miss(IDENTITY, "550 5.1.8 Access denied, bad outbound sender AS(42004)"),
    Miss(IDENTITY, "554 Message rejected: Email address is not verified. The following identities failed: news@example.org"),
    Miss(IDENTITY, "550 The from address does not match a verified Sender Identity. Mail cannot be sent."),
    Miss(UNKNOWN, "554 Message rejected: Sending paused for this account."),
    Miss(UNKNOWN, "454 Throttling failure: Sending suspended for this account"),
    # Proof of who sent.
    Miss(IDENTITY, "550 5.1.1 user unknown: rejected by SPF policy of example.org"),
    Miss(IDENTITY, "550 5.1.1 Recipient address rejected: Message rejected due to: SPF fail - not authorized"),
    Miss(IDENTITY, "550 5.2.1 mailbox unavailable, DMARC policy of the sending domain is reject"),
    Miss(IDENTITY, "550 Mailbox not found. DKIM signature did not verify"),
    Miss(IDENTITY, "550 Invalid recipient: unauthenticated email is not accepted"),
    Miss(IDENTITY, "550 5.7.515 Access denied, sending domain example.org does not meet the required authentication level"),
    Miss(IDENTITY, "550 5.7.1 no such user, cannot find your reverse hostname"),
    Miss(IDENTITY, "550 5.1.1 Mailbox unavailable, the sending IP has no PTR record"),
    Miss(IDENTITY, "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified address"),
    Miss(IDENTITY, "550 5.7.1 invalid HELO name: unknown user or host"),
    Miss(IDENTITY, "530 5.7.0 mailbox not available: must issue a STARTTLS command first"),
    # Blocklists and reputation behind words about a mailbox.
    Miss(REPUTATION, "550 5.1.1 rejected, 192.0.2.1 is listed at zen.spamhaus.org"),
    Miss(REPUTATION, "550 5.2.1 Mailbox unavailable. Your IP address 192.0.2.1 is blacklisted using SPAMHAUS-XBL"),
    Miss(
        REPUTATION, "550 5.1.1 <user@example.com>: Recipient address rejected: User unknown; 192.0.2.1 listed at bl.spamcop.net"
    ),
    Miss(REPUTATION, "550 Requested action not taken: mailbox unavailable (Your IP is blocked)"),
    Miss(REPUTATION, "550 mailbox unavailable: host blocked using b.barracudacentral.org"),
    Miss(REPUTATION, "550 5.7.1 No such user: Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1"),
    Miss(REPUTATION, "550 5.1.1 invalid recipient (your server is on our block list)"),
    Miss(REPUTATION, "550 5.1.1 Mailbox does not exist, or the reputation of your server is bad"),
    Miss(REPUTATION, "550 The mail server could not deliver: unknown user, IP 192.0.2.1 is blocked by EarthLink"),
    Miss(REPUTATION, "550 DY-001 Mail rejected by Outlook.com for policy reasons. The account is disabled for dynamic IP's"),
    Miss(REPUTATION, "550 5.7.606 Access denied, banned sending IP [192.0.2.1]", MICROSOFT),
    Miss(REPUTATION, "554 Too many invalid recipients from 192.0.2.1. IB111"),
    Miss(REPUTATION, "550 error: no valid recipients from 192.0.2.1"),
    Miss(REPUTATION, "451 VS1-IP Excessive unknown recipients - possible Open Relay"),
    Miss(REPUTATION, "550 5.7.1 Too many unknown users from your host, directory harvest attack"),
    Miss(REPUTATION, "521 5.2.1 : (CON:B1) https://postmaster.aol.com/error-codes#554conb1"),
    Miss(REPUTATION, "550 5.5.0 Service refuse. Veuillez essayer plus tard. LPN105_510"),
    Miss(REPUTATION, "553 Requested mail action not taken: Invalid IP"),
    # Speed.
    Miss(REPUTATION, "550 5.1.1 <user@example.com>: 192.0.2.1 has sent to too many recipients this hour. IB607"),
    Miss(REPUTATION, "550 5.1.1 Recipient rejected, you are sending too fast"),
    Miss(REPUTATION, "550 5.1.1 rate limit exceeded, mailbox unavailable"),
    Miss(REPUTATION, "450-Requested mail action not taken: mailbox unavailable 450-Mail send limit exceeded."),
    Miss(REPUTATION, "550 5.1.1 Invalid recipient: throttled, try again later"),
    Miss(REPUTATION, "550 5.2.1 mailbox unavailable: too many connections from your host"),
    Miss(REPUTATION, "550 invalid recipient: too many recipients in one message"),
    Miss(REPUTATION, "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients"),
    Miss(REPUTATION, "550 5.1.0 <news@example.org>: Sender has exceeded outgoing limit. IB510"),
    Miss(RECIPIENT, "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery - gsmtp"),
    Miss(RECIPIENT, "550 5.2.122 The recipient has exceeded their limit for the number of messages they can receive per hour."),
    Miss(RECIPIENT, "550 Mailbox unavailable or access denied", QQ),
    # The message.
    Miss(MESSAGE, "550 5.1.1 no such user here: message classified as spam"),
    Miss(MESSAGE, "550 5.2.1 Content Filter agent quarantined this message"),
    Miss(MESSAGE, "550 Mailbox unavailable, the message contains a virus"),
    Miss(MESSAGE, "550 5.1.1 unknown recipient or spam message rejected"),
    Miss(MESSAGE, "554 5.1.1 user unknown: attachment type is not allowed"),
    Miss(MESSAGE, "552 mailbox unavailable: message size exceeds the maximum"),
    Miss(MESSAGE, "550 5.6.0 invalid recipient header: the header is not RFC 5322 compliant"),
    Miss(MESSAGE, "550 5.7.1 Invalid address in the From: header, missing a valid address in the From: header"),
    Miss(MESSAGE, "550 5.1.1 blacklisted URL in message, listed at multi.surbl.org"),
    Miss(MESSAGE, "550 5.1.3 invalid character in header field"),
    # The receiver, the way, and words that leave it open.
    Miss(DOMAIN, "550 5.7.1 <user@example.com>: unknown user, relaying denied"),
    Miss(DOMAIN, "550 5.1.1 invalid recipient: relay access denied"),
    Miss(DOMAIN, "550 not local user, we do not relay"),
    Miss(DOMAIN, "450 4.1.2 <user@example.invalid>: Recipient address rejected: Domain not found"),
    Miss(DOMAIN, "550 5.1.2 Host unknown (Name server: mx.example.invalid: host not found)"),
    Miss(DOMAIN, "550 This domain does not accept mail."),
    Miss(UNKNOWN, "550 5.7.1 Policy rejection: this address is no longer accepting this kind of mail"),
    Miss(UNKNOWN, "554 5.7.1 Access denied"),
    Miss(UNKNOWN, "550 Administrative prohibition - unknown user"),
    Miss(RECIPIENT, "550 5.1.1 access denied: mailbox not found"),
    Miss(UNKNOWN, "550 5.1.1 recipient policy violation: invalid recipient"),
    Miss(UNKNOWN, "550 5.7.1 Message rejected due to local policy"),
    Miss(UNKNOWN, "550 permanent failure for one or more recipients (user@example.com:blocked)"),
    Miss(UNKNOWN, "550 5.7.0 Local Policy Violation"),
    Miss(UNKNOWN, "554 Mail from news@example.org rejected for policy reasons."),
    Miss(UNKNOWN, "550 5.7.133 RESOLVER.RST.AuthRequired; authentication required"),
    Miss(UNKNOWN, "521 5.2.1 : AOL will not accept delivery of this message."),
    Miss(UNKNOWN, "550 5.7.1 Delivery not authorized, message refused"),
    Miss(
        RECIPIENT,
        "550 Requested action not taken: mailbox unavailable (e.g., no access, or command rejected for policy reasons)",
    ),
    Miss(RECIPIENT, "550 Mailbox unavailable or access denied - <user@example.com>"),
    Miss(RECIPIENT, "554 5.7.1 <user@example.com>: Recipient address rejected: Access denied"),
    Miss(RECIPIENT, "550 5.1.1 <user@example.com>: Recipient address rejected"),
    Miss(RECIPIENT, "450 4.2.1 mailbox temporarily disabled"),
    Miss(RECIPIENT, "550 5.2.1 This account has been temporarily suspended"),
    Miss(NETWORK, "450 4.1.1 <user@example.com>: Recipient address rejected: unverified address: host is down"),
    Miss(RECIPIENT, "501 Bad address syntax. http://service.mail.qq.com/cgi-bin/help?subtype=1", QQ),
    Miss(RECIPIENT, "501 5.5.4 Address syntax error"),
    Miss(RECIPIENT, "550 5.1.1 user is over quota"),
    Miss(RECIPIENT, "552 5.1.1 mailbox unavailable: mailbox full"),
    Miss(RECIPIENT, "550 5.7.1 This user only accepts mail from those in the address book"),
    Miss(RECIPIENT, "550 5.1.1 not on my list today, thank you"),
    Miss(RECIPIENT, "550 user@example.com IS NOT ACCEPTING MAIL FROM THIS SENDER"),
    Miss(RECEIVER, "550 5.7.1 You are not allowed to post to this mailing list: unknown user"),
    Miss(RECEIVER, "451 4.2.0 Recipient address rejected: Greylisted, user unknown to us so far"),
    Miss(RECEIVER, "450 4.2.1 mailbox temporarily unavailable, system maintenance"),
    Miss(RECEIVER, "451 4.3.0 user lookup failed: LDAP server unavailable"),
    Miss(RECEIVER, "554 5.2.0 STOREDRV.Deliver: MailboxOffline"),
    Miss(RECEIVER, "521 5.3.2 this host is no longer accepting mail"),
    Miss(RECEIVER, "550 this server no longer accepts mail: it is under maintenance"),
    # The same words about the answer's other side, as fewer servers say it.
    Miss(IDENTITY, "550 User unknown (HELO mismatch)"),
    Miss(IDENTITY, "550 5.1.1 Reply-To address does not exist"),
    Miss(IDENTITY, "550 5.1.1 return address does not exist"),
    Miss(IDENTITY, "550 unknown user in Return-Path"),
    Miss(IDENTITY, "550 The address in MAIL FROM does not exist"),
    Miss(IDENTITY, "550 Your mailbox does not exist on example.org"),
    Miss(IDENTITY, "550 Your account does not exist on this outgoing server"),
    Miss(REPUTATION, "550 5.1.1 suspected harvesting, user unknown"),
    Miss(REPUTATION, "550 5.1.1 Too many unknown users, connection refused"),
    Miss(REPUTATION, "550 mail to nonexistent users limit reached"),
    Miss(MESSAGE, "550 Identified SPAM, 550 5.1.1 no such user"),
    Miss(RECEIVER, "550 Server maintenance, no such user will be accepted now"),
    Miss(RECEIVER, "550 unknown user: not subscribed to the list"),
    Miss(NETWORK, "450 4.4.1 user@example.com: connect to mx.example.com[192.0.2.1]:25: Connection timed out"),
]


# Words that leave open what is wrong, beside words that know: no blame follows, but nobody is dropped at once either.
DOUBTFUL = [
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
