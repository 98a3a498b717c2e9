"""The bucket's promise: in every window, no more than rate · w + max(burst, the largest cost)."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.domain.bucket import Bucket, burst_just_spent, not_before, sensible_burst, take, with_rate

Departures = list[tuple[float, int]]
ROUNDING = 1e-6

rates = st.floats(0.2, 500)
bursts = st.integers(0, 30)
costs = st.integers(1, 15)
gaps = st.floats(0, 3)


def worst_excess(departures: Sequence[tuple[float, int]], rate: float, burst: float) -> float:
    """By how many segments the worst window, which begins and ends with a departure, breaks the promise."""
    worst = -math.inf
    for first, (begins, _) in enumerate(departures):
        total = largest = 0
        for ends, cost in departures[first:]:
            total, largest = total + cost, max(largest, cost)
            worst = max(worst, total - rate * (ends - begins) - max(burst, largest))
    return worst


def test_the_measure_sees_a_broken_promise() -> None:
    assert worst_excess([(0.0, 1), (0.05, 1)], rate=10, burst=1) == pytest.approx(0.5)
    assert worst_excess([(0.0, 1), (0.1, 1)], rate=10, burst=1) == pytest.approx(0)


@settings(max_examples=300, deadline=None)
@given(rates, bursts, st.lists(st.tuples(gaps, costs), min_size=1, max_size=25))
def test_reserved_instants_keep_the_promise(rate: float, burst: int, arrivals: list[tuple[float, int]]) -> None:
    bucket, now = Bucket(rate, burst, ready_at=0.0), 0.0
    departures: Departures = []
    for gap, cost in arrivals:
        now += gap
        bucket, wait_s = take(bucket, cost, now)
        departures.append((now + wait_s, cost))
    assert departures == sorted(departures, key=lambda left: left[0])
    assert worst_excess(departures, rate, burst) <= ROUNDING * rate


@settings(max_examples=300, deadline=None)
@given(rates, bursts, st.lists(st.tuples(gaps, costs, st.floats(0, 2)), min_size=1, max_size=25))
def test_departures_charged_when_they_happen_keep_it_however_late_they_are(
    rate: float, burst: int, arrivals: list[tuple[float, int, float]]
) -> None:
    bucket, now = Bucket(rate, burst, ready_at=0.0), 0.0
    departures: Departures = []
    for gap, cost, late_s in arrivals:
        now += gap + late_s
        charged, wait_s = take(bucket, cost, now)
        while wait_s > 1e-9:
            now += wait_s + late_s / 10
            charged, wait_s = take(bucket, cost, now)
        bucket = charged
        departures.append((now, cost))
    assert worst_excess(departures, rate, burst) <= ROUNDING * rate


@settings(max_examples=300, deadline=None)
@given(rates, bursts, st.lists(st.tuples(gaps, costs, st.booleans()), min_size=1, max_size=25))
def test_restarts_keep_the_promise(rate: float, burst: int, arrivals: list[tuple[float, int, bool]]) -> None:
    bucket, now = Bucket(rate, burst, ready_at=0.0), 0.0
    departures: Departures = []
    for gap, cost, restart in arrivals:
        if restart:  # all that was promised has left; whatever the old bucket knew is lost
            now = max(now, departures[-1][0] if departures else now)
            bucket = burst_just_spent(rate, burst, now)
        now += gap
        bucket, wait_s = take(bucket, cost, now)
        departures.append((now + wait_s, cost))
    assert worst_excess(departures, rate, burst) <= ROUNDING * rate


@settings(max_examples=300, deadline=None)
@given(bursts, bursts, st.lists(st.tuples(gaps, costs, rates, st.booleans()), min_size=1, max_size=25))
@example(small=0, large=1, arrivals=[(0.0, 1, 1.0, True), (0.0, 1, 1.0, True)])
def test_changes_of_rate_and_burst_keep_the_promise_of_the_highest(
    small: int, large: int, arrivals: list[tuple[float, int, float, bool]]
) -> None:
    now, fastest = 0.0, max(rate for _, _, rate, _ in arrivals)
    bucket = Bucket(arrivals[0][2], small, ready_at=0.0)
    departures: Departures = []
    for gap, cost, rate, change in arrivals:
        now = max(now + gap, departures[-1][0] if departures else now)
        if change:
            bucket = with_rate(bucket, rate, large if bucket.burst == small else small, now)
        bucket, wait_s = take(bucket, cost, now)
        departures.append((now + wait_s, cost))
    assert worst_excess(departures, fastest, max(small, large)) <= ROUNDING * fastest


@given(rates, bursts, costs)
def test_after_a_start_the_first_cost_waits_for_its_whole_spacing(rate: float, burst: int, cost: int) -> None:
    assert take(burst_just_spent(rate, burst, 100.0), cost, 100.0)[1] == pytest.approx(cost / rate)


@given(rates, bursts, costs)
def test_a_cost_above_the_burst_leaves_a_full_bucket_at_once_and_those_behind_wait(
    rate: float, burst: int, excess: int
) -> None:
    owing, wait_s = take(Bucket(rate, burst, ready_at=0.0), burst + excess, 0.0)
    assert wait_s == 0.0
    assert take(owing, burst + 1, 0.0)[1] == pytest.approx((burst + excess) / rate)


def test_a_paused_bucket_never_grants_and_loses_nothing() -> None:
    paused = Bucket(0.0, 1, ready_at=5.0)
    assert take(paused, 1, 10.0) == (paused, math.inf)


def test_a_resumed_bucket_has_its_burst_spent() -> None:
    resumed = with_rate(Bucket(0.0, 1, ready_at=0.0), 10.0, 5, now=50.0)
    assert take(resumed, 5, 50.0)[1] == pytest.approx(0.5)


def test_a_larger_burst_has_to_be_earned() -> None:
    grown = with_rate(Bucket(10.0, 1, ready_at=0.0), 10.0, 11, now=50.0)
    assert take(grown, 11, 50.0)[1] == pytest.approx(1.0)


def test_what_is_owed_is_paid_at_the_new_rate() -> None:
    owing, _ = take(Bucket(10.0, 1, ready_at=0.0), 10, 0.0)
    assert take(with_rate(owing, 5.0, 1, 0.0), 1, 0.0)[1] == pytest.approx(2.0)


def test_what_is_owed_since_the_start_is_paid_at_the_new_rate_too() -> None:
    started, _ = take(burst_just_spent(10.0, 1, 0.0), 10, 0.0)
    assert take(with_rate(started, 5.0, 1, 0.0), 1, 0.0)[1] == pytest.approx(2.2)


def test_not_before_holds_back_and_then_the_burst_is_spent() -> None:
    held_back = not_before(Bucket(10.0, 5, ready_at=0.0), 7.0)
    assert take(held_back, 5, 3.0)[1] == pytest.approx(4.5)


@pytest.mark.parametrize(("rate", "burst"), [(-1.0, 1), (math.inf, 1), (math.nan, 1), (1.0, -1), (1.0, math.nan)])
def test_senseless_buckets_are_refused(rate: float, burst: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Bucket(rate, burst, ready_at=0.0)


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (1, 1), (9.9, 1), (10, 2), (40, 2), (41, 3), (100, 5)])
def test_the_burst_that_is_taken_where_none_is_given(rate: float, burst: int) -> None:
    assert sensible_burst(rate) == burst
