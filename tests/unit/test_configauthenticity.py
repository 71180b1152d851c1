"""What entries of [authenticity] must look like, and the examples of the how-to."""

import re
from pathlib import Path

import pytest

from bouncesink.config.authenticity import nameserver, problems
from bouncesink.config.file import load
from bouncesink.config.sections import AuthenticitySection

HOWTO = Path(__file__).resolve().parents[2] / "docs" / "howto" / "prove-bounces-with-dkim.md"


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (AuthenticitySection(), []),
        (AuthenticitySection(dkim_keys=("s1._domainkey.example.com=a.txt", "S-2.x._domainkey.example.com=v=DKIM1; p=A")), []),
        (AuthenticitySection(dkim_keys=("s1.example.com=a.txt",)), [("dkim_keys", "is not SELECTOR._domainkey.DOMAIN=FILE")]),
        (AuthenticitySection(dkim_keys=("s1._domainkey.example.com=",)), [("dkim_keys", "is not SELECTOR")]),
        (AuthenticitySection(dkim_keys=("s1._domainkey.1.2=a.txt",)), [("dkim_keys", "is not SELECTOR")]),
        (
            AuthenticitySection(dkim_keys=("s1._domainkey.example.com=a", "S1._domainkey.Example.com=b")),
            [("dkim_keys", "s1._domainkey.example.com stands more than once")],
        ),
        (AuthenticitySection(reporters=("a@example.com", "example.org")), []),
        (
            AuthenticitySection(reporters=("@example.com", "a b", "Loop <a@example.com>")),
            [("reporters", "'@example.com' is neither"), ("reporters", "'a b'"), ("reporters", "is neither an address nor")],
        ),
        (AuthenticitySection(nameservers=("192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:53")), []),
        (
            AuthenticitySection(nameservers=("dns.example.com", "192.0.2.300", "192.0.2.1:0", "[::1]:99999", "[::1]")),
            [("nameservers", "is no address of a name server")] * 5,
        ),
        (AuthenticitySection(recipient_header="X-Recipient"), []),
        (AuthenticitySection(recipient_header="X-Recipient:"), [("recipient_header", "is no name of a header field")]),
    ],
)
def test_everything_that_is_wrong_is_told(section, told):
    found = list(problems(section))
    assert [key for key, _ in found] == [f"authenticity.{key}" for key, _ in told]
    assert all(words in text for (_, text), (_, words) in zip(found, told, strict=True))


def test_a_name_server_is_an_address_and_a_port():
    assert nameserver("192.0.2.1") == ("192.0.2.1", 53)
    assert nameserver("[2001:DB8::1]:5353") == ("2001:db8::1", 5353)


def test_the_examples_of_the_how_to_hold(tmp_path):
    examples = re.findall(r"^```toml\n(.*?)^```", HOWTO.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert len(examples) == 3
    for number, text in enumerate(examples):
        path = tmp_path / f"{number}.toml"
        path.write_text(text)
        assert load(path, {}, {}).config.authenticity != AuthenticitySection()
