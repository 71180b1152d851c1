"""Which rules cannot hold, whatever words stand there: never one that might."""

from itertools import product

import pytest

from bouncesink.core.hurdles import Hurdles
from bouncesink.core.problems import Table
from bouncesink.core.report import Place
from bouncesink.core.rule import TEXT_PLACES, Observation, Rule
from bouncesink.core.rule_entry import read_rule
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.rulefiles import load_rulebook

RULES = load_rulebook(None).rules


def rule(**keys: object) -> Rule:
    row = {"id": "a/rule", "reason": "virus", "source": "x", "examples": ["x"], "literal": "mailbox full", **keys}
    problems: list[str] = []
    read = read_rule(Table("a.toml", row, problems), "a.toml")
    assert read, problems
    return read


def seen(status: str = "", **keys: object) -> Observation:
    return Observation(status=EnhancedStatusCode.find(status), **keys)


@pytest.mark.parametrize(
    ("keys", "holding", "other"),
    [
        ({"status": "x.1.7"}, seen("5.1.7"), seen("5.1.1")),
        ({"status": ["x.1.7", "4.x.x"]}, seen("4.0.0"), seen("")),
        ({"smtp_command": "MAIL"}, seen(smtp_command="MAIL FROM:<>"), seen(smtp_command="RCPT TO")),
        ({"smtp_command": "DATA"}, seen(smtp_command="end of DATA command)"), seen()),
        ({"smtp_command": "DATA", "vendor": "v"}, seen(smtp_command="DATA"), seen()),
        ({"smtp_command": "DATA", "status": "5.1.1"}, seen("5.1.1", smtp_command="DATA"), seen("5.1.1")),
    ],
)
def test_another_status_or_command_bars(keys, holding, other):
    hurdles = Hurdles([rule(), rule(**keys)])
    assert hurdles.rules == 0b10
    assert hurdles.bar(holding, Place.PROSE) == 0
    assert hurdles.bar(other, Place.PROSE) == 0b10


def test_another_place_bars():
    hurdles = Hurdles([rule(place="prose"), rule(place=["diagnostic", "transcript"]), rule()])
    assert hurdles.bar(seen(), Place.PROSE) == 0b010
    assert hurdles.bar(seen(), Place.DIAGNOSTIC) == 0b001
    assert hurdles.bar(seen(), Place.ENVELOPE) == 0b011


@pytest.mark.parametrize(
    "keys", [{"vendor": "v"}, {"reply_code": "550"}, {"domain": "example.org"}, {"diagnostic_type": "smtp"}]
)
def test_what_else_is_asked_is_left_to_ask(keys):
    alone, beside = rule(**keys), rule(place="prose", **keys)
    hurdles = Hurdles([rule(), alone, beside, rule(place="prose")])
    assert (hurdles.rules, hurdles.asking) == (0b1100, 0b0110)
    assert hurdles.bar(seen(), Place.PROSE) == 0
    assert hurdles.bar(seen(), Place.ENVELOPE) == 0b1100


def test_of_all_rules_of_ours_none_is_barred_that_might_hold():
    """For statuses, commands and places that they ask for, and others; and where nothing else is asked, none is let through."""
    hurdles = Hurdles(RULES)
    words = [(1 << number, each.conditions) for number, each in enumerate(RULES) if each.conditions]
    vendors = frozenset(name for _, conditions in words for name in conditions.vendors)
    statuses = [EnhancedStatusCode.find(text) for text in ("", "5.1.1", "5.1.6", "4.1.8", "5.2.0", "5.4.4", "4.2.2", "5.7.26")]
    for status, verb, place in product(statuses, ("", "MAIL FROM", "RCPT TO", "end of DATA", "EHLO x"), sorted(TEXT_PLACES)):
        observation = Observation(status=status, smtp_command=verb, reply_code=550)
        barred = hurdles.bar(observation, place)
        for bit, conditions in words:
            holds = conditions.hold(observation, place, vendors)
            assert not (holds and bit & barred), conditions
            assert holds or bit & (barred | hurdles.asking), conditions
