"""docs/howto/back-up.md: its commands, as they stand, beside a server that is receiving; and what is there after a restore."""

import re
import shutil
import smtplib
import subprocess
from pathlib import Path

import pytest

from bouncesink.cli.welcome import SAMPLE_DSN

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "howto" / "back-up.md").read_text("utf-8")
BACK_UP, RESTORE = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def shell(lines: str, folder: Path) -> str:
    outcome = subprocess.run(["sh", "-ec", lines], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


def bounce(server, forward_path: str, recipient: str) -> None:
    with smtplib.SMTP("127.0.0.1", server.port, timeout=30) as peer:
        peer.sendmail("", [forward_path], SAMPLE_DSN.replace("reader@example.com", recipient))


@pytest.mark.peer
@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="the sqlite3 shell is not installed")
def test_what_was_copied_is_there_again(server):
    recipients = ["before@example.com", "after@example.com"]
    before, after = server.mint(*recipients)
    bounce(server, before, recipients[0])
    assert shell(BACK_UP, server.folder) == "ok\n"
    bounce(server, after, recipients[1])
    assert len(server.rows("SELECT * FROM suppressions")) == 2
    server.kill()  # a machine that was lost leaves a log behind, which must not be taken for the copy's
    assert list(server.folder.glob("bouncesink.db-wal"))
    shell(RESTORE, server.folder)
    server.start()
    assert [row["recipient"] for row in server.rows("SELECT recipient FROM suppressions")] == recipients[:1]
    bounce(server, after, recipients[1])
    found = server.rows("SELECT recipient, authenticity FROM bounces ORDER BY verdict_id")
    assert [tuple(row) for row in found] == [(each, "proven") for each in recipients], "with the keys that minted before"
    assert (server.folder / "bouncesink.db.keys").stat().st_mode & 0o777 == 0o600
