"""The sender's own addresses: where they stand, and when they are left out."""

from bouncesink.core.readers.message import Message
from bouncesink.core.readers.sender import own_addresses, without_own

NOTICE = b"From: MAILER-DAEMON@mx.example\nTo: <news@example.com>\nContent-Type: text/plain\n\nNo.\n"
RETURNED = (
    b"From: MAILER-DAEMON@mx.example\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nNo.\n--b\n"
    b"Content-Type: message/rfc822\n\nFrom: News <editor@example.com>\nErrors-To: owner@example.com\n\nhello\n--b--\n"
)


def kept(*found: str) -> list[str]:
    return list(without_own(Message(NOTICE), found, str))


def test_own_addresses_stand_in_the_notice_and_in_the_original() -> None:
    assert own_addresses(Message(NOTICE)) == {"mailer-daemon@mx.example", "news@example.com"}
    assert own_addresses(Message(RETURNED)) == {"mailer-daemon@mx.example", "editor@example.com", "owner@example.com"}


def test_they_are_left_out_where_others_remain() -> None:
    assert kept("nobody@example.org", "News@example.com") == ["nobody@example.org"]
    assert kept("news@example.com") == ["news@example.com"]
    assert kept("news@example.com", "mailer-daemon@mx.example") == ["news@example.com", "mailer-daemon@mx.example"]
    assert kept() == []
