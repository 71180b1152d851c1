"""The minter: which form an address gets, and what cannot be minted."""

import time
from datetime import date

import pytest

from bouncesink.core.address import parse
from bouncesink.core.verp.attribution import Grammar
from bouncesink.core.verp.keyring import Key, Keyring
from bouncesink.core.verp.minter import MAX_ADDRESS, MAX_LOCAL, Minter, reference_of

KEYRING = Keyring((Key(1, b"an old secret, still on the ring"), Key(2, b"a secret for these tests alone!!")))
TODAY = date(2026, 11, 22)
MINTER = Minter(KEYRING, "B.Example.com", "b-")


@pytest.mark.parametrize(
    ("recipient", "bound"),
    [
        ("user@example.net", "user=example.net"),
        ("<User.Name+tag@EXAMPLE.net>", "User.Name+tag=example.net"),
        ("a=b@example.net", "a=b=example.net"),
        ("o'brien/x#y@example.net", "o'brien/x#y=example.net"),
        ('"user"@example.net', "user=example.net"),
        ("user@b\u00fccher.example", "user=xn--bcher-kva.example"),
        ("user@intranet", "user=intranet"),
    ],
)
def test_signed_where_the_recipient_can_stand_in_a_local_part(recipient, bound):
    minted = MINTER.mint(recipient, TODAY)
    assert (minted.grammar, minted.reference) == (Grammar.SIGNED, None)
    local, _, domain = minted.address.rpartition("@")
    assert domain == "b.example.com"
    assert local[:2] == "b-"
    assert local[18:] == f"-{bound}"
    assert len(local) <= MAX_LOCAL


@pytest.mark.parametrize(
    "recipient",
    [
        "us\u00e9r@example.net",
        '"john doe"@example.net',
        ".user@example.net",
        "us..er@example.net",
        "user@[192.0.2.1]",
        "x" * 34 + "@example.net",
    ],
)
def test_opaque_where_it_cannot(recipient):
    minted = MINTER.mint(recipient, TODAY)
    assert minted.grammar is Grammar.OPAQUE
    assert minted.reference == reference_of(parse(recipient))
    assert len(minted.address) == 2 + 32 + len("@b.example.com")


def test_the_limit_is_64_octets_exactly():
    fits = "x" * (MAX_LOCAL - len("b-0123456789abcdef-=example.net"))
    assert len(MINTER.mint(f"{fits}@example.net", TODAY).address.split("@")[0]) == MAX_LOCAL
    assert MINTER.mint(f"{fits}@example.net", TODAY).grammar is Grammar.SIGNED
    assert MINTER.mint(f"{fits}x@example.net", TODAY).grammar is Grammar.OPAQUE


def test_a_reference_of_the_senders_makes_it_opaque():
    minted = MINTER.mint("user@example.net", TODAY, reference=0)
    assert (minted.grammar, minted.reference) == (Grammar.OPAQUE, 0)


def test_the_reference_of_a_mailbox_does_not_depend_on_its_spelling():
    assert reference_of(parse("User@EXAMPLE.net")) == reference_of(parse("user@example.net")) < 2**64
    assert reference_of(parse("other@example.net")) != reference_of(parse("user@example.net"))


@pytest.mark.parametrize(
    "recipient",
    [
        "",
        "user",
        "user@",
        "@example.net",
        "user@a..b",
        "a@example.net, b@example.net",
        "John <a@example.net>",
        "a@b c@d",
        "u\x00@b",
    ],
)
def test_what_is_no_address_is_not_minted_for(recipient):
    with pytest.raises(ValueError, match="is no address"):
        MINTER.mint(recipient, TODAY)


@pytest.mark.parametrize("domain", ["", "a..b", "a b", "[192.0.2.1]"])
def test_what_is_no_domain_is_not_minted_under(domain):
    with pytest.raises(ValueError, match="is no domain"):
        Minter(KEYRING, domain)


def test_a_domain_too_long_for_any_address_is_refused():
    with pytest.raises(ValueError, match="too long"):
        Minter(KEYRING, ".".join(["x" * 60] * 4))


def test_no_address_is_longer_than_a_path_allows():
    domain = ".".join(["x" * 60] * 3 + ["y" * 30])
    minter = Minter(KEYRING, domain)
    for length in range(1, 40):
        assert len(minter.mint("x" * length + "@example.net", TODAY).address) <= MAX_ADDRESS
    assert minter.mint("x" * 14 + "@a.example", TODAY).grammar is Grammar.OPAQUE


@pytest.mark.parametrize("prefix", [".a", "a..b", "a@b", "a b", '"', "\u00e9", "x" * 33])
def test_what_cannot_begin_a_local_part_is_no_prefix(prefix):
    with pytest.raises(ValueError, match="is not the beginning"):
        Minter(KEYRING, "b.example.com", prefix)


def test_a_hostile_prefix_is_refused_at_once():
    began = time.process_time()
    with pytest.raises(ValueError, match="is not the beginning"):
        Minter(KEYRING, "b.example.com", "a" * 31 + '"')
    assert time.process_time() - began < 1


@pytest.mark.parametrize("prefix", ["", "b.", "bounce+", "x" * 32])
def test_what_can_is(prefix):
    assert Minter(KEYRING, "b.example.com", prefix).mint("\u00e9@example.net", TODAY).address.startswith(prefix)


def test_the_current_key_mints():
    one = Minter(Keyring((KEYRING.keys[1],)), "b.example.com", "b-")
    assert one.mint("user@example.net", TODAY) == MINTER.mint("user@example.net", TODAY)


def test_whether_a_forwarder_could_rewrite_it():
    minter = Minter(KEYRING, "b.example.com")
    # SRS0=HHHH=TT=b.example.com=local must stay within 64 octets.
    for recipient in ("user@example.net", "x" * 8 + "@example.net", "x" * 9 + "@example.net", "\u00e9@example.net"):
        minted = minter.mint(recipient, TODAY)
        local, _, domain = minted.address.rpartition("@")
        assert minted.forwardable is (len(f"SRS0=HHHH=TT={domain}={local}") <= 64)
    assert minter.mint("x" * 8 + "@example.net", TODAY).forwardable
    assert not minter.mint("x" * 9 + "@example.net", TODAY).forwardable
