"""The floors hold: import-linter's contracts of pyproject.toml, run as they stand."""

import subprocess
import sys
from pathlib import Path


def test_the_contracts_are_kept(root):
    lint_imports = Path(sys.executable).with_name("lint-imports")
    outcome = subprocess.run([lint_imports, "--no-cache"], cwd=root, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "8 kept, 0 broken" in outcome.stdout
