"""Addresses in every dress that reports put them in."""

import time

import pytest

from bouncesink.core.address import (
    MAX_ADDRESSES,
    MAX_TEXT,
    Address,
    address_key,
    decode_utf8_addr_xtext,
    is_domain,
    parse,
    parse_all,
    to_ascii_domain,
    without_surrogates,
)

DRESSES = [
    ("user@example.com", "user@example.com"),
    ("<user@example.com>", "user@example.com"),
    ('"John Doe" <user@example.com>', "user@example.com"),
    ("John Doe <user@example.com>", "user@example.com"),
    ('"other@example.net" <user@example.com>', "user@example.com"),
    ('"John <jd>" <user@example.com>', "user@example.com"),
    ("rfc822;user@example.com", "user@example.com"),
    ("rfc822; user@example.com", "user@example.com"),
    ("rfc822;rfc822;user@example.com", "user@example.com"),
    ("RFC822;\r\n user@example.com", "user@example.com"),
    ("rfc822; <user@example.com>", "user@example.com"),
    ("SMTP:user@example.com", "user@example.com"),
    ("mailto:user@example.com?subject=hello", "user@example.com"),
    ("utf-8;us\\x{E9}r@example.com", "us\u00e9r@example.com"),
    ("@relay.example,@other.example:user@example.com", "user@example.com"),
    ("<@relay.example:user@example.com>", "user@example.com"),
    ('"john doe"@example.com', '"john doe"@example.com'),
    ('"john"@example.com', "john@example.com"),
    ('"a\\"b"@example.com', '"a\\"b"@example.com'),
    ('"a\\\\b"@example.com', '"a\\\\b"@example.com'),
    ('<"a>b"@example.com>', '"a>b"@example.com'),
    ('"a(b)c"@example.com', '"a(b)c"@example.com'),
    ("(of sales) user@example.com (John (junior) Doe)", "user@example.com"),
    ("((((((of sales)))))) user@example.com", "user@example.com"),
    ("(user@example.com)", "user@example.com"),
    ("user@example.com.", "user@example.com"),
    ("user@example.com,", "user@example.com"),
    ("user@example.com:", "user@example.com"),
    ("user@example.com>", "user@example.com"),
    ("user @ example.com", "user@example.com"),
    ("'user@example.com'", "user@example.com"),
    ('"user@example.com"', "user@example.com"),
    ("'user@example.com' <>", "user@example.com"),
    ("o'brien@example.com", "o'brien@example.com"),
    ("user@[192.0.2.1]", "user@[192.0.2.1]"),
    ("user@[IPv6:2001:db8::1]", "user@[IPv6:2001:db8::1]"),
    ("us\u00e9r@b\u00fccher.example", "us\u00e9r@b\u00fccher.example"),
    ("us\udcc3\udca9r@example.com", "us\u00e9r@example.com"),
    ("us\udce9r@example.com", "us\u00e9r@example.com"),
    ("user..name.@example.com", "user..name.@example.com"),
    ("user@example..com", "user@example..com"),
    ("a@b@example.com", '"a@b"@example.com'),
    ("user@example.com\x00", "user@example.com"),
    ("IMCEASMTP-user+40example+2Ecom@gateway.example", "user@example.com"),
    ("IMCEAEX-_O=ORG_OU=SITE_CN=user+40example+2Ecom@gateway.example", "user@example.com"),
    (
        "IMCEAEX-_O=ORG_OU=SITE_CN=RECIPIENTS_CN=USER@gateway.example",
        "IMCEAEX-_O=ORG_OU=SITE_CN=RECIPIENTS_CN=USER@gateway.example",
    ),
    ("IMCEA@example.com", "IMCEA@example.com"),
    ("unknown; name", "name"),
    ("local;name", "name"),
    ("name", "name"),
    ("name@", "name"),
    ("<name>", "name"),
    ("Mail System <name>", "name"),
]

NOBODY = [
    "",
    " ",
    "<>",
    "@",
    "@example.com",
    '""@example.com',
    "rfc822;",
    "No Message Collected",
    "unknown; John Doe",
    "John Doe <>",
    "us\x07er@example.com",
    "\\x{7F}user@example.com",
    '"us\x01er"@example.com',
    "user@example.com" + " " * MAX_TEXT,
]


@pytest.mark.parametrize(("text", "address"), DRESSES)
def test_an_address_is_taken_out_of_its_dress(text, address):
    assert str(parse(text)) == address


