"""Where a kill run kills: the shares, the misses, and what a long run must have hit."""

from collections import Counter
from random import Random

import pytest

from server.killpoints import POINTS
from tests.crash.plan import LONG_RUN, RANDOM, Plan, shortcomings


@pytest.mark.parametrize("kills", [1, 20, 140])
def test_half_of_the_kills_are_at_named_points_as_often_at_each(kills: int) -> None:
    at = Counter(kill.at for kill in Plan(kills, _chance()))
    named = [at[point] for point in POINTS]
    assert (at.total(), sum(named)) == (kills, kills // 2)
    assert max(named) - min(named) <= 1


def test_a_long_run_means_each_point_at_least_five_times() -> None:
    at = Counter(kill.at for kill in Plan(LONG_RUN, _chance()))
    assert min(at[point] for point in POINTS) == 5


def test_a_point_that_was_not_reached_takes_the_place_of_a_random_kill() -> None:
    plan = Plan(20, _chance())
    missed = next(kill for kill in plan if kill.at != RANDOM)
    left = Plan(20, _chance())
    before = Counter(kill.at for kill in _after(left, missed.at))
    plan.miss(missed)
    after = Counter(kill.at for kill in plan)
    assert after[missed.at] == before[missed.at] + 1
    assert after[RANDOM] == before[RANDOM] - 1


def test_a_long_run_that_hit_a_point_too_rarely_is_told() -> None:
    at = Counter(dict.fromkeys(POINTS, 5) | {RANDOM: 75})
    assert shortcomings(at, 140) == []
    at[POINTS[0]], at[RANDOM] = 4, 76
    assert shortcomings(at, 140) == [f"{POINTS[0]} was hit 4 times only."]


def test_missing_kills_are_told() -> None:
    assert shortcomings(Counter({RANDOM: 3}), 20) == ["3 kills instead of 20."]


def _chance() -> Random:
    return Random(1)  # noqa: S311  # the same in every test, no secret


def _after(plan: Plan, at: str) -> Plan:
    """What is left of *plan* once the first kill at *at* was taken."""
    next(kill for kill in plan if kill.at == at)
    return plan
