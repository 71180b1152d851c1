"""How a rule is read: every key, and every way in which a rule file can be wrong."""

import pytest

from bouncesink.core.problems import Table
from bouncesink.core.report import Place
from bouncesink.core.rule import Conditions, Observation, StatusPattern, command, is_within
from bouncesink.core.rule_entry import normal, read_rule
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verdict import FailureClass, Reason

PLAIN = {
    "id": "example/no-user",
    "reason": "mailbox_unknown",
    "literal": "no such person",
    "source": "RFC 5321 section 4.2",
    "examples": ["550 no such person"],
}


def read(**keys):
    row = {key: value for key, value in {**PLAIN, **keys}.items() if value is not None}
    problems: list[str] = []
    return read_rule(Table("f.toml", row, problems), "f.toml"), problems


def test_a_plain_rule():
    rule, problems = read()
    assert problems == []
    assert (rule.id, rule.file, rule.reason, rule.class_) == ("example/no-user", "f.toml", Reason.MAILBOX_UNKNOWN, None)
    assert rule.literals == ("no such person",)
    assert rule.is_plain
    assert rule.conditions is None
    assert not rule.weak


def test_a_rule_with_everything():
    rule, problems = read(
        **{
            "class": "soft",
            "literal": ["No  such\nPERSON", "nobody here"],
            "pattern": r"no.{0,9}person",
            "unless": "Sender  address",
        },
        vendor="example",
        status=["5.1.x", "4.x.x"],
        reply_code=["55x", "421"],
        smtp_command="RCPT TO",
        domain="Example.COM",
        diagnostic_type="X-Unix",
        place=["prose", "diagnostic"],
        weak=True,
        note="so it is",
        counterexamples=[{"text": "no such person here", "place": "prose"}],
    )
    assert problems == []
    assert rule.literals == ("no such person", "nobody here")
    assert rule.unless == ("sender address",)
    assert rule.class_ is FailureClass.SOFT
    assert rule.weak
    assert rule.note == "so it is"
    assert rule.conditions == Conditions(
        vendors=frozenset({"example"}),
        statuses=(StatusPattern(5, 1, None), StatusPattern(4, None, None)),
        reply_codes=frozenset({*range(550, 560), 421}),
        commands=frozenset({"rcpt"}),
        domains=("example.com",),
        diagnostic_types=frozenset({"x-unix"}),
        places=frozenset({Place.PROSE, Place.DIAGNOSTIC}),
    )
    assert not rule.is_plain
    assert rule.counterexamples[0].seen.texts == ((Place.PROSE, "no such person here"),)


def test_an_example_reads_its_codes_from_its_text():
    rule, problems = read(examples=["550 5.1.1 no such person"])
    assert problems == []
    seen = rule.examples[0].seen
    assert (seen.status, seen.reply_code) == (EnhancedStatusCode(5, 1, 1), 550)


def test_an_example_may_be_a_report_in_miniature():
    example = {
        "text": "no such person",
        "status": "4.2.1",
        "reply_code": "450",
        "remote_mta": "MX.example.com",
        "smtp_command": "DATA",
        "reporting_mta": "mail.example.net",
        "recipient": "a@Example.COM",
        "diagnostic_type": "smtp",
    }
    rule, problems = read(examples=[example])
    assert problems == []
    assert rule.examples[0].seen == Observation(
        texts=((Place.DIAGNOSTIC, "no such person"),),
        status=EnhancedStatusCode(4, 2, 1),
        reply_code=450,
        hosts=("MX.example.com", "mail.example.net"),
        smtp_command="DATA",
        recipient="a@Example.COM",
        diagnostic_type="smtp",
    )


def test_a_code_rule_needs_no_literal():
    rule, problems = read(literal=None, status="x.1.1", examples=[{"status": "5.1.1"}])
    assert problems == []
    assert rule.examples[0].name == "5.1.1"


