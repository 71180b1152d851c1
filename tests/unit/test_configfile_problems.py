"""What is wrong with a configuration: every problem at once, where, what and the nearest, and no secret in any message."""

import pytest
from config_problems import SECRET, problems_of

from bouncesink.config.file import load

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


def test_a_file_that_was_named_must_be_there(tmp_path):
    missing = tmp_path / "missing.toml"
    assert problems_of(missing) == [f"{missing}: cannot be read: No such file or directory"]
    assert problems_of(None, {"BOUNCESINK_CONFIG": str(missing)}) == [f"{missing}: cannot be read: No such file or directory"]
    assert problems_of(tmp_path) == [f"{tmp_path}: cannot be read: Is a directory"]
