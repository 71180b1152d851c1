"""What may not be in the repository: a machine's paths, a registry's address, a script that shellcheck refuses."""

import re
import shutil
import subprocess

import pytest

# Spelled in pieces, so that this file does not hold what it forbids.
MACHINE_PATHS = re.compile(r"(?<![\w.~-])/" + r"(?:work|home/[a-z]|root/\.|Users/[a-z])(?:/|\b)")
REGISTRIES = re.compile(
    "|".join(
        (
            "pypi" + r"\.org",
            "python" + r"hosted\.org",
            "deb" + r"\.debian\.org",
            "registry" + r"\.npmjs",
            "index" + "-url",
            "find" + "-links",
        )
    )
)
BINARY = {".gz", ".png", ".ico", ".zst", ".db", ".dict"}


@pytest.mark.parametrize("forbidden", [MACHINE_PATHS, REGISTRIES], ids=["machine paths", "registry addresses"])
def test_no_file_speaks_of_where_it_was_made(tracked_files, root, forbidden):
    found = []
    for path in tracked_files:
        if path.suffix in BINARY:
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.relative_to(root)}: {match[0]}" for match in forbidden.finditer(text)]
    assert not found


def test_the_patterns_would_find_what_they_forbid():
    assert MACHINE_PATHS.search("see /" + "work/main/x")
    assert MACHINE_PATHS.search('"/' + 'root/.venv"')
    assert REGISTRIES.search("https://pypi" + ".org/simple")
    assert not MACHINE_PATHS.search("bouncesink/work/flow.md")


def test_shell_scripts_pass_shellcheck(tracked_files, root):
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    scripts = [
        path
        for path in tracked_files
        if path.suffix not in BINARY and path.read_bytes()[:40].startswith((b"#!/bin/sh", b"#!/usr/bin/env bash"))
    ]
    assert len(scripts) >= 5
    outcome = subprocess.run(
        ["shellcheck", "--external-sources", *scripts], cwd=root, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stdout


def test_scripts_can_be_run(root):
    named = [root / "scripts" / name for name in ("serve", "test", "lint", "constraints")] + [root / ".ci" / "run"]
    assert not [path for path in named if not path.stat().st_mode & 0o111]
