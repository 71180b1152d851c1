"""The forward-path as peers make it."""

import time

import pytest

from bouncesink.core.verp.path import MAX_PATH, ForwardPath, is_address, parse_path, unquote


@pytest.mark.parametrize(
    ("text", "local", "domain", "spelled"),
    [
        ("a-b=c@B.Example.COM", "a-b=c", "b.example.com", None),
        ("<a@b.example.com>", "a", "b.example.com", "a@b.example.com"),
        ("@x.example,@[192.0.2.1]:a@b.example.com", "a", "b.example.com", "a@b.example.com"),
        ("<@[IPv6:2001:db8::1]:a@b.example.com>", "a", "b.example.com", "a@b.example.com"),
        ('"a b"@b.example.com', "a b", "b.example.com", None),
        ('"a\\"b\\\\"@b.example.com', 'a"b\\', "b.example.com", None),
        ('list+"john doe"=example.com@b.example.com', 'list+"john doe"=example.com', "b.example.com", None),
        ("list+user=[192.0.2.1]@b.example.com", "list+user=[192.0.2.1]", "b.example.com", None),
        ("a@b@b.example.com", "a@b", "b.example.com", None),
        ("a@[192.0.2.1]", "a", "[192.0.2.1]", None),
        ("a@[IPv6:2001:DB8::1]", "a", "[ipv6:2001:db8::1]", None),
        ("a@b\u00fccher.example", "a", "xn--bcher-kva.example", None),
        ("a@b\udcc3\udcbccher.example", "a", "xn--bcher-kva.example", None),
        ("\udcc3\udca9@b.example.com", "\u00e9", "b.example.com", None),
        ("\udce9@b.example.com", "\u00e9", "b.example.com", None),
        ("a@localhost", "a", "localhost", None),
        ("a@b.example.com.", "a", "b.example.com", None),
        ("postmaster", "postmaster", "", None),
        ("<Postmaster>", "Postmaster", "", "Postmaster"),
        ("x" * 1000 + "@b.example.com", "x" * 1000, "b.example.com", None),
    ],
)
def test_paths(text, local, domain, spelled):
    assert parse_path(text) == ForwardPath(local, domain, text if spelled is None else spelled)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<>",
        "@",
        "@b.example.com",
        "@x.example:",
        "a@",
        "a b@b.example.com",
        "a\x00b@b.example.com",
        "a\r\nb@b.example.com",
        '"a\r\nb"@b.example.com',
        '"a@b.example.com',
        'a"@b.example.com',
        "a<b@b.example.com",
        "a@b..com",
        "a@192.0.2.1",
        "a@[192.0.2]",
        "a@" + ".".join(["x" * 63] * 4) + ".com",
        "x" * MAX_PATH + "@b.example.com",
    ],
)
def test_what_is_no_path(text):
    assert parse_path(text) is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        *(
            (text, True)
            for text in ("a@b.example", "<a@b.example>", '"a b"@c.example', "a@[192.0.2.1]", "postmaster", "<Postmaster>")
        ),
        *((text, False) for text in ("", "<>", "rubbish", "a b@c.example", "@b.example", "a@", "a@b..example", "${recipient}")),
    ],
)
def test_what_mail_can_come_to(text, answer):
    assert is_address(text) is answer


@pytest.mark.parametrize(
    ("local", "content"), [('"a b"', "a b"), ("a", "a"), ('""', ""), ('a"b"', 'a"b"'), ('"a"b"', '"a"b"'), ('"\\"', '"\\"')]
)
def test_unquoting(local, content):
    assert unquote(local) == content


@pytest.mark.parametrize("seed", ['"', "@", "@a,", "@a:", "a.", "a-", '"\\', '""', "<", "[", "a@", "@[", "\udce9"])
def test_hostile_paths_cost_little(seed):
    text = (seed * MAX_PATH)[: MAX_PATH - 3]
    began = time.process_time()
    for tail in ("", "@", '"@a', ":"):
        parse_path(text + tail)
    assert time.process_time() - began < 1
