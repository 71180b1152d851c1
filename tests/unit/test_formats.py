"""Formats as data: what compiles, every problem of what does not, and how candidates are gated."""

import copy
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.core.format import folded
from bouncesink.core.format_pattern import PLACEHOLDERS, read_patterns
from bouncesink.core.format_proof import prove_formats
from bouncesink.core.formats import Formats, compile_formats
from bouncesink.core.problems import Table
from bouncesink.errors import RuleError

GOOD = tomllib.loads("""
id = "test/failed"
software = "Test"
source = "https://example.org/"
literal = ["this is the test mailer"]
recipient = ["<{recipient}>: {diagnostic}"]
[[example]]
text = '''
From: MAILER-DAEMON@example.net

This is the Test mailer.

<user@example.org>: 550 5.1.1 no such user
'''
[[example.recipients]]
recipient = "user@example.org"
""")


def table(**changes: object) -> dict[str, object]:
    row = copy.deepcopy(GOOD) | changes
    return {key: value for key, value in row.items() if value is not None}


def compiled(*rows: dict[str, object]) -> Formats:
    return compile_formats({"formats/test.toml": {"format": list(rows)}})


def problems(*rows: dict[str, object]) -> tuple[str, ...]:
    with pytest.raises(RuleError) as error:
        compiled(*rows)
    return error.value.problems


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"id": None}, "formats/test.toml: id is missing"),
        ({"id": "Test"}, 'id must look like "exim/failed"'),
        ({"software": ""}, "software is missing"),
        ({"source": None}, "source is missing"),
        ({"recipients": ["x"]}, "unknown key 'recipients', did you mean 'recipient'?"),
        ({"action": "faild"}, "action knows no 'faild', did you mean 'failed'?"),
        ({"block": "indent"}, "block knows no 'indent', did you mean 'indented'?"),
        ({"literal": ["short"]}, "literal 'short' is too short: 8 characters or more"),
        ({"heading": ["失败"]}, "heading '失败' is too short"),
        ({"literal": None}, "literal or heading is missing"),
        ({"recipient": None}, "nothing names a recipient"),
        ({"recipient": ["<{recipiant}>"]}, "recipient 1: {recipiant} is no name, did you mean 'recipient'?"),
        ({"recipient": ["<{recipient}>", "plain"]}, "recipient 2: takes nothing out"),
        ({"recipient": ["<{recipient}> (?:a+)+"]}, "recipient 1: a repeat stands around a repeat"),
        ({"recipient": ["<{recipient}>.*"]}, "recipient 1: a wide repeat has no bound"),
        ({"recipient": ["(<{recipient}>"]}, "recipient 1: missing ), unterminated subpattern"),
        ({"recipient": ["{recipient} {recipient}"]}, "recipient 1: redefinition of group name 'recipient'"),
        ({"recipient": ["{recipient} (?P<who>x)"]}, "recipient 1: group 'who' is no name"),
        ({"detail": [7]}, "detail must be a string or a list of strings"),
        ({"header": "m-filter"}, "header must be a table such as"),
        ({"header": {"X-Mailer": "x"}}, "header: name 'X-Mailer' must be the name of a header in lower case"),
        ({"named_by": "X Failed"}, "named_by 'X Failed' must be the name of a header in lower case"),
        ({"original_to": "yes"}, "original_to must be true or false"),
        ({"domain": "-"}, "domain '-' is no domain"),
        ({"commands": ["RCPT"]}, "commands must be a table such as"),
        ({"commands": {"does not like": 5}}, "commands must be a table such as"),
        ({"example": None}, "example is missing"),
        ({"example": [{"text": "x"}]}, "example 1: recipients are missing"),
        ({"example": [{"recipients": [{"recipient": "a@example.org"}]}]}, "example 1: text is missing"),
        ({"example": [{"text": "x", "recipients": [{"adress": "a"}]}]}, "example 1: recipients: unknown key 'adress'"),
        (
            {"example": [{"text": "x", "acton": "failed", "recipients": []}]},
            "example 1: unknown key 'acton', did you mean 'action'?",
        ),
        ({"counterexample": [{}]}, "counterexample: text is missing"),
        ({"counterexample": [{"text": "x", "not": "y"}]}, "counterexample: unknown key 'not'"),
    ],
)
def test_a_problem_names_file_format_and_what_is_wrong(changes, expected):
    found = problems(table(**changes))
    assert any(expected in problem for problem in found), found
    assert all(problem.startswith("formats/test.toml: ") for problem in found)


def test_every_problem_is_told_at_once():
    found = problems(
        table(block="x", action="y"), table(id="test/failed", software=None), table(id="test/second"), table(id="test/second")
    )
    assert len(found) == 4
    assert "id is used already in formats/test.toml" in found[-1]


def test_a_file_holds_nothing_but_formats():
    with pytest.raises(RuleError, match="unknown key 'formats', did you mean 'format'"):
        compile_formats({"formats/test.toml": {"formats": []}})


