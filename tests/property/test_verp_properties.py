"""What holds of every address that we mint, and of every forward-path that anybody sends."""

import string
from datetime import date, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from bouncesink.core.address import address_key
from bouncesink.core.admission import AdmissionPolicy, admit, is_ours
from bouncesink.core.mail import Admitted
from bouncesink.core.reply import BAD_ADDRESS, NO_SUCH_ADDRESS, NOT_OURS
from bouncesink.core.verp.attribution import Authenticity, Grammar
from bouncesink.core.verp.decoder import UNSIGNED_FAMILIES, VerpPolicy, compile_pattern, decode
from bouncesink.core.verp.keyring import Key, Keyring, format_key, parse_keyring
from bouncesink.core.verp.minter import MAX_LOCAL, Minter
from bouncesink.core.verp.token import MAX_REFERENCE
from bouncesink.errors import KeyringError

TODAY = date(2026, 11, 22)
DOMAIN = "b.example.com"
KEYRING = Keyring((Key(1, b"an old secret, still on the ring"), Key(2, b"a secret for these tests alone!!")))
EVERYTHING = VerpPolicy(
    prefix="b-",
    prefixes=("list-bounces+", "list-", ""),
    unsigned=UNSIGNED_FAMILIES,
    static=frozenset({"bounces"}),
    patterns=(compile_pattern(r"wiz_(?P<recipient>.+)"),),
)
POLICIES = [
    AdmissionPolicy(EVERYTHING),
    AdmissionPolicy(EVERYTHING, refuse_unknown=False),
    AdmissionPolicy(VerpPolicy(domains=frozenset({DOMAIN}))),
]

ATEXT = string.ascii_letters + string.digits + "!#$%&'*+/=?^_`{|}~-"
LOCAL = st.lists(st.text(ATEXT, min_size=1, max_size=12), min_size=1, max_size=4).map(".".join)
RECIPIENT_DOMAIN = st.sampled_from(["example.net", "mail.Example.org", "xn--bcher-kva.example", "intranet", "a-b.example"])
PREFIX = st.sampled_from(["", "b-", "Bounce+", "r.", "x="])
ISSUED = st.dates(date(1970, 1, 1), date(2149, 6, 6))
PIECES = [
    *(
        "@",
        "=",
        "==",
        "==a==",
        "+",
        "-",
        ".",
        '"',
        "\\",
        "<",
        ">",
        ":",
        ",",
        " ",
        "\x00",
        "\udce9",
        "\u00e9",
        "a",
        "x" * 70,
        "7",
    ),
    *("prvs=", "0123a1b2c3=", "btv1==", "SRS0=", "SRS1=", "fGv9=BC=", "example.com", DOMAIN, "[192.0.2.1]"),
    *("-return-", "-bounces+", "-request+", "bounce+", "bounces+1-ab-", "msprvs1=", "wiz_", "list-", "b-", "eaaaaaaaaaaaaaaa"),
    *("postmaster", "bounces"),
]
PATHS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@given(LOCAL, RECIPIENT_DOMAIN, PREFIX, ISSUED, st.integers(0, 35))
def test_what_is_minted_opens_in_any_case(local, domain, prefix, issued, age):
    assume(issued <= date(2149, 6, 6) - timedelta(days=age))
    minted = Minter(KEYRING, DOMAIN, prefix).mint(f"{local}@{domain}", issued)
    policy = VerpPolicy(prefix=prefix, domains=frozenset({DOMAIN}))
    assert len(minted.address.rpartition("@")[0]) <= MAX_LOCAL
    for spelled in (minted.address, minted.address.upper(), minted.address.lower()):
        found = decode(spelled, policy, KEYRING, issued + timedelta(days=age))
        assert (found.grammar, found.authenticity) == (minted.grammar, Authenticity.PROVEN)
        assert (found.issued_on, found.key_id) == (issued, 2)
        if minted.grammar is Grammar.SIGNED:
            assert address_key(found.recipient) == address_key(f"{local}@{domain}")
        else:
            assert int(found.reference, 16) == minted.reference
    if minted.grammar is Grammar.SIGNED:
        assert decode(minted.address, policy, KEYRING, issued).recipient == f"{local}@{domain.lower()}"


@given(st.integers(0, MAX_REFERENCE), PREFIX)
def test_a_reference_comes_back(reference, prefix):
    minted = Minter(KEYRING, DOMAIN, prefix).mint("user@example.net", TODAY, reference)
    found = decode(minted.address, VerpPolicy(prefix=prefix), KEYRING, TODAY)
    assert (found.authenticity, int(found.reference, 16), len(found.reference)) == (Authenticity.PROVEN, reference, 16)


@given(LOCAL, st.data())
def test_a_changed_address_is_never_believed(local, data):
    """One character of the local part changed, added or dropped: never proven for anybody but the one it was minted for."""
    address = Minter(KEYRING, DOMAIN).mint(f"{local}@example.net", TODAY).address
    own, _, domain = address.rpartition("@")
    place = data.draw(st.integers(0, len(own) - 1))
    other = data.draw(st.sampled_from(["", *ATEXT, "."]))
    changed = own[:place] + other + own[place + data.draw(st.integers(0, 1)) :]
    assume(changed.lower() != own.lower())
    for verp in (EVERYTHING, VerpPolicy()):
        found = decode(f"{changed}@{domain}", verp, KEYRING, TODAY)
        assert found.authenticity not in {Authenticity.PROVEN, Authenticity.LATE}


@given(LOCAL, st.binary(min_size=16, max_size=32))
def test_a_key_of_somebody_elses_opens_nothing(local, secret):
    assume(secret not in {key.secret for key in KEYRING.keys})
    theirs = Keyring((Key(2, secret),))
    address = Minter(theirs, DOMAIN, "b-").mint(f"{local}@example.net", TODAY).address
    assert decode(address, EVERYTHING, KEYRING, TODAY).authenticity is Authenticity.UNPROVEN


@given(PATHS | st.text(st.characters(), max_size=200), st.sampled_from(POLICIES))
def test_any_forward_path_is_answered(path, policy):
    answer = admit(path, policy, KEYRING, TODAY)
    if isinstance(answer, Admitted):
        found = answer.attribution
        assert found.grammar is not Grammar.NONE or not policy.refuse_unknown
        for text in (found.recipient or "", found.reference, found.list_name, found.note):
            text.encode("utf-8")
            assert not any(each < " " for each in text)
        assert found.recipient is None or (found.recipient.rpartition("@")[0] and found.recipient.rpartition("@")[2])
        assert found.authenticity is not Authenticity.PROVEN
    else:
        foreign = answer is NOT_OURS and not is_ours(path, policy)
        assert foreign or answer is BAD_ADDRESS or (answer is NO_SUCH_ADDRESS and policy.refuse_unknown)


@given(PATHS | st.text(st.characters(), max_size=200))
def test_marking_lets_in_whatever_refusing_calls_an_address(path):
    refused = admit(path, POLICIES[0], KEYRING, TODAY)
    marked = admit(path, POLICIES[1], KEYRING, TODAY)
    assert (refused is BAD_ADDRESS) == (marked is BAD_ADDRESS)
    if isinstance(refused, Admitted):
        assert refused == marked


@given(st.text(max_size=200) | st.text("0123456789abcdefABCDEF:# \n", max_size=200))
def test_any_key_file_is_answered(text):
    try:
        keyring = parse_keyring(text, "keys")
    except KeyringError:
        return
    assert parse_keyring("\n".join(map(format_key, keyring.keys)), "keys") == keyring
