"""Forged bounces and complaints, end to end: a real server, real SMTP, a real database, a real DNS server on loopback.

None suppresses anybody, each is recorded for what it is, and the honest one beside it does suppress, so that this can fail.
"""

import smtplib

import pytest
from catalogue import ATTACKER, CASES
from forger import BOUNCES, LOOP, OURS, RECEIVER, STRANGER, Signing, World, dsn, send, standing

from bouncesink import keyfile

NOT_HELD = "our signature s1._domainkey.b.example does not hold"
# What is recorded of each: whose verdict it is (None: nobody's that we know), how far it is believed, what is done, why.
RECORDED = {
    "no_tag": ("victim", "unproven", "review", ""),
    "verp_without_tag": ("victim", "unsigned", "count", ""),
    "wrong_tag": ("victim", "unproven", "review", "the tag holds under none of our keys"),
    "truncated_tag": ("victim", "unproven", "review", "which the policy does not name"),
    "unknown_key": ("victim", "unproven", "review", "the tag holds under none of our keys"),
    "old_key": ("victim", "unproven", "review", "the tag holds under none of our keys"),
    "expired_tag": ("victim", "late", "review", "issued 40 days ago"),
    "tag_of_the_future": ("victim", "late", "review", "issued 10 days in the future"),
    "somebody_elses_token": ("attacker", "proven", "review", "is not the one that was mailed"),
    "tag_put_before_another_address": ("victim", "unproven", "review", "the tag holds under none of our keys"),
    "tag_under_another_domain_of_ours": ("victim", "unproven", "review", "the tag holds under none of our keys"),
    "upper_case_is_one_spelling_and_digits_are_not": ("victim", "unproven", "review", "which the policy does not name"),
    "letters_that_only_fold_to_ascii": ("victim", "unproven", "review", "which the policy does not name"),
    "forged_tag_wrapped_by_srs": ("victim", "unproven", "review", "the tag holds under none of our keys"),
    "forged_tag_wrapped_by_batv": ("victim", "unproven", "review", "the tag holds under none of our keys"),
    "ten_others_behind_a_good_token": ("attacker", "proven", "review", "is not the one that was mailed"),
    "good_and_bad_recipients_of_one_mail": ("victim", "unproven", "review", ""),
    "bounce_of_a_bounce": ("attacker", "proven", "suppress", ""),
    "auto_reply_that_speaks_of_death": (None, None, None, ""),
    "unsubscribe_in_anothers_name": (None, None, None, ""),
    "altered_returned_headers": ("victim", "unproven", "review", NOT_HELD),
    "replayed_original_of_another": ("attacker", "proven", "review", "is not the one that was mailed"),
    "a_second_to_above_the_signed_one": ("attacker", "proven", "review", "is not the one that was mailed"),
    "signed_with_anothers_key_in_our_name": ("victim", "unproven", "review", NOT_HELD),
    "signed_by_a_stranger": ("victim", "unproven", "review", ""),
    "original_to_several": ("victim", "unproven", "review", "names 2 recipients, not one"),
    "original_with_a_copy_for_another": ("victim", "unproven", "review", "names 2 recipients, not one"),
    "original_of_long_ago": ("victim", "late", "review", "holds on the returned original, of "),
    "verp_without_tag_and_anothers_original": ("victim", "unsigned", "count", "names another recipient"),
    "returned_path_of_another": ("attacker", "proven", "review", "is not the one that was mailed"),
    "returned_path_with_a_forged_tag": ("victim", "unproven", "review", ""),
    "complaint_without_signature": ("victim", "unproven", "review", "bears no signature of a trusted reporter"),
    "complaint_altered_on_its_way": ("victim", "unproven", "review", "the signature of the report does not hold"),
    "complaint_signed_by_a_stranger": ("victim", "unproven", "review", "bears no signature of a trusted reporter"),
    "complaint_signed_in_the_loops_name": ("victim", "unproven", "review", "the signature of the report does not hold"),
    "complaint_by_a_customer_of_the_loops_domain": ("victim", "unproven", "review", "does not hold"),
    "complaint_with_a_part_of_the_body_signed": ("victim", "unproven", "review", "does not hold"),
    "complaint_whose_key_nobody_tells": ("victim", "unproven", "review", "not checked: it took too long"),
    "complaint_whose_key_there_is_not": ("victim", "unproven", "review", "there is no such key"),
    "results_of_a_front_that_is_not_ours": ("victim", "unproven", "review", "bears no signature of a trusted reporter"),
    "results_below_those_of_our_front": ("victim", "unproven", "review", "bears no signature of a trusted reporter"),
    "complaint_with_a_forged_mail_from": ("victim", "unproven", "review", ""),
}


