"""Documents that cannot lie: every link leads somewhere, every command shown exists, the index names everything."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bouncesink.core import reply as core_reply

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "docker").rglob("*.md")]
    if path.parent.name != "changes"
)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FENCE_OR_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors_of(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def shown_commands(text: str) -> list[list[str]]:
    """Each `bouncesink ...` or `./scripts/...` line of a shell block, as words up to a pipe or a redirection."""
    commands = []
    for language, block in FENCE.findall(text):
        if language not in {"sh", "console", "shell"}:
            continue
        for line in block.replace("\\\n", " ").splitlines():
            command = line.removeprefix("$ ").strip()
            if command.startswith(("bouncesink ", "./scripts/")):
                commands.append(shlex.split(re.split(r"[|<>&;]", command)[0], comments=True))
    return commands


def test_there_are_documents():
    names = {name_of(path) for path in DOCUMENTS}
    assert {"README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/README.md"} <= names


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path):
    for target in LINK.findall(FENCE_OR_CODE.sub("", path.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        aim = (path.parent / file).resolve() if file else path
        assert aim.exists(), f"{target} is not there"
        if anchor and aim.suffix == ".md":
            assert anchor in anchors_of(aim), f"{target}: no such heading"


def test_the_index_names_every_document():
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / target.partition("#")[0]).resolve() for target in LINK.findall(index.read_text("utf-8"))}
    inside = {path for path in DOCUMENTS if path.is_relative_to(ROOT / "docs") and path != index}
    # Pages of one kind are listed by the index of their folder: its README, or the page beside it that has its name.
    listed_elsewhere = {path for path in inside if index_of(path.parent) in linked and path.name != "README.md"}
    assert not {name_of(path) for path in inside - linked - listed_elsewhere}


def index_of(folder: Path) -> Path:
    beside = folder.with_suffix(".md")
    return beside if beside.exists() else folder / "README.md"


@pytest.mark.parametrize(
    "folder",
    sorted({path.parent for path in DOCUMENTS if path.is_relative_to(ROOT / "docs") and index_of(path.parent).exists()}),
    ids=name_of,
)
def test_an_index_of_a_folder_names_everything_in_it(folder):
    index = index_of(folder)
    linked = {(index.parent / target).resolve() for target in LINK.findall(index.read_text("utf-8"))}
    assert not {
        name_of(path) for path in folder.glob("*.md") if path not in linked and path not in {index, folder / "template.md"}
    }


def commands_of_every_document() -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for path in DOCUMENTS:
        for command in shown_commands(path.read_text("utf-8")):
            found.setdefault(tuple(command), name_of(path))
    return found


COMMANDS = commands_of_every_document()


def test_the_readme_opens_with_the_two_commands():
    text = (ROOT / "README.md").read_text("utf-8")
    first = FENCE.search(text)
    assert first, "the README shows commands"
    assert [line.split("#")[0].strip() for line in first[2].strip().splitlines()] == ["./scripts/serve", "./scripts/test"]
    assert text[: first.start()].count("\n") < 25


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command)[:60])
def test_shown_commands_exist(command):
    if command[0].startswith("./scripts/"):
        assert (ROOT / command[0]).is_file(), COMMANDS[command]
        return
    words = [word for word in command[1:3] if re.fullmatch(r"[a-z]+", word)]
    groups = {"verp", "rules", "recipients", "incidents", "feed"}
    path = words[:2] if words and words[0] in groups else words[:1]
    help_ = subprocess.run(
        [sys.executable, "-m", "bouncesink", *path, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": "200", "NO_COLOR": "1", "PATH": "/usr/bin:/bin"},
    )
    assert help_.returncode == 0, f"{COMMANDS[command]}: {' '.join(command)}: {help_.stdout}{help_.stderr}"
    for option in [word.partition("=")[0] for word in command if re.match(r"--[a-z]", word)]:
        assert option in help_.stdout, f"{COMMANDS[command]}: {' '.join(command)} has no {option}"


def test_news_fragments_make_a_changelog():
    towncrier = Path(sys.executable).with_name("towncrier")
    outcome = subprocess.run(
        [towncrier, "build", "--draft", "--version", "9.9.9"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "## 9.9.9" in outcome.stdout


def test_the_life_of_a_mail_quotes_replies_that_are_given():
    given = {f"{value.code} {value.status}" for value in vars(core_reply).values() if isinstance(value, core_reply.Reply)}
    quoted = set(re.findall(r"\b[245]\d\d [245]\.\d\.\d\b", (ROOT / "docs/explain/life-of-a-mail.md").read_text("utf-8")))
    assert len(quoted) > 5
    assert quoted <= given


def test_the_architecture_names_every_room():
    rooms = {f"{path.name}/" if path.is_dir() else path.name for path in (ROOT / "bouncesink").iterdir()}
    rooms -= {"__init__.py", "__main__.py", "__pycache__/", "py.typed"}
    named = set(re.findall(r"`([\w.]+/?)`", (ROOT / "docs/explain/architecture.md").read_text("utf-8")))
    assert len(rooms) > 10
    assert not rooms - named


@pytest.mark.parametrize("path", sorted((ROOT / "bouncesink").rglob("*.*")), ids=name_of)
def test_documents_that_the_code_speaks_of_are_there(path):
    if path.suffix not in {".py", ".toml", ".sql"}:
        return
    named = re.findall(r"\bdocs/[\w./-]+\.md\b", path.read_text("utf-8"))
    assert not [name for name in named if not (ROOT / name).is_file()]
