"""Rule files: from folders of TOML to a Rulebook. The packaged rules and formats, and the operator's own folder in front.

Files are taken in the order of their names (``10-vendors/google.toml`` before ``30-mtas/exim.toml``), the operator's before
all packaged ones; those in a folder ``formats`` say how prose looks, the others what it means. Promises: RuleError with every
problem at once, of reading as of compiling; an operator's are proved against their own examples too, the packaged ones are by
the tests. Knows nothing of what a rule means.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from errno import ENOTDIR
from importlib.resources import files as resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from bouncesink.core.format_proof import prove_formats
from bouncesink.core.formats import NO_FORMATS, Formats, compile_formats
from bouncesink.core.proof import prove
from bouncesink.core.rulebook import Rulebook, compile_rulebook
from bouncesink.errors import RuleError

REASONS = "reasons.toml"
FORMATS = "formats"
PHRASES = "phrases"  # drawn into the readers by scripts/phrases.py, and no rules

_Files = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """What an operator's folder held when it was read: rules and formats by their paths, and what was wrong with the files."""

    rules: _Files
    formats: _Files
    problems: tuple[str, ...] = ()


NO_FILES = OwnFiles({}, {})


def load_rulebook(folder: Path | None, own_files: OwnFiles | None = None) -> Rulebook:
    """The packaged rules, behind those of ``folder``. Its own ``reasons.toml`` may change single keys of single reasons.

    ``own_files`` is what ``read_own`` found there; None: it is read now.
    """
    book, own = read_rulebook(folder, own_files)
    unproved = (*prove_formats(book.formats, own), *prove(book, own)) if own else ()
    if unproved:
        raise RuleError(unproved)
    return book


def read_rulebook(folder: Path | None, own_files: OwnFiles | None = None) -> tuple[Rulebook, frozenset[str]]:
    """The same with nothing proved, and which of its files are the operator's."""
    found = own_files if own_files is not None else read_own(folder)
    problems = list(found.problems)
    packaged = resources("bouncesink").joinpath("rules")
    reasons = _read(packaged.joinpath(REASONS), REASONS, problems)
    own = dict(found.rules)
    for name, row in own.pop(str(folder / REASONS), {}).items() if folder is not None else ():
        reasons[name] = {**reasons.get(name, {}), **row} if isinstance(row, dict) else row
    formats = _formats({**found.formats, **_tree(packaged.joinpath(FORMATS), f"{FORMATS}/", problems)}, problems)
    rules = {**own, **_tree(packaged, "", problems)}
    return _compiled(reasons, rules, formats, problems), frozenset(own) | frozenset(found.formats)


def own_files(folder: Path) -> list[Path]:
    """The operator's rule files in their order. Hidden ones are an editor's, or a mounted volume's own: neither is a rule.

    OSError where there is no such folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(ENOTDIR, "is no folder of rule files", str(folder))
    return sorted(path for path in folder.rglob("*.toml") if not _is_hidden(path.relative_to(folder)))


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _formats(files: _Files, problems: list[str]) -> Formats:
    try:
        return compile_formats(files)
    except RuleError as error:
        problems.extend(error.problems)
        return NO_FORMATS


def _compiled(reasons: dict[str, Any], files: _Files, formats: Formats, problems: list[str]) -> Rulebook:
    try:
        book = compile_rulebook(reasons, files, formats)
    except RuleError as error:
        problems.extend(error.problems)
        raise RuleError(tuple(problems)) from None
    if problems:
        raise RuleError(tuple(problems))
    return book


def read_own(folder: Path | None) -> OwnFiles:
    """The operator's rules and formats, as they stand now."""
    if folder is None:
        return NO_FILES
    rules: _Files = {}
    formats: _Files = {}
    problems: list[str] = []
    try:
        for path in own_files(folder):
            files = formats if FORMATS in path.relative_to(folder).parts[:-1] else rules
            files[str(path)] = _read(path, str(path), problems)
    except OSError as error:
        problems.append(f"{folder}: {error.strerror}")
    return OwnFiles(rules, formats, tuple(problems))


def _tree(folder: Traversable, prefix: str, problems: list[str]) -> _Files:
    return {name: _read(entry, name, problems) for name, entry in _entries(folder, prefix) if name != REASONS}


def _entries(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        name = prefix + entry.name
        if entry.name.endswith(".toml"):
            yield name, entry
        elif entry.is_dir() and entry.name not in (FORMATS, PHRASES):
            yield from _entries(entry, f"{name}/")


def _read(path: Traversable, name: str, problems: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{name}: {error}")
        return {}
