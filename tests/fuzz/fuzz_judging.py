"""Whatever a mail says, there is a verdict for each recipient and for nobody else, its fault is its reason's, and only the
recipient's fault, said to be permanent and proven, can suppress."""

from fuzz_reading import BOOK, FORMATS

from bouncesink.core.classify import SPEAKING_KINDS, judge
from bouncesink.core.reading import read
from bouncesink.core.report import Kind
from bouncesink.core.verdict import Disposition, FailureClass, Fault
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar

OURS = frozenset((Fault.RECIPIENT, Fault.RECIPIENT_DOMAIN))


def check(data: bytes) -> None:
    report = read(data, FORMATS)
    for authenticity in Authenticity:
        for recipient in (None, "reader@example.org"):
            attribution = Attribution(
                Grammar.SIGNED if recipient else Grammar.NONE, authenticity=authenticity, recipient=recipient
            )
            verdicts = judge(report, attribution, BOOK)
            if report.recipients:
                assert len(verdicts) == len(report.recipients)
            elif report.kind in SPEAKING_KINDS or recipient:
                assert len(verdicts) == 1
            else:
                assert verdicts == ()
            for verdict in verdicts:
                check_verdict(verdict, authenticity, recipient)


def check_verdict(verdict, authenticity, recipient):
    if recipient:
        assert verdict.recipient == recipient
    assert (verdict.reason is None) == (verdict.fault is None)
    if verdict.reason is not None:
        assert verdict.fault is BOOK.reasons[verdict.reason].fault
    if verdict.disposition is Disposition.SUPPRESS:
        assert authenticity is Authenticity.PROVEN
        if verdict.kind is not Kind.COMPLAINT:
            assert verdict.kind is Kind.BOUNCE
            assert verdict.class_ is FailureClass.HARD
            assert verdict.fault in OURS
