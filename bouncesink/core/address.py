"""Addresses as other people write them: RFC 5321 section 4.1.2, RFC 5322 section 3.4, RFC 3464 section 2.3, RFC 6533.

Reports name recipients in every dress: angle brackets, display names, type prefixes (once or twice), source routes, quotes,
comments, Exchange's IMCEA encapsulation, raw 8-bit bytes, no domain at all. ``parse`` takes the address out of its dress and
keeps its spelling; ``Address.key`` is the one key under which its standing is kept. Promises: total on any string (surrogate
escapes too), bounded, every pattern linear up to those bounds, and nothing it returns holds a surrogate or a control
character. Knows nothing of VERP.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

import idna

from bouncesink.core.value import value

MAX_TEXT = 2_048  # a path is at most 256 octets (RFC 5321 section 4.5.3.1.3); the rest is dress
MAX_LIST = 65_536
# More quotes, parentheses or "@" than this are no dress of one address; looking for one in them takes quadratic time.
_CROWD = 16
_CROWD_CUT = 320  # local part and domain at their longest (RFC 5321 section 4.5.3.1)
MAX_ADDRESSES = 1_000

# An atom may hold anything but the specials of RFC 5322 section 3.2.3; dots may stand anywhere, since mailboxes with ".." and
# a trailing "." exist. "@" may: the last one of a word splits it.
_ATOM = r"[^\s\"<>(),;:@\[\]\\\x00-\x1f\x7f-\x9f]"
_PLAIN = re.compile(r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+)@([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)")
_ADDR_SPEC = re.compile(
    rf"(?<!{_ATOM})(?<!@)(?!@)(?P<local>(?:\"(?:[^\"\\]|\\.)*+\"|{_ATOM}|@){{1,1000}}) ?@ ?"
    r"(?P<domain>\[[^\[\]\s@\"<>]{1,80}\]|\w[\w.-]*)"
)
_ALONE = re.compile(rf"(\"(?:[^\"\\]|\\.)*+\"|{_ATOM}++)@([^@]++)")
_BARE = re.compile(rf"{_ATOM}+")
_ANGLE = re.compile(r"<((?:\"(?:[^\"\\]|\\.)*+\"|[^<>\"])*)")
_QUOTED_STRING = re.compile(r"\"((?:[^\"\\]|\\.)*+)\"")
_QUOTED_PAIR = re.compile(r"\\(.)")
_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)")
_SPACE = re.compile(r"\s+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_EMBEDDED = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_DOMAIN = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_IMCEA = re.compile(r"IMCEA[A-Z0-9]*-(.+)", re.IGNORECASE)
_IMCEA_OCTET = re.compile(r"\+([0-9A-Fa-f]{2})")
_IMCEA_SMTP = re.compile(r"(?:^|[/=:;-])([^/=:;@]+@[^/@]+)$")


@value
class Address:
    """``local`` is without quotes; ``domain`` is as spelled, "" where a bare local part was all that was said."""

    local: str
    domain: str

    @property
    def key(self) -> str:
        """Local part case-folded, domain as a lower-case A-label: one mailbox, one key, however it is spelled."""
        local = _quoted(self.local.casefold())
        if not self.domain:
            return local
        return f"{local}@{to_ascii_domain(self.domain) or self.domain.casefold()}"

    def __str__(self) -> str:
        return f"{_quoted(self.local)}@{self.domain}" if self.domain else _quoted(self.local)


def parse(text: str) -> Address | None:
    """The first address that ``text`` names, in angle brackets if any are; None where there is none, or over MAX_TEXT."""
    if len(text) > MAX_TEXT:
        return None
    plain = _PLAIN.fullmatch(text)
    if plain is not None and text[:5].upper() != "IMCEA":
        return Address(plain[1], plain[2])
    cleaned = _clean(text)
    if _CONTROL.search(cleaned):
        return None
    if "<" in cleaned and not _ADDR_SPEC.fullmatch(cleaned):  # a quoted local part may hold one
        cleaned = _inside_angles(cleaned)
    return _addr_spec(_without_comments(cleaned)) or _addr_spec(cleaned) or _bare(cleaned)


def is_alone(text: str) -> bool:
    """Whether ``text`` is one address and nothing beside it, in angle brackets or not: strict, for lists of our own.

    A name, a column of a table, ``mailto:``, an octet that is no UTF-8 or a mark that nobody sees makes it none.
    """
    bare = text[1:-1] if text[:1] == "<" and text[-1:] == ">" else text
    found = _ALONE.fullmatch(bare) if bare.isprintable() and "\ufffd" not in bare else None
    return found is not None and is_domain(found[2])


def spelled(text: str) -> str:
    """The address that ``text`` names, as one writes it; "" where it names none with a domain."""
    if len(text) <= MAX_TEXT and _PLAIN.fullmatch(text) is not None and text[:5].upper() != "IMCEA":
        return text
    address = parse(text)
    return str(address) if address is not None and address.domain else ""


def parse_all(text: str) -> tuple[Address, ...]:
    """Every address of a header that lists them, by commas or (after an address) semicolons; bounded by MAX_ADDRESSES."""
    found: list[Address] = []
    for piece in _pieces(text[:MAX_LIST]) if "," in text or ";" in text else (text[:MAX_LIST],):
        address = parse(piece)
        if address is not None:
            found.append(address)
            if len(found) == MAX_ADDRESSES:
                break
    return tuple(found)


def address_key(text: str) -> str:
    """The key under which a recipient's standing is kept. Total: what is no address is its own key, cleaned and cut."""
    return _key_often(text) if len(text) <= _CROWD_CUT else _key(text)


