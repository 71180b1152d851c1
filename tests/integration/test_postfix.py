"""A real Postfix sends our mail, is refused by the receiver's MX, and bounces it to a really started bouncesink.

What is minted, what the MX said and what then stands in SQLite are held against each other; nothing between is ours.
"""

import smtplib

import pytest

RECEIVER_DOMAIN = "receiver.example"
SELECT = "SELECT recipient, kind, class, reason, fault, disposition, authenticity FROM bounces WHERE recipient = ?"

# mailbox: what the receiver's MX answers at RCPT, and what has to stand in SQLite for it.
SAID_BY_THE_MX = {
    "nobody": ("550 5.1.1 No such user here", ("hard", "mailbox_unknown", "recipient", "suppress")),
    "disabled": ("550 5.2.1 The account is disabled", ("hard", "mailbox_disabled", "recipient", "suppress")),
    "full": ("552 5.2.2 Mailbox is over its quota", ("soft", "mailbox_full", "recipient", "count")),
    "listed": (
        "554 5.7.1 Service unavailable; Client host [192.0.2.25] blocked using zen.spamhaus.org",
        ("hard", "ip_blocklisted", "sender_reputation", "ignore"),
    ),
    "dmarc": (
        "550 5.7.26 Unauthenticated email from sender.example is not accepted due to domain's DMARC policy",
        ("hard", "auth_failed", "sender_identity", "ignore"),
    ),
    "relay": ("550 5.7.1 Relaying denied", ("hard", "relay_denied", "recipient_domain", "count")),
    "spam": ("554 5.7.1 Message rejected as spam", ("hard", "spam_content", "message", "ignore")),
}
WORDS = {mailbox: words for mailbox, (words, _) in SAID_BY_THE_MX.items()}


def address(mailbox: str) -> str:
    return f"{mailbox}@{RECEIVER_DOMAIN}"


@pytest.fixture
def minted(server) -> dict[str, str]:
    """Mailbox -> the envelope sender that was minted for it."""
    mailboxes = [*WORDS, "known", "later"]
    return dict(zip(mailboxes, server.mint(*map(address, mailboxes)), strict=True))


@pytest.mark.peer
def test_a_mail_to_a_mailbox_that_does_not_exist_comes_back_as_a_verdict(server, minted, start_postfix, wait_until):
    postfix = start_postfix(server, WORDS)
    postfix.submit(minted["nobody"], [address("nobody")])
    wait_until(lambda: server.rows(SELECT, address("nobody")), 20, f"the bounce; Postfix says:\n{postfix.log()}")
    (row,) = server.rows("SELECT * FROM bounces")
    assert row["recipient"] == "nobody@receiver.example"
    assert row["kind"] == "bounce"
    assert (row["class"], row["reason"], row["fault"]) == ("hard", "mailbox_unknown", "recipient")
    assert (row["authenticity"], row["disposition"]) == ("proven", "suppress")
    assert row["why"]
    # The report was not needed to know whom it is about, and it says the same.
    (verdict,) = server.rows("SELECT * FROM verdicts")
    assert verdict["final_recipient"] == "nobody@receiver.example"
    assert "No such user here" in verdict["diagnostic"]


@pytest.mark.peer
def test_fault_is_told_apart_whatever_the_receiver_says(server, minted, start_postfix, wait_until):
    postfix = start_postfix(server, WORDS)
    for mailbox in WORDS:
        postfix.submit(minted[mailbox], [address(mailbox)])
    wait_until(
        lambda: len(server.rows("SELECT 1 FROM bounces")) >= len(WORDS), 30, f"all bounces; Postfix says:\n{postfix.log()}"
    )
    expected = {mailbox: [(address(mailbox), "bounce", *verdict, "proven")] for mailbox, (_, verdict) in SAID_BY_THE_MX.items()}
    assert {mailbox: [tuple(row) for row in server.rows(SELECT, address(mailbox))] for mailbox in WORDS} == expected