def test_the_catalogue_is_complete():
    assert list(CASES) == list(RECORDED)
    assert len(CASES) >= 15


@pytest.mark.parametrize("name", list(CASES))
def test_a_forgery_suppresses_nobody_and_is_recorded_for_what_it_is(place, name):
    server, world, _ = place
    victim = f"victim{list(CASES).index(name)}@{RECEIVER}"
    (last,) = server.rows("SELECT coalesce(max(id), 0) AS id FROM mails")
    paths, content = CASES[name](world, victim, honest=False)
    send(server, paths, content)
    assert standing(server, victim) != "suppressed"
    rows = server.rows(
        "SELECT verdicts.recipient, verdicts.authenticity, disposition, note, evidence FROM mails "
        "LEFT JOIN verdicts ON mail_id = mails.id WHERE mails.id > ? AND forward_path <> ?",
        last["id"],
        world.token(ATTACKER) if name == "good_and_bad_recipients_of_one_mail" else "",
    )
    whose, authenticity, disposition, why = RECORDED[name]
    whom = {"victim": victim, "attacker": ATTACKER, None: None}[whose]
    assert {(row["recipient"], row["authenticity"], row["disposition"]) for row in rows} == {
        (whom, authenticity, disposition)
    }, [tuple(row) for row in rows]
    assert all(why in f"{row['note']} {row['evidence']}" for row in rows), [tuple(row) for row in rows]


@pytest.mark.parametrize("name", list(CASES))
def test_its_honest_counterpart_suppresses(place, name):
    server, world, _ = place
    reader = f"reader{list(CASES).index(name)}@{RECEIVER}"
    send(server, *CASES[name](world, reader, honest=True))
    rows = server.rows("SELECT authenticity, disposition, why FROM bounces WHERE recipient = ?", reader)
    assert standing(server, reader) == "suppressed", [tuple(row) for row in rows]


def test_a_token_replayed_over_and_over_is_soon_nothing_new(place):
    server, world, _ = place
    reader = f"replayed@{RECEIVER}"
    token = world.token(reader)
    for number in range(30):
        original = f"From: news@{OURS}\r\nMessage-ID: <{number}@{OURS}>\r\nTo: x\r\n\r\n".encode()
        send(server, (token,), dsn((reader,), original, diagnostic="452 4.2.2 Mailbox full", status="4.2.2"))
    (recorded,) = server.rows("SELECT count(*) AS count FROM verdicts WHERE recipient = ? AND disposition = 'count'", reader)
    (heard,) = server.rows("SELECT count(*) AS count FROM feed WHERE recipient = ? AND type <> 'verdict.recorded'", reader)
    assert (recorded["count"], heard["count"]) == (30, 10)
    assert standing(server, reader) == "ok"
    send(server, (token,), dsn((reader,)))
    assert standing(server, reader) == "suppressed", "the word that decides is still heard"


def test_nobody_chooses_what_we_look_up(place):
    server, world, names = place
    send(server, (BOUNCES,), dsn((f"a@{RECEIVER}",), world.original(f"a@{RECEIVER}", signing=world.stranger, domain=STRANGER)))
    for name in ("complaint_signed_by_a_stranger", "complaint_without_signature"):
        send(server, *CASES[name](world, f"b@{RECEIVER}", honest=name == "complaint_without_signature"))
    assert set(names.asked) <= {f"{each}._domainkey.{LOOP}" for each in ("s1", "mute", "none")}
    assert names.asked.count(f"s1._domainkey.{LOOP}") == 1, "asked once, then remembered"


def test_where_nothing_is_marked_a_forged_address_is_refused_before_any_content(server, wait_until):
    keyring = keyfile.load(server.folder / "bouncesink.db.keys")
    world = World(keyring, *[Signing(b"", "")] * 3)
    refused = ("wrong_tag", "truncated_tag", "unknown_key", "old_key", "tag_put_before_another_address", "no_tag")
    wrapped = (
        "verp_without_tag",
        "tag_under_another_domain_of_ours",
        "forged_tag_wrapped_by_srs",
        "forged_tag_wrapped_by_batv",
    )
    with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as peer:
        peer.ehlo("mx.receiver.example")
        assert peer.mail("")[0] == 250
        for name in (*refused, *wrapped):
            assert peer.rcpt(CASES[name](world, f"reader@{RECEIVER}", honest=False)[0][0])[0] == 550, name
        assert peer.rcpt(CASES["wrong_tag"](world, f"reader@{RECEIVER}", honest=True)[0][0])[0] == 250
    assert not server.rows("SELECT * FROM mails")
    wait_until(lambda: server.log.read_text().count('"mail.refused"') == 10, 10, "ten lines of refusals")
