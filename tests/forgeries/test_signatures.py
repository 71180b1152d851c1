"""Signatures as they come back: real keys, real signatures, what mail systems do to headers on the way, and what forgers do."""

from datetime import UTC, datetime, timedelta

import pytest
from forger import LOOP, OURS, REPORTER, Signing, World, arf, changed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bouncesink.authenticity.ownkeys import load_own_keys
from bouncesink.authenticity.signatures import MOST_SIGNATURES, Signer, key_names, own_signature, signers
from bouncesink.core.verp.keyring import Key, Keyring
from bouncesink.errors import ConfigError

NAME = f"s1._domainkey.{OURS}"
JANE = "jane@example.net"


@pytest.fixture(name="world", scope="module")
def _world(tmp_path_factory) -> World:
    folder = tmp_path_factory.mktemp("keys")
    keys = [Signing.make(folder, name) for name in ("ours", "loop", "stranger")]
    return World(Keyring((Key(1, b"a secret for these tests alone!!"),)), *keys)


@pytest.fixture(name="keys", scope="module")
def _keys(world: World):
    return load_own_keys((f"{NAME}={world.ours.record}",))


def headers_of(mail: bytes) -> bytes:
    return mail.partition(b"\r\n\r\n")[0] + b"\r\n"


def outlook(headers: bytes) -> bytes:
    """Line ends of its own, trace on top, folds unfolded."""
    return b"Received: from a by b\n\twith SMTP\n" + headers.replace(b"\r\n", b"\n").replace(b"\n ", b" ")


CHANGES = {
    "as it was": lambda headers: headers,
    "line feeds alone": lambda headers: headers.replace(b"\r\n", b"\n"),
    "two carriage returns": lambda headers: headers.replace(b"\r\n", b"\r\r\n"),
    "trace on top": lambda headers: b"Return-Path: <b@b.example>\r\nReceived: from a by b;\r\n\tSat\r\n" + headers,
    "outlook": outlook,
    "an mbox's line on top": lambda headers: b"From MAILER-DAEMON Sat Nov 28 01:00:00 2026\r\n" + headers,
    "blank line inside": lambda headers: headers.replace(b"\r\nSubject", b"\r\n\r\nSubject"),
    "a folded line first": lambda headers: b" lost\r\n" + headers,
    "cut at the end": lambda headers: headers + b"X-Cut: here and no fur",
    "signature of somebody else above": lambda headers: b"DKIM-Signature: v=1; d=x.example\r\n" + headers,
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_headers_that_went_through_other_systems_still_prove(world, keys, change):
    own, notes = own_signature(CHANGES[change](headers_of(world.original(JANE))), keys, "")
    assert notes == ()
    assert own is not None
    assert (own.name, own.recipients, own.signed_on) == (NAME, (JANE,), datetime.now(UTC).date())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"jane@", b"john@"),
        (b"Subject: News", b"Subject: Olds"),
        (b"Date: ", b"Date: Mon, "),
        (b"From: News", b"From: x@x.example\r\nFrom: News"),
        (b"d=b.example", b"d=c.example"),
        (b"c=relaxed/relaxed", b"c=simple/simple"),
        (b" a=rsa-sha256", b" a=rsa-sha1"),
        (b" bh=", b" bh=A"),
        (b"v=1; ", b"v=2; "),
        (b"v=1; ", b""),
        (b"h=from", b"h=fro"),
    ],
)
def test_headers_that_were_altered_prove_nothing(world, keys, old, new):
    own, _ = own_signature(changed(headers_of(world.original(JANE)), old, new), keys, "")
    assert own is None


def test_a_key_that_is_not_ours_is_not_looked_at(world, keys):
    assert own_signature(headers_of(world.original(JANE, domain="x.example")), keys, "") == (None, ())
    assert own_signature(b"", keys, "") == (None, ())
    assert own_signature(b"DKIM-Signature: \r\n", keys, "") == (None, ())


def test_a_signature_that_does_not_hold_is_named_once(world, keys):
    headers = changed(headers_of(world.original(JANE)), b"jane@", b"john@")
    other = world.original("other@example.net")
    signature = other[: other.index(b"From:")]
    assert own_signature(signature + headers, keys, "") == (
        None,
        (f"our signature {NAME} does not hold on the returned headers",),
    )
    assert own_signature(signature * MOST_SIGNATURES + headers_of(world.original(JANE)), keys, "")[0] is None, "bounded"


@pytest.mark.parametrize(
    ("to", "extra", "header", "named"),
    [
        (f"Jane <{JANE}>", "", "", (JANE,)),
        (f"{JANE}, john@example.net", "", "", (JANE, "john@example.net")),
        (JANE, "Cc: john@example.net\r\n", "", (JANE, "john@example.net")),
        (JANE, f"Cc: {JANE}\r\n", "", (JANE,)),
        ("list@b.example", f"X-Recipient: {JANE}\r\n", "X-Recipient", (JANE,)),
        ("list@b.example", f"X-Recipient: {JANE}\r\n", "", ("list@b.example",)),
        (JANE, "", "X-Recipient", (JANE,)),
        ("undisclosed-recipients:;", "", "", ()),
    ],
)
def test_whom_the_signed_fields_name(world, keys, to, extra, header, named):
    own, _ = own_signature(headers_of(world.original(to, extra=extra)), keys, header)
    assert own is not None
    assert own.recipients == named


def test_a_field_that_is_not_signed_names_nobody(world, keys):
    headers = b"X-Recipient: john@example.net\r\nTo: john@example.net\r\nCc: john@example.net\r\n" + headers_of(
        world.original(JANE)
    )
    own, _ = own_signature(headers, keys, "X-Recipient")
    assert own is not None
    assert own.recipients == (JANE,)


