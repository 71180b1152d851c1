"""The configuration as people write it: every layer, and what each key makes of it; any value is taken or told."""

import dataclasses
from pathlib import Path

import pytest
from config_problems import SECRET
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.config.checks import UNSIGNED_GRAMMARS
from bouncesink.config.file import Effective, Source, load
from bouncesink.config.keys import KEYS, SECTIONS
from bouncesink.config.sections import Config
from bouncesink.config.words import AdmissionMode, LogLevel
from bouncesink.core.verp.attribution import Grammar
from bouncesink.errors import ConfigError


def test_nothing_at_all_is_the_defaults():
    effective = load(None, {"PATH": "/bin", "HOME": "/"}, {})
    assert effective == Effective(Config())
    assert {effective.origin(key).source for key in KEYS} == {Source.DEFAULT}


def test_the_table_of_keys_is_the_whole_configuration():
    sections = {each.name: getattr(Config(), each.name) for each in dataclasses.fields(Config)}
    flat = {name for name, value in sections.items() if not dataclasses.is_dataclass(value)}
    flat |= {
        f"{name}.{each.name}"
        for name, value in sections.items()
        if dataclasses.is_dataclass(value)
        for each in dataclasses.fields(value)
    }
    assert set(KEYS) == flat
    assert set(SECTIONS) == set(sections) - {"listen", "workers"}
    assert all(key.description and key.value(Config()) == key.default for key in KEYS.values())


WHOLE = """
listen = ["127.0.0.1:0", "[::1]:2525"]
[smtp]
hostname = "mx.example.com"
size_limit = 65536
command_timeout = 5
drain_timeout = 0
[admission]
mode = "mark"
domains = ["b.example"]
prefixes = ["bounce-"]
unsigned = ["mailman", "ezmlm"]
static = ["bounces"]
patterns = ['b-(?P<local>[a-z]{1,30})--(?P<domain>[a-z.]{1,30})']
[verp]
prefix = "b+"
keys_file = "keys"
[store]
path = "x.db"
[rules]
folder = "rules"
[log]
level = "debug"
addresses = true
"""


def test_a_whole_file(write):
    path = write(WHOLE)
    effective = load(path, {}, {})
    config = effective.config
    assert config.listen == ("127.0.0.1:0", "[::1]:2525")
    assert (config.smtp.hostname, config.smtp.size_limit, config.smtp.command_timeout) == ("mx.example.com", 65_536, 5.0)
    assert isinstance(config.smtp.command_timeout, float)
    assert config.admission.mode is AdmissionMode.MARK
    assert config.admission.unsigned == ("mailman", "ezmlm")
    assert (config.verp.keys_file, config.store.path, config.rules.folder) == (Path("keys"), Path("x.db"), Path("rules"))
    assert (config.log.level, config.log.addresses) == (LogLevel.DEBUG, True)
    assert config.smtp.max_recipients == 100
    assert str(effective.origin("smtp.size_limit")) == f"file {path}"
    assert str(effective.origin("smtp.max_recipients")) == "default"


def test_each_layer_stands_over_the_one_before(write):
    path = write('listen = ["f:1"]\n[store]\npath = "file.db"\nbusy_timeout = 1\n[smtp]\nmax_errors = 3\n')
    environment = {"BOUNCESINK_STORE__PATH": "environment.db", "BOUNCESINK_STORE__BUSY_TIMEOUT": "2.5"}
    effective = load(path, environment, {"store.path": ("--database", Path("option.db"))})
    store = effective.config.store
    assert (store.path, store.busy_timeout, effective.config.smtp.max_errors) == (Path("option.db"), 2.5, 3)
    assert [
        str(effective.origin(key)) for key in ("store.path", "store.busy_timeout", "smtp.max_errors", "store.max_waiting")
    ] == [
        "option --database",
        "environment BOUNCESINK_STORE__BUSY_TIMEOUT",
        f"file {path}",
        "default",
    ]


