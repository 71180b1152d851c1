"""The book: which rule wins, what else is told, and what a book that does not hold says of itself."""

import pytest
from every_reason import REASONS

from bouncesink.core.proof import prove
from bouncesink.core.report import Place
from bouncesink.core.rule import Observation
from bouncesink.core.rulebook import WORDS_LIMIT, compile_rulebook
from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.verdict import Alternative, Reason
from bouncesink.errors import RuleError


def rule(id_: str, reason: str, literal: str | list[str] | None = None, **keys: object) -> dict:
    row = {"id": id_, "reason": reason, "source": "RFC 5321", "examples": ["550 x"], **keys}
    return row if literal is None else {**row, "literal": literal}


def book(*rules: dict, **tables: list[dict]):
    return compile_rulebook(REASONS, {"one.toml": {"rule": list(rules), **tables}})


def seen(*texts: str, status: str = "", place: Place = Place.DIAGNOSTIC, **keys: object) -> Observation:
    return Observation(tuple((place, text) for text in texts), EnhancedStatusCode.find(status), **keys)


def winner(book_, observation: Observation) -> str:
    match = book_.search(observation)
    return match.rule.id if match else ""


FULL = rule("a/full", "mailbox_full", "mailbox full")
GONE = rule("a/gone", "mailbox_unknown", "user unknown")
LISTED = rule("a/listed", "ip_blocklisted", "is listed at", pattern=r"listed at (?P<blocklist>[a-z.]{3,40})")
BY_STATUS = rule("z/unknown", "mailbox_unknown", status="x.1.1")
BY_VAGUE = rule("z/policy", "policy_unspecified", status="x.7.x")
BY_REPLY = rule("z/reply", "mailbox_full", reply_code="552")


class TestOrder:
    def test_the_first_rule_of_the_book_wins_wherever_its_words_stand(self):
        observation = seen("user unknown, mailbox full")
        assert winner(book(FULL, GONE), observation) == "a/full"
        assert winner(book(GONE, FULL), observation) == "a/gone"

    def test_the_first_file_wins(self):
        files = {"own.toml": {"rule": [rule("own/gone", "virus", "user unknown")]}, "packaged.toml": {"rule": [GONE]}}
        assert winner(compile_rulebook(REASONS, files), seen("user unknown")) == "own/gone"

    def test_words_before_codes_even_from_a_later_file(self):
        files = {"one.toml": {"rule": [BY_STATUS]}, "two.toml": {"rule": [FULL]}}
        assert winner(compile_rulebook(REASONS, files), seen("Mailbox  FULL", status="5.1.1")) == "a/full"

    def test_status_before_reply_code(self):
        assert winner(book(BY_REPLY, BY_STATUS), seen("x", status="5.1.1", reply_code=552)) == "z/unknown"
        assert winner(book(BY_REPLY, BY_STATUS), seen("x", status="5.0.0", reply_code=552)) == "z/reply"

    def test_nothing_holds(self):
        assert book(FULL, BY_REPLY, BY_STATUS).search(seen("hello", reply_code=550)) is None
        assert book().search(seen()) is None

    def test_the_answer_itself_before_the_words_around_it(self):
        assert winner(book(FULL, GONE), seen("user unknown", "mailbox full")) == "a/gone"

    def test_a_definite_code_before_the_words_around_the_answer(self):
        assert winner(book(FULL, BY_STATUS, BY_VAGUE), seen("no", "mailbox full", status="5.1.1")) == "z/unknown"

    @pytest.mark.parametrize("code", [BY_VAGUE, {**BY_STATUS, "weak": True, "status": "5.7.1"}])
    def test_but_a_code_that_says_little_after_them(self, code):
        assert winner(book(FULL, code), seen("no", "mailbox full", status="5.7.1")) == "a/full"
        assert winner(book(FULL, code), seen("no", "nothing", status="5.7.1")) == code["id"]

    def test_wildcards_yield_to_nothing_but_the_order_of_the_book(self):
        exact = rule("z/exact", "tls_failed", status="5.7.10")
        assert winner(book(exact, BY_VAGUE), seen(status="5.7.10")) == "z/exact"
        assert winner(book(BY_VAGUE, exact), seen(status="5.7.10")) == "z/policy"
        assert winner(book(exact, BY_VAGUE), seen(status="4.7.99")) == "z/policy"


