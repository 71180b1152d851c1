#!/usr/bin/env python3
"""Draws docs/reference/{cli,config,log,metrics,json}.md from the code, so that they cannot disagree with it.

    python scripts/reference.py            writes the pages, and those that rules_reference.py, reason_pages.py and
                                           standing_page.py draw
    python scripts/reference.py --check    says which of the five differ, and changes nothing; exit 1 if any does

tests/unit/test_cli_reference.py runs the check.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping

import reason_pages
import rules_reference
import standing_page
from config_page import config_page_parts
from drawn_page import ROOT, page, table
from json_page import json_page_parts
from log_page import log_page_parts
from metrics_page import metrics_page_parts

from bouncesink.cli.exits import Exit
from bouncesink.cli.main import app

NOTE = "Drawn from the code by scripts/reference.py: change the code and run it."


def commands() -> list[list[str]]:
    """Every command, in the order in which the help has them."""
    found = [[info.name or info.callback.__name__] for info in app.registered_commands]
    for group in app.registered_groups:
        found += [[group.name, info.name or info.callback.__name__] for info in group.typer_instance.registered_commands]
    return found


def help_of(words: list[str]) -> str:
    environment = {"COLUMNS": "80", "PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh"}
    command = [sys.executable, "-m", "bouncesink", *words, "--help"]
    with tempfile.TemporaryDirectory() as folder:
        environment["PYTHONPATH"] = str(ROOT)
        return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def cli_page_parts() -> list[str]:
    """What stands below the title."""
    parts = ["`bouncesink COMMAND --help` prints what stands here.", f"```text\n{help_of([])}\n```"]
    for words in commands():
        parts += [f"## bouncesink {' '.join(words)}", f"```text\n{help_of(words)}\n```"]
    parts += [
        "## Exit codes",
        "They are those of sysexits.h. Errors are told on standard error, one a line, each saying what to do.",
        table(("code", "meaning"), ((int(code_), code_.meaning) for code_ in Exit)),
    ]
    return parts


PAGES: Mapping[str, tuple[str, Callable[[], list[str]]]] = {
    "cli": ("Commands", cli_page_parts),
    "config": ("Configuration", config_page_parts),
    "log": ("Log", log_page_parts),
    "metrics": ("Metrics", metrics_page_parts),
    "json": ("JSON of classify", json_page_parts),
}


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = []
    for name, (title, draw) in PAGES.items():
        path = ROOT / "docs" / "reference" / f"{name}.md"
        text = page(title, *draw(), note=NOTE)
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(path.relative_to(ROOT))
        if not check:
            path.write_text(text, "utf-8")
    for path in stale:
        print(f"{path}: {'differs from the code: run python scripts/reference.py' if check else 'written'}")
    if not check:
        rules_reference.main([])
        reason_pages.main([])
        standing_page.main([])
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
