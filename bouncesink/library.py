"""Library: bytes in, report and verdicts out, without any server or database.

    >>> from bouncesink.library import Classifier
    >>> classifier = Classifier()
    >>> result = classifier.classify(
    ...     b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\\r\\n\\r\\n"
    ...     b"--b\\r\\nContent-Type: message/delivery-status\\r\\n\\r\\nReporting-MTA: dns; mail.example.com\\r\\n\\r\\n"
    ...     b"Final-Recipient: rfc822; nobody@example.net\\r\\nAction: failed\\r\\nStatus: 5.1.1\\r\\n"
    ...     b"Diagnostic-Code: smtp; 550 5.1.1 user unknown\\r\\n\\r\\n--b--\\r\\n"
    ... )
    >>> verdict = result.verdicts[0]
    >>> verdict.recipient, str(verdict.reason), str(verdict.fault), str(verdict.disposition)
    ('nobody@example.net', 'mailbox_unknown', 'recipient', 'suppress')

A mail by itself says nothing of the envelope that it came in, so verdicts are given as if our tag had proven them and nothing
had been heard of the recipient before; whoever knows the envelope hands in its ``Attribution``. ``Minter`` is here for senders.

Promises: ``classify`` is total and safe to call from many threads. Knows nothing of standings, SMTP or SQL.
"""

from dataclasses import dataclass
from pathlib import Path

from bouncesink.core.classify import judge
from bouncesink.core.reading import read
from bouncesink.core.report import Report
from bouncesink.core.rulebook import Rulebook
from bouncesink.core.verdict import Verdict
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.core.verp.minter import Minter
from bouncesink.rulefiles import load_rulebook

__all__ = ["ASSUMED", "Attribution", "Classification", "Classifier", "Minter", "Report", "Rulebook", "Verdict"]

# The envelope that nobody told of: it names nobody and is believed.
ASSUMED = Attribution(Grammar.NONE, authenticity=Authenticity.PROVEN)


@dataclass(frozen=True, slots=True)
class Classification:
    """What a mail said and what we think of it, one verdict for each recipient that it names."""

    report: Report
    verdicts: tuple[Verdict, ...]


class Classifier:
    """Holds the compiled rules: make one and keep it. ``rules`` is a folder of your own, which stands in front."""

    def __init__(self, rules: Path | None = None) -> None:
        self.rulebook = load_rulebook(rules)

    def classify(self, content: bytes, attribution: Attribution = ASSUMED) -> Classification:
        """Read and judge one mail, whatever its bytes."""
        report = read(content)
        return Classification(report, judge(report, attribution, self.rulebook))
