"""The decoder: what is believed, in what order, and how far."""

from datetime import date, timedelta

import pytest

from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar, Nesting
from bouncesink.core.verp.decoder import UNSIGNED_FAMILIES, VerpPolicy, compile_pattern, decode
from bouncesink.core.verp.keyring import Key, Keyring
from bouncesink.core.verp.minter import Minter
from bouncesink.core.verp.token import seal_signed

OLD = Key(1, b"an old secret, still on the ring")
NEW = Key(2, b"a secret for these tests alone!!")
KEYRING = Keyring((OLD, NEW))
TODAY = date(2026, 11, 22)
DOMAIN = "b.example.com"
ANYWHERE = VerpPolicy()
OURS = VerpPolicy(domains=frozenset({"B.Example.com."}))
EVERYTHING = VerpPolicy(unsigned=UNSIGNED_FAMILIES)
SIGNED = Minter(KEYRING, DOMAIN).mint("User@example.net", TODAY).address
OPAQUE = Minter(KEYRING, DOMAIN).mint("User@example.net", TODAY, 4711).address
FORGED = SIGNED.replace("User=", "victim=")

PROVEN_SIGNED = Attribution(Grammar.SIGNED, "User@example.net", "", Authenticity.PROVEN, "", TODAY, 2)
PROVEN_OPAQUE = Attribution(Grammar.OPAQUE, None, "0000000000001267", Authenticity.PROVEN, "", TODAY, 2)


@pytest.mark.parametrize("policy", [ANYWHERE, OURS, EVERYTHING])
@pytest.mark.parametrize(("path", "attribution"), [(SIGNED, PROVEN_SIGNED), (OPAQUE, PROVEN_OPAQUE)])
def test_our_own_token_comes_first(path, attribution, policy):
    assert decode(path, policy, KEYRING, TODAY) == attribution
    assert decode(f"<@relay.example:{path}>", policy, KEYRING, TODAY) == attribution


def test_an_upper_cased_token_holds():
    assert decode(SIGNED.upper(), OURS, KEYRING, TODAY).recipient == "USER@EXAMPLE.NET"
    assert decode(SIGNED.upper(), OURS, KEYRING, TODAY).authenticity is Authenticity.PROVEN
    assert decode(OPAQUE.upper(), OURS, KEYRING, TODAY) == PROVEN_OPAQUE


def test_a_token_in_a_quoted_local_part_holds():
    local, _, domain = SIGNED.rpartition("@")
    assert decode(f'"{local}"@{domain}', OURS, KEYRING, TODAY) == PROVEN_SIGNED


@pytest.mark.parametrize(
    "recipient", ["a=b@example.net", "user+x=y@example.net", "o'brien@xn--bcher-kva.example", "a-b@example.net"]
)
def test_the_recipient_is_split_at_the_last_equals_sign(recipient):
    assert decode(Minter(KEYRING, DOMAIN).mint(recipient, TODAY).address, OURS, KEYRING, TODAY).recipient == recipient


@pytest.mark.parametrize(
    ("days", "authenticity", "note"),
    [
        (0, Authenticity.PROVEN, ""),
        (35, Authenticity.PROVEN, ""),
        (36, Authenticity.LATE, "issued 36 days ago"),
        (-2, Authenticity.PROVEN, ""),
        (-3, Authenticity.LATE, "issued 3 days in the future"),
    ],
)
@pytest.mark.parametrize("path", [SIGNED, OPAQUE])
def test_age(path, days, authenticity, note):
    attribution = decode(path, OURS, KEYRING, TODAY + timedelta(days=days))
    assert (attribution.authenticity, attribution.note, attribution.issued_on) == (authenticity, note, TODAY)


def test_the_life_of_a_token_is_configured():
    policy = VerpPolicy(life_days=1)
    assert decode(SIGNED, policy, KEYRING, TODAY + timedelta(days=1)).authenticity is Authenticity.PROVEN
    assert decode(SIGNED, policy, KEYRING, TODAY + timedelta(days=2)).authenticity is Authenticity.LATE


