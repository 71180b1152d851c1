"""Commands, called in this process."""

import pytest

from bouncesink.cli.main import main

SECTION = "--database"


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    """What `bouncesink ARGUMENTS` says on standard output and standard error."""
    assert main(list(arguments)) == code
    said = capsys.readouterr()
    return said.out, said.err
