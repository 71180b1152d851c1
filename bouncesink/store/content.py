"""Content: raw mail as it lies in ``contents``: named by a hash of the whole, cut to a limit, compressed.

Promises: the hash speaks of every octet even where not all are kept; unpacking never yields more than was kept, whatever the
bytes say (a decompression bomb ends at the bound); what any version packed, every later one unpacks. Zstandard (RFC 8878), with
a dictionary trained on bounces, since each alone is too short to be compressed by what it says itself. A Packer's compressor is
reused and belongs to one thread. Knows nothing of mail or SQL.
"""

import hashlib
from functools import cache
from importlib.resources import files

import zstandard

from bouncesink.core.mail import Whole
from bouncesink.core.value import value
from bouncesink.errors import StoreError

HASH_OCTETS = 16
# The number is the dictionary's: ``dictionaries/1.zdict``, made by scripts/train_dictionary.py.
ENCODING = "zstd:1"
# Every encoding that was ever written. "zstd" is without a dictionary.
ENCODINGS = ("zstd", "zstd:1")
_LEVEL = 1  # a bounce comes out 2 % larger than at level 3, for two thirds of the time


@value
class PackedContent:
    """``size`` octets were received, the first ``kept`` of them are in ``body``."""

    hash: bytes
    size: int
    kept: int
    encoding: str
    body: bytes | None


class Packer:
    """Packs; ``limit`` is ``store.content_limit``."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        dictionary = _dictionary(ENCODING)
        dictionary.precompute_compress(level=_LEVEL)
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL, dict_data=dictionary)

    def pack(self, content: bytes, whole: Whole | None = None) -> PackedContent:
        """``whole`` says what ``content`` is an excerpt of, which has at least ``limit`` octets of its head."""
        size = len(content)
        kept = min(size, self._limit)
        body = self._compressor.compress(content if kept == size else content[:kept]) if kept else None
        if whole is not None:
            return PackedContent(whole.digest[:HASH_OCTETS], whole.size, kept, ENCODING, body)
        return PackedContent(content_hash(content), size, kept, ENCODING, body)


def content_hash(content: bytes) -> bytes:
    """What a content is known by: SHA-256, cut to 128 bits."""
    return hashlib.sha256(content).digest()[:HASH_OCTETS]


def unpack(encoding: str, body: bytes | None, kept: int) -> bytes:
    """The octets that were kept, b"" where retention (or a limit of 0) left none. StoreError where they come out otherwise."""
    if body is None or kept == 0:
        return b""
    if encoding not in ENCODINGS:
        raise StoreError(f"stored content is encoded as {encoding}, which this version does not know")
    try:
        with zstandard.ZstdDecompressor(dict_data=_dictionary(encoding)).stream_reader(body) as reader:
            content = reader.read(kept)
    except zstandard.ZstdError as error:
        raise StoreError("stored content is damaged") from error
    if len(content) != kept:
        raise StoreError(f"stored content is damaged: {len(content)} octets came out of {kept}")
    return content


@cache
def _dictionary(encoding: str) -> zstandard.ZstdCompressionDict:
    number = encoding.partition(":")[2]
    if not number:
        return zstandard.ZstdCompressionDict(b"")
    return zstandard.ZstdCompressionDict((files("bouncesink.store") / "dictionaries" / f"{number}.zdict").read_bytes())
