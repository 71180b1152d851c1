"""The returned original, in a part or quoted in a text."""

import pytest

from bouncesink.core.mime import split
from bouncesink.core.readers.returned import cut_original, returned_octets, returned_part

BLOCK = "Message-ID: <1@sender.example>\nTo: other@example.org\n"

QUOTED = [
    "--- Below this line is a copy of the message.\n\n",
    "------ This is a copy of the message, including all the headers. ------\n\n",
    "   ----- Original message follows -----\n\n",
    "Original message follows.\n\n",
    "----- Original message -----\n\n",
    "|------------------------- Message text follows: ------------------------|\n",
    "   ----- Unsent message follows -----\n",
    "Message headers follow.\n\n",
    "The header of the original message is following.\n",
    "",
]


@pytest.mark.parametrize("announcement", QUOTED)
@pytest.mark.parametrize("mark", ["", "> "])
def test_the_original_in_a_text(announcement: str, mark: str) -> None:
    block = "".join(f"{mark}{line}\n" for line in BLOCK.splitlines())
    if mark and not announcement:
        return
    text, original = cut_original(f"It failed.\n\n{announcement}{block}{mark}\n{mark}body\n")
    assert text.strip() == "It failed."
    assert original is not None
    assert original.message_id == "<1@sender.example>"
    assert original.headers["to"] == "other@example.org"
    assert original.complete


NOT_QUOTED = [
    "The original message was received at Monday\nfrom a.example\n",
    "Your message\n\nTo: user@example.com\nSubject: offer\n\ndid not arrive\n",
    "Received: nothing\n\nmore\n",
    "",
]


@pytest.mark.parametrize("text", NOT_QUOTED)
def test_words_that_announce_nothing(text: str) -> None:
    assert cut_original(text) == (text, None)


MARKED = "> From: news@sender.example\n> To: other@example.org\n>\n> user unknown\n"


def test_a_mail_in_marked_lines_that_nothing_announces() -> None:
    text, original = cut_original(f"It failed.\n\n{MARKED}")
    assert text == "It failed.\n\n"
    assert original is not None
    assert original.headers["to"] == "other@example.org"
    assert cut_original(f"It failed.\n>\n{MARKED}")[0] == "It failed.\n"


@pytest.mark.parametrize(
    "text",
    [
        MARKED,  # nothing is said before it
        f"It failed.\n{MARKED}because it is full\n",  # nor behind it may anything be said
        "It failed.\n> 550 user unknown\n> Date: Monday\n",
        "It failed.\n> From: news@sender.example\nuser unknown\n",
        "It failed.\n>>> RCPT TO:<user@example.com>\n>>> Subject: x\n",
    ],
)
def test_marked_lines_that_are_no_mail(text: str) -> None:
    assert cut_original(text) == (text, None)


def test_an_announcement_without_headers_still_ends_the_text() -> None:
    assert cut_original("It failed.\nOriginal message follows.\n\nHello all\n") == ("It failed.\n", None)
    assert cut_original("It failed.\nOriginal message follows.\n") == ("It failed.\n", None)


@pytest.mark.parametrize(
    ("octets", "block", "complete"),
    [
        (b"A: b\n\nbody", b"A: b\n", True),
        (b"\r\n A: b\r\nC: d\r\n\r\nbody", b"A: b\r\nC: d\r\n", True),
        (b"A: b\nC: d", b"A: b\nC: d", False),
        (b"A: b\r\n" * 20_000, (b"A: b\r\n" * 20_000)[:65_536], False),
    ],
)
def test_header_bytes(octets: bytes, block: bytes, complete: bool) -> None:
    original = returned_octets(octets, complete=True)
    assert original is not None
    assert (original.header_bytes.rstrip(b"\r"), original.complete) == (block.rstrip(b"\r"), complete)
    headers_only = returned_octets(octets, complete=False)
    assert headers_only is not None
    assert not headers_only.complete


def test_a_part_that_holds_none() -> None:
    assert returned_octets(b" \r\n", complete=True) is None
    parts = split(
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nTo: a@b.example\n\nx\n--b\n"
        b"\ntext\n--b--\n"
    ).parts
    assert [returned_part(part) is not None for part in parts] == [False, True, False]
    # a mail that is itself message/rfc822 at the top is nobody's original
    assert returned_part(split(b"Content-Type: message/rfc822\n\nTo: a@b.example\n\n").parts[0]) is None
