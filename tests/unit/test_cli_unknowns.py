"""`bouncesink rules unknowns`: what no rule knows, of mails and of a database, and the rules that it drafts."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rules_tried import BOOK, dsn, run

from bouncesink.cli.exits import Exit
from bouncesink.cli.main import main
from bouncesink.config.sections import StoreSection
from bouncesink.core.classify import judge
from bouncesink.core.mail import Admitted, Envelope, Mail, Peer, Via
from bouncesink.core.reading import read
from bouncesink.core.verp.attribution import Attribution, Authenticity, Grammar
from bouncesink.store.database import Database
from bouncesink.store.rows import Judged

pytestmark = pytest.mark.usefixtures("elsewhere")


@pytest.fixture
def mails(elsewhere) -> list[str]:
    texts = [
        dsn("554 Letter number 17 was put aside at 192.0.2.1"),
        dsn("554 Letter number 4711 was put aside at 198.51.100.1", "other@receiver.example"),
        dsn("554 hm, somebody there does not like it"),
        dsn("550 5.1.1 User unknown"),
        dsn("", prose="All that we can say is that the pigeon has not come back."),
    ]
    names = []
    for number, text in enumerate(texts):
        (elsewhere / f"{number}.eml").write_text(text)
        names.append(f"{number}.eml")
    return names


def test_unknowns_of_mails_are_gathered_by_what_they_say(mails, capsys):
    found = json.loads(run(capsys, "unknowns", *mails, "--format", "json"))
    assert [(each["count"], each["text"]) for each in found] == [
        (2, "letter number <number> was put aside at <ip>"),
        (1, "all that we can say is that the pigeon has not come back."),
        (1, "hm, somebody there does not like it"),
    ]
    first = found[0]
    assert first["sample"] == "554 Letter number 17 was put aside at 192.0.2.1"
    assert first["hosts"] == ["mx.receiver.example"]
    assert first["sources"] == ["0.eml", "1.eml"]
    assert first["reasons"] == ["undetermined"]
    assert 'literal = "was put aside at"' in first["draft"]
    assert len(json.loads(run(capsys, "unknowns", *mails, "--format", "json", "--top", "1"))) == 1


def test_unknowns_for_people(mails, capsys):
    text = run(capsys, "unknowns", *mails)
    assert re.search(
        r"│ 2 +│ letter number <number> was put aside at <ip> +│ mx\.receiver\.example +│ 0\.eml +│ 554 Letter", text
    )
    assert "--format toml" in text


def test_a_draft_mends_many_as_soon_as_it_has_a_reason(mails, own_rules, capsys):
    drafted = run(capsys, "unknowns", *mails, "--format", "toml")
    assert drafted.count("\n[[rule]]\n") == 3
    (own_rules / "drafted.toml").write_text(drafted.replace('reason = "undetermined"', 'reason = "spam_content"'))
    assert "4 of your own" in run(capsys, "check", "rules")
    assert run(capsys, "unknowns", *mails, "--rules", "rules") == "No verdict there is undetermined or policy_unspecified.\n"
    assert json.loads(run(capsys, "unknowns", *mails, "--rules", "rules", "--format", "json")) == []


async def record(path: Path, contents: list[str]) -> None:
    attribution = Attribution(Grammar.SIGNED, "reader@receiver.example", authenticity=Authenticity.PROVEN)
    admitted = Admitted("tag-reader=receiver.example@b.example", attribution)
    async with Database.open(StoreSection(path=path)) as database:
        for content in contents:
            mail = Mail(
                Envelope("", (admitted,)), content.encode(), datetime(2026, 2, 2, tzinfo=UTC), Peer(Via.SMTP, "192.0.2.1")
            )
            report = read(mail.content, BOOK.formats)
            await database.intake.record(mail, report, (Judged(admitted, judge(report, attribution, BOOK)),))


def test_unknowns_of_a_database_as_they_were_judged(mails, elsewhere, capsys):
    import asyncio

    asyncio.run(record(elsewhere / "b.db", [(elsewhere / name).read_text() for name in mails]))
    found = json.loads(run(capsys, "unknowns", "--database", "b.db", "--format", "json"))
    assert [(each["count"], each["text"], each["sources"]) for each in found] == [
        (2, "letter number <number> was put aside at <ip>", ["1", "2"]),
        (1, "all that we can say is that the pigeon has not come back.", ["5"]),
        (1, "hm, somebody there does not like it", ["3"]),
    ]
    newest = json.loads(run(capsys, "unknowns", "--database", "b.db", "--format", "json", "--limit", "1"))
    assert [each["sources"] for each in newest] == [["5"]]


def test_what_a_limit_leaves_out_is_told(mails, elsewhere, capsys):
    import asyncio

    asyncio.run(record(elsewhere / "b.db", [(elsewhere / name).read_text() for name in mails]))
    told = {(): ("", ""), ("--top", "1"): ("1 of 3 kinds", ""), ("--limit", "3"): ("", "newest 3 such")}
    for options, (kinds, newest) in told.items():
        assert main(["rules", "unknowns", "--database", "b.db", *options]) == Exit.OK
        err = capsys.readouterr().err
        assert kinds in err
        assert newest in err
        assert bool(err) == bool(options)


def test_unknowns_of_nothing(elsewhere, capsys):
    assert main(["rules", "unknowns"]) == Exit.NO_INPUT
    assert "there is no such database" in capsys.readouterr().err
    assert main(["rules", "unknowns", "missing.eml"]) == Exit.NO_INPUT
    assert "missing.eml: No such file" in capsys.readouterr().err
    assert main(["rules", "unknowns", "missing.eml", "--database", "b.db"]) == Exit.USAGE
    assert "--database" in capsys.readouterr().err
