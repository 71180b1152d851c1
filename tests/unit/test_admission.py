"""Who is let in at RCPT, and what the others hear."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bouncesink.core.admission import AdmissionPolicy, admit, is_ours
from bouncesink.core.mail import Admitted
from bouncesink.core.reply import BAD_ADDRESS, NO_SUCH_ADDRESS, NOT_OURS, Reply
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.core.verp.decoder import UNSIGNED_FAMILIES, VerpPolicy
from bouncesink.core.verp.keyring import Key, Keyring
from bouncesink.core.verp.minter import Minter

KEYRING = Keyring((Key(2, b"a secret for these tests alone!!"),))
TODAY = date(2026, 11, 22)
DOMAIN = "b.example.com"
VERP = VerpPolicy(domains=frozenset({DOMAIN}), static=frozenset({"bounces"}))
REFUSE = AdmissionPolicy(VERP)
MARK = AdmissionPolicy(VERP, refuse_unknown=False)
ANYWHERE = AdmissionPolicy(VerpPolicy())
SIGNED = Minter(KEYRING, DOMAIN).mint("user@example.net", TODAY).address
OPAQUE = Minter(KEYRING, DOMAIN).mint("user@example.net", TODAY, 1).address


def grammar_of(answer: Admitted | Reply) -> Grammar | Reply:
    return answer.attribution.grammar if isinstance(answer, Admitted) else answer


@pytest.mark.parametrize("policy", [REFUSE, MARK, ANYWHERE])
@pytest.mark.parametrize(("path", "grammar"), [(SIGNED, Grammar.SIGNED), (OPAQUE, Grammar.OPAQUE)])
@pytest.mark.parametrize(
    ("days", "authenticity"), [(0, Authenticity.PROVEN), (400, Authenticity.LATE), (-40, Authenticity.LATE)]
)
def test_a_tag_that_holds_is_let_in_late_or_not(policy, path, grammar, days, authenticity):
    admitted = admit(path, policy, KEYRING, TODAY + timedelta(days=days))
    assert admitted.forward_path == path
    assert (admitted.attribution.grammar, admitted.attribution.authenticity) == (grammar, authenticity)


@pytest.mark.parametrize(
    "path",
    [
        SIGNED.replace("user=", "victim="),
        "h" + OPAQUE[1:],
        f"someone@{DOMAIN}",
        f"list-bounces+user=example.com@{DOMAIN}",
        "abuse",
        "bounces",
        f"\udce9\udcff@{DOMAIN}",
        "x" * 1000 + f"@{DOMAIN}",
        f'"quoted one"@{DOMAIN}',
    ],
)
def test_the_unknown_and_the_forged(path):
    assert admit(path, REFUSE, KEYRING, TODAY) == NO_SUCH_ADDRESS
    admitted = admit(path, MARK, KEYRING, TODAY)
    assert admitted.forward_path == path
    assert (admitted.attribution.grammar, admitted.attribution.authenticity) == (Grammar.NONE, Authenticity.UNPROVEN)
    assert admitted.attribution.note
    assert admitted.attribution.recipient is None


@pytest.mark.parametrize(
    "path",
    [
        SIGNED.replace("@b.", "@c."),
        "bounces@c.example.com",
        "postmaster@c.example.com",
        "someone@c.example.com",
        f"user%c.example.com@sub.{DOMAIN}",
        "someone@[192.0.2.1]",
    ],
)
def test_nobody_is_let_in_at_a_domain_that_is_not_ours(path):
    """Marked or not: accepting it would look like an open relay. What is here already, in a file, is recorded all the same."""
    assert admit(path, REFUSE, KEYRING, TODAY) == NOT_OURS
    assert admit(path, MARK, KEYRING, TODAY) == NOT_OURS
    assert isinstance(admit(path, replace(MARK, refuse_foreign=False), KEYRING, TODAY), Admitted)
    assert admit(path, replace(REFUSE, refuse_foreign=False), KEYRING, TODAY) == NO_SUCH_ADDRESS


@pytest.mark.parametrize(
    ("path", "policy", "ours"),
    [
        (SIGNED, REFUSE, True),
        (f"nobody@{DOMAIN.upper()}", REFUSE, True),
        ("nobody@c.example.com", REFUSE, False),
        ("nobody@c.example.com", MARK, False),
        ("postmaster", REFUSE, False),
        ("nobody@c.example.com", ANYWHERE, True),
        ("", ANYWHERE, False),
        ("a b@c.example", ANYWHERE, False),
    ],
)
def test_whose_the_domain_is(path, policy, ours):
    assert is_ours(path, policy) is ours


@pytest.mark.parametrize("path", ["", "<>", "@", "a b@c.example", f'"open@{DOMAIN}', "a@b..c", f"a\r\nb@{DOMAIN}", "x" * 5000])
@pytest.mark.parametrize("policy", [REFUSE, MARK, ANYWHERE])
def test_what_is_no_address(path, policy):
    assert admit(path, policy, KEYRING, TODAY) == BAD_ADDRESS


@pytest.mark.parametrize(
    ("path", "policy", "grammar"),
    [
        (f"postmaster@{DOMAIN}", REFUSE, Grammar.ROLE),
        (f"PostMaster@{DOMAIN.upper()}", REFUSE, Grammar.ROLE),
        (f"<@relay.example:postmaster@{DOMAIN}>", REFUSE, Grammar.ROLE),
        ("postmaster", REFUSE, Grammar.ROLE),
        ("<POSTMASTER>", REFUSE, Grammar.ROLE),
        (f"ABUSE@{DOMAIN}", REFUSE, Grammar.ROLE),
        ("postmaster@c.example.com", REFUSE, NOT_OURS),
        ("postmaster@c.example.com", ANYWHERE, Grammar.ROLE),
        ("abuse@[192.0.2.1]", ANYWHERE, Grammar.ROLE),
        ("abuse", ANYWHERE, NO_SUCH_ADDRESS),
        ("postmaster", AdmissionPolicy(VERP, roles=frozenset()), NO_SUCH_ADDRESS),
        (f"hostmaster@{DOMAIN}", AdmissionPolicy(VERP, roles=frozenset({"HostMaster"})), Grammar.ROLE),
        (f"postmaster+x@{DOMAIN}", REFUSE, NO_SUCH_ADDRESS),
        (f"bounces@{DOMAIN}", REFUSE, Grammar.STATIC),
        (f"Bounces@{DOMAIN}", MARK, Grammar.STATIC),
    ],
)
def test_roles_and_bounce_mailboxes(path, policy, grammar):
    answer = admit(path, policy, KEYRING, TODAY)
    assert grammar_of(answer) == grammar
    if isinstance(answer, Admitted):
        assert answer.attribution == Attribution(answer.attribution.grammar)
        assert answer.attribution.authenticity is Authenticity.UNPROVEN


def test_unsigned_families_are_let_in_by_name_alone():
    named = AdmissionPolicy(VerpPolicy(unsigned=frozenset({Grammar.MAILMAN}), domains=frozenset({DOMAIN})))
    admitted = admit(f"list-bounces+user=example.com@{DOMAIN}", named, KEYRING, TODAY)
    assert admitted.attribution.recipient == "user@example.com"
    assert admitted.attribution.authenticity is Authenticity.UNSIGNED
    assert admit(f"list-return-7-user=example.com@{DOMAIN}", named, KEYRING, TODAY) == NO_SUCH_ADDRESS


def test_route_and_brackets_are_taken_off_what_is_recorded():
    assert admit(f"<@a.example,@b.example:{SIGNED}>", REFUSE, KEYRING, TODAY).forward_path == SIGNED


def test_the_answer_does_not_depend_on_who_the_recipient_is():
    everything = AdmissionPolicy(VerpPolicy(unsigned=UNSIGNED_FAMILIES))
    minter = Minter(KEYRING, DOMAIN)
    for recipient in ("user@example.net", "nobody@nowhere.example", "root@localhost"):
        assert isinstance(admit(minter.mint(recipient, TODAY).address, everything, KEYRING, TODAY), Admitted)
        forged = minter.mint("a@b.example", TODAY).address.replace("a=b.example", recipient.replace("@", "="))
        assert admit(forged, everything, KEYRING, TODAY) == NO_SUCH_ADDRESS