class TestMatching:
    def test_a_pattern_narrows_its_literal(self):
        narrow = rule("a/narrow", "mailbox_full", "mailbox full", pattern=r"the mailbox full\b")
        assert winner(book(narrow), seen("the mailbox full")) == "a/narrow"
        assert winner(book(narrow), seen("a mailbox full")) == ""

    def test_unless_steps_aside(self):
        polite = {**FULL, "unless": ["not really"]}
        assert winner(book(polite), seen("mailbox full")) == "a/full"
        assert winner(book(polite), seen("mailbox full, NOT  really")) == ""

    def test_conditions_stand_beside_words(self):
        strict = {**FULL, "status": "5.2.2", "place": "diagnostic"}
        assert winner(book(strict), seen("mailbox full", status="5.2.2")) == "a/full"
        assert winner(book(strict), seen("mailbox full", status="5.1.1")) == ""
        assert winner(book(strict), seen("mailbox full", status="5.2.2", place=Place.PROSE)) == ""

    def test_conditions_stand_beside_codes(self):
        strict = {**BY_STATUS, "reply_code": "550", "smtp_command": "RCPT"}
        assert winner(book(strict), seen(status="5.1.1", reply_code=550, smtp_command="rcpt to")) == "z/unknown"
        assert winner(book(strict), seen(status="5.1.1", reply_code=551, smtp_command="rcpt to")) == ""
        reply = {**BY_REPLY, "smtp_command": "DATA"}
        assert winner(book(reply), seen(reply_code=552, smtp_command="DATA")) == "z/reply"
        assert winner(book(reply), seen(reply_code=552)) == ""

    def test_the_words_are_shown_as_they_were_written_and_cut(self):
        long = rule("a/long", "mailbox_full", "mailbox full", pattern=r"mailbox full x{0,900}")
        match = book(long).search(seen("550 The Mailbox   FULL " + "X" * 900))
        assert match.words.startswith("Mailbox FULL XXX")
        assert len(match.words) == WORDS_LIMIT
        assert match.place is Place.DIAGNOSTIC

    def test_letters_that_change_length_in_lower_case_do_not_shift_the_words(self):
        assert book(FULL).search(seen("\u0130\u0130\u0130 MAILBOX FULL")).words == "mailbox full"

    def test_what_else_was_possible(self):
        match = book(FULL, GONE, LISTED, BY_VAGUE).search(seen("mailbox full user unknown is listed at rbl", status="5.7.1"))
        assert match.alternatives == (
            Alternative("a/gone", Reason.MAILBOX_UNKNOWN),
            Alternative("a/listed", Reason.IP_BLOCKLISTED),
            Alternative("z/policy", Reason.POLICY_UNSPECIFIED),
        )

    def test_the_same_reason_is_no_alternative_and_eight_are_enough(self):
        reasons = ("virus", "expired", "tls_failed", "greylisted", "system_full", "auth_failed", "relay_denied", "ptr_missing")
        others = [rule(f"b/{number}", reason, "mailbox full") for number, reason in enumerate((*reasons, "spam_content"))]
        match = book(FULL, rule("a/also", "mailbox_full", "mailbox full"), *others, BY_VAGUE).search(
            seen("mailbox full", status="5.7.1")
        )
        assert [each.rule for each in match.alternatives] == [f"b/{number}" for number in range(8)]

    def test_a_code_of_the_same_reason_is_no_alternative(self):
        assert book(GONE, BY_STATUS).search(seen("user unknown", status="5.1.1")).alternatives == ()