@pytest.mark.parametrize("text", NOBODY)
def test_nobody_is_named(text):
    assert parse(text) is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("User@Example.COM", "user@example.com"),
        ("rfc822; <USER@EXAMPLE.COM.>", "user@example.com"),
        ('"User"@example.com', "user@example.com"),
        ('"John Doe"@example.com', '"john doe"@example.com'),
        ("Us\u00c9r@B\u00fccher.example", "us\u00e9r@xn--bcher-kva.example"),
        ("user@XN--BCHER-KVA.example", "user@xn--bcher-kva.example"),
        ("user@[IPv6:2001:DB8:0::1]", "user@[ipv6:2001:db8::1]"),
        ("user@example..COM", "user@example..com"),
        ("User", "user"),
        ("John Doe", "john doe"),
        ("us\x07er@x", "user@x"),
        ("", ""),
    ],
)
def test_one_mailbox_has_one_key(text, key):
    assert address_key(text) == key
    assert address_key(key) == key


def test_a_key_of_what_is_no_address_is_bounded():
    assert len(address_key("x " * 100_000)) <= MAX_TEXT


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("a@example.com, b@example.com", ["a@example.com", "b@example.com"]),
        ('"Doe, John" <a@example.com>,\r\n b@example.com', ["a@example.com", "b@example.com"]),
        ('"Doe \\", John" <a@example.com>, b@example.com', ["a@example.com", "b@example.com"]),
        ("a@example.com; b@example.com", ["a@example.com", "b@example.com"]),
        ("rfc822;a@example.com, rfc822; b@example.com", ["a@example.com", "b@example.com"]),
        ("@r.example,@s.example:a@example.com, b@example.com", ["a@example.com", "b@example.com"]),
        ("<@r.example,@s.example:a@example.com>, b@example.com", ["a@example.com", "b@example.com"]),
        ("a@example.com (one, two), b@example.com", ["a@example.com", "b@example.com"]),
        ("undisclosed-recipients:;", []),
        ("list: a@example.com, b@example.com;", ["a@example.com", "b@example.com"]),
        ("a@example.com>, b@example.com", ["a@example.com", "b@example.com"]),
        (",,,", []),
        ("", []),
    ],
)
def test_lists_are_cut_where_they_should_be(text, addresses):
    assert [str(each) for each in parse_all(text)] == addresses


def test_lists_are_bounded():
    assert len(parse_all("a@example.com," * (MAX_ADDRESSES + 1))) == MAX_ADDRESSES


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("localhost", "localhost"),
        ("my_host.example", "my_host.example"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("B\u00dcCHER.example", "xn--bcher-kva.example"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[IPv6:2001:DB8::1]", "[ipv6:2001:db8::1]"),
        ("", None),
        (".", None),
        ("a..b", None),
        ("-a.example", None),
        ("a-.example", None),
        ("a b.example", None),
        ("192.0.2.1", None),
        ("[192.0.2.256]", None),
        ("[192.0.2.1", None),
        ("[IPv6:xyz]", None),
        ("x" * 64 + ".example", None),
        (".".join(["x" * 60] * 5), None),
        ("\u00fc" * 62 + ".example", None),
        (".".join(["\u00fc" + "x" * 50] * 4 + ["\u00fc" + "x" * 30]), None),
        ("\udce9.example", None),
        ("a\u3002example", "a.example"),
    ],
)
def test_domains(text, domain):
    assert to_ascii_domain(text) == domain
    assert is_domain(text) is (domain is not None)


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("\\x{E9}", "\u00e9"),
        ("\\x{1F600}\\x{5C}", "\U0001f600\\"),
        ("\\x{110000}", "\\x{110000}"),
        ("\\x{D800}", "\\x{D800}"),
        ("\\x{0}", "\\x{0}"),
        ("\\x{}", "\\x{}"),
        ("plain", "plain"),
    ],
)
def test_utf_8_addr_xtext(text, decoded):
    assert decode_utf8_addr_xtext(text) == decoded


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain", "plain"),
        ("\u00e9", "\u00e9"),
        ("\udcc3\udca9", "\u00e9"),
        ("\u00e9\udce9", "\u00e9\u00e9"),
        ("a\ud800b", "a\ufffdb"),
        ("\ud800\udce9", "\ufffd\u00e9"),
    ],
)
def test_surrogates_are_read_as_bytes(text, clean):
    assert without_surrogates(text) == clean


def test_what_was_cut_from_a_crowd_is_read_again_as_it_is_spelled():
    address = parse("user@host" * 90)
    assert address is not None
    assert parse(str(address)) == address


def test_a_bare_local_part_has_no_domain():
    assert parse("Name") == Address("Name", "")
    assert parse("Name").key == "name"


HOSTILE = ['"', '"@', '<"', "@", "a@", "(", '" "', "\\x{", '"\\', " @", ",a", "(a", "<a", "'@", "a;", "[", "@[", "\u00fc@"]


@pytest.mark.parametrize("seed", HOSTILE)
def test_hostile_text_costs_little(seed):
    text = (seed * MAX_TEXT)[:MAX_TEXT]
    began = time.process_time()
    for tail in ("", "@", '"@a', ">"):
        parse(text[: MAX_TEXT - len(tail)] + tail)
    parse_all(seed * 30_000)
    assert time.process_time() - began < 2
