"""The message as all readers see it: what a person would read of it."""

import pytest

from bouncesink.core.readers.message import TEXT_LIMIT, Message, plain_text

MARKUP = [
    ("<p>It&nbsp;failed&#33;</p><br/>Now", "\nIt failed!\n\nNow"),
    ("<style>p {}</style><script>1 < 2</script>seen<!-- not -->", "  seen "),
    ("to <user@example.com> and <b>bold</b>", "to <user@example.com> and bold"),
    ("&lt;user@example.com&gt;", "<user@example.com>"),
    ("<!-- unclosed", " "),
    ("1 < 2 > 1", "1 < 2 > 1"),
]


@pytest.mark.parametrize(("markup", "text"), MARKUP)
def test_markup(markup: str, text: str) -> None:
    assert plain_text(markup) == text


def parts(*each: str, subtype: str = "mixed") -> Message:
    return Message(
        f"Content-Type: multipart/{subtype}; boundary=b\n\n".encode()
        + "".join(f"--b\n{one}\n" for one in each).encode()
        + b"--b--\n"
    )


PLAIN, HTML = "Content-Type: text/plain\n\nplain", "Content-Type: text/html\n\n<p>marked</p>"


def test_which_parts_a_person_reads() -> None:
    assert parts(PLAIN, HTML, subtype="alternative").text == "plain"
    assert parts(PLAIN, HTML).text == "plain\n\nmarked\n"
    assert parts(HTML, subtype="alternative").text == "\nmarked\n"
    assert parts("Content-Type: image/png\n\nx").text == ""
    assert parts(PLAIN, "Content-Type: text/rfc822-headers\n\nTo: a@b.example").text == "plain"


def test_a_mail_of_one_part_is_read_when_it_can_be_text() -> None:
    assert Message(b"Content-Type: text/html\n\n<p>a</p>").text == "\na\n"
    assert Message(b"Content-Type: application/json\n\n{}").text == "{}"
    assert Message(b"Content-Type: multipart/mixed; boundary=b\n\nno parts").text == "no parts"
    assert Message(b"Content-Type: application/pdf\n\n%PDF").text == ""


def test_text_is_bounded() -> None:
    assert len(Message(b"A: b\n\n" + b"x" * 100_000).text) == TEXT_LIMIT
    long = "Content-Type: text/plain\n\n" + "x" * 20_000
    assert len(parts(long, long, long).text) <= TEXT_LIMIT + 2
    assert parts(*[PLAIN] * 20).text.count("plain") == 8


def test_the_original_may_be_asked_for_first() -> None:
    message = parts(PLAIN, "Content-Type: message/rfc822\n\nTo: a@b.example\n\nx")
    assert message.original is not None
    assert message.original.headers["to"] == "a@b.example"
    assert message.text == "plain"
    assert parts(PLAIN, "Content-Type: message/rfc822\n\n").original is None
