"""One pass over a text: how it is folded, and what its literals say together."""

import pytest

from bouncesink.core.problems import Table
from bouncesink.core.report import Place
from bouncesink.core.rule import Rule
from bouncesink.core.rule_entry import read_rule
from bouncesink.core.scan import TEXT_LIMIT, Scan, Scanner, fold
from bouncesink.core.signs import Blocklist, Signs, Vendor


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("a \r\n\t b", "a b"),
        ("550-5.1.1 No such\r\n550-5.1.1 user\r\n550 5.1.1 here", "550-5.1.1 No such user here"),
        ("550-No such\n550 user", "550-No such user"),
        ("550 No 550 such", "550 No 550 such"),
        ("x" * 9_000, "x" * TEXT_LIMIT),
        ("bo\N{LATIN SMALL LETTER I}\N{COMBINING CIRCUMFLEX ACCENT}te", "bo\N{LATIN SMALL LETTER I WITH CIRCUMFLEX}te"),
        pytest.param("i" + "\u0302\u0327" * 5, "i" + "\u0302\u0327" * 5, id="many marks behind one letter"),
        ("", ""),
    ],
)
def test_fold(text, folded):
    assert fold(text) == folded


def rule(*literals: str, unless: tuple[str, ...] = ()) -> Rule:
    row = {"id": "a/rule", "reason": "virus", "source": "x", "examples": ["x"], "literal": [*literals], "unless": [*unless]}
    problems: list[str] = []
    read = read_rule(Table("a.toml", row, problems), "a.toml")
    assert read, problems
    return read


RULES = [rule("mailbox full", "box full of"), rule("user unknown", unless=("mailbox full",)), rule("mailbox full")]
VENDORS = (Vendor("v", (), (), ("vsmtp",)), Vendor("w", (), (), ("wsmtp", "vsmtp")))
BLOCKLISTS = (Blocklist("special", ("zen.example",)), Blocklist("general", ("example",)))
SCANNER = Scanner(RULES, Signs(VENDORS, BLOCKLISTS))


def scan(text: str) -> Scan:
    return SCANNER.scan(Place.PROSE, text)


class TestWhatATextSays:
    @pytest.mark.parametrize(
        ("text", "opens", "shuts", "signs"),
        [
            ("", 0, 0, 0),
            ("nothing known", 0, 0, 0),
            ("The Mailbox\n Full", 0b101, 0b010, 0),
            ("a mailbox full of letters", 0b101, 0b010, 0),
            ("box full of letters", 0b001, 0, 0),
            ("user unknown - VSMTP", 0b010, 0, 0b0011),
            ("wsmtp", 0, 0, 0b0010),
            ("at zen.example", 0, 0, 0b1100),
            ("at example", 0, 0, 0b1000),
        ],
    )
    def test_rules_that_it_opens_and_shuts_and_whose_signs_stand_there(self, text, opens, shuts, signs):
        said = scan(text).said
        assert said & SCANNER.rules == opens
        assert said >> SCANNER.width & SCANNER.rules == shuts
        assert said >> SCANNER.rest == signs

    @pytest.mark.parametrize(
        ("text", "named"), [("zen.example, example", "special"), ("example", "general"), ("vsmtp: mailbox full", "")]
    )
    def test_the_first_blocklist_is_the_one_that_is_named(self, text, named):
        assert SCANNER.blocklist(scan(text)) == named


class TestWhereItStands:
    def test_in_the_text_as_it_is_shown(self):
        found = scan("The  MAILBOX full")
        assert found[:3] == (Place.PROSE, "The MAILBOX full", "the mailbox full")
        [(literal, start, end)] = found.matches
        assert found.shown[start:end] == "MAILBOX full"
        assert SCANNER.says[literal] == found.said

    def test_letters_that_change_length_in_lower_case_do_not_shift_it(self):
        found = scan("\u0130\u0130 MAILBOX FULL")
        assert found.shown == found.low == "i\u0307i\u0307 mailbox full"

    def test_no_further_than_the_limit(self):
        assert scan("x" * (TEXT_LIMIT - 12) + "mailbox full").said
        assert not scan("x" * (TEXT_LIMIT - 11) + "mailbox full").said


def test_half_of_a_surrogate_pair_hides_no_words():
    scan = SCANNER.scan(Place.DIAGNOSTIC, "user \ud800: user unknown")
    assert scan.said & SCANNER.rules == 0b010
    assert scan.shown == "user ?: user unknown"
