"""Any text is an address or none: what is one holds no control character, is read again as it was spelled, and has one key."""

from bouncesink.core.address import (
    MAX_ADDRESSES,
    Address,
    address_key,
    decode_utf8_addr_xtext,
    parse,
    parse_all,
    to_ascii_domain,
)


def check(data: bytes) -> None:
    for text in (data.decode("utf-8", "surrogateescape"), data.decode("latin-1")):
        check_one(text)
        found = parse_all(text)
        assert len(found) <= MAX_ADDRESSES
        for address in found:
            check_address(address)


def check_one(text: str) -> None:
    address = parse(text)
    if address is not None:
        check_address(address)
    key = address_key(text)
    key.encode("utf-8")
    assert "\0" not in key
    decode_utf8_addr_xtext(text)
    domain = to_ascii_domain(text)
    assert domain is None or (domain.isascii() and to_ascii_domain(domain) == domain)


def check_address(address: Address) -> None:
    assert address.local
    spelled = str(address)
    for part in (address.local, address.domain, address.key, spelled):
        part.encode("utf-8")
        assert not any(each < " " or "\x7f" <= each <= "\x9f" for each in part)
    if not is_encoded(address):
        assert parse(spelled) == address, "what is spelled is read again"
    key = address.key
    if not is_encoded(address) and "\\x{" not in key and not key.upper().startswith("IMCEA"):
        assert address_key(key) == key, "the key of a key is that key"


def is_encoded(address: Address) -> bool:
    """Exchange's IMCEA form and the escapes of RFC 6533 are decoded once more whenever they are read."""
    return address.local[:5].upper() == "IMCEA" or "\\x{" in str(address)