def test_the_environment_may_name_the_file_and_the_option_wins(write, tmp_path):
    path = write("[smtp]\nmax_errors = 3\n")
    assert load(None, {"BOUNCESINK_CONFIG": str(path)}, {}).config.smtp.max_errors == 3
    other = tmp_path / "other.toml"
    other.write_text("[smtp]\nmax_errors = 4\n")
    assert load(other, {"BOUNCESINK_CONFIG": str(path)}, {}).config.smtp.max_errors == 4
    assert load(None, {"BOUNCESINK_CONFIG": ""}, {}).config == Config()


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("BOUNCESINK_LISTEN", "127.0.0.1:1", ("127.0.0.1:1",)),
        ("BOUNCESINK_LISTEN", "127.0.0.1:1, [::1]:2", ("127.0.0.1:1", "[::1]:2")),
        ("BOUNCESINK_LISTEN", '["127.0.0.1:1", "b:2"]', ("127.0.0.1:1", "b:2")),
        ("BOUNCESINK_ADMISSION__DOMAINS", "", ()),
        ("BOUNCESINK_SMTP__SIZE_LIMIT", "70000", 70_000),
        ("BOUNCESINK_SMTP__DRAIN_TIMEOUT", "0.5", 0.5),
        ("BOUNCESINK_LOG__ADDRESSES", "true", True),
        ("BOUNCESINK_LOG__ADDRESSES", "0", False),
        ("BOUNCESINK_LOG__LEVEL", "warning", LogLevel.WARNING),
        ("BOUNCESINK_VERP__KEYS_FILE", "keys", Path("keys")),
        ("BOUNCESINK_VERP__KEYS_FILE", "", None),
        ("BOUNCESINK_VERP__KEYS", f"0:{SECRET},1:{SECRET}", (f"0:{SECRET}", f"1:{SECRET}")),
        ("BOUNCESINK_VERP__KEYS", f"0:{SECRET}\n1:{SECRET}\n", (f"0:{SECRET}", f"1:{SECRET}")),
    ],
)
def test_the_environment_is_text_that_is_read_as_what_the_key_wants(variable, text, value):
    (key,) = [key for key in KEYS.values() if key.variable == variable]
    assert key.value(load(None, {variable: text}, {}).config) == value


def test_a_byte_order_mark_is_no_problem(write):
    assert load(write(b"\xef\xbb\xbf[smtp]\nmax_errors = 3\n"), {}, {}).config.smtp.max_errors == 3


def test_grammars_without_a_tag_are_all_but_those_of_other_keys():
    ours = {Grammar.SIGNED, Grammar.OPAQUE, Grammar.CUSTOM, Grammar.STATIC, Grammar.ROLE, Grammar.NONE}
    assert set(UNSIGNED_GRAMMARS) == {str(grammar) for grammar in set(Grammar) - ours}
    every = ",".join(UNSIGNED_GRAMMARS)
    effective = load(None, {"BOUNCESINK_ADMISSION__UNSIGNED": every, "BOUNCESINK_ADMISSION__DOMAINS": "b.example"}, {})
    assert len(effective.config.admission.unsigned) == len(UNSIGNED_GRAMMARS)


def outcome(file: Path | None, environment: dict[str, str]) -> Effective | tuple[str, ...]:
    """Either is true: a configuration, or at least one problem."""
    try:
        return load(file, environment, {})
    except ConfigError as error:
        return error.problems


toml_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from([key.variable for key in KEYS.values()]) | st.text(max_size=20).map("BOUNCESINK_".__add__),
        st.text(max_size=60),
    )
)
def test_any_environment_is_a_configuration_or_a_list_of_problems(environment):
    environment.pop("BOUNCESINK_CONFIG", None)
    assert outcome(None, environment)


@given(st.sampled_from(sorted(KEYS)), toml_values)
def test_any_value_of_any_key_is_taken_or_told(tmp_path_factory, name, value):
    path = tmp_path_factory.mktemp("any") / "any.toml"
    section, _, field = name.rpartition(".")
    written = toml(value)
    path.write_text(f"[{section}]\n{field} = {written}\n" if section else f"{field} = {written}\n", "utf-8", "backslashreplace")
    assert outcome(path, {})


def toml(value) -> str:
    match value:
        case None:
            return "2026-02-02"
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            return (
                '"' + "".join(f"\\U{ord(character):08X}" for character in value if not 0xD800 <= ord(character) < 0xE000) + '"'
            )
        case list():
            return f"[{', '.join(map(toml, value))}]"
    return "{" + ", ".join(f"{toml(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
