"""Which faults a run has, and that one which had too few is told."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from tests.faults.plan import LONGEST_S, OF_NODES, OF_THE_DATABASE, SHORTEST_S, Kind, Plan, shortcomings


def _plan(kinds: tuple[Kind, ...], count: int, every_s: float) -> Plan:
    return Plan(kinds, count, every_s, Random(1))  # noqa: S311  # the same in every test, no secret


@pytest.mark.parametrize("kinds", [tuple(OF_NODES), tuple(OF_THE_DATABASE)])
def test_each_kind_comes_as_often_as_the_others(kinds: tuple[Kind, ...]) -> None:
    struck: Counter[str] = Counter(fault.kind for fault in _plan(kinds, 100, 20))
    assert struck.total() == 100
    assert max(struck.values()) - min(struck.values()) <= 1
    assert shortcomings(struck, kinds, 100) == []


def test_what_lasts_takes_a_second_to_a_minute_and_in_a_short_run_three_pauses_at_most() -> None:
    for every_s, longest_s in ((20.0, LONGEST_S), (4.0, 12.0)):
        lasting = [fault.lasts_s for fault in _plan(("still", "no_redis"), 200, every_s)]
        assert SHORTEST_S <= min(lasting) < 4
        assert longest_s * 0.9 < max(lasting) <= longest_s


def test_some_cuts_are_silent_and_some_are_not_and_nothing_else_is() -> None:
    faults = list(_plan(tuple(OF_NODES), 120, 20))
    assert {fault.silent for fault in faults if fault.kind == "no_database"} == {True, False}
    assert not any(fault.silent for fault in faults if fault.kind in ("kill", "still", "flush", "rolling"))


def test_a_run_that_had_too_few_faults_or_none_of_a_kind_is_told() -> None:
    assert shortcomings({"kill": 3, "still": 2}, ("kill", "still"), 5) == []
    assert shortcomings({"kill": 3}, ("kill", "still"), 5) == ["3 faults instead of 5.", "still came 0 times only."]
