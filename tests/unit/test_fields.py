"""RFC 3464 field groups, split as they were meant."""

import pytest

from bouncesink.core.defect import Defect
from bouncesink.core.fields import FieldGroups, apart, host, listed, parse_fields, recipient, typed, unxtext

PLAIN = """\
Reporting-MTA: dns; mx.example
X-Queue-ID: 42
Arrival-Date: Mon, 1 Jan 2024 00:00:00 +0000

Final-Recipient: rfc822; one@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no
   such
\tuser

Final-Recipient: rfc822; two@example.com
Original-Recipient: rfc822; 2@example.com
Action: delayed
"""
ONE = {
    "final-recipient": "rfc822; one@example.com",
    "action": "failed",
    "status": "5.1.1",
    "diagnostic-code": "smtp; 550 5.1.1 no such user",
}
TWO = {"final-recipient": "rfc822; two@example.com", "original-recipient": "rfc822; 2@example.com", "action": "delayed"}


def test_groups_by_blank_lines() -> None:
    groups = parse_fields(PLAIN)
    assert groups.message == {
        "reporting-mta": "dns; mx.example",
        "x-queue-id": "42",
        "arrival-date": "Mon, 1 Jan 2024 00:00:00 +0000",
    }
    assert groups.recipients == (ONE, TWO)
    assert (groups.omitted, groups.defects) == (0, ())


def squeezed(text: str) -> str:
    return text.replace("\n\n", "\n")


@pytest.mark.parametrize(
    "text",
    [
        squeezed(PLAIN),
        PLAIN.replace("\n\n", "\n \t\n"),
        PLAIN.replace("Action: failed\n", "Action: failed\n\n"),
        PLAIN.replace("Diagnostic-Code", "\nDiagnostic-Code"),
        PLAIN.replace("Status", "STATUS\t"),
    ],
)
def test_groups_are_the_same_wherever_blank_lines_stand(text: str) -> None:
    groups = parse_fields(text)
    assert groups.recipients == (ONE, TWO)
    assert groups.defects == ()


SHAPES = [
    # a message's field behind a recipient's is still the message's
    (
        "Final-Recipient: a@b.example\nReporting-MTA: dns; mx.example\nAction: failed",
        [{"final-recipient": "a@b.example", "action": "failed"}],
    ),
    # the recipient may be missing, or come last
    ("Action: failed\nStatus: 5.0.0", [{"action": "failed", "status": "5.0.0"}]),
    ("Action: failed\n\nFinal-Recipient: a@b.example", [{"action": "failed", "final-recipient": "a@b.example"}]),
    ("Action: failed\n\nAction: delayed", [{"action": "failed"}, {"action": "delayed"}]),
    # said twice in one group: the first, unless it said nothing
    ("Status: 5.1.1\nStatus: 5.0.0", [{"status": "5.1.1"}]),
    ("Status:\nStatus: 5.0.0", [{"status": "5.0.0"}]),
    # two spellings of one recipient, and of two
    (
        "Original-Recipient: a@b.example\n\nFinal-Recipient: c@d.example",
        [{"original-recipient": "a@b.example"}, {"final-recipient": "c@d.example"}],
    ),
    (
        "Final-Recipient: a@b.example\nFinal-Recipient: c@d.example",
        [{"final-recipient": "a@b.example"}, {"final-recipient": "c@d.example"}],
    ),
    # each line twice, as a gateway copies them: still one recipient
    (
        "Final-Recipient: a@b.example\nFinal-Recipient: a@b.example\nAction: failed\nAction: failed",
        [{"final-recipient": "a@b.example", "action": "failed"}],
    ),
    ("", []),
    ("\n\n\n", []),
    ("X-Only: a", []),
]


@pytest.mark.parametrize(("text", "groups"), SHAPES)
def test_shapes(text: str, groups: list[dict[str, str]]) -> None:
    assert list(parse_fields(text).recipients) == groups


def test_lines_that_are_no_field() -> None:
    groups = parse_fields("Final-Recipient: a@b.example\nno field here\n: nameless\nAction: failed\n")
    assert groups.recipients == ({"final-recipient": "a@b.example", "action": "failed"},)
    assert groups.defects == (Defect.BAD_FIELD_LINE,)


