"""Mail: one transaction as a front gathered it. RFC 5321 section 2.3.1: a mail is an envelope and content.

Fronts build these, the pipeline passes them on, nobody changes them. ``forward_path`` and ``reverse_path`` are without angle
brackets and source route; "" is the null reverse-path. Non-ASCII bytes of a peer's command stand as surrogate escapes.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bouncesink.core.value import value
from bouncesink.core.verp.attribution import Attribution


class Via(StrEnum):
    """The front that a mail came through."""

    SMTP = "smtp"
    LMTP = "lmtp"
    MILTER = "milter"
    FILE = "file"


@value
class Admitted:
    """A recipient that ``admission.admit`` let in, with what its address says."""

    forward_path: str
    attribution: Attribution


@value
class Envelope:
    """RFC 5321 section 2.3.1. At least one recipient is admitted."""

    reverse_path: str
    admitted: tuple[Admitted, ...]


@value
class Peer:
    """Who handed it to us: facts of the connection, for the record only. ``address`` is "" where there is none.

    ``queue_id`` is the number that an MTA in front gave the mail, where it says so.
    """

    via: Via
    address: str = ""
    helo: str = ""
    tls: str = ""
    queue_id: str = ""


@dataclass(frozen=True, slots=True)
class Whole:
    """What a content was of which only an excerpt is left: its octets, and the SHA-256 of all of them."""

    size: int
    digest: bytes


@value
class Mail:
    """``content`` is as received, CRLF line ends, dots unstuffed; of a huge one an excerpt, and then ``whole`` says of what.

    ``received_at`` is aware, in UTC.
    """

    envelope: Envelope
    content: bytes
    received_at: datetime
    peer: Peer
    whole: Whole | None = None

    @property
    def size(self) -> int:
        """Octets that were received."""
        return len(self.content) if self.whole is None else self.whole.size
