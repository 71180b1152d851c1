"""Letters: a word and what is left of it where somebody wrote it without its marks, or as one of its other spellings.

RFC 5321 section 4.1.1.1 lets a server answer in ASCII only, and so it does: "Boite pleine", "Buzon lleno", "Empfaenger
unbekannt". Rules know the words as they are spelled; texts and rules are held against each other bare.

Promises: ``bare`` keeps the length, so that what is found in bare letters can be shown as it came. Only marks that may be left
out go: those of Latin and Greek letters and the dots of the Russian ё; a й and a ga (が) are letters of their own.
"""

import unicodedata

_RANGES = ((0x00C0, 0x0250), (0x0370, 0x0400), (0x1E00, 0x2000))
_WITHOUT_PARTS = {"ø": "o", "đ": "d", "ł": "l", "ı": "i", "ħ": "h", "ё": "е", "Ø": "O", "Đ": "D", "Ł": "L", "Ё": "Е"}
_BARE = {
    code: parts[0]
    for first, last in _RANGES
    for code in range(first, last)
    if len(parts := unicodedata.normalize("NFD", chr(code))) > 1
} | {ord(letter): plain for letter, plain in _WITHOUT_PARTS.items()}

# Letters for which people write two where they cannot write the one: German, and Nordic.
_PAIRS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae"})
_SHARP_S = "ß"


def bare(text: str) -> str:
    """The text with letters that bear no marks, of the same length."""
    return text if text.isascii() else text.translate(_BARE)


def spellings(words: str) -> tuple[str, ...]:
    """In what bare letters words may be written: without their marks, and with two letters for one."""
    if words.isascii():
        return (words,)
    plain = bare(words)
    return tuple(dict.fromkeys((plain, plain.replace(_SHARP_S, "ss"), bare(words.translate(_PAIRS)))))
