"""Any forward-path is decoded without an exception, and what is proven is what we minted, however it came back wrapped."""

from datetime import date

from bouncesink.core.verp.attribution import Authenticity
from bouncesink.core.verp.decoder import UNSIGNED_FAMILIES, VerpPolicy, decode
from bouncesink.core.verp.keyring import Key, Keyring
from bouncesink.core.verp.minter import Minter

TODAY = date(2026, 5, 4)
DOMAIN = "b.example.com"
KEYRING = Keyring((Key(1, bytes(range(32))), Key(2, bytes(range(32, 64)))))
POLICY = VerpPolicy(
    prefix="b-", prefixes=("news-bounces+", "bounce+"), unsigned=UNSIGNED_FAMILIES, domains=frozenset((DOMAIN,))
)
RECIPIENTS = ("reader@example.org", "a=b+c@sub.example.net", "jos\u00e9@example.org")

_MINTER = Minter(KEYRING, DOMAIN, "b-")
MINTED = {minted.address: minted for minted in (_MINTER.mint(each, TODAY) for each in RECIPIENTS)}
PROVABLE = {each.lower() for each in RECIPIENTS}
REFERENCES = {f"{minted.reference:016x}" for minted in MINTED.values() if minted.reference is not None}

SEEDS = [
    *(address.encode() for address in MINTED),
    *(f"prvs=0123abcdef={address}".encode() for address in MINTED),
    *(f"SRS0=AAAA=BB={DOMAIN}={address.split('@', 1)[0]}@fwd.example.net".encode() for address in MINTED),
    b"news-bounces+reader=example.org@b.example.com",
    b"bounce+reader==a==example.org==list@b.example.com",
    b"btv1==a1b2==bounces@b.example.com",
    b'"quoted local"@b.example.com',
    b"@relay.example.net,@mx.example.org:news-bounces+reader=example.org@b.example.com",
]


def check(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for path in (text, f"{text}@{DOMAIN}", f"prvs=0123abcdef={text}@{DOMAIN}", f"SRS0=AAAA=BB={DOMAIN}={text}@fwd.example.net"):
        attribution = decode(path, POLICY, KEYRING, TODAY)
        assert attribution.recipient != ""
        assert len(attribution.nesting) <= 3
        if attribution.authenticity is Authenticity.PROVEN:
            named = (attribution.recipient or "").lower()
            assert named in PROVABLE or attribution.reference in REFERENCES, "somebody else's address is proven"
