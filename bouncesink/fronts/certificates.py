"""Certificates: the files under ``tls`` become what TLS is spoken with, and are read anew while the server runs.

Several may stand beside each other, one for each kind of key; peers that can are shown the one with the elliptic curve, which
costs us a tenth. Promises: what does not hold is told with every problem at once, with the file and what to do, at the start as
a ConfigError and later in the log, while the old ones go on being shown; a session keeps what it began with. An expired one is
shown all the same: who sends a bounce seldom looks, and no TLS would be no better.

Knows no protocol and no socket.
"""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bouncesink.config.sections import TlsSection
from bouncesink.config.words import TlsVersion
from bouncesink.errors import ConfigError
from bouncesink.filewatch import ROUND_SECONDS, FileWatch, Marks, mark_of
from bouncesink.observe import log

_VERSIONS = {
    TlsVersion.TLS_1_0: ssl.TLSVersion.TLSv1,
    TlsVersion.TLS_1_1: ssl.TLSVersion.TLSv1_1,
    TlsVersion.TLS_1_2: ssl.TLSVersion.TLSv1_2,
    TlsVersion.TLS_1_3: ssl.TLSVersion.TLSv1_3,
}
# What OpenSSL takes for too weak since it has levels: SHA-1 signatures, which TLS 1.0 and 1.1 cannot do without.
_OLD_CIPHERS = "DEFAULT:@SECLEVEL=0"


@dataclass(frozen=True, slots=True)
class Certificate:
    """One that is shown. ``names`` are those it is for, ``kind`` that of its key, ``not_after`` is aware, in UTC."""

    path: Path
    names: tuple[str, ...]
    kind: str
    not_after: datetime


