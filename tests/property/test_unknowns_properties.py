"""Whatever a receiver said: it is taken apart without loss, quickly, and its draft holds as TOML and as a rule."""

import string
import time
import tomllib

import pytest
from every_reason import REASONS
from hypothesis import given, settings
from hypothesis import strategies as st

from bouncesink.core.draft import as_toml, drafts
from bouncesink.core.proof import prove
from bouncesink.core.rulebook import compile_rulebook
from bouncesink.core.scan import fold
from bouncesink.core.unknowns import TEXT_LIMIT, Unknown, Varying, cluster, normalised, pieces
from bouncesink.core.verdict import Reason

BOOK = compile_rulebook(REASONS, {})
WORDS = st.sampled_from(
    [
        *(
            "user",
            "Unknown",
            "rejected",
            "by",
            "policy",
            "550",
            "5.7.1",
            "4.4.7",
            "554-5.7.1",
            "bob@example.com",
            "<a@b.example>",
        ),
        *(
            "mx.example.net",
            "192.0.2.1",
            "2001:db8::1",
            "10:00:00",
            "2 Feb 2026",
            "id=a1b2c3d4",
            "77",
            "https://x.example/",
            "受信",
        ),
        *('"', "\\", "#", "[", "]", ";", "\n", "\x00", "\x9b", "İ", "ς", "\ud800"),
    ]
)
TEXTS = st.one_of(st.text(max_size=600), st.lists(WORDS, max_size=40).map(" ".join), st.lists(WORDS, max_size=40).map("".join))
NAMES = st.lists(st.text(string.ascii_letters + ".+(\\", max_size=8), max_size=3)


@settings(deadline=None)
@given(TEXTS, NAMES)
def test_nothing_is_lost_and_nothing_is_added(text, names):
    folded, joined = fold(text), "".join(part.text for part in pieces(text, names))
    if len(folded.lower()) != len(folded):
        folded = folded.lower()
    assert folded.startswith(joined) or folded.lower().startswith(joined)
    assert joined or not folded
    if len(folded) <= TEXT_LIMIT // 2:
        assert len(joined) == len(folded)


SLOTS = {
    Varying.ADDRESS: ("<bob@example.com>", "alice.b+c@mail.example.org"),
    Varying.IP: ("192.0.2.1", "2001:db8::77"),
    Varying.HOST: ("mx.example.net", "a-b.c.example.co.uk"),
    Varying.ID: ("a1b2c3d4", "77x=9f-00_zz"),
    Varying.NUMBER: ("1", "10485760"),
    Varying.DATE: ("Mon, 2 Feb 2026 10:00:00 +0000", "2026-12-31T23:59:59Z"),
}


@given(
    st.lists(st.sampled_from([*SLOTS, "the", "mail", "of", "was", "refused,", "because", "(", ")", "受信", "550"]), max_size=12)
)
def test_only_what_is_fixed_makes_the_kind(parts):
    """Dates are set apart: a number beside a date, or two of them, would be read as one."""
    one, other = (" ".join(f"; {SLOTS[part][side]} ;" if part in SLOTS else part for part in parts) for side in (0, 1))
    found = normalised(pieces(one))
    assert found == normalised(pieces(other))
    for part in parts:
        if part in SLOTS:
            assert f"<{part}>" in found


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=6), NAMES)
def test_drafts_are_toml_and_hold(texts, names):
    unknowns = [Unknown(text, "1", Reason.UNDETERMINED, names=tuple(names)) for text in texts]
    made = drafts(cluster(unknowns), BOOK)
    text = "\n\n".join(map(as_toml, made))
    data = tomllib.loads(text)
    assert len(data.get("rule", ())) == sum(not draft.objection for draft in made)
    assert prove(compile_rulebook(REASONS, {"mine.toml": data})) == ()


@pytest.mark.parametrize(
    "unit", ["1", "a", "a1", "a.", "1.", "1:", "::", "@", "a@", "-", "<", "1/", "=", "2 feb ", "a-1.", "5.7.1 ", "\n550-"]
)
def test_one_endless_word_stays_quick(unit):
    started = time.process_time()
    pieces(unit * 5000)
    assert time.process_time() - started < 0.5
