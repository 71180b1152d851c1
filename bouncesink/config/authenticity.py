"""The authenticity of the configuration: what its entries must look like, and how they are taken apart.

Promises: every entry that cannot be read is told, with its key; what ``problems`` passes, the others take. Opens no file.
"""

import re
from collections.abc import Iterator
from ipaddress import ip_address

from bouncesink.config.sections import AuthenticitySection
from bouncesink.core.address import is_domain, parse

DNS_PORT = 53

_KEY_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\._domainkey\.(?P<domain>[a-z0-9.-]+)", re.IGNORECASE)
_NAMESERVER = re.compile(
    r"(?P<v4>[0-9.]+)(?::(?P<port4>\d{1,5}))?|(?P<v6>[0-9a-f:.]+)|\[(?P<held>[0-9a-f:.]+)\]:(?P<port6>\d{1,5})"
)
_FIELD_NAME = re.compile(r"[!-9;-~]*")


def problems(section: AuthenticitySection) -> Iterator[tuple[str, str]]:
    """The key that is wrong, and words, for everything that is wrong."""
    names = []
    for entry in section.dkim_keys:
        name, value = key_entry(entry)
        found = _KEY_NAME.fullmatch(name)
        if found is None or not is_domain(found["domain"]) or not value:
            yield (
                "authenticity.dkim_keys",
                f"{entry[:60]!r} is not SELECTOR._domainkey.DOMAIN=FILE, nor =v=DKIM1; p=... for FILE",
            )
        names.append(name)
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield "authenticity.dkim_keys", f"{name} stands more than once"
    for entry in section.reporters:
        address = parse(entry) if "@" in entry else None
        if str(address) != entry if "@" in entry else not is_domain(entry):
            yield "authenticity.reporters", f"{entry!r} is neither an address nor a domain"
    for entry in section.nameservers:
        try:
            nameserver(entry)
        except ValueError:
            yield (
                "authenticity.nameservers",
                f"{entry!r} is no address of a name server, as in 192.0.2.53 or [2001:db8::53]:5353",
            )
    if not _FIELD_NAME.fullmatch(section.recipient_header):
        yield "authenticity.recipient_header", f"{section.recipient_header!r} is no name of a header field, as in X-Recipient"


def key_entry(entry: str) -> tuple[str, str]:
    """The name of a key, in lower case, and the record or file that holds it."""
    name, _, value = entry.partition("=")
    return name.strip().lower(), value.strip()


def nameserver(text: str) -> tuple[str, int]:
    """Address and port. ValueError where it is neither."""
    found = _NAMESERVER.fullmatch(text.lower())
    if found is None:
        raise ValueError(text)
    port = int(found["port4"] or found["port6"] or DNS_PORT)
    if not 0 < port < 65_536:
        raise ValueError(text)
    return str(ip_address(found["v4"] or found["v6"] or found["held"])), port
