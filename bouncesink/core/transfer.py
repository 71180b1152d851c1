"""Content-Transfer-Encoding: RFC 2045 section 6, taken off leniently.

Promises: total and linear; what is damaged is decoded as far as it goes, what only claims to be encoded is left as it is, and
either is named. Knows nothing of what the octets mean.
"""

import binascii
import re

from bouncesink.core.defect import Defect

_BAD_QP = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*+\r?\n|[ \t]*+\Z)")
_OUTSIDE_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
_NEITHER = _OUTSIDE_BASE64.replace(b"=", b"")
_WHITE = b" \t\r\n"
# A padding for each line is seen in the field; far more of them hold nothing that is worth the time.
_PADDINGS = 5_000
_BASE64_LINES = re.compile(rb"\s*+(?:[A-Za-z0-9+/]{4}[ \t]*+\n?+)++(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\s*+")


def decode_transfer(body: bytes, encoding: str) -> tuple[bytes, tuple[Defect, ...]]:
    """``body`` without its transfer encoding (lower case, "" for none), and what was wrong with it."""
    if encoding in ("", "7bit", "8bit", "binary"):
        return body, ()
    if encoding == "base64":
        return _base64(body)
    if encoding in ("quoted-printable", "quoted"):
        return binascii.a2b_qp(body), (Defect.BAD_QUOTED_PRINTABLE,) if _BAD_QP.search(body) else ()
    return body, (Defect.UNKNOWN_TRANSFER_ENCODING,)


def looks_base64(body: bytes) -> bool:
    """Whether it is nothing but base64, though nobody said so."""
    return len(body) >= 16 and _BASE64_LINES.fullmatch(body) is not None


def _base64(body: bytes) -> tuple[bytes, tuple[Defect, ...]]:
    kept = body.translate(None, _OUTSIDE_BASE64)
    strangers = len(body.translate(None, _WHITE)) - len(kept)
    padding = body.count(b"=")
    if strangers - padding > len(kept) // 16:
        return body, (Defect.BAD_BASE64,)
    damaged = strangers != padding or padding > 2 or (len(kept) + padding) % 4 != 0
    runs = body.translate(None, _NEITHER).split(b"=") if padding <= _PADDINGS else [kept]
    octets = b"".join([_whole(run) for run in runs if run])
    return octets, (Defect.BAD_BASE64,) if damaged else ()


def _whole(run: bytes) -> bytes:
    """What a run of base64 without padding holds; one letter alone holds no octet."""
    usable = len(run) - (len(run) % 4 == 1)
    return binascii.a2b_base64(run[:usable] + b"=" * (-usable % 4))
