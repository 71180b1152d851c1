"""The image's files agree with the project and with each other. No engine is needed, and none is started."""

import fnmatch
import re
import shlex
import tomllib

import pytest
from packaging.specifiers import SpecifierSet

from bouncesink.config.file import load
from bouncesink.config.sections import Config


@pytest.fixture
def dockerfile(root) -> str:
    text = (root / "docker" / "Dockerfile").read_text("utf-8")
    return re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))


def copied(dockerfile: str) -> list[str]:
    """What is copied from the repository."""
    lines = [shlex.split(line)[1:-1] for line in dockerfile.splitlines() if line.startswith("COPY ") and "--from" not in line]
    return [source for sources in lines for source in sources]


def test_what_is_copied_is_there_and_is_sent_to_the_engine(dockerfile, root):
    sent = [line[1:] for line in (root / "docker" / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")]
    assert len(copied(dockerfile)) > 5
    for source in copied(dockerfile):
        assert (root / source).exists(), source
        assert any(fnmatch.fnmatch(source, pattern) for pattern in sent), f"{source} is kept from the engine"


def test_what_the_build_reads_is_copied(dockerfile, root):
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    wanted = [project["project"]["readme"], *project["project"]["license-files"], "constraints.txt", "pyproject.toml"]
    assert set(wanted) <= set(copied(dockerfile))
    assert set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) <= set(copied(dockerfile))
    python = re.search(r"^ARG PYTHON=python:(\d+\.\d+)", dockerfile, re.MULTILINE)
    assert python
    assert python[1] in SpecifierSet(project["project"]["requires-python"])
    extras = re.search(r'"\.\[(\w+)\]"', dockerfile)
    assert extras
    assert extras[1] in project["project"]["optional-dependencies"]


def test_its_variables_and_its_configuration_hold(dockerfile, root):
    (line,) = re.findall(r"^ENV (.*)$", dockerfile, re.MULTILINE)
    variables = dict(word.split("=", 1) for word in shlex.split(line))
    ours = {name: value for name, value in variables.items() if name.startswith("BOUNCESINK_")}
    assert ours.pop("BOUNCESINK_CONFIG") == "/etc/bouncesink/bouncesink.toml"
    config = load(root / "docker" / "bouncesink.toml", ours, {}).config
    (port,) = re.findall(r"^EXPOSE (\d+)$", dockerfile, re.MULTILINE)
    assert config.listen == (f"0.0.0.0:{port}",)
    (volume,) = re.findall(r"^VOLUME (\S+)$", dockerfile, re.MULTILINE)
    assert str(config.store.path.parent) == volume
    assert f"('127.0.0.1', {port})" in dockerfile, "its health is looked at where it listens"


def test_compose_publishes_mounts_and_waits_as_the_image_wants(dockerfile, root):
    text = (root / "docker" / "compose.yaml").read_text("utf-8")
    (port,) = re.findall(r"^EXPOSE (\d+)$", dockerfile, re.MULTILINE)
    (volume,) = re.findall(r"^VOLUME (\S+)$", dockerfile, re.MULTILINE)
    assert f'"25:{port}"' in text
    assert f"data:{volume}" in text
    assert "./bouncesink.toml:/etc/bouncesink/bouncesink.toml:ro" in text
    (grace,) = re.findall(r"stop_grace_period: (\d+)s", text)
    assert int(grace) > Config().smtp.drain_timeout
