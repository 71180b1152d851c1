"""A verdict to start from: a dead mailbox, proven. Tests say what is otherwise by ``dataclasses.replace``."""

from bouncesink.core.report import Action, Kind, Place
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verdict import Disposition, Evidence, FailureClass, Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Authenticity

DEAD = Verdict(
    recipient="reader@example.com",
    kind=Kind.BOUNCE,
    action=Action.FAILED,
    class_=FailureClass.HARD,
    reason=Reason.MAILBOX_UNKNOWN,
    fault=Fault.RECIPIENT,
    authenticity=Authenticity.PROVEN,
    disposition=Disposition.SUPPRESS,
    status=EnhancedStatusCode(5, 1, 1),
    reply_code=550,
    diagnostic="550 5.1.1 User unknown",
    final_recipient="reader@example.com",
    original_recipient=None,
    reporting_mta="mx.example.net",
    remote_mta="192.0.2.25",
    rule="generic/user-unknown",
    rulebook="0123456789ab",
    evidence=Evidence("User unknown", Place.DIAGNOSTIC),
)
