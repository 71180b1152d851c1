"""docs/reference/verp.md cannot lie: its Python mints its vectors, bouncesink opens them, and its families read as they say."""

import json
import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest

from bouncesink.config.sections import Config
from bouncesink.core.verp.attribution import Authenticity, Grammar
from bouncesink.core.verp.decoder import CLOCK_SLACK_DAYS, UNSIGNED_FAMILIES, VerpPolicy, decode
from bouncesink.core.verp.keyring import Key, Keyring
from bouncesink.core.verp.minter import MAX_FORWARDABLE, Minter
from bouncesink.core.verp.token import OPAQUE_LENGTH, SEPARATOR, SIGNED_LENGTH

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "verp.md").read_text("utf-8")
WORDS = " ".join(PAGE.split())
VECTORS = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
FAMILIES = re.findall(r"^\| `(\w+)` \| `([^`]+)` \| `([^`]+)` \| (?:`([^`]*)`)? ?\| (?:`([^`]*)`)? ?\|$", PAGE, re.MULTILINE)
KEYRING = Keyring((Key(1, bytes(16)),))
TODAY = date(2026, 11, 22)


def name_of(vector: dict) -> str:
    return f"{vector['form']}-{vector['spelled']}-{vector['day']}-{vector['arrives_on']}"


@pytest.fixture(scope="module")
def snippet() -> SimpleNamespace:
    space: dict = {}
    exec(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1], space)
    return SimpleNamespace(**space)


def test_the_page_has_what_it_says():
    assert len(VECTORS) >= 12
    assert {vector["form"] for vector in VECTORS} == {"signed", "opaque"}
    assert {vector["opens_as"]["authenticity"] for vector in VECTORS} == {"proven", "late", "unproven"}
    assert {Grammar(family[0]) for family in FAMILIES} == UNSIGNED_FAMILIES
    assert len(FAMILIES) == PAGE.split("| reference |\n|---|---|---|---|---|\n")[1].split("\n\n")[0].count("\n") + 1


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_the_pages_python_and_our_minter_mint_the_same(vector, snippet):
    secret, day = bytes.fromhex(vector["secret"]), date.fromisoformat(vector["day"])
    where = (vector["key_id"], secret, vector["domain"], vector["prefix"], day)
    minter = Minter(Keyring((Key(vector["key_id"], secret),)), vector["domain"], vector["prefix"])
    if vector["form"] == "signed":
        theirs = snippet.signed(*where, vector["bound"])
        local, _, domain = vector["bound"].rpartition("=")
        ours = minter.mint(f"{local}@{domain}", day).address
    else:
        theirs = snippet.opaque(*where, vector["reference"])
        ours = minter.mint("user@example.com", day, vector["reference"]).address
    assert ours == theirs
    spelled = {"as_minted": ours, "upper": ours.upper()}.get(vector["spelled"])
    assert vector["address"] == spelled or (vector["spelled"] == "forged" and vector["address"] != ours)


@pytest.mark.parametrize("vector", VECTORS, ids=name_of)
def test_a_vector_opens_as_it_says(vector):
    keyring = Keyring((Key(vector["key_id"], bytes.fromhex(vector["secret"])),))
    arrival = date.fromisoformat(vector["arrives_on"])
    found = decode(vector["address"], VerpPolicy(prefix=vector["prefix"]), keyring, arrival)
    assert {
        "grammar": found.grammar,
        "recipient": found.recipient,
        "reference": found.reference,
        "authenticity": found.authenticity,
    } == vector["opens_as"]


@pytest.mark.parametrize(("name", "local", "domain", "recipient", "reference"), FAMILIES, ids=lambda each: each)
def test_a_family_reads_as_it_says(name, local, domain, recipient, reference):
    for spelled in (local, f"prvs=0123a1b2c3={local}"):
        found = decode(f"{spelled}@{domain}", VerpPolicy(unsigned=frozenset({Grammar(name)})), KEYRING, TODAY)
        assert (found.grammar, found.recipient or "", found.reference) == (name, recipient, reference)
        assert found.authenticity is Authenticity.UNSIGNED
        assert decode(f"{spelled}@{domain}", VerpPolicy(), KEYRING, TODAY).grammar is Grammar.NONE


def test_families_do_not_steal_from_each_other_when_all_are_named():
    for name, local, domain, recipient, _ in FAMILIES:
        if name != "generic":
            found = decode(f"{local}@{domain}", VerpPolicy(unsigned=UNSIGNED_FAMILIES), KEYRING, TODAY)
            assert (found.grammar, found.recipient or "") == (name, recipient)


def test_the_numbers_of_the_page():
    assert f"{Config().verp.life_days} unless configured" in WORDS
    assert f"more than {CLOCK_SLACK_DAYS} days in the future" in WORDS
    assert f"at most {MAX_FORWARDABLE} octets" in WORDS
    domain = "b" * 12 + ".com"
    assert f"a domain of {len(domain)} octets and no prefix, the opaque form has {OPAQUE_LENGTH + 1 + len(domain)}" in WORDS
    room = MAX_FORWARDABLE - SIGNED_LENGTH - len(SEPARATOR) - 1 - len(domain)
    assert f"room for {room} octets" in WORDS
    assert Minter(KEYRING, domain).mint("x" * (room - 10) + "@b.example", TODAY).forwardable
    assert not Minter(KEYRING, domain).mint("x" * (room - 9) + "@b.example", TODAY).forwardable
