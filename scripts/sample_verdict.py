"""What is thought of the sample bounce, by hand: a new rule is no reason for a new page of the reference."""

from bouncesink.core.report import Action, Kind, Place
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verdict import Disposition, Evidence, FailureClass, Fault, Reason, Verdict
from bouncesink.core.verp.attribution import Authenticity

VERDICT = Verdict(
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
    diagnostic="550 5.1.1 <reader@example.com>: Recipient address rejected: User unknown",
    final_recipient="reader@example.com",
    original_recipient=None,
    reporting_mta="mx.example.com",
    remote_mta="mx.example.com",
    rule="phrase/user-unknown",
    rulebook="0123456789ab",
    evidence=Evidence("User unknown", Place.DIAGNOSTIC),
)
