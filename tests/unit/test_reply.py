"""Every reply is one that RFC 5321 and RFC 2034 allow, and our own trouble is never permanent."""

import pytest

from bouncesink.core import reply as replies
from bouncesink.core.reply import CANNOT_NOW, NO_ROOM, Reply, recorded_as, reply_to
from bouncesink.errors import BouncesinkError, ConfigError, SchemaTooNew, StoreBusy, StoreError, StoreFull, StoreReadOnly

ALL = [value for value in vars(replies).values() if isinstance(value, Reply)]


@pytest.mark.parametrize("reply", ALL, ids=str)
def test_code_and_enhanced_code_are_of_one_class(reply: Reply) -> None:
    assert reply.code // 100 == reply.status.class_
    assert reply.text.isascii()
    assert reply.text.isprintable()
    assert reply.accepted is (reply.status.class_ == 2)
    assert reply.temporary is (reply.status.class_ == 4)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreBusy("locked by 4711"), 451),
        (StoreFull("/var/lib is full"), 452),
        (StoreReadOnly("/var/lib/b.db"), 451),
        (StoreError("disk I/O error"), 451),
        (SchemaTooNew("9 > 1"), 451),
        (ConfigError(("a.toml: smtp.x: unknown key",)), 451),
        (BouncesinkError("private"), 451),
        (KeyError("secret"), 451),
        (MemoryError(), 451),
    ],
)
def test_our_own_trouble_is_temporary_and_tells_nothing_private(error: BaseException, code: int) -> None:
    reply = reply_to(error)
    assert reply.code == code
    for private in ("4711", "/var", "secret", "private", "a.toml", "disk"):
        assert private not in str(reply)


def test_a_full_disk_has_its_own_code() -> None:
    assert reply_to(StoreFull()) == NO_ROOM
    assert reply_to(ValueError("x")) == CANNOT_NOW


def test_recorded_names_what_was_recorded() -> None:
    assert str(recorded_as("4711")) == "250 2.0.0 recorded as 4711"


def test_a_public_text_of_its_own_is_shown() -> None:
    assert BouncesinkError("private", public="come back later").public == "come back later"
    assert str(BouncesinkError()) == "local error in processing"
