"""Sightings: which verdicts an incident is seen in, and who said them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from verdicts import DEAD

from bouncesink.core.report import Kind, Place
from bouncesink.core.sighting import Sighting, provider_of, sighting_of
from bouncesink.core.verdict import Disposition, Evidence, FailureClass, Fault, Reason
from bouncesink.core.verp.attribution import Authenticity

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
HARD, SOFT = FailureClass.HARD, FailureClass.SOFT
SLOW = {"class_": SOFT, "reason": Reason.NETWORK_ERROR, "fault": Fault.NETWORK, "disposition": Disposition.COUNT}


@pytest.mark.parametrize(
    ("otherwise", "is_seen"),
    [
        ({}, True),
        ({"class_": SOFT, "reason": Reason.MAILBOX_FULL, "disposition": Disposition.COUNT}, False),
        ({"reason": Reason.AUTH_FAILED, "fault": Fault.SENDER_IDENTITY, "disposition": Disposition.IGNORE}, True),
        ({"fault": Fault.UNKNOWN}, True),
        (SLOW, True),
        (SLOW | {"class_": HARD}, True),
        (SLOW | {"disposition": Disposition.IGNORE}, False),
        (SLOW | {"authenticity": Authenticity.UNSIGNED}, True),
        (SLOW | {"authenticity": Authenticity.UNPROVEN}, False),
        ({"kind": Kind.COMPLAINT}, False),
        ({"authenticity": Authenticity.UNSIGNED, "disposition": Disposition.COUNT}, True),
        ({"authenticity": Authenticity.UNSIGNED, "disposition": Disposition.IGNORE}, False),
        ({"authenticity": Authenticity.UNSIGNED, "disposition": Disposition.IGNORE, "fault": Fault.MESSAGE}, False),
        ({"authenticity": Authenticity.UNPROVEN}, False),
        ({"authenticity": Authenticity.LATE}, False),
        ({"recipient": None}, False),
        ({"reason": None, "fault": None}, False),
        ({"disposition": Disposition.REVIEW}, False),
    ],
)
def test_which_verdicts_an_incident_is_seen_in(otherwise: dict[str, object], is_seen: bool) -> None:
    verdict = replace(DEAD, **otherwise)
    assert (sighting_of(verdict, "reader@example.com", START) is not None) is is_seen


def test_what_is_seen_of_a_verdict() -> None:
    listed = replace(DEAD, remote_mta="mx1.big.example", evidence=Evidence("", Place.STATUS, blocklist="Spamhaus SBL"))
    assert sighting_of(listed, "reader@example.com", START) == Sighting(
        START, "reader@example.com", "big.example", HARD, Reason.MAILBOX_UNKNOWN, Fault.RECIPIENT, "Spamhaus SBL"
    )


@pytest.mark.parametrize(
    ("mta", "recipient", "provider"),
    [
        ("gmail-smtp-in.l.google.com", "a@example.com", "google.com"),
        ("mx.a.co.uk.", "a@example.com", "a.co.uk"),
        ("co.uk", "a@example.com", "co.uk"),
        ("MX1.Example.NET", "a@example.com", "example.net"),
        ("192.0.2.1", "a@mail.example.com", "example.com"),
        ("2001:db8::1", "a@example.com", "example.com"),
        ("localhost", "a@example.com", "example.com"),
        (None, "a@example", "example"),
    ],
)
def test_who_answered(mta: str | None, recipient: str, provider: str) -> None:
    assert provider_of(Reason.MAILBOX_UNKNOWN, mta, "out.sender.example", recipient) == provider


@pytest.mark.parametrize(
    ("remote_mta", "reporting_mta", "provider"),
    [
        (None, "out1.sender.example", "sender.example"),
        (None, None, ""),
        (None, "localhost", ""),
        ("smtp.relay.example", "out1.sender.example", "relay.example"),
    ],
)
def test_who_did_not_find_a_domain(remote_mta: str | None, reporting_mta: str | None, provider: str) -> None:
    assert provider_of(Reason.DOMAIN_UNKNOWN, remote_mta, reporting_mta, "a@gone.example") == provider
