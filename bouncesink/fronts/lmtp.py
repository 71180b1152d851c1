"""The LMTP front (RFC 2033): the SMTP session and dialogue, but for three things.

The greeting is LHLO, and neither HELO nor EHLO; after the content there is a reply for each RCPT that was accepted, in their
order, whatever happened to it on our side; and nobody finds it on port 25 (``endpoint``). The way through gives one Reply for
the whole mail, which is recorded for all of its recipients or for none, so that is what each of them is told.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from aiosmtpd.lmtp import LMTP

from bouncesink.core.reply import Reply
from bouncesink.fronts import smtp_replies as say
from bouncesink.fronts.smtp import SmtpSession
from bouncesink.fronts.smtp_dialog import SmtpDialog, Terms
from bouncesink.fronts.smtp_replies import Line


class LmtpDialog(SmtpDialog):
    """As its parent, and it counts: the same forward-path named twice is two replies (RFC 2033 section 4.2)."""

    __slots__ = ("_accepted",)

    def __init__(self, terms: Terms, address: str, tls: str = "") -> None:
        super().__init__(terms, address, tls)
        self._accepted = 0

    def spell(self, reply: Reply) -> Line:
        one = say.spell(reply)
        return Line(one.code, one.wire * max(1, self._accepted))

    def reset(self) -> None:
        super().reset()
        self._accepted = 0

    def _admit(self, forward_path: str) -> Line:
        answer = super()._admit(forward_path)
        self._accepted += answer is say.RECIPIENT_OK
        return answer

    def _lhlo(self, argument: str) -> Line:
        return self._greet(argument, self._offers) if argument else say.LHLO_SYNTAX

    def _not_here(self, argument: str) -> Line:  # noqa: ARG002 - RFC 2033 section 4.1: whoever it says it is
        return say.THIS_IS_LMTP

    _WHO_FIRST: ClassVar[Line] = say.LHLO_FIRST
    VERBS: ClassVar[Mapping[bytes, Callable[[Any, str], Line]]] = {
        **SmtpDialog.VERBS,
        b"LHLO": _lhlo,
        b"EHLO": _not_here,
        b"HELO": _not_here,
    }


class LmtpSession(SmtpSession):
    """One connection that speaks LMTP."""

    _DIALOG: ClassVar[type[SmtpDialog]] = LmtpDialog
    LISTED: ClassVar[dict[str, Any]] = {
        **{verb: method for verb, method in SmtpSession.LISTED.items() if verb not in {"EHLO", "HELO"}},
        "LHLO": LMTP.smtp_LHLO,
    }