@pytest.mark.parametrize("literal", ["用户不存在", "宛先不明", "12345678"])
def test_an_ideograph_weighs_two_letters(literal):
    assert read(literal=literal)[1] == []


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"id": None}, "f.toml: id is missing"),
        ({"id": "No User"}, 'rule No User: id must look like "google/no-such-user"'),
        ({"reason": "mailbox_unknwon"}, "reason knows no 'mailbox_unknwon', did you mean 'mailbox_unknown'?"),
        ({"reason": None}, "reason is missing"),
        ({"litteral": "x"}, "unknown key 'litteral', did you mean 'literal'?"),
        ({"zzz": "x"}, "unknown key 'zzz'"),
        ({"literal": "short"}, "literal 'short' is too short: 8 characters or more, so that it is rare"),
        ({"literal": "不存在"}, "is too short"),
        ({"literal": []}, "literal is missing: a rule needs words, or else a status or a reply_code"),
        ({"literal": 3}, "literal must be a string or a list of strings, none of them empty"),
        ({"literal": ["", "no such person"]}, "literal must be a string or a list of strings, none of them empty"),
        ({"literal": None, "vendor": "x"}, "literal is missing"),
        ({"literal": None, "status": "5.1.1", "pattern": "x"}, "pattern needs a literal, which gates it"),
        ({"literal": None, "status": "5.1.1", "unless": "x"}, "unless needs a literal"),
        ({"literal": None, "status": "5.1.1", "place": "prose"}, "place needs a literal"),
        ({"class": "weich"}, "class knows no 'weich'"),
        ({"pattern": "("}, "pattern: missing )"),
        ({"pattern": "no Such"}, "pattern: 'S' can never match, texts are lower-cased first"),
        ({"pattern": r"(\w+\s?)+:"}, "pattern: a repeat stands around a repeat"),
        ({"pattern": "a{99999999999999999999}"}, "pattern: the repetition number is too large"),
        ({"status": "5.1"}, """status '5.1' must look like "5.1.1", "x.1.1" or "5.7.x\""""),
        ({"reply_code": "5"}, """reply_code '5' must look like "550", "45x" or "5xx\""""),
        ({"place": "envelop"}, "place knows no 'envelop', did you mean 'envelope'?"),
        ({"place": "status"}, "place 'status' holds no words that rules see"),
        ({"weak": "yes"}, "weak must be true or false"),
        ({"source": None}, "source is missing"),
        ({"examples": None}, "examples are missing: show at least one text that this rule must win"),
        ({"examples": []}, "examples are missing"),
        ({"examples": "550 no such person"}, "examples must be a list of strings or tables"),
        ({"examples": [3]}, "examples 1 must be a string or a table"),
        ({"examples": [{}]}, "examples 1: is empty"),
        ({"examples": [{"txt": "a"}]}, "examples 1: unknown key 'txt', did you mean 'text'?"),
        ({"examples": [{"text": "a", "status": "five"}]}, "examples 1: status 'five' is no enhanced status code"),
        ({"examples": [{"text": "a", "reply_code": "5xx"}]}, "examples 1: reply_code '5xx' is no reply code"),
        ({"counterexamples": 3}, "counterexamples must be a list of strings or tables"),
    ],
)
def test_each_problem_is_told(keys, problem):
    rule, problems = read(**keys)
    assert rule is None
    assert any(problem in each for each in problems), problems
    assert all(each.startswith("f.toml: ") for each in problems)


def test_a_file_may_give_the_source_for_all_its_rules():
    problems: list[str] = []
    row = {key: value for key, value in PLAIN.items() if key != "source"}
    rule = read_rule(Table("f.toml", row, problems), "f.toml", "https://example.com/codes")
    assert problems == []
    assert rule.source == "https://example.com/codes"


@pytest.mark.parametrize(
    ("pattern", "status", "fits"),
    [
        ("5.1.1", "5.1.1", True),
        ("5.1.1", "4.1.1", False),
        ("x.1.1", "4.1.1", True),
        ("x.1.1", "4.1.2", False),
        ("5.7.x", "5.7.515", True),
        ("5.7.x", "5.1.7", False),
        ("5.x.x", "5.9.9", True),
    ],
)
def test_status_patterns(pattern, status, fits):
    assert StatusPattern.parse(pattern).fits(EnhancedStatusCode.find(status)) is fits


def test_no_status_fits_no_pattern():
    assert not StatusPattern.parse("x.x.x").fits(None)


@pytest.mark.parametrize("text", ["5.1", "1.1.1", "5.1.1111", "", "x", "5.1.1 "])
def test_what_is_no_status_pattern(text):
    assert (StatusPattern.parse(text) is None) is (text != "5.1.1 ")


SEEN = Observation(
    status=EnhancedStatusCode(5, 7, 1),
    reply_code=550,
    smtp_command="RCPT TO:<a@example.com>",
    recipient="a@mail.EXAMPLE.com",
    diagnostic_type="SMTP",
)


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        (Conditions(), True),
        (Conditions(vendors=frozenset({"v"})), True),
        (Conditions(vendors=frozenset({"w"})), False),
        (Conditions(statuses=(StatusPattern(4, 7, 1), StatusPattern(None, 7, None))), True),
        (Conditions(statuses=(StatusPattern(4, 7, 1),)), False),
        (Conditions(reply_codes=frozenset({550})), True),
        (Conditions(reply_codes=frozenset({551})), False),
        (Conditions(commands=frozenset({"rcpt"})), True),
        (Conditions(commands=frozenset({"data"})), False),
        (Conditions(domains=("example.com",)), True),
        (Conditions(domains=("example.net",)), False),
        (Conditions(diagnostic_types=frozenset({"smtp"})), True),
        (Conditions(diagnostic_types=frozenset({"x-unix"})), False),
        (Conditions(places=frozenset({Place.PROSE})), True),
        (Conditions(places=frozenset({Place.DIAGNOSTIC})), False),
    ],
)
def test_conditions(conditions, holds):
    assert conditions.hold(SEEN, Place.PROSE, frozenset({"v"})) is holds


def test_small_words():
    assert command(" RCPT TO:<a@example.com>") == "rcpt"
    assert command("end of DATA") == "data"
    assert command("") == ""
    assert is_within("mx.example.com", "example.com")
    assert is_within("example.com", "example.com")
    assert not is_within("badexample.com", "example.com")
    assert normal(" No\n such  USER ") == "no such user"