def test_any_key_of_the_ring_verifies_and_a_retired_one_does_not():
    before = Minter(Keyring((OLD,)), DOMAIN).mint("user@example.net", TODAY).address
    assert decode(before, OURS, KEYRING, TODAY).key_id == 1
    assert decode(before, OURS, Keyring((NEW,)), TODAY).grammar is Grammar.NONE


@pytest.mark.parametrize("policy", [ANYWHERE, OURS, EVERYTHING, VerpPolicy(patterns=(compile_pattern("(?P<recipient>.+)"),))])
@pytest.mark.parametrize("path", [FORGED, "h" + OPAQUE[1:], f"prvs=0123a1b2c3={FORGED}", SIGNED.replace("@b.", "@c.")])
def test_a_forged_token_is_read_as_nothing_else(path, policy):
    attribution = decode(path, policy, KEYRING, TODAY)
    assert (attribution.grammar, attribution.authenticity) == (Grammar.NONE, Authenticity.UNPROVEN)
    assert (attribution.recipient, attribution.reference) == (None, "")
    assert attribution.note == "the tag holds under none of our keys"


@pytest.mark.parametrize("prefix", ["list-bounces+", "bounce-"])
def test_a_forged_token_under_a_prefix_is_not_read_by_the_prefix(prefix):
    genuine = Minter(KEYRING, DOMAIN, prefix).mint("user@example.net", TODAY).address
    policy = VerpPolicy(prefixes=(prefix,), unsigned=UNSIGNED_FAMILIES)
    assert decode(genuine, policy, KEYRING, TODAY).authenticity is Authenticity.PROVEN
    assert decode(genuine.replace("user", "victim"), policy, KEYRING, TODAY).grammar is Grammar.NONE


def test_a_token_that_holds_under_a_domain_that_is_not_ours_is_not_ours():
    elsewhere = Minter(KEYRING, "c.example.com").mint("user@example.net", TODAY).address
    assert decode(elsewhere, ANYWHERE, KEYRING, TODAY).authenticity is Authenticity.PROVEN
    attribution = decode(elsewhere, OURS, KEYRING, TODAY)
    assert attribution == Attribution(Grammar.NONE, note="a token of ours under a domain that is not")


class TestAListWhoseNameCouldBeAToken:
    NAME = "freesoftwarenews"

    def read(self, local: str, **policy) -> Attribution:
        return decode(f"{local}@{DOMAIN}", VerpPolicy(**policy), KEYRING, TODAY)

    def test_a_mark_of_its_family_tells_it(self):
        attribution = self.read(f"{self.NAME}-bounces+user=example.com", unsigned=UNSIGNED_FAMILIES)
        assert (attribution.grammar, attribution.recipient) == (Grammar.MAILMAN, "user@example.com")
        attribution = self.read(f"{self.NAME}-return-7-user=example.com", unsigned=UNSIGNED_FAMILIES)
        assert (attribution.grammar, attribution.reference) == (Grammar.EZMLM, "7")

    def test_a_prefix_that_holds_the_whole_name_tells_it(self):
        attribution = self.read(f"{self.NAME}-user=example.com", prefixes=(f"{self.NAME}-",))
        assert (attribution.grammar, attribution.recipient) == (Grammar.POSTFIX, "user@example.com")

    def test_its_shape_alone_does_not(self):
        assert self.read(f"{self.NAME}-user=example.com", unsigned=UNSIGNED_FAMILIES).grammar is Grammar.NONE

    def test_nor_does_a_mark_under_a_domain_that_is_not_ours(self):
        policy = {"unsigned": UNSIGNED_FAMILIES, "domains": frozenset({"c.example.com"})}
        assert self.read(f"{self.NAME}-bounces+user=example.com", **policy).grammar is Grammar.NONE

    def test_nor_is_it_read_beyond_the_bound(self):
        assert self.read(f"{self.NAME}-bounces+{'x' * 500}=example.com", unsigned=UNSIGNED_FAMILIES).grammar is Grammar.NONE