VENDOR = {"name": "v", "hosts": ["example.com"], "domains": ["example.org"], "signatures": [" vsmtp"]}


class TestSigns:
    @pytest.mark.parametrize(
        "observation",
        [
            seen("mailbox full", hosts=("MX.example.com", "")),
            seen("mailbox full", hosts=("", "example.com")),
            seen("mailbox full", recipient="a@mail.Example.ORG"),
            seen("mailbox full - VSMTP"),
            seen("mailbox full said vsmtp"),
        ],
    )
    def test_a_vendor_is_known_by_host_by_domain_and_by_its_words(self, observation):
        assert winner(book({**FULL, "vendor": "v"}, vendor=[VENDOR]), observation) == "a/full"

    @pytest.mark.parametrize(
        "observation", [seen("mailbox full"), seen("mailbox full", hosts=("badexample.com",)), seen("mailbox full xvsmtp")]
    )
    def test_nobody_else_is(self, observation):
        assert winner(book({**FULL, "vendor": "v"}, vendor=[VENDOR]), observation) == ""

    def test_words_around_name_the_vendor_of_a_code_too(self):
        assert winner(book({**BY_STATUS, "vendor": "v"}, vendor=[VENDOR]), seen("no vsmtp", status="5.1.1")) == "z/unknown"
        assert winner(book({**BY_STATUS, "vendor": "v"}, vendor=[VENDOR]), seen("no", status="5.1.1")) == ""

    def test_a_vendor_may_be_told_of_in_several_files(self):
        files = {
            "one.toml": {"rule": [{**FULL, "vendor": "v"}], "vendor": [VENDOR]},
            "two.toml": {"vendor": [{"name": "v", "hosts": "example.net"}, {"name": "w", "signatures": " vsmtp"}]},
        }
        assert winner(compile_rulebook(REASONS, files), seen("mailbox full", hosts=("mx.example.net",))) == "a/full"
        assert winner(compile_rulebook(REASONS, files), seen("mailbox full vsmtp")) == "a/full"

    def test_the_blocklist_is_named_from_the_table_first_then_from_the_pattern(self):
        lists = [{"name": "special", "literal": ["zen.example"]}, {"name": "general", "literal": "example"}]
        compiled = book(LISTED, FULL, blocklist=lists)
        assert compiled.search(seen("is listed at zen.example.org")).blocklist == "special"
        assert compiled.search(seen("is listed at bl.example.org")).blocklist == "general"
        assert compiled.search(seen("is listed at bl.invalid")).blocklist == "bl.invalid"
        assert compiled.search(seen("mailbox full at zen.example")).blocklist == ""

    def test_a_literal_that_is_a_rule_and_a_list(self):
        compiled = book(rule("a/zen", "ip_blocklisted", "zen.example"), blocklist=[{"name": "zen", "literal": "zen.example"}])
        assert compiled.search(seen("zen.example")).blocklist == "zen"


