"""Case: one recipient of one report, and whose mailbox an address may be.

Hosts rewrite domains on the way, and sub-addresses fall away (RFC 5233), so that neither makes an address another one. Knows
nothing of rules and of what follows.
"""

from typing import NamedTuple

from bouncesink.core.report import Kind, Report, ReportedRecipient
from bouncesink.core.rule import is_within
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verp.attribution import Attribution, Authenticity


class Case(NamedTuple):
    """One recipient of one report that came to one address, and what is plain of it. (A tuple: made once for every verdict.)"""

    report: Report
    block: ReportedRecipient
    attribution: Attribution
    kind: Kind
    authenticity: Authenticity
    status: EnhancedStatusCode | None

    @property
    def recipients(self) -> list[str]:
        """All that its recipient is called, the address that was mailed first."""
        named = (self.attribution.recipient, self.block.original_recipient, self.block.final_recipient)
        return [each for each in named if each]

    @property
    def prose(self) -> str:
        return prose_of(self.report, self.block)


def prose_of(report: Report, block: ReportedRecipient) -> str:
    """What the human-readable part says of one of its recipients."""
    return report.text if len(report.recipients) < 2 else _prose_about(block, report)


def _prose_about(block: ReportedRecipient, report: Report) -> str:
    """From where this recipient is named to where another one is."""
    low = report.text.lower()
    names = {name.lower() for name in (block.final_recipient, block.original_recipient) if name}
    starts = [at for name in names if (at := low.find(name)) >= 0]
    if not starts:
        return ""
    start = min(starts)
    others = {name.lower() for other in report.recipients for name in (other.final_recipient, other.original_recipient) if name}
    ends = [at for name in others - names if (at := low.find(name, start + 1)) >= 0]
    return report.text[start : min(ends, default=len(low))]


def mailbox_of(address: str) -> str:
    """The local part without what tells sub-addresses apart."""
    return address.rpartition("@")[0].partition("+")[0].strip('"').casefold()


def is_of(address: str, recipient: str) -> bool:
    """Whether an address may be the recipient's: its domain, or its mailbox at another host."""
    if mailbox_of(address) == mailbox_of(recipient):
        return True
    one, other = (each.rpartition("@")[2].lower() for each in (address, recipient))
    return is_within(one, other) or is_within(other, one)
