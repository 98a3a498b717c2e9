"""Where a text to many is killed: the launch first, half of the kills by name, and a run that missed one says so."""

from collections import Counter
from random import Random

from server.killpoints import BULK_POINTS
from tests.bulk.plan import AT_LAUNCH, EACH_HIT, QUEUED, BulkPlan, missing, share_before
from tests.crash.plan import RANDOM


def test_the_launch_dies_first_and_half_of_all_die_at_points_and_half_at_random() -> None:
    at = [kill.at for kill in BulkPlan(20, _chance())]
    assert at[:3] == [*AT_LAUNCH, QUEUED]
    assert Counter(at)[RANDOM] == 10
    assert all(at.count(point) == 1 for point in AT_LAUNCH)
    assert at.count(QUEUED) == 2


def test_six_kills_reach_all_points_of_its_own() -> None:
    assert set(BULK_POINTS) <= {kill.at for kill in BulkPlan(EACH_HIT, _chance())}


def test_kills_are_spread_over_the_work_and_end_while_some_is_left_to_queue() -> None:
    shares = [share_before(nth, 10) for nth in range(10)]
    assert shares[:2] == [0, 0]
    assert shares == sorted(shares)
    assert 0.8 < shares[-1] < 0.9


def test_a_run_that_missed_a_kill_or_a_point_of_its_own_is_told() -> None:
    assert missing(Counter({RANDOM: 3, "bulk_piece": 1, "bulk_launched": 1, "bulk_queued": 1}), 6) == []
    assert missing(Counter({RANDOM: 4, "bulk_piece": 1, "bulk_launched": 1}), 6) == ["bulk_queued was never hit."]
    assert missing(Counter({RANDOM: 1}), 2) == ["1 kills instead of 2."]


def _chance() -> Random:
    return Random(1)  # noqa: S311  # the same in every test, no secret
