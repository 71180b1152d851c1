r"""Library: bytes in, report and verdicts out, without any server or database; and a Minter for those who send.

    >>> from bouncesink.library import Classifier
    >>> classifier = Classifier()
    >>> result = classifier.classify(
    ...     b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
    ...     b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mail.example.com\r\n\r\n"
    ...     b"Final-Recipient: rfc822; nobody@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    ...     b"Diagnostic-Code: smtp; 550 5.1.1 user unknown\r\n\r\n--b--\r\n"
    ... )
    >>> verdict = result.verdicts[0]
    >>> verdict.recipient, str(verdict.reason), str(verdict.fault), str(verdict.disposition)
    ('nobody@example.net', 'mailbox_unknown', 'recipient', 'suppress')

A mail by itself says nothing of the envelope that it came in, so verdicts are given as if our tag had proven them and nothing
had been heard of the recipient before. Whoever knows the envelope and holds the keys has it read, and hands it in:

    >>> from datetime import date
    >>> from bouncesink.library import Key, Keyring, Minter
    >>> keyring, today = Keyring((Key(1, b"sixteen octets or more"),)), date(2026, 11, 2)
    >>> minted = Minter(keyring, "b.example.com").mint("nobody@example.net", today)
    >>> attribution = Classifier(keyring=keyring).attribute(minted.address, today)
    >>> attribution.recipient, str(attribution.authenticity)
    ('nobody@example.net', 'proven')
    >>> classifier.classify(b"", attribution).verdicts[0].recipient
    'nobody@example.net'

Everything that a verdict is made of can be named from here, to compare with (``verdict.fault is Fault.RECIPIENT``) and to
annotate; ``parse_keyring`` reads the server's key file. The package is typed (PEP 561).

Promises: ``classify`` is total and safe to call from many threads. Knows nothing of standings, SMTP or SQL.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bouncesink.core.classify import judge
from bouncesink.core.reading import read
from bouncesink.core.report import Action, Kind, Place, Report
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verdict import Alternative, Disposition, Evidence, FailureClass, Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar, Nesting
from bouncesink.core.verp.decoder import VerpPolicy, decode
from bouncesink.core.verp.keyring import Key, Keyring, parse_keyring
from bouncesink.core.verp.minter import Minted, Minter
from bouncesink.rulefiles import load_rulebook

__all__ = [
    "ASSUMED",
    "Action",
    "Alternative",
    "Attribution",
    "Authenticity",
    "Classification",
    "Classifier",
    "Disposition",
    "EnhancedStatusCode",
    "Evidence",
    "FailureClass",
    "Fault",
    "Grammar",
    "Key",
    "Keyring",
    "Kind",
    "Minted",
    "Minter",
    "Nesting",
    "Place",
    "Reason",
    "Report",
    "Rulebook",
    "Verdict",
    "VerpPolicy",
    "parse_keyring",
]

# The envelope that nobody told of: it names nobody, and is believed.
ASSUMED = Attribution(Grammar.NONE, authenticity=Authenticity.PROVEN)


@dataclass(frozen=True, slots=True)
class Classification:
    """What a mail said, and what we think of it: one verdict for each recipient that it names."""

    report: Report
    verdicts: tuple[Verdict, ...]


class Classifier:
    """Holds the compiled rules: make one and keep it. ``rules`` is a folder of your own, which stands in front."""

    def __init__(self, rules: Path | None = None, keyring: Keyring | None = None, verp: VerpPolicy | None = None) -> None:
        self.rulebook = load_rulebook(rules)
        self.keyring = keyring
        self.verp = verp or VerpPolicy()

    def attribute(self, forward_path: str, today: date) -> Attribution:
        """Whom a mail is about that came to ``forward_path``, by its address alone."""
        if self.keyring is None:
            raise ValueError("an address can only be read with a keyring: Classifier(keyring=...)")
        return decode(forward_path, self.verp, self.keyring, today)

    def classify(self, content: bytes, attribution: Attribution = ASSUMED) -> Classification:
        """Read and judge one mail, whatever its bytes."""
        report = read(content, self.rulebook.formats)
        return Classification(report, judge(report, attribution, self.rulebook))
