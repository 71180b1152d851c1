"""What receivers said and no rule explains, gathered by its words."""

from dataclasses import replace
from itertools import permutations

import pytest
from verdicts import DEAD

from bouncesink.core.status import EnhancedStatusCode
from bouncesink.core.unknowns import (
    MOST_SOURCES,
    TEXT_LIMIT,
    VAGUE_REASONS,
    Unknown,
    Varying,
    cluster,
    normalised,
    pieces,
    unknown_of,
)
from bouncesink.core.verdict import Reason, Verdict


def said(text: str, *names: str) -> str:
    return normalised(pieces(text, names))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ""),
        ("Go  away\n please", "go away please"),
        # addresses
        ("no <a.b+c@Example.COM> here", "no <address> here"),
        ("no a.b+c@example.com.", "no <address>."),
        ("(user@[192.0.2.1])", "(user@[<ip>])"),
        # hosts and IPs
        ("said by mx1.example.co.uk.", "said by <host>."),
        ("host xn--bcher-kva.example said", "host <host> said"),
        ("see https://www.example.com/help?id=77ab1", "see https://<host>/help?<id>"),
        ("[192.0.2.77]:25 and 192.0.2.78", "[<ip>]:<number> and <ip>"),
        ("from 2001:db8::1:25, IPv6:2001:DB8:0:0:0:0:0:1", "from <ip>, <ip>"),
        ("RESOLVER.ADR.RecipNotFound; not found", "resolver.adr.recipnotfound; not found"),
        ("see section 4.2.3.4.5", "see section <number>.<number>.<number>.<number>.<number>"),
        # dates and times
        ("since Mon, 2 Feb 2026 10:00:00 +0000 (UTC) we", "since <date> we"),
        ("since Feb 2, 2026 we", "since <date> we"),
        ("at 2026-02-02T10:00:00.123Z we", "at <date> we"),
        ("at 2026/02/02 we", "at <date> we"),
        ("at 02.02.2026 10:00 we", "at <date> we"),
        ("at 10:00:00 PM we", "at <date> we"),
        ("you may 5 times march", "you <date> times march"),
        # ids and numbers
        ("(id a1b2c3-99=xy)", "(id <id>)"),
        ("queued as 4F3aB9ZZ0", "queued as <id>"),
        ("10485760 octets, #216", "<number> octets, #<number>"),
        ("an3 x", "an<number> x"),
        ("well-known words_and-signs", "well-known words_and-signs"),
        # codes: dropped at the beginning where words follow
        ("550 5.7.1 go away", "go away"),
        ("550-5.7.1 go away 550 5.7.1 and stay there", "go away and stay there"),
        ("smtp; 554 5.7.1 554-5.7.1: go away", "go away"),
        ("#5.7.1 go away", "go away"),
        ("go away (5.7.1)", "go away (<code>)"),
        ("5500 go away", "<number> go away"),
        ("550 ", "550"),
        ("550 5.7.1", "550 5.7.1"),
        ("550 5.7.1 <a@example.com>", "550 5.7.1 <address>"),
        ("4.4.7", "4.4.7"),
        # alphabets
        ("ユーザー 12 は見つかりません", "ユーザー <number> は見つかりません"),
        ("İstanbul 1", "i̇stanbul <number>"),
    ],
)
def test_what_stays_and_what_varies(text, words):
    assert said(text) == words


@pytest.mark.parametrize(
    ("text", "names", "words"),
    [
        ("no Bob here, nor bobby", ("bob",), "no <name> here, nor bobby"),
        ("no bob.smith here", ("bob.smith", "al"), "no <name> here"),
        ("no bob2000x here", ("Bob2000x",), "no <name> here"),
        ("no al here", ("al",), "no al here"),
        ("User unknown", ("user",), "user unknown"),
        ("no (a+b) here", ("a+b", ""), "no (<name>) here"),
    ],
)
def test_the_recipients_own_name_varies(text, names, words):
    assert said(text, *names) == words


