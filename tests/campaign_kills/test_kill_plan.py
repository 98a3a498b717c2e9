"""Where a campaign is killed: each phase as often, at its points and at random; a run that fell short says so."""

from collections import Counter
from itertools import islice
from random import Random

import pytest

from server.killpoints import ALL_POINTS, CAMPAIGN_POINTS
from tests.campaign_kills.plan import PHASES, POINTS, RANDOM, Phase, PhasePlan, shortcomings, wanted


def _chance() -> Random:
    return Random(1)  # noqa: S311  # the same in every test, no secret


def _all_hit(kills: int) -> PhasePlan:
    plan = PhasePlan(kills, _chance())
    for turn in plan:
        plan.hit[turn.phase] += 1
    return plan


@pytest.mark.parametrize("kills", [4, 8, 200])
def test_each_phase_has_as_many_kills(kills: int) -> None:
    assert _all_hit(kills).hit == dict.fromkeys(PHASES, kills // 4)


def test_two_hundred_die_at_each_point_of_each_phase_and_at_random() -> None:
    plan = PhasePlan(200, _chance())
    seen: Counter[tuple[Phase, str]] = Counter()
    for turn in plan:
        seen[turn.phase, turn.point] += 1
        plan.hit[turn.phase] += 1
    assert set(seen) == {(phase, point) for phase in PHASES for point in (*POINTS[phase], RANDOM)}


def test_the_points_are_the_servers_and_all_of_those_that_campaigns_alone_have() -> None:
    named = {point for points in POINTS.values() for point in points}
    assert set(CAMPAIGN_POINTS) <= named <= set(ALL_POINTS)


def test_who_missed_has_another_turn_and_a_run_that_only_misses_gives_up() -> None:
    plan = PhasePlan(4, _chance())
    turns = iter(plan)
    first = next(turns)
    plan.missed[first.phase] += 1
    for turn in islice(turns, 3):
        plan.hit[turn.phase] += 1
    assert next(turns).phase == first.phase
    hopeless = PhasePlan(4, _chance())
    tried = 0
    for turn in hopeless:
        hopeless.missed[turn.phase] += 1
        tried += 1
    assert tried == 5


def test_a_phase_that_was_hit_too_seldom_is_told() -> None:
    hit: Counter[Phase] = Counter(wanted(8))
    assert shortcomings(hit, 8) == []
    hit["pause"] -= 1
    assert shortcomings(hit, 8) == ["pause was hit 1 times instead of 2."]