def test_the_day_is_that_of_the_signature(world, keys):
    own, _ = own_signature(headers_of(world.original(JANE, days_ago=20)), keys, "")
    assert own is not None
    assert own.signed_on == (datetime.now(UTC) - timedelta(days=20)).date()


def test_without_a_time_in_the_signature_the_signed_date_is_the_day(world, keys):
    mail = f"From: a@{OURS}\r\nTo: {JANE}\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n\r\n".encode()
    for octets, day in ((mail, "2026-11-02"), (changed(mail, b"Mon, 2 Nov", b"Mon, 99 Nov"), "None")):
        own, _ = own_signature(headers_of(world.ours.sign(octets, OURS, stamped=False)), keys, "")
        assert own is not None
        assert str(own.signed_on) == day


def test_an_ended_signature_of_ours_still_proves_what_was_sent(world, keys):
    mail = f"From: a@{OURS}\r\nTo: {JANE}\r\n\r\n".encode()
    ended = world.ours.sign(mail, OURS, ends=datetime.now(UTC) - timedelta(days=3), t=datetime.now(UTC) - timedelta(days=5))
    assert own_signature(headers_of(ended), keys, "")[0] is not None


# Of a whole report


def records(world: World) -> dict[str, bytes]:
    return {f"s1._domainkey.{LOOP}": world.loop.record.encode()}


def test_who_signed_a_whole_report(world):
    report = world.loop.sign(arf(JANE), LOOP)
    assert key_names(report, frozenset({LOOP})) == (f"s1._domainkey.{LOOP}",)
    assert key_names(report, frozenset({"other.example"})) == ()
    assert signers(report, records(world)) == (Signer(LOOP, REPORTER),)


@pytest.mark.parametrize(
    "report",
    [
        lambda world: changed(world.loop.sign(arf(JANE), LOOP), b"jane@", b"john@"),
        lambda world: changed(world.loop.sign(arf(JANE), LOOP), b"This is", b"That is"),
        lambda world: world.stranger.sign(arf(JANE), LOOP),
        lambda world: world.loop.sign(arf(JANE), LOOP, length=True),
        lambda world: b"From: x@x.example\r\n" + world.loop.sign(arf(JANE), LOOP),
        lambda world: world.loop.sign(arf(JANE, sender=f"{REPORTER}>, <x@x.example"), LOOP),
        lambda world: world.loop.sign(
            arf(JANE), LOOP, t=datetime.now(UTC) - timedelta(days=9), ends=datetime.now(UTC) - timedelta(days=8)
        ),
        lambda _: arf(JANE),
        lambda _: b"",
        lambda _: b"\xff\x00 no header\r\n\r\n",
    ],
)
def test_who_did_not(world, report):
    assert signers(report(world), records(world)) == ()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_survived_and_never_proves_another(world, keys, data):
    octets = bytearray(headers_of(world.original(JANE)))
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    own, _ = own_signature(bytes(octets), keys, "")
    assert own is None or own.recipients == (JANE,)
    signers(bytes(octets), records(world))
    key_names(bytes(octets), frozenset({OURS}))


# Our own keys


def test_a_key_is_read_from_wherever_signers_put_it(world, tmp_path):
    record = world.ours.record
    forms = {
        "bare.txt": record,
        "zone.txt": f's1._domainkey IN TXT ( "{record[:50]}"\n\t"{record[50:200]}" "{record[200:]}" )  ; key s1\n',
        "public.pem": "-----BEGIN PUBLIC KEY-----\n" + record.partition("p=")[2] + "\n-----END PUBLIC KEY-----\n",
    }
    for name, text in forms.items():
        (tmp_path / name).write_text(text)
        keys = load_own_keys((f"S1._domainkey.B.Example={tmp_path / name}",))
        assert own_signature(headers_of(world.original(JANE)), keys, "")[0] is not None, name


def test_everything_that_is_wrong_with_the_keys_is_told_at_once(world, tmp_path):
    (tmp_path / "private.pem").write_bytes(b"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    short = (
        "v=DKIM1; k=rsa; p=MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL+JHeqQ8k7EHWsb0Zc6qg3RhKPHtCmSCrFz6dZ/Fk6HZz3x2L0fMh6fXZyVOZ/0"
        "fiC4mWz8b0M1aRZJ5L0w9JcCAwEAAQ=="
    )
    entries = {
        "a": (str(tmp_path / "absent"), "cannot be read: No such file or directory"),
        "b": (str(tmp_path / "private.pem"), "holds a private key: give the public one"),
        "c": (str(tmp_path / "binary"), "is not a text of a public key"),
        "d": ("v=DKIM1; k=rsa; p=!!", "is no public key of DKIM"),
        "e": ("v=DKIM1; k=rsa", "is no public key of DKIM"),
        "f": ("v=DKIM1; k=dsa; p=AAAA", "is no public key of DKIM (unknown algorithm in k= tag)"),
        "g": (short, "is too short with 512 bits"),
    }
    with pytest.raises(ConfigError) as caught:
        load_own_keys(tuple(f"{name}._domainkey.b.example={value}" for name, (value, _) in entries.items()))
    assert len(caught.value.problems) == len(entries)
    for problem, (name, (_, words)) in zip(caught.value.problems, entries.items(), strict=True):
        assert problem.startswith(f"authenticity.dkim_keys: {name}._domainkey.b.example: ")
        assert words in problem
