"""The splitter against the stdlib: on well-formed mail the leaves are the same; on any bytes it answers, within its limits."""

import email
from email.message import Message

from hypothesis import given, settings
from hypothesis import strategies as st

from bouncesink.core.content import LIMITS
from bouncesink.core.headers import Headers
from bouncesink.core.mime import payload, split, text_of

TOKEN = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
# A line that begins with a hyphen might be a delimiter, one with a field's name a header.
LINES = st.lists(st.text("abc .,=", max_size=30), max_size=6).map("\n".join)
LEAF_TYPES = st.sampled_from(
    ["text/plain", "text/html", "message/delivery-status", "application/json", "TEXT/Plain; charset=utf-8"]
)
MULTIPART_TYPES = st.sampled_from(["multipart/mixed", "multipart/report", "Multipart/ALTERNATIVE", "multipart/digest"])
BOUNDARIES = st.text("abcDEF0123'()+_,-./:=?", min_size=1, max_size=40).map(lambda text: f"={text}=")


@st.composite
def leaves(draw: st.DrawFn) -> str:
    content_type = draw(st.none() | LEAF_TYPES)
    body, encoding = draw(LINES), draw(st.sampled_from(["", "7bit", "base64", "quoted-printable"]))
    header = f"Content-Type: {content_type}\n" if content_type else ""
    if encoding == "base64":
        body = email.base64mime.body_encode(body.encode()) if body else ""
    elif encoding == "quoted-printable":
        body = email.quoprimime.body_encode(body)
    if encoding:
        header += f"Content-Transfer-Encoding: {encoding}\n"
    return f"{header}\n{body}"


@st.composite
def multiparts(draw: st.DrawFn, children: st.SearchStrategy[str]) -> str:
    parts, content_type = draw(st.lists(children, min_size=1, max_size=4)), draw(MULTIPART_TYPES)
    # Of the parts' length, so that no boundary is that of a part inside: RFC 2046 section 5.1.2. It may begin with it.
    boundary = f"{draw(BOUNDARIES)}{sum(map(len, parts))}"
    inside = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: {content_type};\n\tboundary="{boundary}"\n\n{draw(LINES)}\n{inside}--{boundary}--\n{draw(LINES)}'


BODIES = st.recursive(leaves(), multiparts, max_leaves=8)


@st.composite
def mails(draw: st.DrawFn) -> bytes:
    headers = draw(st.lists(st.tuples(TOKEN, st.text("abc \t:;", max_size=20)), max_size=4))
    block = "".join(f"X-{name}: {value}\n" for name, value in headers)
    return f"From: a@b.example\n{block}{draw(BODIES)}".encode()


def leaves_of_stdlib(message: Message) -> list[tuple[str, bytes]]:
    """What the stdlib finds; it descends into message/*, which is taken back together here."""
    found, pending = [], [message]
    while pending:
        part = pending.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            pending.extend(reversed(part.get_payload()))
        elif part.get_content_maintype() == "message":
            found.append((part.get_content_type(), b"opaque"))
        else:
            found.append((part.get_content_type(), part.get_payload(decode=True)))
    return found


def leaves_of_ours(content: bytes) -> list[tuple[str, bytes]]:
    return [
        (part.content_type, b"opaque" if part.content_type.startswith("message/") else payload(part)[0])
        for part in split(content).parts
        if not part.content_type.startswith("multipart/")
    ]


@settings(deadline=None)
@given(mails())
def test_leaves_agree_with_the_stdlib(content: bytes) -> None:
    expected = leaves_of_stdlib(email.message_from_bytes(content))
    assert expected
    assert leaves_of_ours(content) == expected


@settings(deadline=None)
@given(mails())
def test_headers_agree_with_the_stdlib(content: bytes) -> None:
    expected = email.message_from_bytes(content)
    ours = split(content).parts[0].headers
    assert list(ours) == list(dict.fromkeys(name.lower() for name in expected))
    for name in ours:
        assert ours[name].split() == str(expected[name]).split()


@settings(deadline=None)
@given(mails())
def test_line_ends_make_no_difference(content: bytes) -> None:
    lf, crlf = split(content), split(content.replace(b"\n", b"\r\n"))
    assert lf.defects == crlf.defects
    assert [text_of(part) for part in lf.parts] == [text_of(part) for part in crlf.parts]
    assert [(part.headers, part.content_type, part.depth, part.parent) for part in lf.parts] == [
        (part.headers, part.content_type, part.depth, part.parent) for part in crlf.parts
    ]


@settings(deadline=None)
@given(mails(), st.integers(0, 2000))
def test_a_mail_may_be_cut_anywhere(content: bytes, length: int) -> None:
    within_limits(content[:length])


PIECES = (
    *(
        b"Content-Type: multipart/mixed; boundary=b\n",
        b"--b\n",
        b"--b--\n",
        b"\n",
        b"\r\n",
        b"\r",
        b"Subject: x\n",
        b" folded\n",
    ),
    *(
        b'Content-Type: multipart/x; boundary="',
        b"Content-Transfer-Encoding: base64\n",
        b"\0",
        b"\xff\xfe",
        b"From x\n",
        b"words\n",
    ),
    *(b"--\n", b":\n"),
)
MIMEISH = st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=60).map(b"".join)


@settings(deadline=None)
@given(st.binary() | MIMEISH)
def test_any_bytes_are_split_within_limits(content: bytes) -> None:
    within_limits(content)


def within_limits(content: bytes) -> None:
    parts = split(content).parts
    assert 1 <= len(parts) <= LIMITS.parts
    for index, part in enumerate(parts):
        assert part.depth <= LIMITS.depth
        assert -1 <= part.parent < index
        assert len(part.headers.block) <= LIMITS.header_octets
        text, _ = text_of(part)
        assert "\0" not in text
        dict(part.parameters)
        dict(part.headers)


@settings(deadline=None)
@given(st.binary() | MIMEISH)
def test_what_headers_say_of_themselves_agrees(block: bytes) -> None:
    headers = Headers(block)
    assert set(headers) == {name for name, _ in headers.fields}
    for name in headers:
        assert headers.all(name)[0] == headers[name] == headers.value(name)
        assert headers.raw(name) == next(value for each, value in headers.fields if each == name)