class TestProblems:
    @pytest.mark.parametrize(
        ("files", "problem"),
        [
            ({"a.toml": {"rules": []}}, "a.toml: unknown key 'rules', did you mean 'rule'?"),
            ({"a.toml": {"rule": {}}}, "a.toml: rule must be written as [[rule]] tables"),
            ({"a.toml": {"rule": ["x"]}}, "a.toml: rule must be written as [[rule]] tables"),
            ({"a.toml": {"source": 3}}, "a.toml: source must be a string"),
            ({"a.toml": {"literal": 3}}, "a.toml: literal must be a string or a list of strings, none of them empty"),
            (
                {"a.toml": {"rule": [FULL]}, "b.toml": {"rule": [FULL]}},
                "b.toml: rule a/full: id is used already in a.toml",
            ),
            (
                {"a.toml": {"rule": [{**FULL, "vendor": "gogle"}], "vendor": [{"name": "google", "hosts": "google.com"}]}},
                "a.toml: rule a/full: no [[vendor]] is called 'gogle', did you mean 'google'?",
            ),
            ({"a.toml": {"vendor": [{"hosts": "x.org"}]}}, "a.toml: name is missing"),
            ({"a.toml": {"vendor": [{"name": "v"}]}}, "a.toml: vendor v: says neither hosts nor domains nor signatures"),
            (
                {"a.toml": {"vendor": [{"name": "v", "host": "x"}]}},
                "a.toml: vendor v: unknown key 'host', did you mean 'hosts'?",
            ),
            (
                {"a.toml": {"vendor": [{"name": "v", "signatures": "abc"}]}},
                "vendor v: signatures 'abc' is too short: 5 characters or more",
            ),
            ({"a.toml": {"blocklist": [{"name": "b"}]}}, "a.toml: blocklist b: literal is missing"),
            ({"a.toml": {"blocklist": [{"literal": "zen.example"}]}}, "a.toml: name is missing"),
        ],
    )
    def test_each_is_told(self, files, problem):
        with pytest.raises(RuleError) as raised:
            compile_rulebook(REASONS, files)
        assert any(problem in each for each in raised.value.problems), raised.value.problems

    def test_all_are_told_at_once(self):
        files = {
            "a.toml": {"rule": [{**FULL, "reason": "x"}, {**GONE, "literal": "y"}], "nonsense": 1},
            "b.toml": {"vendor": [{"name": "v"}]},
        }
        with pytest.raises(RuleError) as raised:
            compile_rulebook({key: row for key, row in REASONS.items() if key != "virus"}, files)
        assert len(raised.value.problems) == 5


class TestHash:
    def test_it_is_twelve_hex_digits_and_stable(self):
        assert book(FULL).hash == book(FULL).hash
        assert len(book(FULL).hash) == 12
        assert set(book(FULL).hash) <= set("0123456789abcdef")

    @pytest.mark.parametrize("change", [{"reason": "virus"}, {"literal": "mailbox fuller"}, {"weak": True}, {"note": "y"}])
    def test_what_judges_changes_it(self, change):
        assert book({**FULL, **change}).hash != book(FULL).hash

    def test_so_does_what_a_file_says_for_its_rules(self):
        bare = {key: value for key, value in FULL.items() if key != "literal"}
        books = [
            compile_rulebook(REASONS, {"a.toml": {"literal": words, "rule": [bare]}}) for words in ("mailbox full", "is full!")
        ]
        assert books[0].hash != books[1].hash

    def test_so_does_the_order(self):
        assert book(FULL, GONE).hash != book(GONE, FULL).hash

    @pytest.mark.parametrize("change", [{"source": "RFC 1"}, {"examples": ["550 other"]}, {"counterexamples": ["550 other"]}])
    def test_its_proof_does_not(self, change):
        assert book({**FULL, **change}).hash == book(FULL).hash


class TestProof:
    def test_a_book_that_holds(self):
        assert prove(book({**FULL, "examples": ["550 mailbox full"], "counterexamples": ["550 full"]})) == ()

    def test_an_example_that_is_lost_and_a_counterexample_that_is_won(self):
        hungry = {**FULL, "examples": ["550 mailbox full"], "counterexamples": ["the mailbox full"]}
        first = {**GONE, "literal": "550 mailbox", "examples": ["550 mailbox full", "nothing"]}
        assert prove(book(first, hungry)) == (
            "one.toml: rule a/gone: example 'nothing' is won by no rule",
            "one.toml: rule a/full: example '550 mailbox full' is won by a/gone",
            "one.toml: rule a/full: counterexample 'the mailbox full' is won by a/full",
        )

    def test_only_the_files_asked_for(self):
        assert prove(book(FULL), {"other.toml"}) == ()
        assert len(prove(book(FULL), {"one.toml"})) == 1