def test_pieces_show_the_text_as_it_came():
    parts = pieces("550 5.1.1 No Mail for User@Example.com HERE")
    assert [(part.text, part.varies) for part in parts] == [
        ("550 5.1.1 ", Varying.CODE),
        ("No Mail for ", None),
        ("User@Example.com", Varying.ADDRESS),
        (" HERE", None),
    ]


@pytest.mark.parametrize(("word", "length"), [("word ", TEXT_LIMIT), ("x", TEXT_LIMIT)])
def test_a_long_text_is_cut_after_a_word(word, length):
    words = said(word * 1000)
    assert len(words) <= length
    assert set(words.split()) == {word.strip()} or set(words) == {"x"}


def unknown(text: str, number: int = 1, **changes: object) -> Unknown:
    return Unknown(**{"text": text, "source": str(number), "reason": Reason.UNDETERMINED, "host": "mx.example.net", **changes})


def test_texts_that_differ_in_what_varies_are_one_kind():
    found = cluster(
        [
            unknown("550 5.7.1 go away, 192.0.2.1", 1),
            unknown("550 never mind", 2),
            unknown("554 go AWAY, 192.0.2.99", 3, host="", reason=Reason.POLICY_UNSPECIFIED),
            unknown("451 go away, 192.0.2.1", 4, host="mx.example.org"),
            unknown("451 go away, 192.0.2.1", 5, host="mx.example.org"),
        ]
    )
    assert [(each.text, each.count) for each in found] == [("go away, <ip>", 4), ("never mind", 1)]
    first = found[0]
    assert first.sample == "451 go away, 192.0.2.1"
    assert first.parts == pieces(first.sample)
    assert first.reasons == (Reason.POLICY_UNSPECIFIED, Reason.UNDETERMINED)
    assert first.hosts == ("mx.example.org", "mx.example.net")
    assert first.sources == ("1", "3", "4", "5")


def test_the_order_of_the_texts_does_not_matter():
    texts = [unknown("a b 1", 1), unknown("a b 2", 2), unknown("c d", 3), unknown("a b c", 4, names=("abc",))]
    assert len({cluster(each) for each in permutations(texts)}) == 1


def test_sources_have_a_limit():
    assert len(cluster([unknown("go away", number) for number in range(50)])[0].sources) == MOST_SOURCES


def vague(**changes: object) -> Verdict:
    said = replace(
        DEAD,
        reason=Reason.UNDETERMINED,
        status=EnhancedStatusCode(5, 0, 0),
        diagnostic="554 go away",
        reply_code=554,
        final_recipient="Alias@example.net",
        reporting_mta="mx.example.com",
        remote_mta="MX.example.net",
    )
    return replace(said, **changes)


@pytest.mark.parametrize(
    ("changes", "text", "host"),
    [
        ({}, "554 go away", "mx.example.net"),
        ({"remote_mta": None}, "554 go away", "mx.example.com"),
        ({"remote_mta": None, "reporting_mta": None}, "554 go away", ""),
        ({"diagnostic": ""}, "prose", "mx.example.net"),
    ],
)
def test_what_a_verdict_leaves_unexplained(changes, text, host):
    found = unknown_of(vague(**changes), "7", "prose")
    assert found == Unknown(text, "7", Reason.UNDETERMINED, host, ("reader", "Alias"))


@pytest.mark.parametrize(
    ("changes", "text"), [({}, "5.0.0"), ({"status": None}, "554"), ({"status": None, "reply_code": None}, "")]
)
def test_without_words_the_code_is_all_there_is(changes, text):
    found = unknown_of(vague(diagnostic="", **changes), "7")
    assert found is not None
    assert found.text == text


@pytest.mark.parametrize("reason", [None, *Reason])
def test_only_what_is_vague_is_unknown(reason):
    assert (unknown_of(vague(reason=reason), "7") is not None) is (reason in VAGUE_REASONS)
