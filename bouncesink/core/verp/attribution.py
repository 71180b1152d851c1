"""Attribution: whom a forward-path is about, and how far to believe it. The only thing that leaves this room.

Knows nothing of reports: an opaque reference is resolved by the store, not here.
"""

from datetime import date
from enum import StrEnum

from bouncesink.core.value import value


class Authenticity(StrEnum):
    """How far we believe that this mail is about that recipient."""

    PROVEN = "proven"  # our token's tag holds and is in time, or a Proof stands in its place
    UNSIGNED = "unsigned"  # a VERP address without a tag, or a tag that does not bind the recipient
    LATE = "late"  # the tag holds, but is too old
    UNPROVEN = "unproven"


class Proof(StrEnum):
    """What can make it ``proven``. What each proves is a table: ``disposition.BY_PROOF``."""

    TAG = "tag"  # our tag, in the address that the mail came to
    RETURNED_TAG = "returned_tag"  # our tag, in the Return-Path of the returned original
    OWN_SIGNATURE = "own_signature"  # our own DKIM signature on the returned original's headers
    REPORTER = "reporter"  # a feedback loop that the operator trusts, by DKIM of its report


class Grammar(StrEnum):
    """The family that an address was read by. Names are stable: they go to SQL."""

    SIGNED = "signed"
    OPAQUE = "opaque"
    EZMLM = "ezmlm"
    POSTFIX = "postfix"
    EXIM = "exim"
    MAILMAN = "mailman"
    SYMPA = "sympa"
    MAUTIC = "mautic"
    POSTAL = "postal"
    HYVOR = "hyvor"
    MAILTRAIN = "mailtrain"
    MEDIAWIKI = "mediawiki"
    CIVICRM = "civicrm"
    ODOO = "odoo"
    SENDGRID = "sendgrid"
    MAILGUN = "mailgun"
    SPARKPOST = "sparkpost"
    AMAZON_SES = "amazon_ses"
    CUSTOM = "custom"
    GENERIC = "generic"
    STATIC = "static"  # a known bounce mailbox without a recipient in it (phpList, listmonk)
    ROLE = "role"  # postmaster, abuse
    NONE = "none"


class Nesting(StrEnum):
    """What an address was wrapped in when it came back."""

    BATV = "prvs"
    BARRACUDA = "btv1"
    SRS0 = "srs0"
    SRS1 = "srs1"


@value
class Attribution:
    """``recipient`` is the address that was mailed, spelled as minted, or None; ``reference`` an opaque id that the address
    carried ("" where none: campaign and subscriber ids, a token's 16 hex digits). ``authenticity`` speaks of the address alone:
    PROVEN or LATE with a tag that holds, UNSIGNED where the grammar has no tag, UNPROVEN where nothing is carried or the tag is
    forged; ``attestation`` may make more of it. ``list_name`` is the part before the grammar's delimiter. ``issued_on`` is the
    day of the tag, or of the signature that proved it. ``note`` says in words why it was not believed, or what proved it.
    """

    grammar: Grammar
    recipient: str | None = None
    reference: str = ""
    authenticity: Authenticity = Authenticity.UNPROVEN
    list_name: str = ""
    issued_on: date | None = None
    key_id: int | None = None
    nesting: tuple[Nesting, ...] = ()
    note: str = ""
