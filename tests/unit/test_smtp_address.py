"""Arguments of MAIL and RCPT. What is accepted of a whole conversation is in tests/dialogs."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bouncesink.fronts.smtp_address import (
    MAX_PATH,
    after_keyword,
    parse_parameters,
    split_forward_path,
    split_reverse_path,
)


@pytest.mark.parametrize(
    ("argument", "rest"),
    [
        ("FROM:<>", "<>"),
        ("from: <a@b.example>", "<a@b.example>"),
        ("From :\t<> ", "<>"),
        ("FROM:", ""),
        ("FROM <>", None),
        ("TO:<>", None),
        ("", None),
        (":<>", None),
    ],
)
def test_keyword(argument: str, rest: str | None) -> None:
    assert after_keyword(argument, "FROM") == rest


@pytest.mark.parametrize(
    ("text", "path", "rest"),
    [
        ("<a@b.example>", "a@b.example", ""),
        ("< a@b.example >", "a@b.example", ""),
        ("<a@b.example> SIZE=1", "a@b.example", " SIZE=1"),
        ("<a@b.example>SIZE=1", "a@b.example", "SIZE=1"),
        ("a@b.example SIZE=1", "a@b.example", " SIZE=1"),
        ("<@x.example,@y.example:a@b.example>", "a@b.example", ""),
        ("<@x.example:postmaster>", "postmaster", ""),
        ("<postmaster>", "postmaster", ""),
        ("postmaster", "postmaster", ""),
        ('<"a b"@b.example>', '"a b"@b.example', ""),
        (r'<"a\"b\\"@b.example>', r'"a\"b\\"@b.example', ""),
        ('<"a>b@c"@b.example> X', '"a>b@c"@b.example', " X"),
        ("<a@[192.0.2.1]>", "a@[192.0.2.1]", ""),
        ("<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]", ""),
        ("<l-bounces+a=b.example@c.example>", "l-bounces+a=b.example@c.example", ""),
        ("<\udcff\udcfe@b.example>", "\udcff\udcfe@b.example", ""),
        ("<é@b.example>", "é@b.example", ""),
        ('<"one"."two"@b.example> X=1', "one.two@b.example", "X=1"),  # by aiosmtpd's parser, here and below
        ("<two words@b.example>", '"two words"@b.example', ""),
        ("<a@b.example", "a@b.example", ""),
    ],
)
def test_both_kinds_of_path(text: str, path: str, rest: str) -> None:
    for split in (split_forward_path, split_reverse_path):
        found = split(text)
        assert found is not None
        assert (found[0], found[1].strip()) == (path, rest.strip())


@pytest.mark.parametrize("text", ["<>", "< >", "<@x.example:>"])
def test_the_null_reverse_path(text: str) -> None:
    assert split_reverse_path(text) == ("", "")
    assert split_forward_path(text) is None


@pytest.mark.parametrize("text", ["<one@two@b.example>", "<a,b@c.example,>", "<;:@>", '<"unclosed@b.example>'])
def test_a_reverse_path_that_is_none_is_kept_as_it_stands(text: str) -> None:
    assert split_reverse_path(text) is not None


@pytest.mark.parametrize(
    "text", ["", "<one@two@b.example>", "<a@b.example\x00>", "<a\rb@c.example>", "<\x1b[31m>", "<", ">", "@"]
)
def test_what_is_no_forward_path(text: str) -> None:
    assert split_forward_path(text) is None


@pytest.mark.parametrize("split", [split_forward_path, split_reverse_path])
def test_a_path_of_a_thousand_octets_and_not_one_more(split) -> None:
    domain = "@b.example"
    longest = "a" * (MAX_PATH - len(domain)) + domain
    assert split(f"<{longest}>") == (longest, "")
    assert split(f"<a{longest}>") is None
    assert split(f"<{'é' * 500}>") == ("é" * 500, "")
    assert split(f"<{'é' * 501}>") is None


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("", {}),
        ("  ", {}),
        (" SIZE=100 body=8BITMIME", {"SIZE": "100", "BODY": "8BITMIME"}),
        ("SMTPUTF8 MT-PRIORITY=-3", {"SMTPUTF8": "", "MT-PRIORITY": "-3"}),
        ("ORCPT=rfc822;l+a=b.example@c.example", {"ORCPT": "rfc822;l+a=b.example@c.example"}),
        ("ENVID=\udcff AUTH=<>", {"ENVID": "\udcff", "AUTH": "<>"}),
        ("=1", None),
        ("SIZE=", None),
        ("-X=1", None),
        ("SIZE=1 ((", None),
        ("A=\x00", None),
    ],
)
def test_parameters(text: str, parameters: dict[str, str] | None) -> None:
    assert parse_parameters(text) == parameters


_hostile = st.text(alphabet='<>@:;,.()[]"\\ \t\r\n\x00aé\udcff=', max_size=60)


@given(text=_hostile)
@example(text="<(")
@example(text="<@")
@example(text='"')
@settings(max_examples=500, deadline=None)
def test_total_on_anything(text: str) -> None:
    for split in (split_forward_path, split_reverse_path):
        found = split(text)
        if found is not None:
            assert not set(found[0]) & set("\x00\r\n\t\x7f")
    parse_parameters(text)
    after_keyword(text, "FROM")


@pytest.mark.parametrize(
    "unit", ["(", "<", '"', "\\", "@", "a@", "[", "(a)", '"a" ', '"a".', ", ", "@a,", "a ", ":", "<>", "="]
)
def test_no_command_line_takes_long(unit: str) -> None:
    text = "<" + (unit * 4_096)[:4_094] + ">"
    started = time.process_time()
    for split in (split_forward_path, split_reverse_path):
        split(text)
        split(text[1:])
    assert time.process_time() - started < 0.5
