"""What is lost or added on the way changes nothing: a failure without Subject or From is the same failure, and so it is below a
null Return-Path and the fields that a delivering MTA sets in front.

Every golden mail that tells of a failure is read so, and tells of the same recipients for the same reasons.
"""

import re
from collections.abc import Callable

import pytest
from golden_answers import answer, golden, golden_mails, name_of

NULL = b"Return-Path: <>\n"
ADDED = b"Delivered-To: bounces+1001@b.example.com\nX-Original-To: bounces+1001@b.example.com\n"
FAILURES = [mail for mail in golden_mails() if golden(mail)["kind"] == "bounce"]


def without(*names: bytes) -> Callable[[bytes], bytes]:
    fields = re.compile(rb"(?im)^(?:" + b"|".join(names) + rb")[ \t]*:.*\n(?:[ \t].*\n)*")

    def lose(content: bytes) -> bytes:
        head, blank, body = content.partition(b"\n\n")
        return fields.sub(b"", head + b"\n") + blank[1:] + body

    return lose


LOSSES: dict[str, Callable[[bytes], bytes]] = {
    "no subject": without(b"subject"),
    "no from": without(b"from"),
    "neither": without(b"subject", b"from"),
    "null path": lambda content: NULL + content,
    "null path, no subject": lambda content: NULL + without(b"subject")(content),
    "null path, no from": lambda content: NULL + without(b"from")(content),
    "null path, neither": lambda content: NULL + without(b"subject", b"from")(content),
    "delivered": lambda content: ADDED + content,
    "delivered, null path, no subject": lambda content: ADDED + NULL + without(b"subject")(content),
}

NO_FROM = {"no from", "neither", "null path, no from", "null path, neither"}
# What nobody could tell any more, and why.
CANNOT_TELL = {
    "damaged/bare-cr": (NO_FROM, "its lines end in a carriage return alone, so that all of its header is lost with the From"),
    "languages/french-sentence": (
        NO_FROM,
        "one sentence in which no word is a mail system's: what does not exist may be a person",
    ),
    "languages/german-1und1": (
        {"neither", "null path, neither"},
        "it calls itself an automatic answer, and only its headers say of what",
    ),
    "prose/original-names-the-recipient": ({"neither", "null path, neither"}, "it names nobody, and nobody is who sent it"),
    "prose/gateway-blocked-it": (NO_FROM, "whoever runs a site or a shop blocks messages too"),
    "prose/service-cancelled": (
        {*NO_FROM, "no subject", "null path, no subject", "delivered, null path, no subject"},
        "its mailbox and its subject together say what it is, and no word of it does",
    ),
    "prose/unknown-sender-listed": ({"no subject"}, "a person's address, and words that a person may pass on"),
}


def told(content: bytes) -> object:
    said = answer(content)
    return said["kind"], [(each["recipient"], each["action"], each["reason"]) for each in said["recipients"]]


def test_there_are_failures():
    assert len(FAILURES) > 200
    assert set(CANNOT_TELL) <= {name_of(mail) for mail in FAILURES}


@pytest.mark.parametrize("mail", [pytest.param(mail, id=name_of(mail)) for mail in FAILURES])
def test_a_failure_stays_what_it_is(mail):
    content = mail.read_bytes()
    right = told(content)
    changed = {name for name, lose in LOSSES.items() if told(lose(content)) != right}
    assert changed == CANNOT_TELL.get(name_of(mail), (set(), ""))[0]
