"""The house rules that a machine can check: length, laws, names, and what no module may hold."""

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "bouncesink"
MODULES = sorted(PACKAGE.rglob("*.py"))
CORE = [path for path in MODULES if path.is_relative_to(PACKAGE / "core")]

# About 300 lines is the rule; past this there is no excuse.
FILE_LIMIT = 320
FUNCTION_LIMIT = 50
FORBIDDEN_STEMS = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}
FORBIDDEN_CLASS_ENDS = ("Manager", "Helper", "Utils", "Util", "Base")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
# Only these know the whole configuration; every other part is handed its own section.
KNOWS_CONFIG = re.compile(r"(app|cli|config)/.+")


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def test_there_are_modules_to_look_at():
    assert len(MODULES) > 30
    assert len(CORE) > 15


@pytest.mark.parametrize("path", MODULES, ids=name_of)
class TestEveryModule:
    def test_is_short(self, path):
        assert len(path.read_text("utf-8").splitlines()) <= FILE_LIMIT, "split it by noun or by stage"

    def test_opens_with_its_law(self, path):
        law = ast.get_docstring(tree_of(path))
        assert law, "say what this room is for, what it promises and what it must not know"
        assert len(law) > 30, "a law is a sentence"

    def test_has_a_name_that_says_something(self, path):
        assert path.stem not in FORBIDDEN_STEMS
        classes = [node.name for node in ast.walk(tree_of(path)) if isinstance(node, ast.ClassDef)]
        assert not [name for name in classes if name.endswith(FORBIDDEN_CLASS_ENDS)]

    def test_has_functions_that_fit_a_screen(self, path):
        functions = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        long = {node.name: node.end_lineno - node.lineno + 1 for node in functions}
        assert not {name: lines for name, lines in long.items() if lines > FUNCTION_LIMIT}

    def test_is_finished(self, path):
        assert not UNFINISHED.findall(path.read_text("utf-8"))

    def test_knows_only_its_own_section_of_the_configuration(self, path):
        if KNOWS_CONFIG.fullmatch(name_of(path)):
            return
        imported = [
            alias.name
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.ImportFrom) and node.module == "bouncesink.config.sections"
            for alias in node.names
        ]
        assert "Config" not in imported


@pytest.mark.parametrize("path", [path for path in MODULES if path.name == "__init__.py"], ids=name_of)
def test_a_package_init_holds_only_its_docstring(path):
    statements = tree_of(path).body[1:]
    allowed = path.parent == PACKAGE and len(statements) == 1 and ast.unparse(statements[0]).startswith("__version__ = ")
    assert allowed or not statements


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_never_waits(path):
    waiting = (ast.Await, ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith)
    assert not [node for node in ast.walk(tree_of(path)) if isinstance(node, waiting)]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_silenced_tool_is_told_why(path):
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        silenced = re.search(r"#\s*(noqa|type:\s*ignore)([^#]*)(.*)", line)
        if silenced:
            codes, reason = silenced[2], silenced[3]
            assert re.search(r"[A-Za-z-]{3,}\]?|[A-Z]+\d+", codes), f"line {number}: name the rule"
            assert " - " in codes or reason.strip("# "), f"line {number}: say why"
