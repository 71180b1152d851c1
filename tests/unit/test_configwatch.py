"""Where the watching listener stands, as it is written."""

import pytest

from bouncesink.config.sections import WatchSection
from bouncesink.config.watch import places, problems


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ("127.0.0.1:2580", ("127.0.0.1", 2580)),
        ("http://127.0.0.1:2580/", ("127.0.0.1", 2580)),
        ("HTTP://localhost:0", ("localhost", 0)),
        ("[::1]:2580", ("::1", 2580)),
        (" 0.0.0.0:65535 ", ("0.0.0.0", 65535)),
        ("::1:2580", None),
        ("127.0.0.1", None),
        ("127.0.0.1:65536", None),
        ("https://127.0.0.1:2580", None),
        ("http://127.0.0.1:2580/metrics", None),
        ("", None),
    ],
)
def test_a_place(entry, place):
    section = WatchSection(listen=(entry,))
    assert places(section) == ((place,) if place else ())
    assert [key for key, _ in problems(section)] == ([] if place else ["watch.listen"])


def test_nowhere_is_the_default():
    assert places(WatchSection()) == ()
