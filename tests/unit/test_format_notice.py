"""Notices as lines: how they are cut, and where a phrase that is wrapped begins a section."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.core.format import folded
from bouncesink.core.format_notice import Notice


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a  \n\n b", ["a", "", " b"]),
        ("\ta\n x\tb", ["        a", " x      b"]),
        (" " * 80 + "a", [" " * 80 + "a"]),
        ("a\n" + " " * 900 + "b\n  c", ["a", " " * 80 + "b", "  c"]),
        ("\t" * 30 + "a", [" " * 80 + "a"]),
        ("a" * 1001, ["a" * 1000]),
        ("\u201ca\u201d\u00a0b", ['"a" b']),
    ],
)
def test_lines_keep_their_indentation_up_to_a_bound(text, lines):
    assert Notice(text).lines == lines


@pytest.mark.parametrize(
    ("text", "section"),
    [
        ("The following addresses failed:\n\nx\ny", ["", "x", "y"]),
        ("The  following\n\n  addresses FAILED: so\nx", ["x"]),
        ("\n\n> The following addresses failed:\nx", ["x"]),
        ("nothing of the sort\nx", None),
    ],
)
def test_a_section_begins_after_the_line_in_which_its_phrase_ends(text, section):
    assert Notice(text).section(("the following addresses failed:",), None) == section


@given(st.lists(st.sampled_from(("", " ", "a b", " The\tEnd ", "x", "\u0130")), min_size=1, max_size=9))
def test_wherever_a_phrase_stands(lines):
    """Every word that one line alone holds begins the section after that line."""
    for place, line in enumerate(lines):
        lead = [f"w{number} {each}" if each.strip() else each for number, each in enumerate(lines)]
        if line.strip():
            assert Notice("\n".join(lead)).section((folded(f"w{place}"),), None) == Notice("\n".join(lead)).lines[place + 1 :]
