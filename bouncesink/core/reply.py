"""Replies: everything that this server ever says of a mail, in one table.

A Reply is RFC 5321 section 4.2's code, RFC 2034's enhanced code and plain words. The core decides one and returns it;
a front spells it in its own alphabet. Our own trouble is always 4xx: ``reply_to`` is the only place that turns an error
to a Reply, and no text of an exception is ever in it.
"""

from dataclasses import replace

from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.value import value
from bouncesink.errors import BouncesinkError, StoreFull


@value
class Reply:
    """What the peer hears. ``text`` is printable ASCII on one line, without the codes. ``duplicate``: it was recorded before,
    which a peer that sends again need not hear.
    """

    code: int
    status: EnhancedStatusCode
    text: str
    duplicate: bool = False

    @property
    def accepted(self) -> bool:
        return self.code < 400

    @property
    def temporary(self) -> bool:
        return 400 <= self.code < 500

    def __str__(self) -> str:
        return f"{self.code} {self.status} {self.text}"


def _reply(code: int, status: str, text: str) -> Reply:
    parsed = EnhancedStatusCode.find(status)
    assert parsed is not None
    return Reply(code, parsed, text)


RECIPIENT_OK = _reply(250, "2.1.5", "recipient ok")
RECORDED = _reply(250, "2.0.0", "recorded")
NO_SUCH_ADDRESS = _reply(550, "5.1.1", "no such address here")
NOT_OURS = _reply(550, "5.7.1", "relaying denied, that domain is not ours")
BAD_ADDRESS = _reply(553, "5.1.3", "bad address syntax")
TOO_BIG = _reply(552, "5.3.4", "message exceeds the size limit")
CANNOT_NOW = _reply(451, "4.3.0", "cannot record now, try again later")
NO_ROOM = _reply(452, "4.3.1", "insufficient system storage, try again later")
SHUTTING_DOWN = _reply(421, "4.3.2", "shutting down, try again later")
TOO_MANY_RECIPIENTS = _reply(452, "4.5.3", "too many recipients")
SEND_APART = _reply(452, "4.5.3", "send bounces and other mail apart, try again")
TOO_MANY_OF_YOURS = _reply(421, "4.7.0", "too many connections from your network, try again later")
TOO_BUSY = _reply(421, "4.3.2", "too many connections, try again later")


def recorded_as(reference: str, *, duplicate: bool = False) -> Reply:
    """The 250 that names what was recorded, so that both sides' logs can be joined."""
    return Reply(RECORDED.code, RECORDED.status, f"recorded as {reference}", duplicate)


def reply_to(error: BaseException) -> Reply:
    """Spell our own trouble. Anything that is not in the error tree is a bug, and still 451."""
    if isinstance(error, StoreFull):
        return NO_ROOM
    if isinstance(error, BouncesinkError):
        return replace(CANNOT_NOW, text=error.public)
    return CANNOT_NOW
