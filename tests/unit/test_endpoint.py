"""What stands under ``listen``: what is understood, and what the operator is told when it is not."""

import pytest

from bouncesink.cli.options import FORMS
from bouncesink.errors import ConfigError
from bouncesink.fronts.endpoint import SCHEMES, Endpoint, parse_endpoints
from bouncesink.fronts.listener import FRONTS


@pytest.mark.parametrize(
    ("text", "endpoint", "spelled"),
    [
        ("127.0.0.1:2525", Endpoint("smtp", "127.0.0.1", 2525), "127.0.0.1:2525"),
        ("smtp://127.0.0.1:2525", Endpoint("smtp", "127.0.0.1", 2525), "127.0.0.1:2525"),
        ("SMTP://mx.example:25/", Endpoint("smtp", "mx.example", 25), "mx.example:25"),
        ("[::1]:0", Endpoint("smtp", "::1", 0), "[::1]:0"),
        (" smtp://[::]:25 ", Endpoint("smtp", "::", 25), "[::]:25"),
        ("localhost:65535", Endpoint("smtp", "localhost", 65535), "localhost:65535"),
        ("lmtp://[::1]:2424", Endpoint("lmtp", "::1", 2424), "lmtp://[::1]:2424"),
        ("smtps://127.0.0.1:465", Endpoint("smtps", "127.0.0.1", 465), "smtps://127.0.0.1:465"),
        ("lmtp+unix:/run/l.sock", Endpoint("lmtp+unix", path="/run/l.sock"), "lmtp+unix:/run/l.sock"),
        ("lmtp+unix:///run/l.sock", Endpoint("lmtp+unix", path="/run/l.sock"), "lmtp+unix:/run/l.sock"),
        ("milter://127.0.0.1:2626", Endpoint("milter", "127.0.0.1", 2626), "milter://127.0.0.1:2626"),
        ("milter+unix:/run/m.sock", Endpoint("milter+unix", path="/run/m.sock"), "milter+unix:/run/m.sock"),
        ("LMTP+UNIX:/srv/a folder/l", Endpoint("lmtp+unix", path="/srv/a folder/l"), "lmtp+unix:/srv/a folder/l"),
        ("maildir:/var/mail/bounces", Endpoint("maildir", path="/var/mail/bounces"), "maildir:/var/mail/bounces"),
        ("maildir:///var/mail/bounces", Endpoint("maildir", path="/var/mail/bounces"), "maildir:/var/mail/bounces"),
    ],
)
def test_what_is_understood(text: str, endpoint: Endpoint, spelled: str) -> None:
    assert parse_endpoints([text]) == (endpoint,)
    assert str(endpoint) == spelled
    assert parse_endpoints([spelled]) == (endpoint,)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2525", "HOST:PORT"),
        (":2525", "HOST:PORT"),
        ("::1:2525", "[IPV6]:PORT"),
        ("127.0.0.1", "HOST:PORT"),
        ("127.0.0.1:smtp", "HOST:PORT"),
        ("127.0.0.1:2525/path", "HOST:PORT"),
        ("lmtp:/run/l.sock", "lmtp+unix:/PATH"),
        ("", "HOST:PORT"),
        ("127.0.0.1:99999", "between 0 and 65535"),
        ("http://127.0.0.1:80", 'asks for "http"; known: smtp, '),
        ("lntp://127.0.0.1:80", "did you mean 'lmtp'?"),
        ("lmtp+unx:/run/l.sock", "did you mean 'lmtp+unix'?"),
        ("smtp+unix:/run/l.sock", 'asks for "smtp+unix"'),
        ("lmtp+unix:run/l.sock", "names no socket: give its path from the root on, as in lmtp+unix:/run/bouncesink/lmtp.sock"),
        ("lmtp+unix:/", "names no socket"),
        ("maildir://Mail", "names no folder: give its path from the root on, as in maildir:/var/mail/bounces"),
        ("maildr:/var/mail", "did you mean 'maildir'?"),
        ("lmtp+unix:/run/", "names no socket"),
        ("lmtp://127.0.0.1:25", "RFC 2033 section 5"),
    ],
)
def test_what_is_not(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_endpoints([text])
    (problem,) = caught.value.problems
    assert told in problem
    assert f'"{text}"' in problem


def test_every_problem_at_once_and_nothing_is_one_too() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_endpoints(["a", "127.0.0.1:25", "x://b:1"])
    assert len(caught.value.problems) == 2
    with pytest.raises(ConfigError, match="listen: empty"):
        parse_endpoints([])


def test_every_scheme_has_a_front_and_is_told_by_the_option() -> None:
    assert {scheme.via for scheme in SCHEMES.values() if not scheme.folder} == set(FRONTS)
    assert all(f"{name}:" in FORMS for name in SCHEMES)
