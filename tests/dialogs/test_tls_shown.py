"""Which certificate is shown to whom, and which versions of TLS are spoken."""

import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from doors import Call, OpenDoor
from tls_client import ECDSA, RSA, client_context, offers, start_tls, written_to

from bouncesink.config.sections import TlsSection
from bouncesink.config.words import TlsVersion


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize(
    ("attributes", "ciphers", "kind"),
    [
        ({}, None, ec.EllipticCurvePublicKey),
        ({"maximum_version": ssl.TLSVersion.TLSv1_2}, None, ec.EllipticCurvePublicKey),
        ({"maximum_version": ssl.TLSVersion.TLSv1_2}, "ECDHE-RSA-AES128-GCM-SHA256", rsa.RSAPublicKey),
        (
            {"maximum_version": ssl.TLSVersion.TLSv1_2},
            "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256",
            ec.EllipticCurvePublicKey,
        ),
    ],
    ids=["1.3", "1.2", "RSA alone", "1.2 that prefers RSA"],
)
def test_ecdsa_first(
    open_door: OpenDoor,
    call: Call,
    tmp_path: Path,
    order: tuple[int, int],
    attributes: dict[str, Any],
    ciphers: str | None,
    kind: type[Any],
) -> None:
    """Two certificates: who can is shown the one with the elliptic curve."""
    files = (written_to(tmp_path, "ecdsa", ECDSA), written_to(tmp_path, "rsa", RSA))
    caller = call(open_door(tls=TlsSection(tuple(files[at] for at in order))))
    caller.reply()
    context = client_context(**attributes)
    if ciphers:
        context.set_ciphers(ciphers)
    wire = start_tls(caller, context)
    shown = x509.load_der_x509_certificate(wire.getpeercert(binary_form=True) or b"")
    assert isinstance(shown.public_key(), kind)


@pytest.mark.parametrize(
    ("least", "spoken", "works"),
    [
        (TlsVersion.TLS_1_2, ssl.TLSVersion.TLSv1_2, True),
        (TlsVersion.TLS_1_2, ssl.TLSVersion.TLSv1_1, False),
        (TlsVersion.TLS_1_2, ssl.TLSVersion.TLSv1, False),
        (TlsVersion.TLS_1_1, ssl.TLSVersion.TLSv1_1, True),
        (TlsVersion.TLS_1_1, ssl.TLSVersion.TLSv1, False),
        (TlsVersion.TLS_1_0, ssl.TLSVersion.TLSv1, True),
        (TlsVersion.TLS_1_0, ssl.TLSVersion.TLSv1_3, True),
        (TlsVersion.TLS_1_3, ssl.TLSVersion.TLSv1_2, False),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_versions(
    open_door: OpenDoor, call: Call, tmp_path: Path, least: TlsVersion, spoken: ssl.TLSVersion, works: bool
) -> None:
    section = TlsSection((written_to(tmp_path, "rsa", RSA),), minimum_version=least)
    caller = call(open_door(tls=section))
    caller.reply()
    context = client_context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = spoken
    if works:
        assert start_tls(caller, context).version() == {"TLSv1": "TLSv1"}.get(spoken.name, spoken.name.replace("_", "."))
        deliver_after_ehlo = offers(caller)
        assert b"STARTTLS" not in deliver_after_ehlo
    else:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            start_tls(caller, context)
