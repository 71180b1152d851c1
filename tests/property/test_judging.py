"""Judging is total, bounded and never harsher than the evidence, whatever a report says."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.core.classify import judge
from bouncesink.core.report import Action, Kind, Place, Report, ReportedRecipient
from bouncesink.core.rulebook import MAX_ALTERNATIVES, WORDS_LIMIT
from bouncesink.core.scan import TEXT_LIMIT, fold
from bouncesink.core.slowness import slowness
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verdict import Disposition, Fault
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.rulefiles import load_rulebook

BOOK = load_rulebook(None)
LITERALS = sorted({literal for rule in BOOK.rules for literal in rule.literals})

digits = st.integers(0, 999)
statuses = st.none() | st.builds(EnhancedStatusCode, st.sampled_from([2, 4, 5]), digits, digits)
texts = st.lists(st.text(max_size=40) | st.sampled_from(LITERALS), max_size=5).map(" ".join)
addresses = (
    st.none() | st.sampled_from(["user@example.com", "alias@example.org", "x", "", "@", "Ä@ö.example"]) | st.text(max_size=20)
)
blocks = st.builds(
    ReportedRecipient,
    final_recipient=addresses,
    original_recipient=addresses,
    action=st.none() | st.sampled_from(Action),
    status=statuses,
    diagnostic_type=st.sampled_from(["", "smtp", "X-Unix"]),
    diagnostic=texts,
    reply_code=st.none() | st.integers(200, 599),
    diagnostic_status=statuses,
    remote_mta=st.none() | st.text(max_size=20) | st.sampled_from(["mx.google.com", "..", "mta.yahoodns.net"]),
    smtp_command=st.sampled_from(["", "RCPT TO", "end of DATA"]),
    place=st.sampled_from(Place),
)
reports = st.builds(
    Report,
    kind=st.sampled_from(Kind),
    reader=st.just("any"),
    recipients=st.lists(blocks, max_size=3).map(tuple),
    reporting_mta=st.none() | st.text(max_size=20),
    text=texts,
)
attributions = st.builds(
    Attribution,
    grammar=st.sampled_from(Grammar),
    recipient=addresses,
    authenticity=st.sampled_from(Authenticity),
    note=st.sampled_from(["", "forged"]),
)


@given(reports, attributions)
def test_any_report_is_judged_and_never_harsher_than_its_evidence(report, attribution):
    verdicts = judge(report, attribution, BOOK)
    assert len(verdicts) == len(report.recipients) or (not report.recipients and len(verdicts) <= 1)
    for verdict in verdicts:
        assert len(verdict.evidence.words) <= WORDS_LIMIT
        assert len(verdict.evidence.alternatives) <= MAX_ALTERNATIVES
        assert (verdict.reason is None) is (verdict.fault is None)
        if verdict.disposition is Disposition.SUPPRESS:
            assert verdict.authenticity is Authenticity.PROVEN
            assert verdict.fault in {Fault.RECIPIENT, Fault.RECIPIENT_DOMAIN, None}
            assert verdict.kind in {Kind.BOUNCE, Kind.COMPLAINT}
        if verdict.kind in {Kind.DELAYED, Kind.DELIVERED}:
            assert verdict.disposition is Disposition.IGNORE


@given(reports, attributions)
def test_the_same_is_judged_the_same(report, attribution):
    assert judge(report, attribution, BOOK) == judge(report, attribution, BOOK)


@given(st.text())
def test_folding_is_bounded_and_done_once(text):
    folded = fold(text)
    assert len(folded) <= TEXT_LIMIT
    assert fold(folded) == folded or folded[:1].isdigit() or not folded[:1].isalnum()


@given(st.text(alphabet="ab.*+?{2,}()[]^|\\dS<> "))
def test_any_pattern_is_looked_over(pattern):
    assert isinstance(slowness(pattern), str)


PATTERNS = {rule.id: rule.pattern for rule in BOOK.rules if rule.pattern}


@pytest.mark.parametrize("rule", PATTERNS)
def test_no_pattern_of_ours_can_be_made_slow(rule):
    """The worst texts that its own letters allow, as long as a text may be: far below a tenth of a second of CPU each."""
    letters = [*dict.fromkeys(PATTERNS[rule].pattern)]
    words = ["a", " ", "1.", "<a@a", "domain ", "sender ", "user ", "mail from ", "ip ", "blocked", "x", *letters]
    hostile = [(word * TEXT_LIMIT)[:TEXT_LIMIT] for word in words] + [" ".join(words * 40)[:TEXT_LIMIT]]
    started = process_time()
    for text in hostile:
        PATTERNS[rule].search(text)
    assert process_time() - started < 0.1 * len(hostile)
