"""Every harness holds its law over the golden mails, a few hundred mutations of them, and what hypothesis thinks of.

The mutations are the same in every run; ``scripts/fuzz`` looks further, for as long as one likes.
"""

import ast
from itertools import islice

import fuzzing
import pytest
from fuzzing import check_of, harnesses, mutations, run_plainly, seeds_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NAMES = harnesses()
MUTATIONS = {"slowness": 200}
USUALLY = 400

PIECES = st.lists(st.sampled_from(fuzzing.TOKENS) | st.binary(max_size=12), max_size=60).map(b"".join)

# What breaks a law today, and why that is a fault of ours. Strict: whoever mends it takes its row out.
KNOWN_BROKEN: dict[str, str] = {}


def named(name):
    marks = [pytest.mark.xfail(reason=KNOWN_BROKEN[name], strict=True)] if name in KNOWN_BROKEN else []
    return pytest.param(name, marks=marks)


def test_there_are_harnesses():
    assert len(NAMES) >= 8
    assert "reading" in NAMES
    assert set(KNOWN_BROKEN) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_with_its_law_in_one_sentence(name):
    law = ast.get_docstring(ast.parse((fuzzing.FOLDER / f"fuzz_{name}.py").read_text("utf-8")))
    assert law
    sentence = law.split("\n\n")[0]
    assert sentence.endswith(".")
    assert sentence.count(". ") == 0


@pytest.mark.parametrize("name", [named(name) for name in NAMES])
def test_its_law_holds_over_its_seeds(name):
    check, seeds = check_of(name), seeds_of(name)
    assert seeds
    for seed in seeds:
        check(seed)


@pytest.mark.parametrize("name", [named(name) for name in NAMES])
def test_its_law_holds_over_mutations(name):
    seeds = seeds_of(name)
    tried = MUTATIONS.get(name, USUALLY)
    for data in islice(mutations(seeds, seed=20260504), len(seeds), len(seeds) + tried):
        check_of(name)(data)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=PIECES)
def test_its_law_holds_over_pieces(name, data):
    check_of(name)(data)


class TestTheRunner:
    def test_the_same_seed_gives_the_same_mutations(self):
        seeds = [b"one\ntwo\n", b"three: four\n"]
        once, again = (list(islice(mutations(seeds, seed=7), 50)) for _ in range(2))
        assert once == again
        assert once[:2] == seeds
        assert len(set(once)) > 20
        assert list(islice(mutations(seeds, seed=8), 50)) != once

    def test_what_breaks_a_law_is_kept(self, tmp_path, monkeypatch, capsys):
        def check(data):
            assert b"x" not in data

        monkeypatch.setattr(fuzzing, "KEPT", tmp_path)
        monkeypatch.setattr(fuzzing, "check_of", lambda _: check)
        monkeypatch.setattr(fuzzing, "seeds_of", lambda _: [b"fine", b"an x"])
        with pytest.raises(AssertionError):
            run_plainly("reading", 60)
        (kept,) = (tmp_path / "reading").iterdir()
        assert kept.read_bytes() == b"an x"
        assert str(kept) in capsys.readouterr().err

    def test_time_is_kept_and_what_held_is_counted(self):
        assert run_plainly("verp", 0.2) > 10

    def test_a_finding_is_looked_at_again(self, tmp_path, capsys):
        found = tmp_path / "found"
        found.write_bytes(b"anything")
        assert fuzzing.main(["reading", str(found)]) == 0
        assert "holds" in capsys.readouterr().out

    def test_it_can_be_asked_for_one_for_a_while(self, capsys):
        assert fuzzing.main(["verp", "--plainly", "--seconds", "0.1"]) == 0
        assert "inputs held" in capsys.readouterr().out

    def test_tokens_are_spelled_as_libfuzzer_wants_them(self):
        assert fuzzing.escaped(b"\nA") == r"\x0a\x41"
