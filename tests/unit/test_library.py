"""The library: bytes in, report and verdicts out, as its own documentation shows it."""

import doctest
import typing
from datetime import date

import pytest

from bouncesink import library
from bouncesink.core.report import Kind
from bouncesink.core.verdict import Disposition, Reason
from bouncesink.library import ASSUMED, Authenticity, Classifier, Grammar, Key, Keyring, Minter, VerpPolicy

TODAY = date(2026, 11, 2)
KEYRING = Keyring((Key(1, b"a secret for these tests alone!!"),))

DSN = b"""Content-Type: multipart/report; report-type=delivery-status; boundary=b\r
\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mail.example.com\r
\r
Final-Recipient: rfc822; nobody@example.net\r
Action: failed\r
Status: 5.1.1\r
Diagnostic-Code: smtp; 550 5.1.1 user unknown\r
\r
--b--\r
"""


@pytest.fixture(scope="module")
def classifier():
    return Classifier(keyring=KEYRING, verp=VerpPolicy(unsigned=frozenset({Grammar.MAILMAN})))


def test_the_documentation_tells_the_truth():
    results = doctest.testmod(library)
    assert results.attempted > 8
    assert results.failed == 0


def test_everything_it_offers_is_there():
    assert all(hasattr(library, name) for name in library.__all__)


@pytest.mark.parametrize("value", [library.Verdict, library.Evidence, library.Attribution, library.Minted])
def test_all_that_its_answers_are_made_of_can_be_named_from_it(value):
    for name, type_ in typing.get_type_hints(value).items():
        parts = {type_, *typing.get_args(type_)}
        ours = {each.__name__ for each in parts if getattr(each, "__module__", "").startswith("bouncesink.")}
        assert ours <= set(library.__all__), name


def test_a_key_file_is_read_as_the_server_reads_it():
    keyring = library.parse_keyring("1:30313233343536373839616263646566\n", "bouncesink.db.keys")
    assert Minter(keyring, "b.example.com").mint("nobody@example.net", TODAY).address.endswith("@b.example.com")


def test_a_mail_alone_is_believed(classifier):
    result = classifier.classify(DSN)
    (verdict,) = result.verdicts
    assert result.report.kind is Kind.BOUNCE
    assert (verdict.recipient, verdict.reason) == ("nobody@example.net", Reason.MAILBOX_UNKNOWN)
    assert (verdict.authenticity, verdict.disposition) == (Authenticity.PROVEN, Disposition.SUPPRESS)
    assert ASSUMED.recipient is None


def test_an_envelope_is_believed_as_far_as_its_address(classifier):
    minted = Minter(KEYRING, "b.example.com").mint("nobody@example.net", TODAY).address
    believed = classifier.classify(DSN, classifier.attribute(minted, TODAY))
    forged = classifier.classify(DSN, classifier.attribute("zz" + minted[2:], TODAY))
    unsigned = classifier.classify(DSN, classifier.attribute("list-bounces+nobody=example.net@lists.example.com", TODAY))
    dispositions = [result.verdicts[0].disposition for result in (believed, forged, unsigned)]
    assert dispositions == [Disposition.SUPPRESS, Disposition.REVIEW, Disposition.COUNT]


def test_without_keys_no_address_is_read():
    with pytest.raises(ValueError, match="keyring"):
        Classifier().attribute("x@b.example.com", TODAY)


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 100, b"Subject: hello\r\n\r\nhello\r\n"])
def test_any_bytes_will_do(classifier, content):
    assert classifier.classify(content).report.kind in Kind


def test_an_operators_rules(tmp_path):
    words = 'literal = "user unknown"\nsource = "ours"\nexamples = ["550 user unknown"]'
    (tmp_path / "own.toml").write_text(f'[[rule]]\nid = "ours/unknown"\nreason = "virus"\n{words}\n', "utf-8")
    assert Classifier(tmp_path).classify(DSN).verdicts[0].rule == "ours/unknown"
