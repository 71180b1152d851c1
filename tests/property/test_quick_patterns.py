"""Patterns that begin with what is found at the speed of memory find what the same patterns, written plainly, find."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bouncesink.core.headers import _ODD_RETURN
from bouncesink.core.names import _NAME
from bouncesink.core.readers.diagnostics import _SEVERAL_LINES
from bouncesink.core.readers.message import _UNSEEN
from bouncesink.core.readers.phrases.failure import OF_MAIL
from bouncesink.core.readers.prose import _TRANSCRIPT
from bouncesink.core.readers.returned import _MARKED_FIELDS
from bouncesink.core.status import _STATUS

CODES = st.lists(st.sampled_from(("5", "4", "2", "1", "0", "55", "550", "5.1.1", ".", "-", " ", "a", "#", "٥")), max_size=16)
MARKUP = st.lists(
    st.sampled_from(
        (
            *("<style>", "</style>", "</STYLE \n>", "<style", "</style", "<Script a=b>", "</script>", "<head>", "</head>"),
            *("<header>", "</header>", "<!--", "-->", "-", "--", ">", "<", "/", " ", "a\n", "<b>", "<!-->", "<!--->"),
        )
    ),
    max_size=14,
)
OCTETS = st.lists(st.sampled_from((b"\r", b"\n", b"\r\n", b"a")), max_size=8)


@given(CODES.map("".join))
def test_enhanced_status_codes(text):
    plainly = re.search(r"([245])(?<![\d.][245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)", text)
    found = _STATUS.search(text)
    assert (found and (found.start(1), found.end(), found.groups())) == (plainly and (*plainly.span(), plainly.groups()))


@given(CODES.map("".join))
@example("550-5.1.1 no such 550 5.1.1 user")
def test_replies_of_several_lines(text):
    plainly = re.search(r"([245](?<![\d.][245])\d\d)-((?:[245]\.\d{1,3}\.\d{1,3})?)[ ]?", text)
    found = _SEVERAL_LINES.search(text)
    assert (found and (found.start(1), found.end(), found.groups())) == (plainly and (*plainly.span(), plainly.groups()))


@given(MARKUP.map("".join))
@example("<style>a<b></STYLE \n>c<!-- d -- e --->f<script>")
def test_markup_that_nobody_sees(text):
    plainly = r"<(style|script|head)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)"
    assert _UNSEEN.sub(" ", text) == re.sub(plainly, " ", text, flags=re.IGNORECASE | re.DOTALL)


@given(OCTETS.map(b"".join))
def test_returns_that_end_no_line(block):
    assert (_ODD_RETURN.search(block) is None) is (re.search(rb"\r(?!\n|\Z)", block) is None)


TOLD = st.lists(
    st.sampled_from(
        (
            *(
                "550 5.1.1",
                "<550 ",
                "> 451 ",
                "#5.1.1",
                "smtp",
                "mx",
                "rcpt to",
                "host",
                "domain",
                "addressee",
                "recipient",
                "user",
            ),
            *("account", "mailbox", "mail", "message", " is not ", " full", "no such ", "unknown ", "over quota", "overquota"),
            *("quota exceeded", "s could not be delivered", " can not sent", "(s)", " ", "x", "-", "."),
        )
    ),
    max_size=6,
)


@given(TOLD.map("".join))
def test_words_of_mail_systems(low):
    gate = "(?=[45<:>#adhmnoqrsu])"
    assert OF_MAIL.pattern.startswith(gate)
    assert (OF_MAIL.search(low) is None) is (re.search(OF_MAIL.pattern.removeprefix(gate), low) is None)


# A group that is repeated possessively loses its way in Python before 3.11.5 where what is in it may give back (gh-106052).
REPEATED = [
    (_TRANSCRIPT, ("550-5.1.1 no\n", "550 5.1.1 no\n", "<<< ", "  ", "\n", "450-", "x", "551 ")),
    (_MARKED_FIELDS, ("> ", ">\n", "> \n", "> From: a\n", "> a\n", ">b\n", "\n", " ")),
    (_NAME, ("a", "@", ".", "-", "[", "<", " ", "://")),
    (_UNSEEN, ("<style>", "</style>", "</", "<", "<!--", "-", "-->", " ")),
]


@pytest.mark.parametrize(("quick", "words"), REPEATED)
@given(data=st.data())
def test_groups_that_are_repeated_possessively(quick: re.Pattern[str], words: tuple[str, ...], data: st.DataObject):
    text = "".join(data.draw(st.lists(st.sampled_from(words), max_size=12)))
    plainly = re.compile(re.sub(r"(?<=[*+?}])\+", "", quick.pattern), quick.flags).search(text)
    found = quick.search(text)
    assert (found and (found.span(), found.groups())) == (plainly and (plainly.span(), plainly.groups()))
