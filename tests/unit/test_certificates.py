"""Certificates: what is told of files that do not hold, and how changed ones are taken up while the server runs."""

import asyncio
import io
import json
import pickle
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, load_pem_private_key

from bouncesink.config.checks import check
from bouncesink.config.sections import Config, ListenerSection, LogSection, TlsSection
from bouncesink.errors import ConfigError
from bouncesink.fronts.certificates import Certificates, read_certificates
from bouncesink.observe import log

ROUND = 0.02
AUTHORITY = trustme.CA()
ONE = AUTHORITY.issue_cert("mx.example", "mx2.example")
OTHER = AUTHORITY.issue_cert("other.example")
RSA = AUTHORITY.issue_cert("mx.example", key_type=trustme.KeyType.RSA)
EXPIRED = AUTHORITY.issue_cert("old.example", not_after=datetime.now(UTC) - timedelta(days=1))


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    log.configure(LogSection(), stream)
    yield stream
    log._Current.logger = None


def events(written: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


class Files:
    """A certificate and its key, in two files that can be written anew."""

    def __init__(self, folder: Path, name: str = "mx") -> None:
        self.certificate, self.key = folder / f"{name}.crt", folder / f"{name}.key"

    def write(self, certificate: trustme.LeafCert, key: trustme.LeafCert | None = None) -> "Files":
        for path, content in (
            (self.key, (key or certificate).private_key_pem.bytes()),
            (self.certificate, b"".join(each.bytes() for each in certificate.cert_chain_pems)),
        ):
            fresh = path.with_suffix(".new")
            fresh.write_bytes(content)
            fresh.replace(path)
        return self


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path).write(ONE)


@pytest.fixture
def section(files: Files) -> TlsSection:
    return TlsSection((files.certificate,), (files.key,))