@pytest.mark.parametrize(
    ("local", "nesting"),
    [
        ("prvs=0123a1b2c3={}", (Nesting.BATV,)),
        ("prvs={}=0123a1b2c3", (Nesting.BATV,)),
        ("btv1==0123a1b2c3=={}", (Nesting.BARRACUDA,)),
        ("prvs=0123a1b2c3=btv1==0123a1b2c3=={}", (Nesting.BATV, Nesting.BARRACUDA)),
        ("prvs=0123a1b2c3=SRS0=fGv9=BC=b.example.com={}", (Nesting.BATV, Nesting.SRS0)),
        (
            "prvs=0123a1b2c3=btv1==0123a1b2c3==SRS1=x=f.example==fGv9=BC=b.example.com={}",
            (Nesting.BATV, Nesting.BARRACUDA, Nesting.SRS1),
        ),
    ],
)
@pytest.mark.parametrize(("address", "attribution"), [(SIGNED, PROVEN_SIGNED), (OPAQUE, PROVEN_OPAQUE)])
def test_a_wrapped_token_is_as_good_as_a_bare_one(local, nesting, address, attribution):
    path = local.format(address.split("@", maxsplit=1)[0]) + f"@{DOMAIN}"
    decoded = decode(path, OURS, KEYRING, TODAY)
    assert decoded.nesting == nesting
    assert decoded == Attribution(
        attribution.grammar, attribution.recipient, attribution.reference, Authenticity.PROVEN, "", TODAY, 2, nesting
    )


def test_a_forwarders_domain_may_be_anything_but_what_is_inside_must_be_ours():
    local = SIGNED.split("@", maxsplit=1)[0]
    assert decode(f"SRS0=fGv9=BC={DOMAIN}={local}@fwd.example", OURS, KEYRING, TODAY).recipient == "User@example.net"
    assert decode(f"SRS0=fGv9=BC=c.example={local}@{DOMAIN}", OURS, KEYRING, TODAY).grammar is Grammar.NONE


def test_three_wrappings_come_off_and_no_more():
    local = SIGNED.split("@", maxsplit=1)[0]
    wrap = "prvs=0123a1b2c3="
    assert decode(f"{wrap * 3}{local}@{DOMAIN}", OURS, KEYRING, TODAY).grammar is Grammar.SIGNED
    fourth = decode(f"{wrap * 4}{local}@{DOMAIN}", OURS, KEYRING, TODAY)
    assert (fourth.grammar, fourth.nesting) == (Grammar.NONE, (Nesting.BATV,) * 3)


def test_other_peoples_grammars_come_unwrapped_too():
    attribution = decode("prvs=0123a1b2c3=list-bounces+user=example.com@lists.example.org", EVERYTHING, KEYRING, TODAY)
    assert attribution == Attribution(
        Grammar.MAILMAN, "user@example.com", "", Authenticity.UNSIGNED, "list", nesting=(Nesting.BATV,)
    )


@pytest.mark.parametrize(
    ("local", "note"),
    [
        ("list-bounces+user=example.com", "reads as mailman, which the policy does not name"),
        ("someone", "no grammar reads it"),
        ("x" * 600, "the local part is too long to be read"),
    ],
)
def test_what_the_policy_does_not_name_is_not_believed(local, note):
    assert decode(f"{local}@{DOMAIN}", OURS, KEYRING, TODAY) == Attribution(Grammar.NONE, note=note)


def test_what_is_no_address():
    assert decode("a b@c", OURS, KEYRING, TODAY) == Attribution(Grammar.NONE, note="no address in RFC 5321's syntax")


def test_a_domain_that_is_not_ours():
    assert decode("bounces@c.example", OURS, KEYRING, TODAY).note == "the domain is not ours"
    assert decode("bounces", OURS, KEYRING, TODAY).note == "the domain is not ours"


