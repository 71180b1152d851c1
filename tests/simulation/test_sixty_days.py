"""Sixty days of a small sender: the dead are found, and nobody is dropped for an outage, a blocklisting or a forgery."""

import pytest
import simulated_world
import simulation

RECIPIENTS, DAYS, EVERY = 20_000, 60, 3


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("recipients", "days", "seed"), [(RECIPIENTS, DAYS, 1), (RECIPIENTS, DAYS, 2), (10 * RECIPIENTS, 28, 1)]
)
def test_the_dead_are_found_and_the_living_are_kept(recipients: int, days: int, seed: int) -> None:
    """Of few and of many: what is no burst at a small sender may look like one at a large."""
    outcome = simulation.simulate(simulation.Ours(), recipients, days, EVERY, seed)
    assert outcome.dead_seen > 400
    assert outcome.recall >= 0.99
    assert {cause: outcome.wrong[cause] for cause in ("outage", "listed", "forgery", "grey")} == dict.fromkeys(
        ("outage", "listed", "forgery", "grey"), 0
    )


@pytest.mark.parametrize("recipients", [200, 400])
def test_the_living_of_a_small_sender_are_kept(recipients: int) -> None:
    """A fifth of them are with the provider that fails."""
    outcomes = [simulation.simulate(simulation.Ours(), recipients, DAYS, EVERY, seed) for seed in range(1, 7)]
    assert {
        cause: sum(one.wrong[cause] for one in outcomes) for cause in ("outage", "listed", "forgery", "grey")
    } == dict.fromkeys(("outage", "listed", "forgery", "grey"), 0)
    assert sum(one.dead_seen for one in outcomes) > 25
    assert sum(one.late for one in outcomes) <= 1


LARGE = set(simulated_world.PROVIDERS)
SMALL = {f"domain{number}.example" for number in range(simulated_world.SMALL_DOMAINS)}


@pytest.mark.parametrize("recipients", [400, 5_000, RECIPIENTS])
@pytest.mark.parametrize("failing", [LARGE, SMALL, LARGE | SMALL], ids=["the large", "the small", "everybody"])
def test_a_mailing_that_many_call_unknown_drops_nobody(
    recipients: int, failing: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its addresses were garbled: all providers say more at once, and no provider's share tells."""
    monkeypatch.setattr(simulated_world, "OUTAGE_AT", failing)
    outcome = simulation.simulate(simulation.Ours(), recipients, DAYS, EVERY, 1)
    assert outcome.wrong["outage"] == 0
    assert outcome.dead_seen > 10


def test_the_same_world_is_hard_on_who_believes_every_5xx() -> None:
    """Otherwise the world would prove nothing."""
    outcome = simulation.simulate(simulation.Any5xx(), RECIPIENTS, DAYS, EVERY, 1)
    assert min(outcome.wrong[cause] for cause in ("outage", "listed", "forgery")) > 100
