import pytest

from bouncesink.core.reply import NO_SUCH_ADDRESS
from bouncesink.fronts import smtp_replies as say


def test_a_reply_is_spelled_with_its_codes() -> None:
    assert say.spell(NO_SUCH_ADDRESS) == say.Line(550, b"550 5.1.1 no such address here\r\n")


def test_several_lines_have_one_code() -> None:
    assert say.plain(250, "a", "b", "c").wire == b"250-a\r\n250-b\r\n250 c\r\n"


@pytest.mark.parametrize(
    ("status", "wire"),
    [
        ("250 Supported commands: MAIL", b"214 2.0.0 Supported commands: MAIL\r\n"),
        (b"250 Supported commands: MAIL", b"214 2.0.0 Supported commands: MAIL\r\n"),
        ("252 Cannot VRFY user, but will accept message and attempt delivery", say.CANNOT_VERIFY.wire),
        ("501 Syntax: VRFY <address>", say.BAD_ARGUMENT.wire),
        ("502 Could not VRFY \udcff\r\n250 smuggled", say.NOT_IMPLEMENTED.wire),
        ("500 Error: (KeyError) secret", say.NOT_IMPLEMENTED.wire),
        ("", say.NOT_IMPLEMENTED.wire),
    ],
)
def test_aiosmtpds_own_words_become_ours(status: str | bytes, wire: bytes) -> None:
    assert say.translate(status).wire == wire


def test_only_221_and_421_end_a_session() -> None:
    lines = [line for line in vars(say).values() if isinstance(line, say.Line)]
    assert {line.code for line in lines} >= say.LAST_WORDS == {221, 421}
