"""Endpoints: what the operator wrote under ``listen`` becomes places to listen at. Pure: nothing is resolved or opened here.

``SCHEMES`` is the table of what may stand in front of the colon; ``listener`` has the front that speaks each. Promises: every
problem at once, each with what was written and the nearest scheme that there is. LMTP on port 25 is refused, as RFC 2033
section 5 wants: a stranger there would take it for SMTP.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bouncesink.core.mail import Via
from bouncesink.core.problems import nearest
from bouncesink.errors import ConfigError

_PLACE = re.compile(r"(?P<host>\[[^\[\]\s]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})/?", re.ASCII)
_NAME = re.compile(r"(?://)?(?P<name>[^\s:/\x00]{1,255})", re.ASCII)
_PATH = re.compile(r"(?://)?(?P<path>/[^\x00]*[^/\x00])")
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9.-]*(?:://|\+[A-Za-z]*:|:(?=/)))")
SMTP_PORT = 25


@dataclass(frozen=True, slots=True)
class Scheme:
    """What one word in front of the colon means: the front that speaks there, and over what."""

    via: Via
    tls: bool = False  # from the first octet on
    unix: bool = False
    folder: bool = False  # nothing listens there: it is watched
    passed: bool = False  # the socket is open already, and was given to us by whoever started us

    @property
    def has_path(self) -> bool:
        return self.unix or self.folder


SCHEMES: dict[str, Scheme] = {
    "smtp": Scheme(Via.SMTP),
    "smtps": Scheme(Via.SMTP, tls=True),
    "lmtp": Scheme(Via.LMTP),
    "lmtp+unix": Scheme(Via.LMTP, unix=True),
    "milter": Scheme(Via.MILTER),
    "milter+unix": Scheme(Via.MILTER, unix=True),
    "maildir": Scheme(Via.FILE, folder=True),
}
PASSED = "+systemd"
SCHEMES |= {f"{name}{PASSED}": replace(one, passed=True) for name, one in SCHEMES.items() if not one.has_path}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place to listen at. ``host`` is without brackets; of a Unix socket or a folder there is ``path`` alone, of a socket
    that is passed to us its ``name``.
    """

    scheme: str
    host: str = ""
    port: int = 0
    path: str = ""
    name: str = ""

    @property
    def via(self) -> Via:
        return SCHEMES[self.scheme].via

    @property
    def tls(self) -> bool:
        """Whether TLS is spoken from the first octet on."""
        return SCHEMES[self.scheme].tls

    def __str__(self) -> str:
        """As ``listen`` has it. SMTP, which needs no scheme, is a bare HOST:PORT."""
        if self.path or self.name:
            return f"{self.scheme}:{self.path or self.name}"
        place = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        return place if self.scheme == "smtp" else f"{self.scheme}://{place}"


def reachable(host: str) -> str:
    """Where a server that listens at ``host`` is reached from this machine: at every address means at loopback too."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not listened on


def parse_endpoints(listen: Sequence[str]) -> tuple[Endpoint, ...]:
    """What the configuration's ``listen`` means. Raises ConfigError with every problem."""
    found = [_parse(text) for text in listen]
    problems = tuple(one for one in found if isinstance(one, str)) or (() if found else (f"listen: empty; give {_forms()}",))
    if problems:
        raise ConfigError(problems)
    return tuple(one for one in found if isinstance(one, Endpoint))


def _parse(text: str) -> Endpoint | str:
    match = _SCHEME.match(text.strip())
    name = match["scheme"].rstrip(":/").lower() if match else "smtp"
    scheme = SCHEMES.get(name)
    if scheme is None:
        return f'listen: "{text}" asks for "{name}"; known: {", ".join(SCHEMES)}{nearest(name, SCHEMES)}'
    rest = text.strip()[match.end() if match else 0 :]
    if scheme.passed:
        return _parse_name(text, name, rest)
    return _parse_path(text, name, rest) if scheme.has_path else _parse_place(text, name, rest)


def _parse_path(text: str, name: str, rest: str) -> Endpoint | str:
    match = _PATH.fullmatch(rest)
    if match is None:
        folder = SCHEMES[name].folder
        example = "/var/mail/bounces" if folder else f"/run/bouncesink/{SCHEMES[name].via}.sock"
        what = "folder" if folder else "socket"
        return f'listen: "{text}" names no {what}: give its path from the root on, as in {name}:{example}'
    return Endpoint(name, path="/" + match["path"].lstrip("/"))


def _parse_name(text: str, name: str, rest: str) -> Endpoint | str:
    match = _NAME.fullmatch(rest)
    if match is None:
        return f'listen: "{text}" names no socket: give its FileDescriptorName or its unit, as in {name}:bouncesink.socket'
    return Endpoint(name, name=match["name"])


def _parse_place(text: str, name: str, rest: str) -> Endpoint | str:
    match = _PLACE.fullmatch(rest)
    if match is None:
        return f'listen: "{text}" is not {_forms()}'
    port = int(match["port"])
    if port > 65_535:
        return f'listen: "{text}" has no port between 0 and 65535'
    if port == SMTP_PORT and SCHEMES[name].via is Via.LMTP:
        return f'listen: "{text}" would speak LMTP where SMTP is spoken (RFC 2033 section 5): choose another port than 25'
    return Endpoint(name, match["host"].strip("[]"), port)


def _forms() -> str:
    over_tcp = [f"{name}://HOST:PORT" for name, scheme in SCHEMES.items() if not scheme.has_path and not scheme.passed]
    of_paths = [f"{name}:/PATH" for name, scheme in SCHEMES.items() if scheme.has_path]
    return f"HOST:PORT, [IPV6]:PORT, {', '.join(over_tcp)}, {', '.join(of_paths)} or smtp{PASSED}:NAME and its like"