@pytest.mark.parametrize(
    "line", ["Final-Recipient: rfc822; {}@b.example\nAction: failed\n\n", "Original-Recipient: {}@b.example\n"]
)
def test_recipients_over_the_limit_are_counted(line: str) -> None:
    groups = parse_fields("".join(line.format(number) for number in range(250)), limit=100)
    assert len(groups.recipients) == 100
    assert groups.omitted == (150 if line.startswith("Final") else 1)
    assert groups.defects == (Defect.RECIPIENTS_CUT,)


def test_a_value_is_cut() -> None:
    assert len(parse_fields("Diagnostic-Code: smtp; " + "x" * 100_000).recipients[0]["diagnostic-code"]) == 8192


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("dns; mx.example", ("dns", "mx.example")),
        ("DNS;mx.example", ("dns", "mx.example")),
        ("rfc822;rfc822; a@b.example", ("rfc822", "a@b.example")),
        ("<rfc822; a@b.example", ("rfc822", "a@b.example")),
        ("smtp; x-type; words", ("smtp", "x-type; words")),
        ("no type here; words", ("", "no type here; words")),
        ("550 no; words", ("", "550 no; words")),
        ("", ("", "")),
    ],
)
def test_typed(value: str, expected: tuple[str, str]) -> None:
    assert typed(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("rfc822; user@example.com", "user@example.com"),
        ("RFC822;<user@example.com>", "user@example.com"),
        ("rfc822;rfc822;user@example.com", "user@example.com"),
        ("rfc822;\n user@example.com", "user@example.com"),
        ("user@example.com", "user@example.com"),
        ("unknown; bare", "bare"),
        ("utf-8; us\\x{E9}r@example.com", "usér@example.com"),
        ("rfc822; usér@example.com", "usér@example.com"),
        ("rfc822; IMCEASMTP-user+40example+2Ecom@mx.example", "user@example.com"),
        ("x-unix; |/usr/bin/filter", None),
        ("rfc822; /var/mail/user", None),
        ("rfc822; Jane Doe", None),
        ("x400; /G=User/S=Name/ADMD=A/C=US/DDA:RFC-822=user(a)example.com/", "user@example.com"),
        ("x400; c=US;a= ;p=ORG;dda:SMTP=user_name@example.com;s=Name;", "user_name@example.com"),
        ("rfc822; a=b@example.com", "a=b@example.com"),
        ("rfc822; =?utf-8?Q?user=40example.com?=", "user@example.com"),
        ("rfc822;", None),
        ("", None),
    ],
)
def test_recipient(value: str, expected: str | None) -> None:
    assert recipient(value) == expected


# (a field, the recipients that it lists; nothing where its commas are something else's)
LISTS = [
    ("rfc822; a@x.example, b@x.example", ["a@x.example", "b@x.example"]),
    ("rfc822;<a@x.example>,<b@x.example>", ["a@x.example", "b@x.example"]),
    ("rfc822; a@x.example,rfc822; b@x.example", ["a@x.example", "b@x.example"]),
    ("a@x.example, b@x.example; c@x.example", ["a@x.example", "b@x.example", "c@x.example"]),
    ("rfc822; a@x.example, A@X.example, b@x.example", ["a@x.example", "b@x.example"]),
    ("rfc822; a@x.example, ,b@x.example,", ["a@x.example", "b@x.example"]),
    ('rfc822; "a,b"@x.example, c@x.example', ['"a,b"@x.example', "c@x.example"]),
    ('rfc822; "Nobody, Nora" <a@x.example>, b@x.example', ["a@x.example", "b@x.example"]),
    ("rfc822; a@x.example (gone, long ago), b@x.example", ["a@x.example", "b@x.example"]),
    ("rfc822; @r.example,@s.example:a@x.example, b@x.example", ["a@x.example", "b@x.example"]),
    ("rfc822; b@x.example, @r.example,@s.example:a@x.example", ["b@x.example", "a@x.example"]),
    (r"utf-8; us\x{E9}r@x.example, b@x.example", ["usér@x.example", "b@x.example"]),
    ('rfc822; "a,b"@x.example', []),
    ("rfc822; @r.example,@s.example:a@x.example", []),
    ("rfc822; <@r.example,@s.example:a@x.example>", []),
    ("rfc822; a@x.example,", []),
    ("rfc822; a@x.example", []),
    ("Nobody, Nora <a@x.example>", []),
    ("rfc822; a,b@x.example", []),
    ("x-unix; |/usr/bin/filter a@x.example, b@x.example", []),
    ("notes; CN=Nora Nobody,OU=Example/O=x@x.example", []),
    ("rfc822;", []),
    ("", []),
]


