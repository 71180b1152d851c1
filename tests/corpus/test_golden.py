"""Every golden mail is answered as its golden file says: with LF and with CRLF; and cut anywhere, it is still answered."""

import json

import golden_answers
import pytest
from golden_answers import FOLDER, RECIPIENT_KEYS, answer, differences, golden, golden_mails, name_of

from bouncesink.core.defect import Defect
from bouncesink.core.report import Action, Kind
from bouncesink.core.verdict import Disposition, FailureClass, Fault, Reason

MAILS = golden_mails()
AT_LEAST = 410
CUTS = 12

# What the code says wrongly, and why the golden file is right. Strict: whoever mends one takes its row out.
KNOWN_WRONG: dict[str, str] = {}


def named(mail):
    name = name_of(mail)
    marks = [pytest.mark.xfail(reason=KNOWN_WRONG[name], strict=True)] if name in KNOWN_WRONG else []
    return pytest.param(mail, id=name, marks=marks)


def test_there_are_golden_mails():
    assert len(MAILS) >= AT_LEAST


def test_what_is_known_to_be_wrong_is_there():
    assert set(KNOWN_WRONG) <= {name_of(mail) for mail in MAILS}


def test_every_golden_file_has_its_mail():
    assert sorted(FOLDER.rglob("*.json")) == [mail.with_suffix(".json") for mail in MAILS]


@pytest.mark.parametrize("ends", ["lf", "crlf"])
@pytest.mark.parametrize("mail", [named(mail) for mail in MAILS])
def test_it_is_answered_rightly(mail, ends):
    content = mail.read_bytes()
    if ends == "crlf":
        if b"\r" in content:
            pytest.skip("its own carriage returns are what it is about")
        content = content.replace(b"\n", b"\r\n")
    found = differences(golden(mail), answer(content))
    if found:
        pytest.fail("\n    ".join([f"{name_of(mail)}: {golden(mail)['about']}", *found]), pytrace=False)


@pytest.mark.parametrize("mail", [pytest.param(mail, id=name_of(mail)) for mail in MAILS])
def test_its_golden_file_is_well_formed(mail):
    right = golden(mail)
    assert set(right) - {"reader"} == {"about", "kind", "defects", "recipients"}
    assert right["about"].endswith((".", "!", "?"))
    Kind(right["kind"])
    assert all(Defect(name) for name in right["defects"])
    for recipient in right["recipients"]:
        assert tuple(recipient) == RECIPIENT_KEYS
        for key, names in (("action", Action), ("class", FailureClass), ("reason", Reason), ("fault", Fault)):
            assert recipient[key] is None or names(recipient[key])
        Disposition(recipient["disposition"])


@pytest.mark.parametrize("mail", [pytest.param(mail, id=name_of(mail)) for mail in MAILS])
def test_cut_anywhere_it_is_still_read(mail):
    content = mail.read_bytes()
    for number in range(CUTS):
        assert Defect.READER_FAILED not in answer(content[: len(content) * number // CUTS])["defects"]


def test_together_they_cover_every_reason_fault_kind_and_disposition():
    answers = [golden(mail) for mail in MAILS]
    recipients = [recipient for each in answers for recipient in each["recipients"]]
    assert {each["kind"] for each in answers} == set(Kind)
    assert {each["reason"] for each in recipients} >= set(Reason)
    assert {each["fault"] for each in recipients} >= set(Fault)
    assert {each["disposition"] for each in recipients} >= set(Disposition) - {Disposition.HOLD}  # a hold needs an incident


class TestTheScript:
    def test_differences_are_told_in_words(self):
        mail = FOLDER / "standard" / "postfix-user-unknown.eml"
        right = golden(mail)
        assert differences(right, right) == []
        worse = json.loads(json.dumps(right)) | {"kind": "other"}
        worse["recipients"][0]["fault"] = "network"
        assert differences(right, worse) == [
            "kind: 'bounce' is right, we say 'other'",
            "recipients[0].fault: 'recipient' is right, we say 'network'",
        ]
        assert len(differences(right, right | {"recipients": []})) == 1

    def test_it_shows_and_writes_nothing(self, capsys):
        name = "standard/postfix-user-unknown"
        before = (FOLDER / f"{name}.json").read_bytes()
        assert golden_answers.main([name]) == 0
        shown = capsys.readouterr().out
        assert "Final-Recipient: rfc822; nobody@example.org" in shown
        assert '"reason": "mailbox_unknown"' in shown
        assert (FOLDER / f"{name}.json").read_bytes() == before

    def test_a_name_that_is_none_is_said(self, capsys):
        assert golden_answers.main(["standard/postfix-user-unknwon"]) == 66
        assert "there is no" in capsys.readouterr().err

    @pytest.mark.parametrize(("said", "written"), [("y", True), ("n", False), ("", False)])
    def test_it_accepts_only_after_a_yes(self, tmp_path, monkeypatch, capsys, said, written):
        mail = tmp_path / "new" / "mail.eml"
        mail.parent.mkdir()
        mail.write_bytes((FOLDER / "standard" / "postfix-user-unknown.eml").read_bytes())
        answers = iter(["A mail.", said])
        monkeypatch.setattr(golden_answers, "FOLDER", tmp_path)
        monkeypatch.setattr("builtins.input", lambda _: next(answers))
        assert golden_answers.main(["--accept", "new/mail"]) == (0 if written else 1)
        assert mail.with_suffix(".json").is_file() == written
        if written:
            assert golden(mail)["about"] == "A mail."
            assert differences(golden(mail), answer(mail.read_bytes())) == []
