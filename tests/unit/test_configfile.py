"""The configuration as people write it: every layer, every problem at once, and no secret in any message."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.config import Config
from bouncesink.configchecks import UNSIGNED_GRAMMARS
from bouncesink.configfile import Effective, Source, load
from bouncesink.configkeys import KEYS, SECTIONS
from bouncesink.configwords import AdmissionMode, LogLevel
from bouncesink.core.verp.attribution import Grammar
from bouncesink.errors import ConfigError

SECRET = "5ec2e7" * 8


@pytest.fixture
def write(tmp_path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "bouncesink.toml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def problems_of(file=None, environment=None, options=None, more=()) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        load(file, environment or {}, options or {}, more)
    assert raised.value.problems
    return list(raised.value.problems)


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


FILE_PROBLEMS = [
    ("lisen = []", "lisen: unknown key, did you mean 'listen'?"),
    ('listen = "a:1"', 'listen: must be a list, as in ["one", "two"]'),
    ("listen = [1]", "listen: entry 1 must be text in quotes"),
    ("[stmp]\nsize_limit = 1", "stmp: unknown table, did you mean 'smtp'?"),
    ("smtp = 5", "smtp: is a table, write [smtp] and its keys below it"),
    ("size_limit = 70000", "size_limit: unknown key, did you mean 'smtp.size_limit'?"),
    ("[smtp]\nlife_days = 3", "smtp.life_days: unknown key, did you mean 'verp.life_days'?"),
    ("[smtp]\nmax_conections = 3", "smtp.max_conections: unknown key, did you mean 'smtp.max_connections'?"),
    ("[smtp]\nqwxyz = 3", "smtp.qwxyz: unknown key"),
    ("[smtp]\nsize_limit = 5", "smtp.size_limit: must be 65536 or more (octets)"),
    ('[smtp]\nsize_limit = "70000"', "smtp.size_limit: must be a whole number (octets)"),
    ("[smtp]\nmax_errors = true", "smtp.max_errors: must be a whole number"),
    ("[smtp]\nmax_errors = 1.5", "smtp.max_errors: must be a whole number"),
    ("[smtp]\ncommand_timeout = inf", "smtp.command_timeout: must be a finite number (seconds)"),
    ("[smtp]\ncommand_timeout = nan", "smtp.command_timeout: must be a finite number (seconds)"),
    ("[smtp]\ncommand_timeout = 0.5", "smtp.command_timeout: must be 1 or more (seconds)"),
    ('[smtp]\ncommand_timeout = "long"', "smtp.command_timeout: must be a number (seconds)"),
    ("[smtp]\nhostname = 5", "smtp.hostname: must be text in quotes"),
    ('[smtp]\nhostname = "a b"', "smtp.hostname: 'a b' is neither a host name nor an address literal"),
    ('[smtp]\nhostname = "a\\r\\n250 evil"', "smtp.hostname: 'a\\r\\n250 evil' is neither a host name nor an address literal"),
    (
        '[files]\nrecipient_headers = ["To:"]',
        "files.recipient_headers: 'To:' is no name of a header field: give it without its colon",
    ),
    ('[admission]\nmode = "refues"', "admission.mode: must be one of refuse, mark, did you mean 'refuse'?"),
    ('[admission]\ndomains = ["a b"]', "admission.domains: 'a b' is no domain that mail could be sent to"),
    (
        '[admission]\nstatic = ["bounces@b.example"]\ndomains = ["b.example"]',
        "admission.static: 'bounces@b.example' is an address: give the part before the @ alone",
    ),
    ('[admission]\nmode = "mark"', "admission.mode: mark accepts addresses that no tag proves, so admission.domains must say"),
    (
        'listen = ["Milter+unix:/run/m.sock"]\n[milter]\nmode = "consume"',
        "milter.mode: consume takes mail for domains of ours out of the MTA, so admission.domains must say which",
    ),
    ('[admission]\nunsigned = ["mailman"]', "admission.unsigned: lets in addresses that no tag proves"),
    ('[admission]\ndomains = ["b.example"]\nunsigned = ["signed"]', "admission.unsigned: 'signed' is none of "),
    ('[admission]\ndomains = ["b.example"]\nunsigned = ["mailmann"]', "did you mean 'mailman'?"),
    ('[admission]\ndomains = ["b.example"]\npatterns = ["("]', "admission.patterns: '(' is no regular expression: "),
    ('[admission]\ndomains = ["b.example"]\npatterns = ["x"]', "admission.patterns: 'x' has no group named recipient"),
    ('[verp]\nprefix = "a b"', "verp.prefix: 'a b' cannot start a local part"),
    (f'[verp]\nprefix = "{"x" * 33}"', "cannot start a local part: at most 32"),
    (f'[verp]\nkeys = ["0:{SECRET}"]', "verp.keys: is a secret and read from the environment only (BOUNCESINK_VERP__KEYS)"),
    ("[verp]\nlife_days = 0", "verp.life_days: must be 1 or more (days)"),
    ("[verp]\nkeys_file = 3", "verp.keys_file: must be text in quotes"),
    ('[verp]\nkeys_file = "same"\n[store]\npath = "same"', "verp.keys_file: is the same file as store.path"),
    ('[watch]\nlisten = ["2580"]', "watch.listen: '2580' is not HOST:PORT or http://HOST:PORT"),
    ('[watch]\nlisten = ["https://127.0.0.1:2580"]', "is not HOST:PORT"),
    ('[watch]\nlisten = ["127.0.0.1:65536"]', "is not HOST:PORT"),
    ("[watch]\nfree_floor = -1", "watch.free_floor: must be 0 or more (octets)"),
    ("[log]\naddresses = 1", "log.addresses: must be true or false"),
    ('[log]\nlevel = "verbose"', "log.level: must be one of debug, info, warning, error"),
]


@pytest.mark.parametrize(("text", "problem"), FILE_PROBLEMS, ids=[text.replace("\n", " ")[:50] for text, _ in FILE_PROBLEMS])
def test_a_problem_of_the_file_says_where_what_and_the_nearest(write, text, problem):
    path = write(text)
    (told,) = problems_of(path)
    assert told.startswith(f"{path}: ")
    assert problem in told
    assert SECRET not in told


ENVIRONMENT_PROBLEMS = [
    ({"BOUNCESINK_SMTP_SIZE_LIMIT": "70000"}, "is no setting of bouncesink, did you mean 'BOUNCESINK_SMTP__SIZE_LIMIT'?"),
    ({"BOUNCESINK_LISTN": "x"}, "is no setting of bouncesink, did you mean 'BOUNCESINK_LISTEN'?"),
    ({"BOUNCESINK_CONFG": "x"}, "is no setting of bouncesink, did you mean 'BOUNCESINK_CONFIG'?"),
    ({"BOUNCESINK_QQQQ": "x"}, "is no setting of bouncesink"),
    ({"BOUNCESINK_SMTP__SIZE_LIMIT": "big"}, "must be a whole number (octets)"),
    ({"BOUNCESINK_SMTP__SIZE_LIMIT": "5"}, "must be 65536 or more (octets)"),
    ({"BOUNCESINK_LOG__ADDRESSES": "maybe"}, "must be true or false"),
    ({"BOUNCESINK_LISTEN": "[1"}, 'must be a list, as in ["one", "two"]'),
    ({"BOUNCESINK_VERP__KEYS": "0:5ec2e7"}, "the secret has 3 bytes, not 16 to 32"),
    ({"BOUNCESINK_VERP__KEYS": f"x:{SECRET}"}, "ID is a number"),
    ({"BOUNCESINK_VERP__KEYS": f"0:{SECRET}zz"}, "HEX is hexadecimal digits"),
    ({"BOUNCESINK_VERP__KEYS": f"0:{SECRET},0:{SECRET}"}, "key id 0 stands more than once"),
    ({"BOUNCESINK_VERP__KEYS": f'["0:{SECRET}", 5]'}, "entry 2 must be text"),
]


@pytest.mark.parametrize(
    ("environment", "problem"), ENVIRONMENT_PROBLEMS, ids=[str(sorted(each))[:60] for each, _ in ENVIRONMENT_PROBLEMS]
)
def test_a_problem_of_the_environment_names_the_variable(environment, problem):
    (told,) = problems_of(environment=environment)
    (variable,) = environment
    assert told.startswith(f"environment {variable}: ")
    assert problem in told
    assert "5ec2e7" not in told


def test_keys_may_be_said_in_one_way_only():
    (told,) = problems_of(environment={"BOUNCESINK_VERP__KEYS": f"0:{SECRET}", "BOUNCESINK_VERP__KEYS_FILE": "keys"})
    assert told.startswith("environment BOUNCESINK_VERP__KEYS: contradicts verp.keys_file")


def test_the_key_of_pseudonyms_may_be_said_in_one_way_only():
    environment = {"BOUNCESINK_PRIVACY__KEY": SECRET, "BOUNCESINK_PRIVACY__KEY_FILE": "key"}
    (told,) = problems_of(environment=environment)
    assert told.startswith("environment BOUNCESINK_PRIVACY__KEY: contradicts privacy.key_file")


def test_where_addresses_are_not_kept_neither_the_log_nor_raw_content_has_them(write):
    path = write('[privacy]\naddresses = "hashed"\n[store]\ncontent_limit = 500\n')
    assert load(path, {}, {}).config.store.content_limit == 0
    (told,) = problems_of(write('[privacy]\naddresses = "hashed"\n[log]\naddresses = true\n'))
    assert "log.addresses: writes addresses in full" in told


def test_every_problem_at_once_and_no_secret(write):
    path = write('lisen = 1\n[smtp]\nsize_limit = 5\n[admission]\npatterns = ["("]\ndomains = ["b.example"]\n')
    environment = {"BOUNCESINK_LOG__LEVEL": "loud", "BOUNCESINK_NOPE": SECRET, "BOUNCESINK_VERP__KEYS": f"0:{SECRET}zz"}
    options = {"store.path": ("--database", 5)}
    told = problems_of(path, environment, options, (lambda config: iter([("listen", "is not heard")]),))
    assert len(told) == 8
    for part in ("lisen", "size_limit", "patterns", "LOG__LEVEL", "NOPE", "VERP__KEYS", "option --database: ", "is not heard"):
        assert sum(part in each for each in told) == 1, part
    assert "5ec2e7" not in "\n".join(told)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"a = \n", "is not TOML: Invalid value (at line 1, column 5)"),
        (b"[smtp]\nx = 1\nx = 2\n", "is not TOML: Cannot overwrite a value (at line 3, column 6)"),
        (b"[smtp]\n\nhostname = '\xff'\n", "is not UTF-8 (at line 3)"),
    ],
)
def test_a_broken_file_is_named_with_its_line(write, content, problem):
    path = write(content)
    assert problems_of(path) == [f"{path}: {problem}"]


def test_a_byte_order_mark_is_no_problem(write):
    assert load(write(b"\xef\xbb\xbf[smtp]\nmax_errors = 3\n"), {}, {}).config.smtp.max_errors == 3


def test_a_file_that_was_named_must_be_there(tmp_path):
    missing = tmp_path / "missing.toml"
    assert problems_of(missing) == [f"{missing}: cannot be read: No such file or directory"]
    assert problems_of(None, {"BOUNCESINK_CONFIG": str(missing)}) == [f"{missing}: cannot be read: No such file or directory"]
    assert problems_of(tmp_path) == [f"{tmp_path}: cannot be read: Is a directory"]


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
