"""How fast the core reads and judges: every golden mail once a round, so that divided by their number a figure is a mail's.

Not part of the test run, since it asserts nothing of time: ``pytest tests/bench --benchmark-only``. Figures of two trees mean
something only when they are taken in turns on one machine; ``calibration`` is a plain loop to hold others against.
"""

from datetime import date

import pytest
from golden_answers import golden_mails

from bouncesink.core.admission import AdmissionPolicy, admit
from bouncesink.core.classify import judge
from bouncesink.core.mail import Admitted
from bouncesink.core.mime import split
from bouncesink.core.reading import read
from bouncesink.core.report import Kind
from bouncesink.core.verp.decoder import VerpPolicy
from bouncesink.core.verp.keyring import Key, Keyring
from bouncesink.core.verp.minter import Minter
from bouncesink.library import ASSUMED
from bouncesink.rulefiles import load_rulebook

TODAY = date(2026, 11, 2)
DOMAIN = "b.example.com"


@pytest.fixture(scope="module")
def rulebook():
    return load_rulebook(None)


@pytest.fixture(scope="module")
def bounces(rulebook):
    """Golden mails that tell of a failure, as they come by SMTP: with CRLF."""
    mails = [mail.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for mail in golden_mails()]
    found = [mail for mail in mails if read(mail, rulebook.formats).kind in (Kind.BOUNCE, Kind.DELAYED)]
    assert len(found) > 100
    return found


def over(benchmark, mails):
    """Told beside the figures, so that one mail's can be worked out."""
    benchmark.extra_info["mails"] = len(mails)
    return mails


def test_calibration(benchmark):
    assert benchmark(lambda: sum(number * number % 7 for number in range(100_000))) > 0


def test_split(benchmark, bounces):
    mails = over(benchmark, bounces)
    assert all(each.parts for each in benchmark(lambda: [split(mail) for mail in mails]))


@pytest.mark.parametrize("shape", ["reports", "prose"])
def test_read(benchmark, bounces, rulebook, shape):
    chosen = [mail for mail in bounces if (read(mail, rulebook.formats).reader == "dsn") == (shape == "reports")]
    assert over(benchmark, chosen)
    reports = benchmark(lambda: [read(mail, rulebook.formats) for mail in chosen])
    assert {report.kind for report in reports} <= {Kind.BOUNCE, Kind.DELAYED}


def test_judge(benchmark, bounces, rulebook):
    reports = [read(mail, rulebook.formats) for mail in over(benchmark, bounces)]
    verdicts = benchmark(lambda: [judge(report, ASSUMED, rulebook) for report in reports])
    assert all(verdicts)


def test_read_and_judge(benchmark, bounces, rulebook):
    mails = over(benchmark, bounces)
    verdicts = benchmark(lambda: [judge(read(mail, rulebook.formats), ASSUMED, rulebook) for mail in mails])
    assert all(verdicts)


@pytest.mark.parametrize("address", ["signed", "opaque", "role", "unknown"])
def test_admit(benchmark, address):
    keyring = Keyring((Key(1, b"sixteen octets or more"),))
    minter, policy = Minter(keyring, DOMAIN), AdmissionPolicy(VerpPolicy(domains=frozenset((DOMAIN,))))
    path = {
        "signed": minter.mint("reader@example.org", TODAY).address,
        "opaque": minter.mint("reader@example.org", TODAY, 7).address,
        "role": f"postmaster@{DOMAIN}",
        "unknown": f"nobody@{DOMAIN}",
    }[address]
    answered = benchmark(admit, path, policy, keyring, TODAY)
    assert isinstance(answered, Admitted) is (address != "unknown")
