"""What the house tests look at: the tree itself, as a reader would find it in the repository."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked_files() -> tuple[Path, ...]:
    """Every file that is, or is about to be, in the repository."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode != 0:
        pytest.skip("no git repository here (an unpacked sdist)")
    files = tuple(path for line in listing.stdout.splitlines() if (path := ROOT / line).is_file())
    assert len(files) > 50, "git lists the files of this repository"
    return files
