"""One mail of an MTA while it comes: whose it is, and its content.

In ``consume`` a recipient of ours that is not let in is refused, and recipients that are not ours must come in a mail of their
own (452, RFC 5321 section 4.5.3.1.10), because a mail is discarded whole. In ``observe`` whoever is not let in goes on
unrecorded: refusing is the MTA's business. A 4xx is said in both, or a bounce that should have been recorded would be lost.

Promises: the content is headers, an empty line and the body, octet by octet as the MTA had them, and never above the limit; one
that is bigger is refused (``consume``) or recorded as far as the limit (``observe``). What is held of it is ``content``'s to
bound; where the disk has no room, 452. Knows no packets and no order.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bouncesink.config.words import MilterMode
from bouncesink.core.mail import Admitted, Envelope, Peer
from bouncesink.core.reply import NO_ROOM, SEND_APART, TOO_BIG, TOO_MANY_RECIPIENTS, Reply
from bouncesink.fronts.content import Content, Room
from bouncesink.fronts.smtp_address import MAX_PATH, split_forward_path, split_reverse_path
from bouncesink.fronts.way_through import Space

_UNWANTED = re.compile(r"[\x00-\x1f\x7f<>]")


@dataclass(frozen=True, slots=True)
class Terms:
    """What every session shares. ``admit`` is None for a recipient at a domain that is not ours, and never raises."""

    admit: Callable[[str, Peer], Admitted | Reply | None]
    mode: MilterMode
    room: Room
    max_recipients: int
    space: Space | None = None


class Transaction:
    """From MAIL to the end of the message. ``address`` is MAIL's argument as the MTA sent it."""

    __slots__ = ("_admitted", "_others", "_received", "_terms", "content", "is_full", "reverse_path")

    def __init__(self, terms: Terms, address: bytes) -> None:
        self._terms = terms
        self._admitted: dict[str, Admitted] = {}
        self._others = False  # a recipient goes on without us
        self._received = 0
        self.content = Content(terms.room)
        self.is_full = False  # what still comes is not kept
        self.reverse_path = _reverse_path(address)

    @property
    def forward_paths(self) -> tuple[str, ...]:
        """Those that were let in."""
        return tuple(self._admitted)

    def envelope(self) -> Envelope:
        return Envelope(self.reverse_path, tuple(self._admitted.values()))

    def name(self, address: bytes, peer: Peer) -> Reply | None:
        """A recipient, as RCPT of ``peer`` named it. The Reply refuses it; None: it may go on."""
        found = split_forward_path(address.decode("utf-8", "surrogateescape"))
        forward_path = found[0] if found else ""  # the MTA took it for an address: one that we cannot read is none of ours
        if forward_path in self._admitted:
            return None
        answer = self._terms.admit(forward_path, peer) if forward_path else None
        consumes = self._terms.mode is MilterMode.CONSUME
        if isinstance(answer, Reply) and (consumes or answer.temporary):
            return answer
        space = self._terms.space
        if isinstance(answer, Admitted) and space is not None and space.is_low:
            return NO_ROOM
        if consumes and (self._others if isinstance(answer, Admitted) else self._admitted):
            return SEND_APART
        if not isinstance(answer, Admitted):
            self._others = True
        elif len(self._admitted) >= self._terms.max_recipients:
            return TOO_MANY_RECIPIENTS
        else:
            self._admitted[forward_path] = answer
        return None

    def gather(self, octets: bytes) -> Reply | None:
        """More of the content. The Reply refuses the whole of it."""
        if self.is_full:
            return None
        left = self._terms.room.size_limit - self._received
        self._received += len(octets)
        if len(octets) <= left:
            self.content.keep(octets)
            return None
        self.is_full = True
        if self._terms.mode is MilterMode.CONSUME:
            self.content.close()
            return TOO_BIG
        self.content.keep(octets[:left])
        return None


def _reverse_path(address: bytes) -> str:
    """As SMTP's front has it: what nobody can parse is kept as it stands, for we only record it."""
    text = address.decode("utf-8", "surrogateescape")
    found = split_reverse_path(text)
    return found[0] if found else _UNWANTED.sub("", text)[:MAX_PATH]
