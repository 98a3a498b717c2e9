"""When texts leave: the pacer in virtual time."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.domain.gate import Lane
from server.ports import DueRow, StreamKey
from server.rate.pacer import FORGET_S, HORIZON_S, Grant, Pacer
from tests.rate.virtual import jitter, run, worst_excess

ROUNDING = 1e-5
STREAM = StreamKey(number_id=1, lane=Lane.BULK, campaign_id=1, dest_carrier="")


def rows(
    *ids: int, number_id: int = 1, lane: Lane = Lane.BULK, cost: int = 1, campaign_id: int | None = 1
) -> list[DueRow]:
    return [DueRow(each, number_id, lane, cost, campaign_id) for each in ids]


def pacer(rate: float = 10.0, burst: float = 1, number_id: int = 1) -> Pacer:
    new = Pacer(epoch=7)
    new.set_rate(number_id, rate, burst, now=0.0)
    return new


def ids(grants: list[Grant]) -> list[int]:
    return [grant.outbox_id for grant in grants]


@pytest.mark.parametrize("rate", [10.0, 100.0])
@pytest.mark.parametrize("burst", [1, 5])
def test_fifty_waiters_leave_at_the_rate_evenly_and_no_window_holds_more(rate: float, burst: int) -> None:
    paced = pacer(rate, burst)
    paced.offer(rows(*range(50)), now=0.0)
    left = run(paced, until=50 / rate + 1)
    moments = [each.at for each in left]
    assert ids([each.grant for each in left]) == list(range(50))
    assert 50 / moments[-1] >= 0.99 * rate
    assert worst_excess([(at, 1) for at in moments], rate, burst) <= ROUNDING
    steps = [later - earlier for earlier, later in pairwise(moments)]
    assert min(steps) == pytest.approx(1 / rate, rel=0.01)
    assert max(steps) == pytest.approx(1 / rate, rel=0.01)
    assert {each.asked for each in left} == {1}


def test_the_first_leaves_one_spacing_after_the_start() -> None:
    paced = pacer(rate=10.0, burst=5)
    paced.offer(rows(1, cost=3), now=0.0)
    assert run(paced, until=1)[0].at == pytest.approx(0.3)


def test_after_a_rest_a_burst_leaves_at_once() -> None:
    paced = pacer(rate=10.0, burst=5)
    paced.offer(rows(*range(8)), now=100.0)
    instants = [grant.instant for now in (100.0, 100.1, 100.2, 100.3) for grant in paced.due(now)]
    assert instants == pytest.approx([100.0] * 5 + [100.1, 100.2, 100.3])


def test_nothing_is_granted_that_lies_beyond_the_horizon() -> None:
    paced = pacer(rate=10.0)
    paced.offer(rows(1, 2), now=0.0)
    assert paced.due(0.1 - HORIZON_S - 0.001) == []
    assert paced.wake_at() == pytest.approx(0.1 - HORIZON_S)
    assert ids(paced.due(0.1 - HORIZON_S + 0.001)) == [1]


def test_a_reply_overtakes_all_that_has_not_been_granted() -> None:
    paced = pacer(rate=10.0)
    paced.offer(rows(*range(50)), now=0.0)
    assert ids(paced.due(0.1)) == [0]
    paced.offer(rows(99, lane=Lane.PEOPLE), now=0.11)
    assert ids(paced.due(0.2)) == [99]


def test_bulk_gets_at_least_one_departure_in_five() -> None:
    paced = pacer(rate=100.0)
    paced.offer(rows(*range(100), lane=Lane.PEOPLE) + rows(*range(200, 300)), now=0.0)
    left = [each.grant.lane for each in run(paced, until=1.005)]
    assert len(left) == 100
    assert left.count(Lane.BULK) == 20


def test_a_cost_above_the_burst_passes_and_those_behind_it_wait() -> None:
    paced = pacer(rate=10.0)
    paced.offer(rows(1, cost=10) + rows(2), now=5.0)
    assert [each.instant for each in paced.due(5.0) + paced.due(6.0)] == pytest.approx([5.0, 6.0])


def test_numbers_do_not_wait_for_each_other() -> None:
    paced = pacer(rate=1.0)
    paced.set_rate(2, 50.0, 1, now=0.0)
    paced.offer(rows(*range(10)) + rows(*range(100, 110), number_id=2), now=0.0)
    left = run(paced, until=0.5)
    assert [each.grant.number_id for each in left] == [2] * 10


def test_a_row_that_waits_or_is_on_its_way_is_not_taken_again() -> None:
    paced = pacer()
    assert paced.offer(rows(1, 2, 1), now=0.0) == 2
    assert paced.offer(rows(1, 2), now=0.0) == 0
    assert paced.waiting(STREAM) == 2
    assert ids(paced.due(0.1)) == [1]
    assert paced.offer(rows(1), now=0.1) == 0
    assert (paced.waiting(STREAM), paced.waiting(STREAM._replace(number_id=99))) == (1, 0)


def test_a_row_that_has_left_may_come_back() -> None:
    paced = pacer()
    paced.offer(rows(1), now=0.0)
    (grant,) = paced.due(0.1)
    assert paced.depart(grant, 0.1) == 0.0
    assert paced.offer(rows(1), now=0.1) == 1


def test_a_grant_that_nobody_used_is_forgotten() -> None:
    paced = pacer()
    paced.offer(rows(1), now=0.0)
    paced.due(0.1)
    assert paced.offer(rows(1), now=0.1 + FORGET_S - 0.1) == 0
    assert paced.offer(rows(1), now=0.1 + FORGET_S + 0.1) == 1


def test_a_withdrawn_row_is_not_granted_and_may_be_offered_again() -> None:
    paced = pacer()
    paced.offer(rows(1, 2, 3), now=0.0)
    paced.withdraw([1, 3, 77], now=0.0)
    assert ids(paced.due(0.1)) == [2]
    paced.withdraw([2], now=0.1)
    assert paced.offer(rows(2), now=0.1) == 1


def test_at_most_sixty_four_are_granted_at_once() -> None:
    paced = pacer(rate=1000.0, burst=200)
    paced.offer(rows(*range(200)), now=10.0)
    assert [len(paced.due(10.0)) for _ in range(4)] == [64, 64, 64, 8]


@pytest.mark.parametrize("known", [pytest.param(True, id="rate 0"), pytest.param(False, id="a number without a rate")])
def test_a_paused_number_keeps_its_rows_until_it_has_a_rate(known: bool) -> None:
    paced = pacer(rate=0.0) if known else Pacer(epoch=7)
    paced.offer(rows(1), now=0.0)
    assert (paced.due(1000.0), paced.wake_at()) == ([], None)
    paced.set_rate(1, 10.0, 1, now=1000.0)
    assert paced.due(1000.0) == []
    assert [grant.instant for grant in paced.due(1000.1)] == pytest.approx([1000.1])


def test_pausing_stops_even_what_was_granted() -> None:
    paced = pacer()
    paced.offer(rows(1), now=0.0)
    (grant,) = paced.due(0.1)
    paced.set_rate(1, 0.0, 1, now=0.1)
    assert paced.depart(grant, 0.1) == math.inf


def test_a_grant_for_an_unknown_number_never_leaves() -> None:
    assert pacer().depart(Grant(1, 99, 1, Lane.BULK, 0.0), 5.0) == math.inf


def test_the_same_rate_again_changes_nothing() -> None:
    paced = pacer(rate=10.0, burst=5)
    paced.set_rate(1, 10.0, 5, now=50.0)
    paced.offer(rows(*range(5)), now=50.0)
    assert len(paced.due(50.0)) == 5


# At the wire


def test_an_early_departure_has_to_wait() -> None:
    paced = pacer(rate=10.0)
    paced.offer(rows(1), now=0.0)
    (grant,) = paced.due(0.09)
    assert paced.depart(grant, 0.09) == pytest.approx(0.01)
    assert paced.depart(grant, 0.1) == 0.0


def test_a_late_departure_pushes_its_successors() -> None:
    paced = pacer(rate=10.0)
    paced.offer(rows(1, 2), now=0.0)
    (first,), (second,) = paced.due(0.1), paced.due(0.19)
    assert paced.depart(first, 0.19) == 0.0
    assert paced.depart(second, 0.2) == pytest.approx(0.09)


def test_promises_fall_back_with_the_wire() -> None:
    paced = pacer(rate=10.0)
    paced.offer(rows(1, 2), now=0.0)
    (grant,) = paced.due(0.1)
    paced.depart(grant, 0.15)
    assert paced.wake_at() == pytest.approx(0.25 - HORIZON_S)


@settings(max_examples=150, deadline=None)
@given(
    st.floats(1, 300),
    st.integers(1, 10),
    st.lists(st.tuples(st.sampled_from(list(Lane)), st.integers(1, 10)), min_size=2, max_size=40),
    st.floats(0, 0.3),
    st.integers(0, 1000),
)
def test_however_late_the_senders_are_no_window_on_the_wire_holds_more(
    rate: float, burst: int, wanted: list[tuple[Lane, int]], late_s: float, seed: int
) -> None:
    paced = pacer(rate, burst)
    paced.offer([DueRow(n, 1, lane, cost, n % 3) for n, (lane, cost) in enumerate(wanted)], now=0.0)
    total = sum(cost for _, cost in wanted)
    left = run(paced, until=2 * total / rate + (late_s + 1) * len(wanted), late_s=jitter(late_s, seed))
    assert worst_excess([(each.at, each.grant.cost) for each in left], rate, burst) <= ROUNDING * max(1.0, rate)
    assert sorted(ids([each.grant for each in left])) == list(range(len(wanted)))


def test_a_small_burst_absorbs_what_jitter_would_cost() -> None:
    paced = pacer(rate=100.0, burst=3)
    paced.offer(rows(*range(500)), now=0.0)
    left = run(paced, until=6.0, late_s=jitter(0.005, seed=3))
    assert 500 / left[-1].at >= 0.99 * 100


# Slowed by the carrier


def test_a_429_stops_the_number_for_as_long_as_the_carrier_asks_and_halves_it() -> None:
    paced = pacer(rate=10.0)
    paced.offer(rows(*range(50)), now=0.0)
    paced.throttled(1, 3.0, now=1.0)
    moments = [each.at for each in run(paced, until=5.0)]
    assert moments[0] == pytest.approx(4.2)
    assert moments[1] == pytest.approx(4.4)


def test_refusals_of_requests_in_flight_together_count_once() -> None:
    paced = pacer(rate=10.0)
    for _ in range(10):
        paced.throttled(1, None, now=1.0)
    assert paced.stats(1.0).numbers[0].rate == pytest.approx(5.0)


def test_refusals_again_and_again_slow_it_down_to_a_sixteenth() -> None:
    paced = pacer(rate=16.0)
    for second in range(0, 100, 2):
        paced.throttled(1, 0.0, now=float(second))
    assert paced.stats(100.0).numbers[0].rate == pytest.approx(1.0)


def test_it_recovers_slowly_and_no_further_than_its_rate() -> None:
    paced = pacer(rate=10.0)
    paced.offer(rows(*range(2000)), now=0.0)
    paced.throttled(1, 0.0, now=0.0)
    seen: dict[int, float] = {}

    def look(now: float) -> None:
        seen.setdefault(int(now), paced.stats(now).numbers[0].rate)

    run(paced, until=80.0, arrivals=look)
    assert [round(seen[second], 2) for second in (1, 6, 26, 51, 79)] == [5.0, 5.5, 7.5, 10.0, 10.0]


def test_a_senseless_retry_after_does_not_silence_a_number_for_a_day() -> None:
    paced = pacer(rate=10.0)
    paced.offer(rows(1), now=0.0)
    paced.throttled(1, 86400.0, now=0.0)
    wake_at = paced.wake_at()
    assert wake_at is not None
    assert wake_at < 301


# What it tells


def test_the_statistics_tell_queues_pace_and_end() -> None:
    paced = pacer(rate=10.0)
    paced.offer(rows(1, lane=Lane.PEOPLE) + rows(2, 3, cost=4) + rows(4, lane=Lane.COMPLIANCE), now=0.0)
    (grant,) = paced.due(0.1)
    stats = paced.stats(0.1)
    (number,) = stats.numbers
    assert (stats.epoch, number.number_id, number.waiting, number.segments_waiting) == (7, 1, (0, 1, 2), 9)
    assert (number.on_their_way, number.rate, number.configured_rate) == (1, 10.0, 10.0)
    assert number.next_in_s == pytest.approx(0.1)
    assert number.eta_s == pytest.approx(0.1 + 0.9)
    paced.depart(grant, 0.1)
    assert paced.stats(0.1).numbers[0].on_their_way == 0


def test_the_statistics_of_a_paused_number_promise_nothing() -> None:
    paced = pacer(rate=0.0)
    paced.offer(rows(1), now=0.0)
    (number,) = paced.stats(1.0).numbers
    assert (number.next_in_s, number.eta_s) == (None, None)


def test_the_achieved_rate_is_that_of_the_last_ten_seconds() -> None:
    paced = pacer(rate=10.0)
    paced.offer(rows(*range(300)), now=0.0)
    run(paced, until=30.0)
    assert paced.stats(30.0).numbers[0].achieved_rate == pytest.approx(10.0, rel=0.02)
    assert paced.stats(60.0).numbers[0].achieved_rate == 0.0