class TestWhatTheOperatorConfigured:
    POLICY = VerpPolicy(
        prefixes=("bounce-", "Bounce-List-", ""),
        static=frozenset({"Bounces"}),
        patterns=(compile_pattern(r"wiz_(?P<reference>\d+)"),),
        unsigned=frozenset({Grammar.SENDGRID, Grammar.GENERIC}),
        domains=frozenset({DOMAIN}),
    )

    @pytest.mark.parametrize(
        ("local", "attribution"),
        [
            ("bounces", Attribution(Grammar.STATIC)),
            ("BOUNCES", Attribution(Grammar.STATIC)),
            ("wiz_77", Attribution(Grammar.CUSTOM, None, "77", Authenticity.UNSIGNED)),
            (
                "BOUNCE-LIST-a-b=example.com",
                Attribution(Grammar.POSTFIX, "a-b@example.com", "", Authenticity.UNSIGNED, "bounce-list"),
            ),
            ("bounce-a-b=example.com", Attribution(Grammar.POSTFIX, "a-b@example.com", "", Authenticity.UNSIGNED, "bounce")),
            (
                "bounces+1-1e1a-a=example.com",
                Attribution(Grammar.SENDGRID, "a@example.com", "1-1e1a", Authenticity.UNSIGNED, "bounces"),
            ),
            (
                "x+a=example.com",
                Attribution(
                    Grammar.GENERIC,
                    "a@example.com",
                    "",
                    Authenticity.UNSIGNED,
                    "x",
                    note="read by its shape alone, with low confidence",
                ),
            ),
            ("bounce-4711", Attribution(Grammar.NONE, note="no grammar reads it")),
        ],
    )
    def test_is_read(self, local, attribution):
        assert decode(f"{local}@{DOMAIN}", self.POLICY, KEYRING, TODAY) == attribution

    def test_is_read_under_our_domains_alone(self):
        for local in ("bounces", "wiz_77", "bounce-a=example.com"):
            assert decode(f"{local}@c.example", self.POLICY, KEYRING, TODAY).grammar is Grammar.NONE

    def test_is_read_anywhere_where_no_domain_is_configured(self):
        assert decode("bounces@c.example", VerpPolicy(static=frozenset({"bounces"})), KEYRING, TODAY).grammar is Grammar.STATIC


@pytest.mark.parametrize("prefix", ["b-", "B-", "bounce.", "list+"])
def test_our_own_prefix(prefix):
    policy = VerpPolicy(prefix=prefix)
    for spelled in (prefix, prefix.upper()):
        for recipient in ("user@example.net", "\u00e9@example.net"):
            minted = Minter(KEYRING, DOMAIN, spelled).mint(recipient, TODAY)
            assert decode(minted.address, policy, KEYRING, TODAY).authenticity is Authenticity.PROVEN
            assert decode(minted.address, ANYWHERE, KEYRING, TODAY).grammar is Grammar.NONE


def test_a_token_from_before_there_was_a_prefix_still_holds():
    for policy in (VerpPolicy(prefix="b-"), VerpPolicy(prefix="b-", domains=frozenset({DOMAIN}))):
        assert decode(SIGNED, policy, KEYRING, TODAY) == PROVEN_SIGNED
        assert decode(FORGED, policy, KEYRING, TODAY).grammar is Grammar.NONE


def test_a_prefix_of_former_days_still_works():
    policy = VerpPolicy(prefix="new-", prefixes=("old-",))
    for prefix in ("new-", "old-"):
        minted = Minter(KEYRING, DOMAIN, prefix).mint("user@example.net", TODAY).address
        assert decode(minted, policy, KEYRING, TODAY).authenticity is Authenticity.PROVEN


def test_what_a_token_binds_needs_no_domain_of_the_public_kind():
    tag = seal_signed(NEW, TODAY, DOMAIN, "user=intranet")
    assert decode(f"{tag}-user=intranet@{DOMAIN}", OURS, KEYRING, TODAY).recipient == "user@intranet"
