"""Other people's grammars. The one example of each family that the reference page shows is tested in test_verp_reference."""

import time

import pytest

from bouncesink.core.verp import grammars
from bouncesink.core.verp.attribution import Grammar
from bouncesink.core.verp.decoder import UNSIGNED_FAMILIES, compile_pattern
from bouncesink.core.verp.grammars import Reading, read_custom, read_prefixed, read_rows, split_recipient
from bouncesink.core.verp.path import ForwardPath

ROWS = grammars.MARKED + grammars.DELIMITED + grammars.LOOSE
ID = "abcdefghijklmnopqrst"


def read(local: str, *named: Grammar, domain: str = "b.example.org") -> Reading | None:
    return read_rows(ForwardPath(local, domain, local), ROWS, frozenset(named or UNSIGNED_FAMILIES))


@pytest.mark.parametrize(
    ("local", "grammar", "recipient", "reference", "list_name"),
    [
        ("DISC-RETURN-4711-User=EXAMPLE.com", Grammar.EZMLM, "User@EXAMPLE.com", "4711", "DISC"),
        ("my-list-return-1-a-b=example.com", Grammar.EZMLM, "a-b@example.com", "1", "my-list"),
        (f"disc-return-warn-1163000000.{ID}-a=b=example.com", Grammar.EZMLM, "a=b@example.com", f"1163000000.{ID}", "disc"),
        ("disc-return-5", Grammar.EZMLM, None, "5", "disc"),
        ("my+list-bounces+user=example.com", Grammar.MAILMAN, "user@example.com", "", "my+list"),
        ("list-bounces+user+tag=example.com", Grammar.MAILMAN, "user+tag@example.com", "", "list"),
        ("list-bounces+a=b=example.com", Grammar.MAILMAN, "a=b@example.com", "", "list"),
        ("list-bounces+user+x=y=example.com", Grammar.MAILMAN, "user+x=y@example.com", "", "list"),
        ("list-bounces+o'brien=example.com", Grammar.MAILMAN, "o'brien@example.com", "", "list"),
        ("list-bounces+a/b=example.com", Grammar.MAILMAN, "a/b@example.com", "", "list"),
        ("list-bounces+a=xn--bcher-kva.example", Grammar.MAILMAN, "a@xn--bcher-kva.example", "", "list"),
        ("list-bounces+user=[192.0.2.1]", Grammar.MAILMAN, "user@[192.0.2.1]", "", "list"),
        ('list-bounces+"john doe"=example.com', Grammar.MAILMAN, '"john doe"@example.com', "", "list"),
        ("list-bounces+" + "x" * 40 + "=mail.example.com", Grammar.MAILMAN, "x" * 40 + "@mail.example.com", "", "list"),
        ("list-bounces+user=b\u00fccher.example", Grammar.MAILMAN, "user@b\u00fccher.example", "", "list"),
        ("list-bounces+us\u00e9r=example.com", Grammar.MAILMAN, "us\u00e9r@example.com", "", "list"),
        ("somelist-request+john doe=other.example", Grammar.EXIM, '"john doe"@other.example', "", "somelist"),
        ("owner-my-list+user=example.com", Grammar.POSTFIX, "user@example.com", "", "owner-my-list"),
        ("my-list-bounces-mr-user=example.com", Grammar.POSTFIX, "mr-user@example.com", "", "my-list-bounces"),
        ("owner-list-mr-user=example.com", Grammar.POSTFIX, "mr-user@example.com", "", "owner-list"),
        ("bounces-mr-user=example.com", Grammar.POSTFIX, "mr-user@example.com", "", "bounces"),
        ("bounces+2309175-1e1a-a.b=open.example", Grammar.SENDGRID, "a.b@open.example", "2309175-1e1a", "bounces"),
        ("bounce+b==a==c==a==example.com==list", Grammar.SYMPA, "b==a==c@example.com", "", "bounce"),
        ("bounce+a=b==a==example.com==list==r", Grammar.SYMPA, "a=b@example.com", "r", "bounce"),
        ("b.25211.6039846.eb7e7e8ba282f9d0", Grammar.CIVICRM, None, "b.25211.6039846.eb7e7e8ba282f9d0", ""),
        ("SkyQbFDuW.BkPpltD_Z.rkMrRPKu-", Grammar.MAILTRAIN, None, "SkyQbFDuW.BkPpltD_Z.rkMrRPKu-", ""),
    ],
)
def test_readings(local, grammar, recipient, reference, list_name):
    found = read(local, grammar)
    assert (found.grammar, found.recipient, found.reference, found.list_name) == (grammar, recipient, reference, list_name)


@pytest.mark.parametrize(
    "local",
    [
        "disc-return",
        "list-bounces+=example.com",
        "list-bounces+user=",
        "list-bounces+user=a..b",
        "list-bounces+user=-x.example",
        'list-bounces+""=example.com',
        "-bounces+user=example.com",
        "list-request+user",
        "bounces+1-1e1a-user",
        "bounce+a==a====list",
        "bounce+==a==example.com==list",
        "user",
        "user=example.com=",
        "+user=example.com",
        "",
    ],
)
def test_empty_parts_and_bad_domains_are_refused(local):
    assert read(local, *(UNSIGNED_FAMILIES - {Grammar.POSTFIX, Grammar.GENERIC})) is None


@pytest.mark.parametrize(
    "local", ["+user=example.com", "a+=example.com", "a-=example.com", "=example.com", "user=", "a+user=a..b"]
)
def test_a_guess_refuses_them_too(local):
    assert read(local, Grammar.GENERIC) is None


