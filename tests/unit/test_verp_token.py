"""Tokens: sealed, opened, and opened by nobody else."""

from datetime import date

import pytest

from bouncesink.core.verp import token
from bouncesink.core.verp.keyring import Key, Keyring

KEY = Key(5, b"a secret for these tests alone!!")
OTHER = Key(5, b"quite another secret, same id!!!")
KEYRING = Keyring((KEY,))
DAY = date(2026, 11, 22)
DOMAIN = "b.example.com"
BOUND = "User=example.net"
SIGNED = token.seal_signed(KEY, DAY, DOMAIN, BOUND)
OPAQUE = token.seal_opaque(KEY, DAY, DOMAIN, 4711)


def test_a_signed_token_opens():
    assert len(SIGNED) == token.SIGNED_LENGTH
    assert token.open_signed(SIGNED, BOUND, DOMAIN, KEYRING) == token.Opened(5, DAY)


def test_an_opaque_token_opens():
    assert len(OPAQUE) == token.OPAQUE_LENGTH
    assert token.open_opaque(OPAQUE, DOMAIN, KEYRING) == token.Opened(5, DAY, "0000000000001267")


def test_case_is_never_told_apart():
    assert token.open_signed(SIGNED.upper(), BOUND.upper(), DOMAIN.upper(), KEYRING) == token.Opened(5, DAY)
    assert token.open_opaque(OPAQUE.upper(), DOMAIN.upper(), KEYRING) is not None


@pytest.mark.parametrize(
    ("bound", "domain", "keyring"),
    [
        ("user2=example.net", DOMAIN, KEYRING),
        ("us\u00e9r=example.net", DOMAIN, KEYRING),
        (BOUND, "c.example.com", KEYRING),
        (BOUND, "", KEYRING),
        (BOUND, DOMAIN, Keyring((OTHER,))),
        (BOUND, DOMAIN, Keyring((Key(6, KEY.secret),))),
    ],
)
def test_a_signed_token_holds_for_one_recipient_one_domain_and_one_key(bound, domain, keyring):
    assert token.open_signed(SIGNED, bound, domain, keyring) is None


@pytest.mark.parametrize(
    ("domain", "keyring"), [("c.example.com", KEYRING), (DOMAIN, Keyring((OTHER,))), (DOMAIN, Keyring((Key(6, KEY.secret),)))]
)
def test_an_opaque_token_holds_for_one_domain_and_one_key(domain, keyring):
    assert token.open_opaque(OPAQUE, domain, keyring) is None


@pytest.mark.parametrize("place", range(token.SIGNED_LENGTH))
def test_no_character_of_a_signed_token_can_be_changed(place):
    for other in "abcdefghijklmnopqrstuvwxyz234567".replace(SIGNED[place], ""):
        forged = SIGNED[:place] + other + SIGNED[place + 1 :]
        if token.SIGNED.fullmatch(f"{forged}-{BOUND}"):
            assert token.open_signed(forged, BOUND, DOMAIN, KEYRING) is None


@pytest.mark.parametrize("place", range(token.OPAQUE_LENGTH))
def test_no_character_of_an_opaque_token_can_be_changed(place):
    for other in "abcdefghijklmnopqrstuvwxyz234567".replace(OPAQUE[place], ""):
        forged = OPAQUE[:place] + other + OPAQUE[place + 1 :]
        if token.OPAQUE.fullmatch(forged):
            assert token.open_opaque(forged, DOMAIN, KEYRING) is None


def test_a_signed_tag_is_no_opaque_tag():
    """The two are hashed under different personalizations, so that neither can be passed off as the other."""
    octets = token._decode(OPAQUE)
    assert token._signed_tag(KEY, DOMAIN, octets[:3], BOUND) != token._opaque_tag(KEY, DOMAIN, octets[:11])[:7]


@pytest.mark.parametrize("key_id", range(32))
def test_every_key_id_and_both_ends_of_the_calendar_have_our_shape(key_id):
    key = Key(key_id, KEY.secret)
    for day in (date(1970, 1, 1), date(2149, 6, 6)):
        signed = token.seal_signed(key, day, DOMAIN, BOUND)
        opaque = token.seal_opaque(key, day, DOMAIN, token.MAX_REFERENCE)
        assert token.SIGNED.fullmatch(f"{signed}-{BOUND}")
        assert token.OPAQUE.fullmatch(opaque)
        assert token.open_signed(signed, BOUND, DOMAIN, Keyring((key,))) == token.Opened(key_id, day)
        assert token.open_opaque(opaque, DOMAIN, Keyring((key,))) == token.Opened(key_id, day, "f" * 16)


@pytest.mark.parametrize("day", [date(1969, 12, 31), date(2149, 6, 7)])
def test_a_day_that_does_not_fit_is_not_sealed(day):
    with pytest.raises(ValueError, match="outside the days"):
        token.seal_signed(KEY, day, DOMAIN, BOUND)


@pytest.mark.parametrize("reference", [-1, 2**64])
def test_a_reference_that_does_not_fit_is_not_sealed(reference):
    with pytest.raises(ValueError, match="64 bits"):
        token.seal_opaque(KEY, DAY, DOMAIN, reference)
