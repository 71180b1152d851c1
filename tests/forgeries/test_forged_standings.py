"""Forgeries of the patient kind: that count against a good address, whitewash a bad one, or hide a real bounce.

As in the catalogue, each stands beside its honest counterpart.
"""

import smtplib

import pytest
from catalogue import ATTACKER
from forger import ABUSE, BOUNCES, LOOP, OURS, RECEIVER, arf, block, dsn, send, standing

FULL = {"diagnostic": "452 4.2.2 Mailbox full", "status": "4.2.2"}
SENT = {"diagnostic": "250 2.0.0 ok", "status": "2.0.0", "action": "delivered"}
LISTED = {"diagnostic": "550 5.7.1 Client host blocked using zen.spamhaus.org", "status": "5.7.1"}


def points(server, address: str) -> int | None:
    rows = server.rows("SELECT points FROM recipients WHERE recipient_key = ?", address)
    return rows[0]["points"] if rows else None


def dispositions(server, recipient: str) -> list[tuple[str, str, str]]:
    """Of the verdicts about ``recipient``, in their order."""
    rows = server.rows("SELECT final_recipient, reason, disposition FROM verdicts WHERE recipient = ? ORDER BY id", recipient)
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("mine", ["delivered", "failed"])
def test_a_full_mailbox_of_a_strangers_in_a_report_of_several_counts_for_nobody_else(place, mine):
    server, world, _ = place
    reader, stranger = f"beside-{mine}@{RECEIVER}", f"stranger@{RECEIVER}"
    said = SENT if mine == "delivered" else {"diagnostic": "451 4.4.1 timed out", "status": "4.4.1", "action": "failed"}
    send(server, (world.token(reader),), dsn((reader,), **said, beside=block(stranger, *FULL.values())))
    own = (reader, None, "ignore") if mine == "delivered" else (reader, "network_error", "count")
    assert dispositions(server, reader) == [own, (stranger, "mailbox_full", "ignore")]
    assert points(server, reader) == (None if mine == "delivered" else 1)
    assert standing(server, stranger) == ""


def test_one_alone_counts_wherever_the_mailbox_forwards_to(place):
    server, world, _ = place
    reader = f"forwards@{RECEIVER}"
    send(server, (world.token(reader),), dsn((f"elsewhere@{RECEIVER}",), **FULL))
    assert dispositions(server, reader) == [(f"elsewhere@{RECEIVER}", "mailbox_full", "count")]
    assert points(server, reader) == 1


def test_many_recipients_of_whom_one_is_ours(place):
    server, world, _ = place
    reader = f"one-of-many@{RECEIVER}"
    others = "".join(block(f"other{number}@{RECEIVER}", "550 5.1.1 User unknown", "5.1.1") for number in range(20))
    send(server, (world.token(reader),), dsn((reader,), **SENT, beside=others))
    assert standing(server, reader) != "suppressed"
    assert {standing(server, f"other{number}@{RECEIVER}") for number in range(20)} == {""}


def test_an_answer_to_a_good_token_is_no_bounce_whatever_it_says(place):
    server, world, _ = place
    reader = f"on-holiday@{RECEIVER}"
    token = world.token(reader)
    send(
        server,
        (token,),
        f"From: {reader}\r\nTo: {token}\r\nSubject: Automatic reply: 550 5.1.1 user unknown\r\n"
        f"Auto-Submitted: auto-replied\r\n\r\n550 5.1.1 <{reader}>: user unknown. This mailbox does not exist.\r\n".encode(),
    )
    rows = server.rows("SELECT kind, disposition FROM verdicts WHERE recipient = ?", reader)
    assert [tuple(row) for row in rows] == [("auto_reply", "ignore")]
    assert standing(server, reader) == ""


def test_a_forged_delivery_clears_nothing(place):
    server, world, _ = place
    reader = f"full@{RECEIVER}"
    send(server, (world.token(reader),), dsn((reader,), **FULL))
    assert points(server, reader) == 1
    forged = (
        (BOUNCES, dsn((reader,), **SENT)),
        (world.old_key(reader), dsn((reader,), **SENT)),
        (world.token(reader, days_ago=40), dsn((reader,), **SENT)),
        (world.token(ATTACKER), dsn((reader,), **SENT)),
        (BOUNCES, dsn((reader,), world.original(ATTACKER), **SENT)),
    )
    for path, content in forged:
        send(server, (path,), content)
        assert points(server, reader) == 1, path
    send(server, (world.token(reader),), dsn((reader,), **SENT))
    assert points(server, reader) == 0


def test_what_a_complaint_suppressed_is_lifted_by_nothing_that_comes_by_mail(place):
    server, world, _ = place
    reader = f"complained@{RECEIVER}"
    send(server, (ABUSE,), world.loop.sign(arf(reader), LOOP))
    (before,) = server.rows("SELECT standing, until, reason, why FROM recipients WHERE recipient_key = ?", reader)
    assert (before["standing"], before["until"]) == ("suppressed", None)
    for path, said in (
        (BOUNCES, SENT),
        (world.token(reader), SENT),
        (world.old_key(reader), FULL),
        (world.token(reader), FULL),
        (BOUNCES, {}),
    ):
        send(server, (path,), dsn((reader,), **said))
    (after,) = server.rows("SELECT standing, until, reason, why FROM recipients WHERE recipient_key = ?", reader)
    assert tuple(after) == tuple(before)


def test_a_forged_complaint_makes_no_suppression_last_for_good(place):
    server, world, _ = place
    reader = f"disabled@{RECEIVER}"
    disabled = {"diagnostic": "550 5.2.1 The account is disabled", "status": "5.2.1"}
    send(server, (world.token(reader),), dsn((reader,), **disabled))
    (before,) = server.rows("SELECT standing, until FROM recipients WHERE recipient_key = ?", reader)
    assert before["standing"] == "suppressed"
    assert before["until"]
    send(server, (ABUSE,), arf(reader))
    send(server, (ABUSE,), world.stranger.sign(arf(reader), LOOP))
    (after,) = server.rows("SELECT standing, until FROM recipients WHERE recipient_key = ?", reader)
    assert tuple(after) == tuple(before)


@pytest.mark.parametrize("said", [{}, LISTED], ids=["dead addresses", "a blocklist"])
def test_a_forged_burst_opens_no_incident_and_holds_no_real_bounce(place, said):
    server, world, _ = place
    name = "burst" if said else "storm"
    for number in range(60):
        who = f"{name}{number}@{RECEIVER}"
        path = (BOUNCES, world.old_key(who), world.token(ATTACKER))[number % 3]
        send(server, (path,), dsn((who,), **said))
    assert server.rows("SELECT * FROM incidents") == []
    reader = f"{name}-real@{RECEIVER}"
    send(server, (world.token(reader),), dsn((reader,)))
    assert standing(server, reader) == "suppressed"


def test_marked_is_what_is_unknown_at_our_domains_and_nothing_is_relayed(place):
    server, _, _ = place
    with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as peer:
        peer.ehlo("mx.receiver.example")
        assert peer.mail("")[0] == 250
        assert peer.rcpt(f"nobody@{OURS}")[0] == 250
        for path in ("victim@elsewhere.example", f"victim%elsewhere.example@sub.{OURS}", "victim@[192.0.2.1]"):
            assert peer.rcpt(path) == (550, b"5.7.1 relaying denied, that domain is not ours")
