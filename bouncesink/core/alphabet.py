"""Alphabet: in which charset 8-bit octets are that nobody has named one for, by the letters that they come to in each.

Servers answer in the charset of their country and a reply has no place to name it (RFC 5321 section 4.5.3.1.5 only knows
octets), so that "550 Пользователь не найден" comes in koi8-r or windows-1251 and as a header's raw octets. Letters of an
alphabet that is not Latin stand in runs, and a few of them are most of any text; in the wrong charset they are rare letters
and capitals.

Promises: total, bounded; "" where it is not plain. A Latin text, whose letters beyond ASCII stand alone, is never taken for
another. Knows nothing of languages but their commonest letters.
"""

import re

_SAMPLE = 2048
_LEAST = 6  # octets: a name in one word says nothing
_RUN = 3
_IN_RUNS = 0.5
_COMMON = 0.62
_KANA = 0.25
_HANGUL = 0.95
_IDEOGRAPHS = 0.9
_MOSTLY = 4

_MARKS = frozenset("、。，：；！？（）「」【】・")
_HIGH = re.compile(rb"[\x80-\xff]+")
_CYRILLIC = frozenset("оеаинтсрвлкмдпуіь")
_GREEK = frozenset("αοιετσνηυρκπμλςγάέίόήύώΆ")
_ALPHABETS = (
    ("koi8_u", _CYRILLIC),
    ("cp1251", _CYRILLIC),
    ("iso8859_5", _CYRILLIC),
    ("cp1253", _GREEK),
    ("iso8859_7", _GREEK),
    ("cp1255", frozenset("ויהלאתרמבשנםעדק")),
    ("cp1256", frozenset("اليمونترةبدهعسفغجح")),
    ("cp874", frozenset("านรอกเงมยลวดทสตะปบคหูแุ่้ีัิ็์ไใ")),
)


def alphabet(data: bytes) -> str:
    """Python's name for the charset that these octets are plainly in; "" where none is plain, or where they are Latin."""
    data = data[:_SAMPLE]
    runs = [len(run[0]) for run in _HIGH.finditer(data)]
    high = sum(runs)
    if high < _LEAST or sum(run for run in runs if run >= _RUN) < high * _IN_RUNS:
        return ""
    text = data.decode("utf-8", "replace")
    if text.count("\ufffd") * _MOSTLY <= len(text) - len(text.encode("ascii", "ignore")):
        return "utf_8"  # cut in the midst of a character
    best, codec = max((_common(data, codec, letters), codec) for codec, letters in _ALPHABETS)
    return codec if best >= _COMMON else _of_many_octets(data)


def _common(data: bytes, codec: str, letters: frozenset[str]) -> float:
    """Which part of the letters beyond ASCII are the commonest of an alphabet."""
    found = [letter for letter in data.decode(codec, "replace") if letter > "\x7f"]
    return sum(letter in letters for letter in found) / len(found)


def _of_many_octets(data: bytes) -> str:
    """Of the charsets of East Asia: by kana, then by hangul and nothing else, then by ideographs."""
    for codec in ("cp932", "euc_jp"):
        if _part(data, codec, "\u3041", "\u30ff") >= _KANA:
            return codec
    if _part(data, "cp949", "\uac00", "\ud7a3") >= _HANGUL:
        return "cp949"
    # The second octets of Big5 reach down into ASCII; those of GB 2312 do not.
    for codec in ("gb2312", "big5", "gb18030"):
        if _part(data, codec, "\u3000", "\u9fff") >= _IDEOGRAPHS:
            return codec if codec != "gb2312" else "gb18030"
    return ""


def _part(data: bytes, codec: str, first: str, last: str) -> float:
    """Which part of the letters beyond ASCII lies between two; none where many octets are no letters at all."""
    text = data.decode(codec, "replace")
    found = [letter for letter in text if letter > "\x7f" and letter not in _MARKS]
    return sum(first <= letter <= last for letter in found) / len(found) if found else 0.0
