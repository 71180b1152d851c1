"""Report: what they said. The nouns of RFC 3464, RFC 6533, RFC 5965, RFC 8098 and RFC 3834, every field optional.

A Report is what readers found, not what we think of it: no reason, no fault, no disposition (see ``verdict``). Texts are
decoded, unfolded and cut to bounds; addresses are as reported, cleaned of type prefixes and angle brackets.
"""

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum

from bouncesink.core.defect import Defect
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.value import value


class Kind(StrEnum):
    """What kind of mail it is. Names are stable: they go to SQL and JSON."""

    BOUNCE = "bounce"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    COMPLAINT = "complaint"
    FEEDBACK = "feedback"
    AUTO_REPLY = "auto_reply"
    CHALLENGE = "challenge"
    UNSUBSCRIBE = "unsubscribe"
    RECEIPT = "receipt"
    REPORT = "report"
    REPLY = "reply"
    OTHER = "other"
    UNKNOWN = "unknown"


class Action(StrEnum):
    """RFC 3464 section 2.3.3."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


class Place(StrEnum):
    """Where words stood, in falling order of authority as evidence."""

    ENVELOPE = "envelope"
    DIAGNOSTIC = "diagnostic"
    TRANSCRIPT = "transcript"
    PROSE = "prose"
    STATUS = "status"
    REPLY_CODE = "reply_code"
    HEADER = "header"
    ORIGINAL = "original"


@value
class ReportedRecipient:
    """One per-recipient block (RFC 3464 section 2.3), or what prose said of one address.

    ``final_recipient`` and ``original_recipient`` are addresses without their type; None where absent. ``status`` is the
    Status field as given; ``reply_code`` and ``diagnostic_status`` are those that stand inside the diagnostic text.
    ``diagnostic`` is unfolded, without its type prefix, "" where absent. ``place`` says where this block was found.
    """

    final_recipient: str | None = None
    original_recipient: str | None = None
    action: Action | None = None
    status: EnhancedStatusCode | None = None
    diagnostic_type: str = ""
    diagnostic: str = ""
    reply_code: int | None = None
    diagnostic_status: EnhancedStatusCode | None = None
    remote_mta: str | None = None
    last_attempt_date: str = ""
    will_retry_until: str = ""
    smtp_command: str = ""
    place: Place = Place.DIAGNOSTIC


@value
class ReturnedOriginal:
    """What came back of the mail that was sent: its header block and the few fields that attribute it.

    ``headers`` maps lower-case names to the first value, unfolded and decoded. ``header_bytes`` is the block as it came
    back (for a DKIM check of headers alone), cut to a bound.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    header_bytes: bytes = b""
    complete: bool = False

    @property
    def message_id(self) -> str:
        return self.headers.get("message-id", "")

    @property
    def return_path(self) -> str:
        return self.headers.get("return-path", "").strip("<> ")


@value
class Report:
    """What one mail said. ``reader`` names the reader that found it; ``text`` is the human-readable part, decoded,
    white space folded, cut; ``headers`` maps lower-case names of the mail's own headers to their first value, decoded.
    """

    kind: Kind
    reader: str
    recipients: tuple[ReportedRecipient, ...] = ()
    recipients_omitted: int = 0
    reporting_mta: str | None = None
    received_from_mta: str | None = None
    original_envelope_id: str = ""
    arrival_date: str = ""
    auto_submitted: str = ""
    feedback_type: str = ""
    original_mail_from: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    original: ReturnedOriginal | None = None
    defects: tuple[Defect, ...] = ()
