"""constraints.txt pins every distribution that the project is installed, tested and built with, and nothing else is in it."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.+!]+)")
# What uvloop, deptry and others need only elsewhere (Windows, other Pythons) is not pinned: it is never installed here.


@pytest.fixture(scope="module")
def pins(root) -> dict[str, str]:
    lines = [line for line in (root / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    matches = [(line, PIN.fullmatch(line)) for line in lines]
    assert not [line for line, match in matches if match is None], "name==version on every line: no address, no hash, no marker"
    return {canonicalize_name(match[1]): match[2] for _, match in matches if match}


@pytest.fixture(scope="module")
def demanded(root) -> list[Requirement]:
    """Every requirement that pyproject.toml states itself."""
    with (root / "pyproject.toml").open("rb") as file:
        document = tomllib.load(file)
    lists = [
        document["build-system"]["requires"],
        document["project"]["dependencies"],
        *document["project"]["optional-dependencies"].values(),
        *document["dependency-groups"].values(),
    ]
    return [Requirement(entry) for entries in lists for entry in entries if isinstance(entry, str)]


def test_every_requirement_is_pinned_within_its_bounds(pins, demanded):
    assert len(demanded) > 15
    wrong = [
        f"{requirement}: {pins.get(canonicalize_name(requirement.name), 'not pinned')}"
        for requirement in demanded
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"), prereleases=True)
    ]
    assert not wrong


def test_what_they_require_in_turn_is_pinned_too(pins, demanded):
    waiting, seen, missing = [(requirement.name, frozenset(requirement.extras)) for requirement in demanded], set(), set()
    while waiting:
        name, extras = waiting.pop()
        key = (canonicalize_name(name), extras)
        if key in seen:
            continue
        seen.add(key)
        if key[0] not in pins:
            missing.add(key[0])
        try:
            entries = requires(name) or []
        except PackageNotFoundError:
            continue
        for entry in map(Requirement, entries):
            wanted = [entry.marker is None or entry.marker.evaluate({"extra": extra}) for extra in extras | {""}]
            if any(wanted):
                waiting.append((entry.name, frozenset(entry.extras)))
    assert not missing
    assert len(seen) > 30
