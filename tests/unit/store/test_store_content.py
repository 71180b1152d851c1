"""Content comes back to the octet, never more than was kept, and says so when it cannot."""

import hashlib
from importlib.resources import files

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from bouncesink.errors import StoreError
from bouncesink.store.content import ENCODINGS, PackedContent, Packer, content_hash, unpack


def unpacked(packed: PackedContent) -> bytes:
    return unpack(packed.encoding, packed.body, packed.kept)


@given(st.binary(max_size=5_000), st.integers(0, 5_000))
def test_the_first_octets_come_back(content, limit):
    packed = Packer(limit).pack(content)
    assert unpacked(packed) == content[:limit]
    assert (packed.size, packed.kept) == (len(content), min(len(content), limit))


def test_the_hash_speaks_of_the_whole():
    packer = Packer(10)
    assert packer.pack(b"0123456789 one").hash != packer.pack(b"0123456789 two").hash
    assert packer.pack(b"same").hash == content_hash(b"same")
    assert len(content_hash(b"")) == 16


def test_nothing_kept_is_nothing_stored():
    packed = Packer(0).pack(b"content")
    assert packed.body is None
    assert unpacked(packed) == b""


def test_a_bomb_ends_at_the_bound():
    bomb = zstandard.ZstdCompressor(level=3).compress(bytes(50_000_000))
    assert len(bomb) < 10_000
    assert [unpack(encoding, bomb, 1_000) for encoding in ENCODINGS] == [bytes(1_000)] * len(ENCODINGS)


def test_what_was_packed_without_a_dictionary_still_comes_back():
    assert unpack("zstd", zstandard.ZstdCompressor().compress(b"content"), 7) == b"content"


def test_a_released_dictionary_never_changes():
    """Whatever was stored with it could not be read any more."""
    released = {
        each.name: hashlib.sha256(each.read_bytes()).hexdigest()
        for each in (files("bouncesink.store") / "dictionaries").iterdir()
    }
    assert released == {"1.zdict": "2519e2983b45fe64d3261cf2cce8104f7567487192c622a30a5796084c2eaaa2"}
    assert {f"zstd:{name.removesuffix('.zdict')}" for name in released} | {"zstd"} == set(ENCODINGS)


def test_a_bounce_is_smaller_with_the_dictionary():
    bounce = (
        b"From: MAILER-DAEMON@mx.example.net (Mail Delivery System)\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        b"Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n"
    )
    packed = Packer(10_000).pack(bounce)
    assert packed.body is not None
    assert len(packed.body) < len(zstandard.ZstdCompressor(level=1).compress(bounce)) / 2


@pytest.mark.parametrize(
    ("encoding", "body", "kept", "words"),
    [
        ("zstd", b"not zstandard", 5, "damaged"),
        ("zstd", zstandard.ZstdCompressor().compress(b"four"), 5, "4 octets came out of 5"),
        ("zstd", zstandard.ZstdCompressor().compress(bytes(range(200)) * 50)[:-40], 10_000, "damaged"),
        ("brotli", b"x", 1, "brotli"),
    ],
)
def test_what_cannot_be_unpacked(encoding, body, kept, words):
    with pytest.raises(StoreError, match=words):
        unpack(encoding, body, kept)
