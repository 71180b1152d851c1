"""Charsets: other people's bytes to text. RFC 2045 section 5.1 (the charset parameter), RFC 2047 (encoded words).

Promises: any bytes and any charset name give text, never an exception, and what had to be guessed is a named defect. The order
of belief is: the declared charset, but Latin only where the octets do not plainly belie it; then what the bytes look like, then
UTF-8, then the letters of an alphabet (``alphabet``), then Windows-1252, where every byte is something.
Names are looked up in a closed table, never handed to the codec registry as they came: a stranger must not choose modules to
import, grow the registry's cache, or pick a codec whose cost is quadratic (``idna``, ``punycode``).

Knows nothing of where the bytes stood. charset-normalizer is imported only when a long text leaves no better way.
"""

import binascii
import re
from encodings.aliases import aliases
from functools import lru_cache

from bouncesink.core.alphabet import alphabet
from bouncesink.core.defect import Defect
from bouncesink.core.octets import ESC, LF

# What senders of the narrower name really write.
_WIDER = {"latin_1": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949"}
_NOT_TEXT = frozenset(
    ("base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec", "tactis", "mbcs")
)
_CODECS = {
    name: _WIDER.get(codec, codec) for alias, codec in aliases.items() for name in (alias, codec) if codec not in _NOT_TEXT
} | {
    # What mail calls them and Python does not; "" is for names that only say that the sender does not know.
    "": "",
    "cp874": "cp874",
    "default": "",
    "iso_8859_8_i": "iso8859_8",
    "koi8_u": "koi8_u",
    "none": "",
    "unicode_1_1_utf_7": "utf_7",
    "unknown_8bit": "",
    "windows_874": "cp874",
    "x_gbk": "gb18030",
    "x_sjis": "cp932",
    "x_unknown": "",
}

# Codecs in which ASCII octets may mean something else though no escape is among them.
_SHIFTED = frozenset(("utf_7", "hz", "iso2022_kr", "utf_16", "utf_32"))
# Codecs of several octets a character: one broken octet must not cost all the others.
_ESCAPED = frozenset(("iso2022_jp", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_3"))
_MULTIBYTE = _SHIFTED | _ESCAPED | {"utf_8", "cp932", "cp949", "cp950", "big5", "big5hkscs", "euc_jp", "gb18030", "johab"}
_MOSTLY = 4
# What programs declare that never looked: every octet is something in it.
_ANYTHING = frozenset(("cp1252", "iso8859_15"))

# Below this a guesser guesses badly; above the sample it only costs time.
_GUESS_FROM = 256
_GUESS_SAMPLE = 2048


def decode_text(data: bytes, charset: str = "") -> tuple[str, tuple[Defect, ...]]:
    """The text of ``data`` as its ``charset`` parameter says, or as well as it can be guessed, and what was wrong."""
    codec = _codec(charset)
    if codec not in _SHIFTED and data.isascii() and ESC not in data:
        return data.decode("ascii"), () if codec is not None else (Defect.UNKNOWN_CHARSET,)
    return _decode_declared(data, codec)


def _decode_declared(data: bytes, codec: str | None) -> tuple[str, tuple[Defect, ...]]:
    defects: tuple[Defect, ...] = ()
    if codec is None:
        defects = (Defect.UNKNOWN_CHARSET,)
    elif codec and not (codec in ("ascii", "utf_8") and ESC in data):
        belied = _belied(data) if codec in _ANYTHING else None
        if belied is not None:
            return belied, (Defect.UNDECODABLE_TEXT,)
        text = _strictly(data, codec)
        if text is not None:
            return text, ()
        defects = (Defect.UNDECODABLE_TEXT,)
    for guess in _likely(data):
        text = _strictly(data, guess)
        if text is not None:
            return text, defects
    if codec in _MULTIBYTE:
        text = data.decode(codec, "replace")
        broken = text.count("\ufffd")
        if broken * _MOSTLY <= len(text) - len(text.encode("ascii", "ignore")):
            return text, defects
    return data.decode(_guessed(data), "replace"), defects or (Defect.UNDECODABLE_TEXT,)


def _belied(data: bytes) -> str | None:
    """The text of octets that were declared Latin and are plainly none: valid UTF-8, or letters of another alphabet."""
    text = _strictly(data, "utf_8")
    if text is None and (plain := alphabet(data)):
        text = data.decode(plain, "replace")
    return text


def _likely(data: bytes) -> tuple[str, ...]:
    """An escape sequence of RFC 1468 or RFC 1557 says what it is; UTF-8 proves itself by being valid."""
    if b"\x1b$)C" in data:
        return ("iso2022_kr", "utf_8")
    if b"\x1b$" in data or b"\x1b(" in data:
        return ("iso2022_jp_2", "iso2022_jp_3", "utf_8")
    return ("utf_8",)


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError):
        return None


def _guessed(data: bytes) -> str:
    """The charset of undeclared 8-bit octets: by statistics when there are enough of them, else Windows-1252."""
    plain = alphabet(data)
    if plain or len(data) < _GUESS_FROM:
        return plain or "cp1252"
    from charset_normalizer import from_bytes  # noqa: PLC0415 - costs some 50 ms with its first guess and is hardly ever needed

    best = from_bytes(data[:_GUESS_SAMPLE], chunk_size=512, steps=3).best()
    return best.encoding if best is not None else "cp1252"


@lru_cache(maxsize=256)
def _codec(charset: str) -> str | None:
    """Python's name for a charset; "" for none declared, None for one nobody knows."""
    return _CODECS.get(charset[:64].strip(" \t\"'").lower().replace("-", "_").replace(" ", "_"))


# RFC 2047 section 2, and leniently blanks inside the encoded text, which many senders leave in.
_ENCODED_WORD = re.compile(rb"=\?([^?\s*]{1,64})(?:\*[^?\s]{0,64})?\?([bBqQ])\?([^?]*)\?=")
_FOLD = re.compile(rb"[ \t]*\n[ \t]*")
_HEADER_LIMIT = 16_384


def decode_header(raw: bytes) -> str:
    """A header's value: unfolded, its encoded words decoded (RFC 2047), raw 8-bit octets guessed at."""
    if LF in raw:
        raw = _FOLD.sub(b" ", raw)
    raw = raw.strip(b" \t\r")
    if raw.find(b"=?") < 0 and raw.isascii() and ESC not in raw:
        return raw[:_HEADER_LIMIT].decode("ascii")
    return _decode_words(raw[:_HEADER_LIMIT])


def _decode_words(raw: bytes) -> str:
    """White space between two encoded words is not shown, and a character may be split between them (section 6.2)."""
    pieces: list[str] = []
    pending, pending_charset, position = b"", "", 0
    for word in _ENCODED_WORD.finditer(raw):
        between = raw[position : word.start()]
        charset = word[1].decode("ascii", "replace").lower()
        position = word.end()
        if between.strip() or charset != pending_charset:
            pieces.append(decode_text(pending, pending_charset)[0])
            pending = b""
        if between.strip() or not pending_charset:
            pieces.append(decode_text(between)[0])
        pending_charset = charset
        pending += _octets(word[2], word[3])
    pieces.append(decode_text(pending, pending_charset)[0])
    pieces.append(decode_text(raw[position:])[0])
    return "".join(pieces)


def _octets(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"qQ":
        return binascii.a2b_qp(text, header=True)
    kept = text.rstrip(b"= \t")
    try:
        return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))
    except binascii.Error:
        return text
