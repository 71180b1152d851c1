"""Excerpts: reading one finds what reading the whole finds, wherever the report stands, and where there is none."""

import pytest

from bouncesink.core.content import bounded
from bouncesink.core.excerpt import Excerpt, octets_kept

KEPT = octets_kept(0)
MARK = b"message/delivery-status"


def excerpt_of(content: bytes, begin: int, piece: int) -> Excerpt:
    excerpt = Excerpt(content[:begin], KEPT)
    for at in range(begin, len(content), piece):
        excerpt.feed(content[at : at + piece])
    return excerpt


@pytest.mark.parametrize("begin", [KEPT + 1, KEPT + 70_000])
@pytest.mark.parametrize("delimiter", [b"\n--b\n", b""], ids=["a part", "words alone"])
@pytest.mark.parametrize("at", [10, 999_980, 1_002_000, KEPT - 30, KEPT - 10, KEPT + 5, KEPT + 69_990, 1_200_000])
def test_it_reads_as_the_whole(at: int, delimiter: bytes, begin: int) -> None:
    content = b"x" * at + delimiter + MARK + b"\n\n" + b"Status: 5.1.1\n" * 6_000 + b"y" * 200_000 + MARK
    excerpt = excerpt_of(content, begin, 10_000)
    assert bounded(excerpt.content, {}) == bounded(content, {})
    assert excerpt.size == excerpt.whole.size == len(content)
    assert len(excerpt.content) <= KEPT + 65_536


def test_as_much_is_kept_as_is_to_be_stored() -> None:
    assert octets_kept(5_000_000) > 5_000_000
    assert octets_kept(0) > 1_000_000
