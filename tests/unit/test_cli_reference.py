"""The reference pages say what the code says: they are drawn from it, and this draws them again."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_pages_are_as_the_code_has_them():
    outcome = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "reference.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_there_is_something_on_them():
    pages = {path.stem: path.read_text("utf-8") for path in (ROOT / "docs" / "reference").glob("*.md")}
    for name, word in (
        ("cli", "## bouncesink verp keygen"),
        ("config", "BOUNCESINK_VERP__KEYS"),
        ("log", "## mail.recorded"),
        ("json", "`source`"),
    ):
        assert word in pages[name]