def _key(text: str) -> str:
    address = parse(text)
    if address is not None:
        return address.key
    return _CONTROL.sub("", _clean(text[:MAX_TEXT])).casefold()


_key_often = lru_cache(maxsize=1024)(_key)  # every mail's is asked for more than once on its way


def is_domain(text: str) -> bool:
    """Whether mail can be addressed to it: a host name, in U-labels too, or an address literal."""
    return to_ascii_domain(text) is not None


def to_ascii_domain(text: str) -> str | None:
    """``text`` as a lower-case A-label or address literal (RFC 5321 section 4.1.3), None where it is neither.

    Underscores are let through, as hosts have them; a last label of digits alone is no domain (RFC 3696 section 2).
    """
    text = text.removesuffix(".")
    if not 0 < len(text) <= 253:
        return None
    if text[0] == "[":
        return _literal(text)
    if not text.isascii():
        try:
            text = idna.encode(text, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return None
    text = text.lower()
    if not _DOMAIN.fullmatch(text) or len(text) > 253 or text[text.rfind(".") + 1 :].isdigit():
        return None
    return text


def decode_utf8_addr_xtext(text: str) -> str:
    r"""RFC 6533 section 3: each ``\x{HEX}`` becomes its character. What is no character of Unicode is left as it stands."""
    return _EMBEDDED.sub(_embedded, text)


def without_surrogates(text: str) -> str:
    """Raw 8-bit bytes (surrogate escapes) read as UTF-8, else as Latin-1; a surrogate that is no byte becomes U+FFFD."""
    if text.isascii() or not any(map(_is_surrogate, text)):
        return text
    text = "".join("\ufffd" if _is_surrogate(each) and not "\udc80" <= each <= "\udcff" else each for each in text)
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeDecodeError:
        return "".join(chr(ord(each) & 0xFF) if _is_surrogate(each) else each for each in text)


def _embedded(match: re.Match[str]) -> str:
    point = int(match[1], 16)
    if point > 0x10FFFF or 0xD800 <= point <= 0xDFFF or point < 0x20:
        return match[0]
    return chr(point)


def _clean(text: str) -> str:
    r"""Unfolded, ``\x{HEX}`` decoded, no surrogates, no crowds of quotes or parentheses."""
    text = _SPACE.sub(" ", decode_utf8_addr_xtext(without_surrogates(text))).strip(" \x00")
    for crowding in '"(':
        if text.count(crowding) > _CROWD:
            text = text.replace(crowding, "")
    # What is cut leaves room for the quotes that it may have to be spelled in, so that it is not cut again.
    return text[: _CROWD_CUT - 2] if len(text) > _CROWD_CUT and text.count("@") > _CROWD else text


def _is_surrogate(each: str) -> bool:
    return "\ud800" <= each <= "\udfff"


def _inside_angles(text: str) -> str:
    inside = [match[1] for match in _ANGLE.finditer(text)]
    named = next((each for each in inside if "@" in each), None)
    if named is None and "@" not in text:
        named = next((each for each in inside if each.strip()), "")
    return text if named is None else named


def _without_comments(text: str) -> str:
    """RFC 5322 section 3.2.2; nested ones from the inside out, to a bound. A quoted local part keeps its parentheses."""
    if '"' in text:
        return text
    for _ in range(4):
        shorter = _COMMENT.sub("", text)
        if shorter == text:
            break
        text = shorter
    return text


def _addr_spec(text: str) -> Address | None:
    match = _ADDR_SPEC.search(text) if "@" in text else None
    if match is None:
        return None
    local = _QUOTED_STRING.sub(lambda quoted: _QUOTED_PAIR.sub(r"\1", quoted[1]), match["local"])
    domain = match["domain"].rstrip(".-")
    if local.startswith("'") and text[match.end() : match.end() + 1] == "'":
        local = local[1:]  # Outlook sets the whole address in single quotes
    if not local or _CONTROL.search(local):
        return None
    return _decapsulated(local) or Address(local, domain)


def _bare(text: str) -> Address | None:
    """A lone local part, after any type prefix. Words in a row are a display name, which is nobody's address."""
    word = text[text.rfind(";") + 1 :].strip(" .,:\"'").rstrip("@")
    return Address(word, "") if _BARE.fullmatch(word) else None


def _decapsulated(local: str) -> Address | None:
    """Exchange's IMCEA form of a foreign address ("_" for "/", "+XX" for an octet), where that holds an SMTP address."""
    match = _IMCEA.fullmatch(local)
    if match is None:
        return None
    inner = _IMCEA_OCTET.sub(lambda octet: chr(int(octet[1], 16)), match[1].replace("_", "/"))
    smtp = _IMCEA_SMTP.search(inner)
    plain = _PLAIN.fullmatch(smtp[1]) if smtp else None
    return Address(plain[1], plain[2]) if plain else None


def _literal(text: str) -> str | None:
    inner = text[1:-1].lower()
    if text[-1] != "]":
        return None
    try:
        if inner.startswith("ipv6:"):
            return f"[ipv6:{IPv6Address(inner[5:])}]"
        return f"[{IPv4Address(inner)}]"
    except AddressValueError:
        return None


def _quoted(local: str) -> str:
    if _BARE.fullmatch(local):
        return local
    escaped = local.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _pieces(text: str) -> Iterator[str]:
    """Cut at commas outside quotes, angle brackets and comments; a source route's commas do not cut."""
    start, quoted, depth = 0, False, 0
    for place, each in enumerate(text):
        if each == '"' and text[place - 1 : place] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif each in "<(":
            depth += 1
        elif each in ">)":
            depth = max(0, depth - 1)
        elif each in ",;" and depth == 0 and not _open_route(piece := text[start:place]):
            if each == ";" and "@" not in piece:
                continue
            yield piece
            start = place + 1
    yield text[start:]


def _open_route(piece: str) -> bool:
    return piece.lstrip().startswith("@") and ":" not in piece
