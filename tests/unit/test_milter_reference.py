"""docs/reference/milter.md says what the code says: every reply, every wish, every limit."""

import re
from pathlib import Path

from bouncesink.config.sections import MilterSection, SmtpSection
from bouncesink.config.words import MilterMode
from bouncesink.core import reply as core
from bouncesink.core.mail import Via
from bouncesink.fronts.endpoint import SCHEMES
from bouncesink.fronts.milter import wire
from bouncesink.fronts.milter.session import WANTED_MACROS, WANTED_STEPS
from bouncesink.fronts.milter.wire import Step

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "milter.md").read_text(encoding="utf-8")

# What an MTA's documents call them.
NAMES = {
    Step.NO_UNKNOWN: "SMFIP_NOUNKNOWN",
    Step.SKIP: "SMFIP_SKIP",
    Step.HEADER_LEADING_SPACE: "SMFIP_HDR_LEADSPC",
    Step.NO_REPLY_TO_CONNECT: "SMFIP_NR_CONN",
    Step.NO_REPLY_TO_HELO: "SMFIP_NR_HELO",
    Step.NO_REPLY_TO_MAIL: "SMFIP_NR_MAIL",
    Step.NO_REPLY_TO_HEADER: "SMFIP_NR_HDR",
    Step.NO_REPLY_TO_END_OF_HEADERS: "SMFIP_NR_EOH",
}


def test_replies_are_those_of_the_core() -> None:
    told = set(re.findall(r"`([45]\d\d [^`]+)`", PAGE))
    said = (core.NO_SUCH_ADDRESS, core.SEND_APART, core.TOO_MANY_RECIPIENTS, core.TOO_BIG)
    troubles = (core.CANNOT_NOW, core.NO_ROOM, core.SHUTTING_DOWN)
    assert told == {str(reply) for reply in (*said, *troubles)}


def test_what_is_asked_for() -> None:
    wanted = {name for step, name in NAMES.items() if step & WANTED_STEPS}
    assert len(wanted) == len(Step)
    assert set(re.findall(r"`(SMFIP_\w+)`", PAGE)) == wanted
    for name in " ".join(WANTED_MACROS.values()).split():
        assert f"`{name}`" in PAGE


def test_settings_modes_schemes_and_limits_are_named_as_they_are() -> None:
    assert set(re.findall(r"`milter\.(\w+)`", PAGE)) == set(MilterSection.__dataclass_fields__)
    assert set(re.findall(r"`smtp\.(\w+)`", PAGE)) <= set(SmtpSection.__dataclass_fields__)
    assert set(re.findall(r"^\| `([a-z]+)` \|", PAGE, re.MULTILINE)) == set(MilterMode)
    assert [name for name, scheme in SCHEMES.items() if scheme.via is Via.MILTER and f"`{name}:" not in PAGE] == []
    assert f"A packet may have {wire.PACKET_LIMIT:,} octets" in PAGE
    assert f"versions {wire.OLDEST} to {wire.NEWEST}" in PAGE
