"""What is shipped: a wheel and an sdist made here, with the rules, the schema and the type marker inside."""

import os
import subprocess
import sys
import tarfile
import zipfile

import pytest

DATA_SUFFIXES = {".py", ".toml", ".sql", ".dict", ".typed", ".html", ".css", ".js"}


@pytest.fixture(scope="module")
def distributions(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    outcome = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--directory", folder],
        cwd=root,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1767225600"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    return folder


def shipped_files(root):
    files = [path.relative_to(root).as_posix() for path in (root / "bouncesink").rglob("*") if path.suffix in DATA_SUFFIXES]
    assert "bouncesink/rules/reasons.toml" in files
    assert [name for name in files if name.startswith("bouncesink/store/schema/") and name.endswith(".sql")]
    return {name for name in files if "__pycache__" not in name}


def test_the_wheel_holds_the_whole_package_and_its_licence(root, distributions):
    (wheel,) = distributions.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = next(archive.read(name).decode() for name in names if name.endswith("entry_points.txt"))
    assert shipped_files(root) <= names
    assert "bouncesink = bouncesink.__main__:run" in entry_points
    assert [name for name in names if name.endswith("licenses/LICENSE")]
    assert not [name for name in names if not name.startswith("bouncesink")]


def test_the_sdist_holds_package_tests_and_documents(root, distributions):
    (sdist,) = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert shipped_files(root) <= names
    for name in ("README.md", "LICENSE", "CHANGELOG.md", "docs/README.md", "tests/house/test_packaging.py", "constraints.txt"):
        assert name in names
