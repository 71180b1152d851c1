"""A ``bouncesink`` that an MTA can run as an unprivileged user, for what hands mail over by a pipe.

Where that user may not reach our interpreter it gets a copy of it.
"""

import pwd
import shutil
import site
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
USER = "nobody"
NOT_COPIED = shutil.ignore_patterns(
    "test", "tests", "idlelib", "site-packages", "ensurepip", "config-*", "__pycache__", "tkinter"
)


def as_user(*command: str) -> subprocess.CompletedProcess[str]:
    user = pwd.getpwnam(USER)
    whom = (f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
    return subprocess.run(["setpriv", *whom, *command], cwd="/", capture_output=True, text=True, check=False, timeout=60)


def write_command(home: Path) -> Path:
    """A `bouncesink` that the user can run."""
    python, extra = sys.executable, ""
    # By a shell: setpriv itself still has root's capabilities when it looks for its program.
    if as_user("/bin/sh", "-c", f"{python} -c ''").returncode:
        base = Path(sys.base_prefix)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        shutil.copytree(base / "lib" / version, home / "python" / "lib" / version, ignore=NOT_COPIED)
        for library in (base / "lib").glob("libpython*.so*"):
            shutil.copy(library, home / "python" / "lib")
        (home / "python" / "bin").mkdir()
        python = shutil.copy(base / "bin" / version, home / "python" / "bin" / version)
        extra = f"PYTHONHOME={home}/python LD_LIBRARY_PATH={home}/python/lib "
    command = home / "bouncesink"
    path = ":".join([str(ROOT), *site.getsitepackages()])
    command.write_text(f'#!/bin/sh\n{extra}PYTHONPATH={path} exec {python} -m bouncesink "$@"\n')
    command.chmod(0o755)
    told = as_user(str(command), "--version")
    if told.returncode:
        pytest.skip(f"the user {USER} cannot run bouncesink: {told.stderr.strip()[-200:]}")
    return command
