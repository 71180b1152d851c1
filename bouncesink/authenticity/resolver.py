"""Resolver: TXT records (RFC 1035 section 3.3.14) by dnspython, cached, in bounded time.

Promises: no answer, a wrong answer and a late one are all "no record", with words for why. Asked only for keys of reporters
that the operator trusts, so that no stranger chooses what we look up.
"""

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from bouncesink.config.authenticity import nameserver
from bouncesink.errors import ConfigError

CACHED_NAMES = 1_000


class Resolver:
    """``nameservers`` are ADDRESS or ADDRESS:PORT (an IPv6 one in brackets before its port); none: what this machine asks."""

    def __init__(self, nameservers: tuple[str, ...], seconds: float) -> None:
        try:
            self._resolver = dns.asyncresolver.Resolver(configure=not nameservers)
        except dns.resolver.NoResolverConfiguration:
            words = "this machine names none in its resolv.conf: give one, or leave reporters empty"
            raise ConfigError((f"authenticity.nameservers: {words}",)) from None
        self._resolver.cache = dns.resolver.LRUCache(CACHED_NAMES)
        self._resolver.lifetime = seconds
        if nameservers:
            places = [nameserver(each) for each in nameservers]
            self._resolver.nameservers = [address for address, _ in places]
            self._resolver.nameserver_ports = dict(places)

    async def text(self, name: str) -> tuple[bytes, str]:
        """The record at ``name``, or b"" and why there is none."""
        try:
            answer = await self._resolver.resolve(dns.name.from_text(name), dns.rdatatype.TXT, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return b"", "there is no such key"
        except dns.exception.Timeout:
            return b"", "DNS gave no answer in time"
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return b"", f"DNS gave no answer ({type(error).__name__})"
        return b"".join(next(iter(answer)).strings), ""
