"""docs/reference/smtp.md says what the code says: every reply, and no other."""

import re
from pathlib import Path

from bouncesink.config.sections import SmtpSection
from bouncesink.core import reply as core
from bouncesink.core.mail import Via
from bouncesink.core.reply import Reply
from bouncesink.fronts import smtp_replies as say
from bouncesink.fronts.endpoint import SCHEMES
from bouncesink.fronts.smtp import COMMAND_LIMIT
from bouncesink.fronts.smtp_address import MAX_PATH
from bouncesink.fronts.smtp_replies import Line

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "smtp.md").read_text(encoding="utf-8")
HOST = "mx.example"


def spoken() -> set[str]:
    """Everything that the front can say in a fixed form, as it goes out."""
    of_core = {str(one) for one in vars(core).values() if isinstance(one, Reply)} - {str(core.RECORDED), str(core.SEND_APART)}
    of_ours = {line.wire.decode().removesuffix("\r\n") for line in vars(say).values() if isinstance(line, Line)}
    with_our_name = (say.greeting(HOST), say.greeting(HOST, Via.LMTP), say.answer_to_helo(HOST))
    named = {line.wire.decode().removesuffix("\r\n") for line in with_our_name}
    return of_core | of_ours | named | {str(core.recorded_as("ID"))}


def test_the_table_of_replies_is_what_is_said() -> None:
    rows = re.findall(r"^\| `(\d{3} [^`]+)` \|", PAGE, re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert set(rows) == spoken()


def test_what_is_offered() -> None:
    offered = say.answer_to_ehlo(HOST, SmtpSection().size_limit).wire.decode().replace("\r\n", "\n")
    assert f"```\n{offered}```" in PAGE


def test_every_scheme_of_ours_is_told() -> None:
    assert [name for name, scheme in SCHEMES.items() if scheme.via in {Via.SMTP, Via.LMTP} and f"`{name}:" not in PAGE] == []


def test_the_limits() -> None:
    assert re.search(rf"A command line may\s+have\s+{COMMAND_LIMIT:,} octets", PAGE)
    assert re.search(rf"A path may have\s+{MAX_PATH:,} octets", PAGE)


def test_settings_are_named_as_they_are() -> None:
    named = set(re.findall(r"`smtp\.(\w+)`", PAGE))
    assert named
    assert named <= set(SmtpSection.__dataclass_fields__)


def test_every_reply_has_an_enhanced_code_but_for_rfc_2034s_exceptions() -> None:
    plain = {text for text in spoken() if not re.match(r"[245]\d\d [245]\.\d+\.\d+ ", text)}
    codes = {text.partition(" ")[2].partition(" ")[0] for text in spoken() - plain}
    assert {text[:3] for text in plain} == {"220", "250", "354", "501"}
    of_who = (say.HELO_SYNTAX, say.EHLO_SYNTAX, say.LHLO_SYNTAX)
    assert {line.wire.decode()[:-2] for line in of_who} == {t for t in plain if t[:3] == "501"}
    assert all(text[0] == text.partition(" ")[2][0] for text in spoken() - plain)
    assert len(codes) > 5
