"""Rule files: from folders of TOML to a Rulebook. The packaged rules, and the operator's own folder in front of them.

Files are taken in the order of their names (``10-vendors/google.toml`` before ``30-mtas/exim.toml``), the operator's before
all packaged ones. Promises: RuleError with every problem at once, of reading as of compiling; an operator's rules are proved
against their own examples too, the packaged ones are by the tests. Knows nothing of what a rule means.
"""

import tomllib
from collections.abc import Iterator
from errno import ENOTDIR
from importlib.resources import files as resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from bouncesink.core.proof import prove
from bouncesink.core.rulebook import Rulebook, compile_rulebook
from bouncesink.errors import RuleError

REASONS = "reasons.toml"
# Formats describe how reports look; they are the readers' and stand beside the rules.
NOT_RULES = frozenset({"formats"})


def load_rulebook(folder: Path | None) -> Rulebook:
    """The packaged rules, behind those of ``folder``. Its own ``reasons.toml`` may change single keys of single reasons."""
    book, own = read_rulebook(folder)
    unproved = prove(book, own) if own else ()
    if unproved:
        raise RuleError(unproved)
    return book


def read_rulebook(folder: Path | None) -> tuple[Rulebook, frozenset[str]]:
    """The same with nothing proved, and which of its files are the operator's."""
    problems: list[str] = []
    packaged = resources("bouncesink").joinpath("rules")
    reasons = _read(packaged.joinpath(REASONS), REASONS, problems)
    own: dict[str, dict[str, Any]] = {}
    if folder is not None:
        own = _operators(folder, problems)
        for name, row in own.pop(str(folder / REASONS), {}).items():
            reasons[name] = {**reasons.get(name, {}), **row} if isinstance(row, dict) else row
    return _compiled(reasons, {**own, **_tree(packaged, "", problems)}, problems), frozenset(own)


def own_files(folder: Path) -> list[Path]:
    """The operator's rule files in their order. Hidden ones are an editor's, or a mounted volume's own: neither is a rule.

    OSError where there is no such folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(ENOTDIR, "is no folder of rule files", str(folder))
    return sorted(path for path in folder.rglob("*.toml") if not _is_hidden(path.relative_to(folder)))


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _compiled(reasons: dict[str, Any], files: dict[str, dict[str, Any]], problems: list[str]) -> Rulebook:
    try:
        book = compile_rulebook(reasons, files)
    except RuleError as error:
        problems.extend(error.problems)
        raise RuleError(tuple(problems)) from None
    if problems:
        raise RuleError(tuple(problems))
    return book


def _operators(folder: Path, problems: list[str]) -> dict[str, dict[str, Any]]:
    try:
        return {str(path): _read(path, str(path), problems) for path in own_files(folder)}
    except OSError as error:
        problems.append(f"{folder}: {error.strerror}")
        return {}


def _tree(folder: Traversable, prefix: str, problems: list[str]) -> dict[str, dict[str, Any]]:
    return {name: _read(entry, name, problems) for name, entry in _entries(folder, prefix) if name != REASONS}


def _entries(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        name = prefix + entry.name
        if entry.name.endswith(".toml"):
            yield name, entry
        elif entry.is_dir() and entry.name not in NOT_RULES:
            yield from _entries(entry, f"{name}/")


def _read(path: Traversable, name: str, problems: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{name}: {error}")
        return {}