@pytest.mark.peer
def test_one_mail_with_several_outcomes(server, minted, start_postfix, wait_until):
    """The envelope sender was minted for one of three: the report names two that failed, and only that one may suffer."""
    postfix = start_postfix(server, WORDS)
    postfix.submit(minted["nobody"], [address("nobody"), address("known"), address("full")])
    sql = "SELECT final_recipient, reason, disposition FROM verdicts ORDER BY reason"
    wait_until(lambda: len(server.rows(sql)) >= 2, 20, f"both verdicts; Postfix says:\n{postfix.log()}")
    assert [(row["final_recipient"], row["reason"]) for row in server.rows(sql)] == [
        (address("full"), "mailbox_full"),
        (address("nobody"), "mailbox_unknown"),
    ]
    assert not server.rows("SELECT 1 FROM bounces WHERE recipient = ?", address("known"))
    assert len(server.rows("SELECT 1 FROM mails")) == 1


@pytest.mark.peer
def test_a_delay_is_no_failure(server, minted, start_postfix, wait_until):
    postfix = start_postfix(server, {"later": "450 4.2.0 Try again later"}, delay_warning="1s")
    postfix.submit(minted["later"], [address("later")])
    wait_until(lambda: server.rows(SELECT, address("later")), 30, f"the warning; Postfix says:\n{postfix.log()}")
    (row,) = server.rows(SELECT, address("later"))
    assert (row["kind"], row["disposition"]) == ("delayed", "ignore")


@pytest.mark.peer
def test_a_success_that_was_asked_for_suppresses_nobody(server, minted, start_postfix, wait_until):
    postfix = start_postfix(server, WORDS)
    postfix.submit(minted["known"], [address("known")], options=("NOTIFY=SUCCESS",))
    sql = "SELECT recipient, kind, disposition FROM verdicts"
    wait_until(lambda: server.rows(sql), 20, f"the success report; Postfix says:\n{postfix.log()}")
    assert [tuple(row) for row in server.rows(sql)] == [(address("known"), "delivered", "ignore")]


@pytest.mark.peer
def test_a_bounce_waits_in_postfix_while_bouncesink_is_down(server, minted, start_postfix, wait_until):
    """Not being there is the last of our 4xx: the peer keeps the bounce and comes again."""
    postfix = start_postfix(server, WORDS)
    server.kill()
    postfix.submit(minted["nobody"], [address("nobody")])
    wait_until(lambda: "status=deferred" in postfix.log(), 20, f"Postfix to find nobody there:\n{postfix.log()}")
    server.start()
    wait_until(lambda: server.rows(SELECT, address("nobody")), 30, f"the bounce; Postfix says:\n{postfix.log()}")
    assert len(server.rows(SELECT, address("nobody"))) == 1


@pytest.mark.peer
def test_a_postfix_in_front_asks_before_it_takes(server, minted, start_postfix, wait_until):
    """docs/howto/point-an-mx.md: what bouncesink would refuse is refused at the front, and what it takes arrives."""
    postfix = start_postfix(server, WORDS)
    with smtplib.SMTP("127.0.0.1", postfix.front_port, timeout=60) as smtp:
        assert smtp.docmd("EHLO mx.receiver.example")[0] == 250
        assert smtp.docmd("MAIL FROM:<>")[0] == 250
        assert smtp.docmd("RCPT TO:<nobody@b.example>")[0] == 550
        assert smtp.docmd("RCPT TO:<reader@elsewhere.example>")[0] == 554
        assert smtp.docmd(f"RCPT TO:<{minted['nobody']}>")[0] == 250
        assert smtp.data(b"Subject: Undelivered\r\n\r\n<nobody@receiver.example>: 550 5.1.1 User unknown\r\n")[0] == 250
    wait_until(lambda: server.rows("SELECT 1 FROM mails"), 20, f"the mail; Postfix says:\n{postfix.log()}")
    (row,) = server.rows("SELECT recipient, authenticity FROM mails")
    assert tuple(row) == (address("nobody"), "proven")
