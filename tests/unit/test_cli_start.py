"""The first moments of a process: Control-C while it still reads its own code ends it with 130, and no traceback."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from bouncesink.cli.exits import Exit

ROOT = Path(__file__).parents[2]
# As a person does it, at a moment that is the same each time: when a module of this name is looked for.
INTERRUPTED_AT = """
import os, signal, sys

class ControlC:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, ControlC())
"""
AS_MODULE = "import runpy\nrunpy.run_module({0!r}, run_name='__main__', alter_sys=True)\n"


def as_script() -> str:
    """What an installer makes of the line in pyproject.toml."""
    target = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["bouncesink"]
    module, function = re.fullmatch(r"([\w.]+):(\w+)", target).groups()
    return f"sys.argv = ['bouncesink', '--version']\nfrom {module} import {function}\nsys.exit({function}())\n"


STARTED = {
    "module": (AS_MODULE.format("bouncesink"), ("typer", "bouncesink.errors", "bouncesink.cli.verp")),
    "script": (as_script(), ("typer", "bouncesink.errors", "bouncesink.cli.verp")),
    "worker": (AS_MODULE.format("bouncesink.worker"), ("asyncio", "bouncesink.errors", "bouncesink.pipeline")),
}


CASES = [pytest.param(code, name, id=f"{how}-{name}") for how, (code, names) in STARTED.items() for name in names]


@pytest.mark.parametrize(("started", "module"), CASES)
def test_control_c_while_it_starts(started, module):
    code = INTERRUPTED_AT.format(module=module) + started
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, timeout=30, stdin=subprocess.DEVNULL
    )
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (Exit.INTERRUPTED, b"", b"")


@pytest.mark.parametrize("started", [AS_MODULE.format("bouncesink"), as_script()])
def test_control_c_that_was_to_be_ignored_is_ignored(started):
    """`nohup`, and what a shell starts in the background without job control."""
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)" + INTERRUPTED_AT.format(module="typer") + started
    outcome = subprocess.run([sys.executable, "-c", code, "--version"], capture_output=True, check=False, timeout=30)
    assert (outcome.returncode, outcome.stderr) == (0, b"")
    assert b"bouncesink" in outcome.stdout