def test_the_families_with_marks_win_over_those_without():
    for local in ("bounces+1-1e1a-user=example.com", "bounce+a.b-user=example.com", "x-return-5-a=example.com"):
        assert read(local).recipient in {"user@example.com", "a@example.com"}
        assert read(local).grammar not in {Grammar.POSTFIX, Grammar.GENERIC, Grammar.MAILMAN}


def test_a_guess_wants_a_domain_that_the_world_could_know():
    assert read("bounce-user=example.com", Grammar.GENERIC).note == grammars.LOW_CONFIDENCE
    assert read("bounce-user=[192.0.2.1]", Grammar.GENERIC).recipient == "user@[192.0.2.1]"
    assert read("bounce-user=intranet", Grammar.GENERIC) is None
    assert read("bounce-user=intranet", Grammar.POSTFIX).recipient == "user@intranet"


def test_postal_is_read_under_its_own_host_names_alone():
    assert read("thd8dh", Grammar.POSTAL) is None
    assert read("thd8dh", Grammar.POSTAL, domain="rp.example.org").reference == "thd8dh"


def test_a_family_that_is_not_named_is_not_read():
    assert read("list-bounces+user=example.com", Grammar.EZMLM) is None


@pytest.mark.parametrize(
    ("local", "prefix", "reading"),
    [
        (
            "my+list-bounces+a+b=example.com",
            "my+list-bounces+",
            Reading(Grammar.MAILMAN, "a+b@example.com", "", "my+list-bounces"),
        ),
        ("LIST-request+a=example.com", "list-request+", Reading(Grammar.EXIM, "a@example.com", "", "list-request")),
        ("disc-return-12-a=example.com", "disc-return-", Reading(Grammar.EZMLM, "a@example.com", "12", "disc-return")),
        ("disc-return-a=example.com", "disc-return-", Reading(Grammar.EZMLM, "a@example.com", "", "disc-return")),
        ("owner-my-list-a-b=example.com", "owner-my-list-", Reading(Grammar.POSTFIX, "a-b@example.com", "", "owner-my-list")),
        ("b=a=example.com", "b=", Reading(Grammar.POSTFIX, "a@example.com", "", "b")),
        ("wiz_a=example.com", "wiz_", Reading(Grammar.CUSTOM, "a@example.com", "", "wiz_")),
        ("bounce-4711", "bounce-", None),
        ("bounce-", "bounce-", None),
    ],
)
def test_what_stands_after_a_configured_prefix(local, prefix, reading):
    assert read_prefixed(local, prefix) == reading


@pytest.mark.parametrize(
    ("local", "pattern", "reading"),
    [
        (
            "wizbounce_9999_a.b=some.example_2021-04-1614#30#24",
            r"wizbounce_\d+_(?P<recipient>[^=]+=[^_]+)_.*",
            Reading(Grammar.CUSTOM, "a.b@some.example"),
        ),
        ("x-user@example.com", r"x-(?P<recipient>.+)", Reading(Grammar.CUSTOM, "user@example.com")),
        ("X-user-AT-example.com", r"x-(?P<local>.+)-at-(?P<domain>.+)", Reading(Grammar.CUSTOM, "user@example.com")),
        ("news-4711", r"(?P<list>[a-z]+)-(?P<reference>\d+)", Reading(Grammar.CUSTOM, None, "4711", "news")),
        ("r-7-a=b.example", r"r-(?P<reference>\d+)-(?P<recipient>.+)", Reading(Grammar.CUSTOM, "a@b.example", "7")),
        ("n-", r"n-(?P<reference>\d+)?", None),
        ("x-user=", r"x-(?P<recipient>.+)", None),
        ("x-user-4711-more", r"x-user-(?P<reference>\d+)", None),
    ],
)
def test_an_operators_own_pattern(local, pattern, reading):
    assert read_custom(local, compile_pattern(pattern)) == reading


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(", "is no regular expression"),
        ("bounce-(.+)", "has no group named"),
        ("(?P<local>.+)", "has no group named"),
        (r"(?P<recipient>(a+)+)", "repeats a group that repeats"),
        (r"((\w*)*)(?P<reference>x)", "repeats a group that repeats"),
        (r"(?:x{1,9}){2,}(?P<reference>x)", "repeats a group that repeats"),
    ],
)
def test_a_pattern_that_cannot_be_used(pattern, problem):
    with pytest.raises(ValueError, match=problem):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("text", "separator", "recipient"),
    [
        ("a=b=example.com", "=", "a@b@example.com".replace("a@b", "a=b")),
        ("a@example.com", "@", "a@example.com"),
        ("=example.com", "=", None),
        ("a=", "=", None),
        ("a", "=", None),
        ('""=example.com', "=", None),
    ],
)
def test_splitting_at_the_last_separator(text, separator, recipient):
    assert split_recipient(text, separator) == recipient


HOSTILE = [
    "-return-",
    "-return-1-",
    "=",
    "a=",
    "-",
    "+",
    "-bounces+",
    "==a==",
    "_",
    ".",
    "-a-b",
    "bounces-",
    "owner-",
    "a-",
    "a+b",
    "1",
]


@pytest.mark.parametrize("seed", HOSTILE)
def test_hostile_local_parts_cost_little(seed):
    for head in ("", "bounces+1-a-", "x+", "wiki-", "bounce+a==a==", "list-return-1-"):
        local = (head + seed * grammars.MAX_LOCAL)[: grammars.MAX_LOCAL]
        began = time.process_time()
        for row in ROWS:
            row.pattern.fullmatch(local)
        assert time.process_time() - began < 0.3
