"""Who else was heard, and why they lost; held against the book's own search over every packaged example."""

import pytest
from every_reason import REASONS

from bouncesink.core.contenders import KEYS, contenders
from bouncesink.core.report import Place
from bouncesink.core.rule import Conditions, Observation
from bouncesink.core.rulebook import compile_rulebook
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.rulefiles import load_rulebook

BOOK = load_rulebook(None)


def rule(id_: str, reason: str = "mailbox_full", **keys: object) -> dict:
    return {"id": id_, "reason": reason, "source": "RFC 5321", "examples": ["550 x"], **keys}


def heard(*rules: dict, seen: Observation, **tables: list[dict]) -> list[tuple[str, Place, str, str]]:
    book = compile_rulebook(REASONS, {"one.toml": {"rule": list(rules), **tables}})
    return [(each.rule.id, each.place, each.words, each.objection) for each in contenders(book, seen)]


def diagnostic(text: str, **keys: object) -> Observation:
    return Observation(((Place.DIAGNOSTIC, text),), **keys)


EXAMPLES = [example for rule in BOOK.rules for example in (*rule.examples, *rule.counterexamples)]


def test_the_first_that_holds_is_the_one_that_the_book_finds():
    assert len(EXAMPLES) > 500
    for example in EXAMPLES:
        match = BOOK.search(example.seen)
        holding = [each.rule.id for each in contenders(BOOK, example.seen) if each.holds]
        assert (match.rule.id if match else "") == (holding[0] if holding else ""), example.name
        if match:
            assert {other.rule for other in match.alternatives} <= set(holding), example.name


def test_it_hears_names_as_the_book_does():
    for example in EXAMPLES[::3]:
        for place, text in example.seen.texts[:1]:
            for named in (
                f"{text} antispam.example.org",
                f"550 {text.replace(' ', '-')[:80]}.example.org: {text}",
                f"{text}@x.example",
            ):
                seen = example.seen._replace(texts=((place, named),))
                match = BOOK.search(seen)
                holding = [each.rule.id for each in contenders(BOOK, seen) if each.holds]
                assert (match.rule.id if match else "") == (holding[0] if holding else ""), named


def test_what_stands_in_a_name_is_told():
    gone = rule("a/gone", literal=["blocklist", "user unknown"], unless="temporary")
    listed = rule("a/listed", literal="blocklist", pattern="blocklist [a-z]{1,9}")
    seen = diagnostic("550 blocklist.example and temporary.example: user unknown; x@blocklist.example")
    assert heard(gone, listed, seen=seen) == [
        ("a/gone", Place.DIAGNOSTIC, "user unknown", ""),
        ("a/listed", Place.DIAGNOSTIC, "blocklist", "'blocklist' is part of a name; pattern does not match"),
    ]
    seen = diagnostic("550 blocklist.example")
    assert heard(gone, seen=seen) == [("a/gone", Place.DIAGNOSTIC, "blocklist", "'blocklist' is part of a name")]
    assert heard({**gone, "names": True}, seen=seen) == [("a/gone", Place.DIAGNOSTIC, "blocklist", "")]
    seen = diagnostic("550 blocklist a@x.example")
    listed["pattern"] = "x\\.ex|a(?=@)"
    assert heard(listed, seen=seen)[0][2:] == ("x.ex", "")
    listed["pattern"] = "a(?=@)"
    assert heard(listed, seen=seen)[0][2:] == ("blocklist", "pattern matches only part of a name")


def test_texts_come_in_their_order_and_codes_after_them():
    seen = Observation(
        ((Place.DIAGNOSTIC, "user unknown"), (Place.PROSE, "MAILBOX  full, user unknown")), EnhancedStatusCode(5, 1, 1), 550
    )
    rules = (
        rule("z/reply", reply_code="550"),
        rule("z/status", status="5.1.1"),
        rule("a/full", literal="mailbox full"),
        rule("a/gone", literal="user unknown"),
        rule("a/other", literal="never said at all"),
        rule("z/another", status="5.7.1"),
    )
    assert heard(*rules, seen=seen) == [
        ("a/gone", Place.DIAGNOSTIC, "user unknown", ""),
        ("a/full", Place.PROSE, "mailbox full", ""),
        ("a/gone", Place.PROSE, "user unknown", ""),
        ("z/status", Place.STATUS, "", ""),
        ("z/reply", Place.REPLY_CODE, "", ""),
    ]


@pytest.mark.parametrize(
    ("keys", "objection"),
    [
        ({}, ""),
        ({"unless": ["tomorrow", "forever"]}, "unless 'forever', which stands there"),
        ({"pattern": r"closed \d"}, "pattern does not match"),
        ({"vendor": "example"}, "vendor is another"),
        ({"status": ["5.2.2", "5.7.1"]}, "status is another"),
        ({"reply_code": "4xx"}, "reply_code is another"),
        ({"smtp_command": "DATA"}, "smtp_command is another"),
        ({"domain": "example.org"}, "domain is another"),
        ({"diagnostic_type": "x-unix"}, "diagnostic_type is another"),
        ({"place": "prose"}, "place is another"),
        ({"status": "5.2.2", "pattern": "x", "unless": "closed"}, "status is another; unless 'closed', which stands there; p"),
    ],
)
def test_what_keeps_a_rule_from_holding(keys, objection):
    seen = diagnostic("550 the counter is closed forever", reply_code=550, recipient="user@example.com", smtp_command="RCPT")
    vendor = [{"name": "example", "hosts": ["mx.example.net"]}]
    ((_, _, _, told),) = heard(rule("a/b", literal="the counter is", **keys), seen=seen, vendor=vendor)
    assert told.startswith(objection)
    assert bool(told) is bool(objection)


def test_every_condition_has_its_key():
    assert list(KEYS) == list(Conditions.__dataclass_fields__)


@pytest.mark.parametrize(
    "seen",
    [
        diagnostic("the counter is closed", hosts=("a.MX.example.net", "")),
        diagnostic("the counter is closed", recipient="user@Sub.example.com"),
        diagnostic("the counter is closed [Example Gateway]"),
        Observation(((Place.DIAGNOSTIC, "said by [example gateway]"), (Place.PROSE, "the counter is closed"))),
    ],
)
def test_a_vendor_is_known_by_its_host_its_domain_and_its_words(seen):
    sign = {"hosts": ["mx.example.net"], "domains": ["example.com"], "signatures": ["[example gateway]"]}
    found = heard(rule("a/b", literal="the counter is", vendor="example"), seen=seen, vendor=[{"name": "example", **sign}])
    assert [objection for *_, objection in found] == [""]


def test_a_pattern_shows_the_words_that_it_found():
    words = rule("a/b", literal="the counter is", pattern=r"counter is \w{1,10}")
    assert heard(words, seen=diagnostic("The counter is CLOSED."))[0][2] == "counter is closed"