@pytest.mark.parametrize(("value", "expected"), LISTS)
def test_a_list_of_recipients(value: str, expected: list[str]) -> None:
    assert listed(value) == (tuple(expected) or (value,))


# (finals, originals, what becomes of them)
NAMED = [
    ("a@x.example, b@x.example", None, [("a@x.example", None), ("b@x.example", None)]),
    (None, "a@x.example, b@x.example", [(None, "a@x.example"), (None, "b@x.example")]),
    ("a@x.example, b@x.example", "c@x.example, d@x.example", [("a@x.example", "c@x.example"), ("b@x.example", "d@x.example")]),
    ("a@x.example, b@x.example", "c@x.example", [("a@x.example", "c@x.example"), ("b@x.example", "c@x.example")]),
    ("a@x.example", "c@x.example, d@x.example", [("a@x.example", "c@x.example"), ("a@x.example", "d@x.example")]),
    (
        "a@x.example, b@x.example",
        "a@x.example, b@x.example, c@x.example",
        [("a@x.example", None), ("b@x.example", None), (None, "c@x.example")],
    ),
]


@pytest.mark.parametrize(("final", "original", "expected"), NAMED)
def test_a_field_that_lists_several_makes_a_group_for_each(
    final: str | None, original: str | None, expected: list[tuple[str | None, str | None]]
) -> None:
    fields = {"action": "failed", "status": "5.1.1"}
    told = fields | {
        name: f"rfc822; {value}" for name, value in (("final-recipient", final), ("original-recipient", original)) if value
    }
    other = {"final-recipient": "rfc822; z@x.example", "action": "delayed"}
    groups = apart(FieldGroups({"reporting-mta": "dns; mx"}, (told, other), 0, (Defect.BAD_FIELD_LINE,)))
    *several, last = groups.recipients
    pairs = [(recipient(each.get("final-recipient", "")), recipient(each.get("original-recipient", ""))) for each in several]
    assert pairs == expected
    assert all(each.items() >= fields.items() for each in several)
    assert last == other
    assert (groups.message, groups.omitted, groups.defects) == ({"reporting-mta": "dns; mx"}, 0, (Defect.BAD_FIELD_LINE,))


def test_groups_that_list_nobody_are_the_same() -> None:
    groups = parse_fields(PLAIN)
    assert apart(groups) is groups


@pytest.mark.parametrize("omitted", [0, 7])
def test_of_lists_over_the_limit_the_rest_is_counted(omitted: int) -> None:
    several = ", ".join(f"u{number}@x.example" for number in range(30))
    told = (Defect.RECIPIENTS_CUT,) if omitted else ()
    groups = apart(FieldGroups({}, ({"final-recipient": several},), omitted, told), limit=10)
    assert [each["final-recipient"] for each in groups.recipients] == [f"u{number}@x.example" for number in range(10)]
    assert (groups.omitted, groups.defects) == (20 + omitted, (Defect.RECIPIENTS_CUT,))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("user+2Btag+3Dx@example.com", "user+tag=x@example.com"),
        ("user+42@example.com", "user+42@example.com"),
        ("user@example.com", "user@example.com"),
        (None, None),
    ],
)
def test_what_always_is_xtext_is_decoded(address: str | None, expected: str | None) -> None:
    assert unxtext(address) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("dns; mx.example.", "mx.example"),
        ("DNS;mx.example", "mx.example"),
        ("dns; dns; mx", "mx"),
        ("mx.example", "mx.example"),
        ("dns; ", None),
        ("", None),
    ],
)
def test_host(value: str, expected: str | None) -> None:
    assert host(value) == expected
