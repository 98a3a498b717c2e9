"""The limiter under trio: who waits for grants is woken by what changes."""

import math

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from server.domain.gate import Lane
from server.ports import CampaignPace, DueRow, LimitBook, Number, RateLimiter, StreamKey
from server.rate.limiter import Limiter
from server.rate.pacer import HORIZON_S, Grant


def rows(*ids: int, lane: Lane = Lane.BULK) -> list[DueRow]:
    return [DueRow(each, 1, lane, 1, None) for each in ids]


async def test_grants_come_shortly_before_their_instants(autojump_clock: MockClock) -> None:
    limiter = Limiter(epoch=1)
    start = trio.current_time()
    limiter.set_rate(1, 10.0, 1)
    limiter.offer(rows(1, 2, 3))
    for n in (1, 2, 3):
        (grant,) = await limiter.grants()
        assert grant.outbox_id == n
        assert grant.instant == pytest.approx(start + n / 10)
        assert trio.current_time() == pytest.approx(grant.instant - HORIZON_S)


async def test_of_two_that_wait_each_gets_the_rows_of_its_own_numbers(autojump_clock: MockClock) -> None:
    limiter = Limiter(epoch=1)
    for number in (1, 2):
        limiter.set_rate(number, 100.0, 10)
    await trio.sleep(60)
    limiter.offer([DueRow(n, 1 + n % 2, Lane.BULK, 1, None) for n in range(1, 7)])
    got: dict[int, list[int]] = {1: [], 2: []}

    async def claimer(number: int) -> None:
        while len(got[number]) < 3:
            got[number] += [grant.outbox_id for grant in await limiter.grants(1, lambda one: one == number)]

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(claimer, 2)
            await wait_all_tasks_blocked()
            assert (got, limiter.waiting(StreamKey(1, Lane.BULK, None, ""))) == ({1: [], 2: [1, 3, 5]}, 3)
            nursery.start_soon(claimer, 1)
    assert got == {1: [2, 4, 6], 2: [1, 3, 5]}


async def test_one_whose_head_belongs_to_another_takes_its_own_behind_it(autojump_clock: MockClock) -> None:
    limiter = Limiter(epoch=1)
    numbers = [Number(n, 1, n, f"+1202555010{n}", 100.0, 1) for n in (1, 2)]
    limiter.configure(LimitBook(numbers, campaigns={7: CampaignPace(10.0)}), 1e9)
    limiter.offer([DueRow(1, 1, Lane.BULK, 1, 7), DueRow(2, 2, Lane.BULK, 3, 7), DueRow(3, 2, Lane.BULK, 1, 7)])
    with trio.fail_after(60):
        got = [(await limiter.grants(1, lambda number: number == 2))[0] for _ in range(2)]
    assert [grant.outbox_id for grant in got] == [2, 3]
    with trio.fail_after(60):
        assert [grant.outbox_id for grant in await limiter.grants(1, lambda number: number == 1)] == [1]


async def test_one_that_waits_sleeps_until_its_own_numbers_turn(autojump_clock: MockClock) -> None:
    limiter = Limiter(epoch=1)
    start = trio.current_time()
    limiter.set_rate(1, 10.0, 1)
    limiter.set_rate(2, 1.0, 1)
    limiter.offer([DueRow(1, 1, Lane.BULK, 1, None), DueRow(2, 2, Lane.BULK, 1, None)])
    (grant,) = await limiter.grants(4, lambda number: number == 2)
    assert grant.outbox_id == 2
    assert trio.current_time() == pytest.approx(start + 1.0 - HORIZON_S)


async def test_who_waits_is_woken_by_an_offer(autojump_clock: MockClock) -> None:
    limiter = Limiter(epoch=1)
    limiter.set_rate(1, 10.0, 1)
    await trio.sleep(60)
    got: list[Grant] = []

    async def claimer() -> None:
        got.extend(await limiter.grants())

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(claimer)
            await wait_all_tasks_blocked()
            assert got == []
            limiter.offer(rows(1))
    assert [grant.outbox_id for grant in got] == [1]


async def test_who_waits_for_a_paused_number_is_woken_by_its_rate(autojump_clock: MockClock) -> None:
    limiter = Limiter(epoch=1)
    limiter.offer(rows(1))
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(limiter.grants)
            await wait_all_tasks_blocked()
            limiter.set_rate(1, 10.0, 1)
    assert limiter.stats().numbers[0].on_their_way == 1


async def test_a_reply_that_comes_while_the_claimer_waits_goes_first(autojump_clock: MockClock) -> None:
    limiter = Limiter(epoch=1)
    limiter.set_rate(1, 1.0, 1)
    limiter.offer(rows(*range(10)))
    got: list[Grant] = []

    async def claimer() -> None:
        got.extend(await limiter.grants())

    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(claimer)
            await wait_all_tasks_blocked()
            limiter.offer(rows(99, lane=Lane.PEOPLE))
    assert [grant.outbox_id for grant in got] == [99]


async def test_cancelling_who_waits_loses_no_grant(autojump_clock: MockClock) -> None:
    limiter = Limiter(epoch=1)
    limiter.set_rate(1, 10.0, 1)
    limiter.offer(rows(1))
    with trio.move_on_after(0.01):
        await limiter.grants()
    (grant,) = await limiter.grants()
    assert grant.outbox_id == 1


async def test_a_departure_is_charged_a_withdrawn_row_is_not_granted_a_429_slows(autojump_clock: MockClock) -> None:
    limiter = Limiter(epoch=4)
    limiter.set_rate(1, 10.0, 1)
    limiter.offer(rows(1, 2, 3))
    (grant,) = await limiter.grants()
    await trio.sleep_until(grant.instant)
    assert limiter.depart(grant, trio.current_time()) == 0.0
    assert limiter.depart(grant, trio.current_time()) == math.inf  # once
    limiter.withdraw([2])
    limiter.throttled(grant, 2.0)
    (later,) = await limiter.grants()
    assert later.outbox_id == 3
    assert later.instant == pytest.approx(grant.instant + 2.0 + 0.2)
    assert (limiter.epoch, limiter.stats().epoch) == (4, 4)


async def test_it_is_the_rate_limiter_that_senders_expect_and_grants_no_more_than_asked(
    autojump_clock: MockClock,
) -> None:
    limiter = Limiter(epoch=1)
    limiter.set_rate(1, 10.0, 5)
    await trio.sleep(10)
    port: RateLimiter = limiter
    port.offer(rows(1, 2, 3))
    assert [grant.outbox_id for grant in await port.grants(2)] == [1, 2]
    assert port.waiting(rows(3)[0].stream) == 1


async def test_instants_are_on_the_clock_that_it_is_given(autojump_clock: MockClock) -> None:
    limiter = Limiter(epoch=1, monotonic=lambda: trio.current_time() + 1_000_000)
    limiter.set_rate(1, 10.0, 1)
    limiter.offer(rows(1))
    (grant,) = await limiter.grants()
    assert grant.instant == pytest.approx(1_000_000 + trio.current_time() + HORIZON_S)