def test_a_format_is_proved_by_its_examples():
    example = GOOD["example"][0]
    wrong = {
        **example,
        "action": "delayed",
        "reporting_mta": "mx.example.org",
        "recipients": [{"recipient": "other@example.org"}],
    }
    several = {**example, "recipients": [*example["recipients"], {"recipient": "second@example.org"}]}
    silent = {**example, "text": "From: MAILER-DAEMON@example.net\n\nNothing."}
    row = table(example=[example, wrong, several, silent], counterexample=[{"text": example["text"]}, {"text": "Hello"}])
    found = prove_formats(compiled(row))
    place = "formats/test.toml: format test/failed: "
    assert found == (
        f"{place}example 2: reporting_mta is None",
        f"{place}example 2: action is failed",
        f"{place}example 2: recipient is 'user@example.org', not 'other@example.org'",
        f"{place}example 3: has 1 recipients: ['user@example.org']",
        f"{place}example 4: is read by no format",
        f"{place}counterexample 1 is read by it",
    )
    assert prove_formats(compiled(row), {"another.toml"}) == ()


def test_a_format_that_loses_its_example_to_another_is_a_problem():
    found = prove_formats(compiled(table(id="test/first"), table()))
    assert found == ("formats/test.toml: format test/failed: example 1: is read by test/first",)


def test_the_hash_is_of_what_reads():
    plain = compiled(table())
    assert len(plain.hash) == 12
    assert compiled(table(note="later", source="elsewhere")).hash == plain.hash
    assert compiled(table(unless="something else")).hash != plain.hash
    assert Formats(()).formats == ()


@pytest.mark.parametrize(
    ("changes", "text", "headers", "known"),
    [
        ({}, "... THIS is the\n test  mailer", {}, True),
        ({}, "this is another mailer", {}, False),
        ({"also": ["all of", "these"]}, "this is the test mailer, all of these", {}, True),
        ({"also": ["all of", "these"]}, "this is the test mailer, all of those", {}, False),
        ({"unless": "not this"}, "this is the test mailer", {}, True),
        ({"unless": "not this"}, "this is the test mailer, not this", {}, False),
        ({"header": {"x-mailer": "Test"}}, "this is the test mailer", {"x-mailer": "a test mailer"}, True),
        ({"header": {"x-mailer": "Test"}}, "this is the test mailer", {}, False),
        ({"header": {"x-mailer": ["one", "two"], "from": "daemon"}}, "this is the test mailer", {"from": "a daemon"}, False),
        ({"header": {"x-mailer": ["one", "two"], "from": "daemon"}}, "this is the test mailer", {"x-mailer": "two"}, True),
        ({"header": {"from": "daemon"}}, "this is the test mailer", {"from": "jane"}, False),
        ({"header": {"subject": "failure"}}, "this is the test mailer", {}, True),
        ({"literal": None, "header": {"subject": "failure"}}, "this is the test mailer", {}, False),
        ({"literal": None, "header": {"x-mailer": "test"}}, "whatever", {"x-mailer": "test"}, True),
        ({"literal": "it wasn't you"}, "it wasn\u2019t\u00a0you", {}, True),
        ({"literal": None, "heading": "the following failed:"}, "The following failed:", {}, True),
    ],
)
def test_candidates_are_gated_by_words_and_headers(changes, text, headers, known):
    formats = compiled(table(**changes))
    found = list(formats.candidates(folded(text), lambda name: headers.get(name, "")))
    assert [each.id for each in found] == (["test/failed"] if known else [])


def test_candidates_come_in_the_order_of_the_book():
    rows = [table(id=f"test/{name}", literal=[f"mailer {name} speaking", "common to all of them"]) for name in ("b", "a", "c")]
    found = compiled(*rows).candidates("mailer c speaking, mailer a speaking, common to all of them", lambda _: "")
    assert [each.id for each in found] == ["test/b", "test/a", "test/c"]


@pytest.mark.parametrize(
    ("pattern", "text", "taken"),
    [
        ("{recipient}", "user@example.org", {"recipient": "user@example.org"}),
        ("{recipient}", '"quoted user"@example.org', {"recipient": '"quoted user"@example.org'}),
        ("{recipient}", "@relay.example:user@example.org", {"recipient": "@relay.example:user@example.org"}),
        ("{recipient}", "user@[192.0.2.1]", {"recipient": "user@[192.0.2.1]"}),
        ("{recipient}\\.", "user@example.org.", {"recipient": "user@example.org"}),
        ("{recipient}", "no address", None),
        ("{remote_mta} \\[", "mx.example.org [192.0.2.1]", {"remote_mta": "mx.example.org"}),
        ("after {command}", "after end of data", {"command": "end of data"}),
        ("{reply_code} {status}", "550 5.1.1", {"reply_code": "550", "status": "5.1.1"}),
        ("to {name}$", "to Some Body ", None),
        ("to {name}$", "to Some Body", {"name": "Some Body"}),
    ],
)
def test_placeholders_take_what_they_name(pattern, text, taken):
    sheet = Table("test", {"key": pattern})
    patterns = read_patterns(sheet, "key")
    match = patterns[0].search(text)
    assert (match.groupdict() if match else None) == taken
    assert not sheet.problems


@given(st.sampled_from(sorted(PLACEHOLDERS)), st.text(max_size=200))
def test_no_placeholder_takes_more_than_its_text(name, text):
    (pattern,) = read_patterns(Table("test", {"key": f"{{{name}}}"}), "key")
    match = pattern.search(text)
    assert match is None or match[name] in text
