"""Where a kill run kills: the shares, the misses, and what a long run must have hit."""

from collections import Counter
from random import Random

import pytest

from server.killpoints import POINTS
from tests.crash.plan import (
    BACKEND,
    FROZEN,
    FULL,
    LONG_RUN,
    LOSSES,
    OFTEN,
    ORDERS,
    PLACES,
    POSTMASTER,
    RANDOM,
    SELDOM,
    Plan,
    shortcomings,
    thawed,
)


@pytest.mark.parametrize(
    ("kills", "by"),
    [
        (1, {"server": 1, "freeze": 1}),
        (20, {"server": 14, "postgres": 3, "mixed": 3, "freeze": 1}),
        (300, {"server": 200, "postgres": 50, "mixed": 50, "freeze": 8}),
    ],
)
def test_two_thirds_are_the_servers_and_a_sixth_each_postgresqls_and_mixed_with_some_freezes_besides(
    kills: int, by: dict[str, int]
) -> None:
    assert Counter(kill.kind for kill in Plan(kills, _chance())) == by


@pytest.mark.parametrize("kills", [1, 20, 140])
def test_half_of_the_servers_kills_are_at_named_points_as_often_at_each(kills: int) -> None:
    at = Counter(kill.at for kill in Plan(kills, _chance()) if kill.kind == "server")
    named = [at[point] for point in POINTS]
    assert sum(named) == at.total() // 2
    assert max(named) - min(named) <= 1


def test_a_long_run_means_everything_as_often_as_it_is_wanted() -> None:
    at = Counter(kill.at for kill in Plan(300, _chance()) if kill.kind != "freeze")
    assert min(at[point] for point in POINTS) >= OFTEN
    assert min(at[place] for place in (*PLACES, *ORDERS)) >= SELDOM
    assert at[POSTMASTER] == max(at[place] for place in PLACES)


def test_both_die_within_200_ms_and_at_once_means_at_once() -> None:
    both = [kill for kill in Plan(300, _chance()) if kill.kind == "mixed"]
    assert all(kill.apart_s <= 0.2 for kill in both)
    assert {kill.at for kill in both if kill.apart_s == 0} == {"at_once"}


def test_each_way_to_lose_a_journal_comes_with_each_run_of_20_and_never_where_no_server_dies() -> None:
    short, long = list(Plan(20, _chance())), list(Plan(300, _chance()))
    assert {kill.loss for kill in short} == {None, *LOSSES}
    assert {kill.full for kill in short} == {None, *FULL}
    assert min(Counter(kill.loss for kill in long)[way] for way in LOSSES) >= 5
    assert not any(kill.loss or kill.full for kill in long if kill.kind in ("postgres", "freeze"))


def test_a_long_run_freezes_at_each_point_between_t3_and_t4_and_is_told_where_it_did_not() -> None:
    frozen = Counter(kill.at for kill in Plan(300, _chance()) if kill.kind == "freeze")
    assert set(frozen) == set(FROZEN)
    assert thawed(frozen, 300) == []
    missed = frozen[FROZEN[0]]
    del frozen[FROZEN[0]]
    frozen[RANDOM] += missed
    assert thawed(frozen, 300) == [
        f"{8 - missed} servers were frozen at their points instead of 8.",
        f"None was frozen at {FROZEN[0]}.",
    ]


def test_who_was_frozen_in_vain_is_frozen_again_at_the_end_and_not_for_ever() -> None:
    plan = Plan(1, _chance())
    [frozen] = [kill for kill in plan if kill.kind == "freeze"]
    plan.miss(frozen)
    plan.miss(next(plan))
    plan.miss(next(plan))
    assert list(plan) == []


def test_a_point_that_was_not_reached_takes_the_place_of_a_random_kill() -> None:
    plan = Plan(40, _chance())
    missed = next(kill for kill in plan if kill.kind == "server" and kill.at != RANDOM)
    before = Counter(kill.at for kill in _after(Plan(40, _chance()), missed.at))
    plan.miss(missed)
    after = Counter(kill.at for kill in plan)
    assert after[missed.at] == before[missed.at] + 1
    assert after[RANDOM] == before[RANDOM] - 1


def test_a_transaction_that_nobody_was_in_takes_the_place_of_any_backend() -> None:
    plan = Plan(300, _chance())
    missed = next(kill for kill in plan if kill.at == "backend_t3")
    before = Counter(kill.at for kill in _after(Plan(300, _chance()), missed.at))
    plan.miss(missed)
    after = Counter(kill.at for kill in plan)
    assert (after["backend_t3"], after[BACKEND]) == (before["backend_t3"] + 1, before[BACKEND] - 1)


def test_a_long_run_that_hit_something_too_rarely_is_told() -> None:
    at = Counter(dict.fromkeys(POINTS, OFTEN) | dict.fromkeys((*PLACES, *ORDERS), SELDOM))
    at[RANDOM] = LONG_RUN - at.total()
    assert shortcomings(at, LONG_RUN) == []
    at[POINTS[0]], at[POSTMASTER], at[RANDOM] = OFTEN - 1, SELDOM - 1, at[RANDOM] + 2
    assert shortcomings(at, LONG_RUN) == [
        f"{POINTS[0]} was hit {OFTEN - 1} times only.",
        f"{POSTMASTER} was hit {SELDOM - 1} times only.",
    ]


def test_missing_kills_are_told() -> None:
    assert shortcomings(Counter({RANDOM: 3}), 20) == ["3 kills instead of 20."]


def _chance() -> Random:
    return Random(1)  # noqa: S311  # the same in every test, no secret


def _after(plan: Plan, at: str) -> Plan:
    """What is left of *plan* once the first kill at *at* was taken."""
    next(kill for kill in plan if kill.at == at)
    return plan
