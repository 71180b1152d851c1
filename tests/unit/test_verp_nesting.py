"""Wrappings, and what is inside them."""

import pytest

from bouncesink.core.verp.attribution import Nesting
from bouncesink.core.verp.nesting import unwrap
from bouncesink.core.verp.path import ForwardPath, parse_path

OURS = "b.example.com"


@pytest.mark.parametrize(
    ("local", "nesting", "inner", "domain"),
    [
        ("prvs=0123a1b2c3=user", Nesting.BATV, "user", OURS),
        ("PRVS=0123A1B2C3=User", Nesting.BATV, "User", OURS),
        ("prvs=user=0123a1b2c3", Nesting.BATV, "user", OURS),
        ("prvs=a=b=c.example=0123a1b2c3", Nesting.BATV, "a=b=c.example", OURS),
        ("prvs=0123a1b2c3=list-bounces+user=example.com", Nesting.BATV, "list-bounces+user=example.com", OURS),
        ("prvs=4573e1ed1=user", Nesting.BATV, "user", OURS),
        ("prvs=1234abcdef=0123a1b2c3", Nesting.BATV, "0123a1b2c3", OURS),
        ("prvs=deadbeef=0123a1b2c3", Nesting.BATV, "deadbeef", OURS),
        ("btv1==0123a1b2c3==user", Nesting.BARRACUDA, "user", OURS),
        ("btv1==0123a1b2c3==a==b", Nesting.BARRACUDA, "a==b", OURS),
        ("SRS0=fGv9=BC=a.example=bounce-4711", Nesting.SRS0, "bounce-4711", "a.example"),
        ("srs0+fGv9=bc=A.Example=a=b", Nesting.SRS0, "a=b", "a.example"),
        ("SRS0-fG/9=2C=b\u00fccher.example=x", Nesting.SRS0, "x", "xn--bcher-kva.example"),
        ("SRS1=opaq=fwd1.example==fGv9=BC=a.example=u", Nesting.SRS1, "u", "a.example"),
        ("SRS1+opaq=fwd1.example=+fGv9=BC=a.example=u=v", Nesting.SRS1, "u=v", "a.example"),
        ("SRS1-opaq=fwd1.example=-fGv9=BC=a.example=u", Nesting.SRS1, "u", "a.example"),
    ],
)
def test_one_wrapping_comes_off(local, nesting, inner, domain):
    path = ForwardPath(local, OURS, f"{local}@{OURS}")
    assert unwrap(path) == (nesting, ForwardPath(inner, domain, path.spelled))


@pytest.mark.parametrize(
    "local",
    [
        "user",
        "prvs",
        "prvs=",
        "prvs=user",
        "prvs=0123a1b2c3=",
        "prvs=abc=user",
        "btv1==user",
        "btv1=x=user",
        "btv1====user",
        "SRS0=fGv9=BC=a.example",
        "SRS0=fGv9=BC==user",
        "SRS0=fGv9=BC=a..example=user",
        "SRS0=fGv9=B1=a.example=user",
        "SRS0=fGv9=BCD=a.example=user",
        "SRS1=opaq=fwd1.example=fGv9=BC=a.example=u",
        "SRS1=opaq==fGv9=BC=a.example=u",
        "SRS2=fGv9=BC=a.example=user",
    ],
)
def test_what_is_no_wrapping_stays(local):
    assert unwrap(ForwardPath(local, OURS, local)) is None


def test_a_wrapping_survives_the_way_through_a_path():
    path = parse_path("<@relay.example:SRS0=fGv9=BC=a.example=user@fwd.example>")
    assert unwrap(path) == (Nesting.SRS0, ForwardPath("user", "a.example", "SRS0=fGv9=BC=a.example=user@fwd.example"))