def shown_by(context: ssl.SSLContext) -> tuple[str, ...]:
    """The names of what a client is shown, by a handshake in memory."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    AUTHORITY.configure_trust(client)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(to_server, to_client, server_side=True)
    caller = client.wrap_bio(to_client, to_server)
    for _ in range(3):
        for side in (caller, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    certificate = caller.getpeercert()
    assert certificate
    return tuple(value for _, value in certificate["subjectAltName"])


def test_what_is_shown_and_what_is_known_of_it(section: TlsSection) -> None:
    shown = read_certificates(section)
    assert shown_by(shown.context) == ("mx.example", "mx2.example")
    (one,) = shown.certificates
    assert (one.path, one.names, one.kind) == (section.certificate_files[0], ("mx.example", "mx2.example"), "ECDSA")
    assert one.not_after > datetime.now(UTC)


def problems_of(section: TlsSection) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read_certificates(section)
    return caught.value.problems


def test_every_problem_is_told_at_once(tmp_path: Path, files: Files) -> None:
    files.write(ONE, key=OTHER)
    empty, absent = tmp_path / "empty.pem", tmp_path / "absent.pem"
    empty.write_text("nothing")
    section = TlsSection((files.certificate, empty, absent), (files.key, files.key, absent))
    assert problems_of(section) == (
        f"tls.key_files: {files.key}: is not the key of {files.certificate}",
        f"tls.certificate_files: {empty}: is no certificate in PEM",
        f"tls.certificate_files: {absent}: cannot be read: No such file or directory",
        f"tls.key_files: {absent}: cannot be read: No such file or directory",
    )


def test_a_key_with_a_password_is_told(files: Files, section: TlsSection) -> None:
    key = load_pem_private_key(ONE.private_key_pem.bytes(), None)
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    assert problems_of(section) == (f"tls.key_files: {files.key}: is no private key in PEM without a password",)


def test_two_of_a_kind_are_told(tmp_path: Path, files: Files, section: TlsSection) -> None:
    more = Files(tmp_path, "more").write(OTHER)
    section = TlsSection((files.certificate, more.certificate), (files.key, more.key))
    (problem,) = problems_of(section)
    assert problem.startswith(f"tls.certificate_files: {more.certificate}: there is one with a key of the same kind")


def test_what_openssl_alone_refuses_is_told(files: Files, section: TlsSection) -> None:
    files.certificate.write_bytes(
        files.certificate.read_bytes() + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    )
    (problem,) = problems_of(section)
    assert problem.startswith(f"tls.certificate_files: {files.certificate}: OpenSSL will not have it: ")


def test_two_kinds_stand_beside_each_other(tmp_path: Path, files: Files) -> None:
    more = Files(tmp_path, "rsa").write(RSA)
    shown = read_certificates(TlsSection((more.certificate, files.certificate), (more.key, files.key)))
    assert [one.kind for one in shown.certificates] == ["RSA", "ECDSA"]


def test_an_odd_number_of_keys_and_permissions_that_are_none() -> None:
    tls = TlsSection((Path("a"), Path("b")), (Path("a"),))
    config = Config(tls=tls, listener=ListenerSection(socket_mode="rw"))
    problems = dict(check(config))
    assert problems["tls.key_files"] == "names 1 files and tls.certificate_files 2: they go in pairs"
    assert problems["listener.socket_mode"] == "'rw' are no permissions: write them in octal, as in 0660"


async def until(condition) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what is waited for is nothing that could set an event
            await asyncio.sleep(0.005)


async def test_a_changed_one_is_shown_to_who_comes_next(files: Files, section: TlsSection, written: io.StringIO) -> None:
    certificates = Certificates(section)
    before = certificates.now.context
    async with certificates.running(ROUND):
        files.write(OTHER)
        await until(lambda: certificates.now.context is not before)
    assert shown_by(certificates.now.context) == ("other.example",)
    assert shown_by(before) == ("mx.example", "mx2.example")
    assert [(event["event"], event["level"], event["names"]) for event in events(written)] == [
        ("tls.loaded", "info", ["mx.example", "mx2.example"]),
        ("tls.loaded", "info", ["other.example"]),
    ]


async def test_a_bad_one_is_refused_once_and_the_old_one_stays(files: Files, section: TlsSection, written: io.StringIO) -> None:
    certificates = Certificates(section)
    before = certificates.now
    async with certificates.running(ROUND):
        files.write(ONE, key=OTHER)
        await until(lambda: len(events(written)) > 1)
        await asyncio.sleep(10 * ROUND)
        assert certificates.now is before
        assert [event["event"] for event in events(written)] == ["tls.loaded", "tls.refused"]
        assert events(written)[1]["problems"] == [f"tls.key_files: {files.key}: is not the key of {files.certificate}"]
        files.write(OTHER)
        await until(lambda: certificates.now is not before)
    assert shown_by(certificates.now.context) == ("other.example",)


async def test_it_looks_at_once_when_told_to(section: TlsSection, written: io.StringIO) -> None:
    certificates = Certificates(section)
    before = certificates.now
    async with certificates.running(3_600):
        certificates.look_now()
        await until(lambda: certificates.now is not before)


async def test_an_expired_one_is_shown_and_warned_of(tmp_path: Path, written: io.StringIO) -> None:
    files = Files(tmp_path).write(EXPIRED)
    certificates = Certificates(TlsSection((files.certificate,), (files.key,)))
    async with certificates.running(ROUND):
        pass
    (event,) = events(written)
    assert (event["event"], event["level"], event["names"]) == ("tls.loaded", "warning", ["old.example"])


async def test_what_is_in_force_is_shown_by_another_process_whatever_the_files_hold(
    files: Files, section: TlsSection, written: io.StringIO
) -> None:
    in_force = pickle.loads(pickle.dumps(Certificates(section).in_force))
    files.write(ONE, OTHER)
    with pytest.raises(ConfigError):
        Certificates(section)
    certificates = Certificates(section, in_force)
    assert shown_by(certificates.now.context) == ("mx.example", "mx2.example")
    async with certificates.running(ROUND):
        await until(lambda: [event["event"] for event in events(written)] == ["tls.loaded", "tls.refused"])
        files.write(OTHER)
        await until(lambda: shown_by(certificates.now.context) == ("other.example",))
    assert b"PRIVATE" not in repr(in_force).encode(), "a key is in no log"


def test_what_was_given_is_tried_as_files_are(files: Files, section: TlsSection) -> None:
    given = {files.certificate: files.certificate.read_bytes(), files.key: b"no key"}
    with pytest.raises(ConfigError, match="is no private key"):
        read_certificates(section, given)