Files = Mapping[Path, bytes]


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown to those who ask from now on; ``files`` are those that it was made of."""

    context: ssl.SSLContext
    certificates: tuple[Certificate, ...]
    files: Files = field(repr=False)


@dataclass(frozen=True, slots=True)
class InForce:
    """What the certificates that are shown were made of, and the marks of their files when those were looked at last: for
    another process, which then shows the same, whatever has become of the files.
    """

    files: Files = field(repr=False)
    marks: Marks | None


class Certificates:
    """``now`` is what is shown; ``running`` keeps it up to date."""

    def __init__(self, section: TlsSection, in_force: InForce | None = None) -> None:
        """Reads the files, or takes those that are ``in_force`` already. Raises ConfigError with every problem."""
        self._section = section
        paths = dict.fromkeys((*section.certificate_files, *section.key_files))
        self._watch = FileWatch("certificates", lambda: tuple(mark_of(path) for path in paths))
        if in_force is not None:
            self._watch.read_before(in_force.marks)
        self.now = read_certificates(section, in_force.files if in_force else None)

    @property
    def in_force(self) -> InForce:
        return InForce(self.now.files, self._watch.tried)

    def look_now(self) -> None:
        """Read the files at once, whether or not they have changed."""
        self._watch.look_now()

    @asynccontextmanager
    async def running(self, seconds: float = ROUND_SECONDS) -> AsyncIterator[None]:
        """Take up changed files while the context is open."""
        _tell(self.now)
        async with self._watch.running(self._reload, seconds):
            yield

    async def _reload(self) -> None:
        try:
            shown = await asyncio.to_thread(read_certificates, self._section)
        except ConfigError as error:
            log.tls_refused(problems=error.problems)
            return
        self.now = shown
        _tell(shown)


def read_certificates(section: TlsSection, given: Files | None = None) -> Shown:
    """Whatever ``section`` names, tried as a whole; ``given`` is what stands in those files. ConfigError with every problem."""
    problems: list[str] = []
    files = dict(given or {})
    found = [one for pair in _pairs(section) if (one := _read_pair(*pair, files, problems)) is not None]
    kinds = [one.kind for one in found]
    for number, one in enumerate(found):
        if one.kind in kinds[:number]:
            problems.append(f"tls.certificate_files: {one.path}: there is one with a key of the same kind ({one.kind}) already")
    context = _new_context(section)
    for certificate, key in _pairs(section):
        if not problems and given is None:
            _load(context, certificate, certificate, key, problems)
        elif not problems:
            with _as_file(files[certificate]) as certificate_file, _as_file(files[key]) as key_file:
                _load(context, certificate, certificate_file, key_file, problems)
    if problems:
        raise ConfigError(tuple(problems))
    return Shown(context, tuple(found), files)


@contextmanager
def _as_file(octets: bytes) -> Iterator[Path]:
    """OpenSSL takes names of files alone. This one lies in memory, and nobody else can open it."""
    descriptor = os.memfd_create("bouncesink", os.MFD_CLOEXEC)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
        file.write(octets)
        file.flush()
        yield Path(f"/proc/self/fd/{descriptor}")


def _pairs(section: TlsSection) -> Iterator[tuple[Path, Path]]:
    keys = section.key_files or section.certificate_files  # the key may be in the same file
    return zip(section.certificate_files, keys, strict=True)


def _new_context(section: TlsSection) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if section.minimum_version in {TlsVersion.TLS_1_0, TlsVersion.TLS_1_1}:
        context.set_ciphers(_OLD_CIPHERS)
    context.minimum_version = _VERSIONS[section.minimum_version]
    # Our order of ciphers and signatures is the one that counts, and ECDSA stands first in it.
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_RENEGOTIATION
    return context


def _load(context: ssl.SSLContext, name: Path, certificate: Path, key: Path, problems: list[str]) -> None:
    try:
        # A password would be asked for on the terminal: no file of ours has one, _read_pair has seen to that.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error)
        problems.append(f"tls.certificate_files: {name}: OpenSSL will not have it: {reason}")


def _read_pair(certificate: Path, key: Path, files: dict[Path, bytes], problems: list[str]) -> Certificate | None:
    """``files`` are what was read already, and get what is read."""
    from cryptography import x509  # noqa: PLC0415 - costs tens of milliseconds, and most servers and commands need no TLS
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - as above

    before = len(problems)
    named, complaint = "tls.certificate_files", "is no certificate in PEM"
    leaf = _parse(certificate, files, x509.load_pem_x509_certificate, (named, complaint), problems)
    named, complaint = "tls.key_files", "is no private key in PEM without a password"
    private = _parse(key, files, lambda data: load_pem_private_key(data, None), (named, complaint), problems)
    if len(problems) > before:
        return None
    if private.public_key() != leaf.public_key():
        problems.append(f"tls.key_files: {key}: is not the key of {certificate}")
        return None
    return Certificate(certificate, _names(leaf), _kind(private), leaf.not_valid_after_utc)


def _parse(path: Path, files: dict[Path, bytes], parse: Any, words: tuple[str, str], problems: list[str]) -> Any:
    setting, complaint = words
    try:
        if path not in files:
            files[path] = path.read_bytes()
        return parse(files[path])
    except OSError as error:
        problems.append(f"{setting}: {path}: cannot be read: {error.strerror}")
    except (ValueError, TypeError):  # TypeError: it has a password
        problems.append(f"{setting}: {path}: {complaint}")
    return None


def _kind(private: Any) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415 - see _read_pair

    known = {rsa.RSAPrivateKey: "RSA", ec.EllipticCurvePrivateKey: "ECDSA"}
    return next((name for kind, name in known.items() if isinstance(private, kind)), type(private).__name__)


def _names(leaf: Any) -> tuple[str, ...]:
    from cryptography import x509  # noqa: PLC0415 - see _read_pair

    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(found.get_values_for_type(x509.DNSName))


def _tell(shown: Shown) -> None:
    for one in shown.certificates:
        expired = one.not_after <= datetime.now(UTC)
        log.tls_loaded(certificate=one.path, names=one.names, kind=one.kind, not_after=one.not_after, expired=expired)


def expiries(certificates: Certificates | None) -> Mapping[str, datetime]:
    """When each certificate that is shown now expires, by its file."""
    return {str(one.path): one.not_after for one in (certificates.now.certificates if certificates else ())}


def certificates_of(section: TlsSection, in_force: InForce | None = None) -> Certificates | None:
    """None where there are none."""
    return Certificates(section, in_force) if section.certificate_files else None
