"""The reasons file: every reason once, every word known, every problem told."""

import tomllib
from importlib.resources import files

import pytest

from bouncesink.core.reasons import VOCABULARIES, read_reasons
from bouncesink.core.verdict import Disposition, FailureClass, Fault, Reason

PACKAGED = tomllib.loads(files("bouncesink").joinpath("rules", "reasons.toml").read_text("utf-8"))


def problems_of(data: dict) -> list[str]:
    problems: list[str] = []
    read_reasons(data, "reasons.toml", problems)
    return problems


def changed(name: str, **keys: object) -> dict:
    row = {**PACKAGED[name], **keys}
    return {**PACKAGED, name: {key: value for key, value in row.items() if value is not None}}


def test_the_packaged_file_holds():
    problems: list[str] = []
    entries = read_reasons(PACKAGED, "reasons.toml", problems)
    assert problems == []
    assert list(entries) == list(Reason)


def test_an_entry_is_read_whole():
    entry = read_reasons(PACKAGED, "reasons.toml", [])[Reason.MAILBOX_INACTIVE]
    assert (entry.fault, entry.disposition, entry.days, entry.expires_days) == (Fault.RECIPIENT, Disposition.SUPPRESS, 2, 90)
    assert (entry.class_, entry.forces_class, entry.incident) == (FailureClass.HARD, False, False)
    assert set(entry.equivalents) == set(VOCABULARIES)
    assert entry.then is Disposition.SUPPRESS


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({key: row for key, row in PACKAGED.items() if key != "virus"}, "reasons.toml: reason 'virus' is missing"),
        ({**PACKAGED, "vrius": PACKAGED["virus"]}, "reasons.toml: unknown reason 'vrius', did you mean 'virus'?"),
        ({**PACKAGED, "virus": "bad"}, "reasons.toml: reason 'virus' is missing"),
        (changed("virus", falt="message"), "reasons.toml: virus: unknown key 'falt', did you mean 'fault'?"),
        (changed("virus", fault=None), "reasons.toml: virus: fault is missing"),
        (changed("virus", fault="massage"), "reasons.toml: virus: fault knows no 'massage', did you mean 'message'?"),
        (changed("virus", disposition="zzz"), "reasons.toml: virus: disposition knows no 'zzz'"),
        (changed("virus", days=-1), "reasons.toml: virus: days must be a whole number, 0 or more"),
        (changed("virus", days=True), "reasons.toml: virus: days must be a whole number, 0 or more"),
        (changed("virus", incident="yes"), "reasons.toml: virus: incident must be true or false"),
        (changed("virus", meaning=""), "reasons.toml: virus: meaning is missing"),
        (changed("virus", advice=3), "reasons.toml: virus: advice must be a string"),
        (changed("virus", ses=None), "reasons.toml: virus: ses is missing"),
        (changed("virus", forces_class=True), "reasons.toml: virus: forces_class needs a class to force"),
        (
            changed("virus", disposition="count"),
            "reasons.toml: virus: an incident is a fault of the sending side: its disposition must be ignore",
        ),
    ],
)
def test_each_problem_is_told(data, problem):
    assert problem in problems_of(data)


def test_all_problems_are_told_at_once():
    data = changed("virus", fault="x", disposition="y", meaning="")
    assert len(problems_of({**data, "nonsense": {}})) >= 4
