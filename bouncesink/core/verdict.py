"""Verdict: what we think. One per recipient of a report, on separate axes, never one flat list.

Kind (in ``report``), class, reason, fault, authenticity and disposition are judged apart. Reason and the evidence for it come
from the rulebook; fault follows from reason; disposition from reason, class, kind and authenticity. Names are stable: they go
into people's SQL. This module knows nothing of how a verdict is reached, stored or shown.
"""

from enum import StrEnum
from typing import Final

from bouncesink.core.report import Action, Kind, Place
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.value import value
from bouncesink.core.verp.attribution import Authenticity


class FailureClass(StrEnum):
    """What codes and words say of permanence; says nothing of fault."""

    HARD = "hard"
    SOFT = "soft"


class Fault(StrEnum):
    """Whose fault it was. Only the first two can ever count against a recipient outright."""

    RECIPIENT = "recipient"
    RECIPIENT_DOMAIN = "recipient_domain"
    SENDER_IDENTITY = "sender_identity"
    SENDER_REPUTATION = "sender_reputation"
    MESSAGE = "message"
    RECEIVER = "receiver"
    NETWORK = "network"
    UNKNOWN = "unknown"


# Whoever says it, and whatever a rule makes of it: never the recipient's.
NEVER_THE_RECIPIENT: Final = frozenset({Fault.SENDER_IDENTITY, Fault.SENDER_REPUTATION, Fault.MESSAGE})


class Reason(StrEnum):
    """What happened. Meaning, advice, fault and default of each are data: ``rules/reasons.toml``."""

    MAILBOX_UNKNOWN = "mailbox_unknown"
    BAD_ADDRESS_SYNTAX = "bad_address_syntax"
    MAILBOX_MOVED = "mailbox_moved"
    DOMAIN_NULL_MX = "domain_null_mx"
    MAILBOX_DISABLED = "mailbox_disabled"
    MAILBOX_INACTIVE = "mailbox_inactive"
    DOMAIN_UNKNOWN = "domain_unknown"
    MAILBOX_FULL = "mailbox_full"
    NETWORK_ERROR = "network_error"
    EXPIRED = "expired"
    SYSTEM_ERROR = "system_error"
    SYSTEM_FULL = "system_full"
    NOT_ACCEPTING = "not_accepting"
    ROUTING_LOOP = "routing_loop"
    DELIVERY_AGENT_ERROR = "delivery_agent_error"
    RECIPIENT_RATE_LIMITED = "recipient_rate_limited"
    GREYLISTED = "greylisted"
    RELAY_DENIED = "relay_denied"
    REFUSED_BY_RECIPIENT = "refused_by_recipient"
    MAILING_LIST_PROBLEM = "mailing_list_problem"
    SMTPUTF8_UNSUPPORTED = "smtputf8_unsupported"
    AUTH_FAILED = "auth_failed"
    PTR_MISSING = "ptr_missing"
    HELO_REJECTED = "helo_rejected"
    SENDER_REJECTED = "sender_rejected"
    TLS_FAILED = "tls_failed"
    IP_BLOCKLISTED = "ip_blocklisted"
    DOMAIN_BLOCKLISTED = "domain_blocklisted"
    LOW_REPUTATION = "low_reputation"
    RATE_LIMITED = "rate_limited"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    TOO_MANY_RECIPIENTS = "too_many_recipients"
    SPAM_CONTENT = "spam_content"
    URL_BLOCKLISTED = "url_blocklisted"
    VIRUS = "virus"
    ATTACHMENT_BLOCKED = "attachment_blocked"
    MESSAGE_TOO_BIG = "message_too_big"
    MESSAGE_FORMAT = "message_format"
    PROTOCOL_ERROR = "protocol_error"
    POLICY_UNSPECIFIED = "policy_unspecified"
    UNDETERMINED = "undetermined"


class Disposition(StrEnum):
    """What we do about it."""

    SUPPRESS = "suppress"
    COUNT = "count"
    REVIEW = "review"
    HOLD = "hold"
    IGNORE = "ignore"


@value
class Alternative:
    """What else was possible: a rule that matched too, and lost."""

    rule: str
    reason: Reason


@value
class Evidence:
    """Why. ``words`` are those that matched ("" where a code did), ``place`` where they stood."""

    words: str
    place: Place
    alternatives: tuple[Alternative, ...] = ()
    blocklist: str = ""
    note: str = ""


@value
class Verdict:
    """What we think of one recipient of one report.

    ``recipient`` is the subscriber: the VERP address, else Original-Recipient, else Final-Recipient; None where nobody is
    named. ``class_``, ``reason`` and ``fault`` are None where the mail is no failure (a receipt, an auto-reply, a success).
    ``rule`` is the id of the rule that won, "" where none did; ``rulebook`` the hash of the rulebook that judged.
    """

    recipient: str | None
    kind: Kind
    action: Action | None
    class_: FailureClass | None
    reason: Reason | None
    fault: Fault | None
    authenticity: Authenticity
    disposition: Disposition
    status: EnhancedStatusCode | None
    reply_code: int | None
    diagnostic: str
    final_recipient: str | None
    original_recipient: str | None
    reporting_mta: str | None
    remote_mta: str | None
    rule: str
    rulebook: str
    evidence: Evidence
