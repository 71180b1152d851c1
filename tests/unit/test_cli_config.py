"""`bouncesink config`: every value and where it came from, no secret, or every problem at once."""

import json

import pytest

from bouncesink.cli.exits import Exit
from bouncesink.cli.main import main
from bouncesink.config.keys import KEYS

SECRET = "5ec2e7" * 8

pytestmark = pytest.mark.usefixtures("elsewhere")


def test_every_key_with_its_value_and_origin(capsys, tmp_path, monkeypatch):
    (tmp_path / "x.toml").write_text('[smtp]\nhostname = "mx.example.com"\n')
    monkeypatch.setenv("BOUNCESINK_LOG__LEVEL", "debug")
    monkeypatch.setenv("BOUNCESINK_VERP__KEYS", f"0:{SECRET}")
    options = ["--config", "x.toml", "--database", "x.db", "--listen", "127.0.0.1:0", "--listen", "[::1]:0"]
    assert main(["config", "--format", "json", *options]) == 0
    text = capsys.readouterr().out
    told = json.loads(text)
    assert list(told) == list(KEYS)
    assert told["smtp.hostname"] == {"value": "mx.example.com", "unit": None, "source": "file", "name": "x.toml"}
    assert told["log.level"] == {"value": "debug", "unit": None, "source": "environment", "name": "BOUNCESINK_LOG__LEVEL"}
    assert told["store.path"]["value"] == "x.db"
    assert told["listen"] == {"value": ["127.0.0.1:0", "[::1]:0"], "unit": None, "source": "option", "name": "--listen"}
    assert told["smtp.size_limit"] == {"value": 52_428_800, "unit": "octets", "source": "default", "name": None}
    assert told["verp.keys"]["value"] == "(secret)"
    assert "5ec2e7" not in text


def test_a_table_for_people(capsys, monkeypatch):
    monkeypatch.setenv("BOUNCESINK_VERP__KEYS", f"0:{SECRET}")
    monkeypatch.setenv("BOUNCESINK_VERP__PREFIX", "b-")
    assert main(["config"]) == 0
    told = capsys.readouterr().out
    assert all(key in told for key in KEYS)
    (line,) = (line for line in told.splitlines() if "verp.prefix" in line)
    assert '"b-"' in line
    assert "environment BOUNCESINK_VERP__PREFIX" in line
    assert "(secret)" in told
    assert "5ec2e7" not in told


def test_every_problem_at_once_is_78(capsys, tmp_path, monkeypatch):
    (tmp_path / "x.toml").write_text("[smtp]\nsize_limit = 1\n")
    monkeypatch.setenv("BOUNCESINK_NONSENSE", "1")
    assert main(["config", "--config", "x.toml", "--listen", "nowhere", "--listen", "ftp://a:1"]) == Exit.CONFIG
    captured = capsys.readouterr()
    assert captured.out == ""
    problems = captured.err.splitlines()
    assert len(problems) == 4
    assert all(problem.startswith("bouncesink: ") for problem in problems)
    for part in (
        "x.toml: smtp.size_limit",
        "BOUNCESINK_NONSENSE",
        'option --listen: "nowhere"',
        'option --listen: "ftp://a:1"',
    ):
        assert sum(part in problem for problem in problems) == 1, part


@pytest.mark.parametrize(
    "command", [["serve"], ["config"], ["classify", "-"], ["explain", "-"], ["verp", "mint", "a@example.com"]]
)
def test_a_file_that_was_named_must_be_there_for_every_command(command, capsys):
    assert main([*command, "--config", "missing.toml"]) == Exit.CONFIG
    assert "missing.toml: cannot be read: No such file or directory" in capsys.readouterr().err
