"""When the stager looks for due rows, and what keeps it from looking."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import cast

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from server.actors.stager import LOW_WATER, QUEUE_AHEAD, Doorbell, Stager
from server.domain.messages import OutboxGrew, Waiting
from server.ports import DueRow, Ledger, Number, StoreUnavailable, StreamKey
from tests.actors.fakes import FakeClock, FakeLimiter


class DueRows:
    """Due rows by number, all of one stream. `looks` are the numbers of the looks, `left_out` the streams of each."""

    def __init__(self) -> None:
        self.rows: dict[int, list[int]] = {}
        self.looks: list[int] = []
        self.left_out: list[list[StreamKey]] = []
        self.away = False
        self.begun = trio.Event()
        self.may_end = trio.Event()
        self.may_end.set()

    async def due(
        self, number_id: int, now: datetime, limit: int, besides: Collection[StreamKey] = ()
    ) -> Sequence[DueRow]:
        self.begun.set()
        await self.may_end.wait()
        self.looks.append(number_id)
        self.left_out.append(list(besides))
        if self.away:
            raise StoreUnavailable("away")
        rows = [DueRow(row, number_id, 1, 1, None) for row in self.rows.get(number_id, [])[:limit]]
        return [row for row in rows if row.stream not in besides]


class Queues(FakeLimiter):
    depth = 0
    others: Collection[int] = ()

    def sends_for(self, number_id: int) -> bool:
        return number_id not in self.others

    def waiting(self, stream: StreamKey) -> int:
        return self.depth


class Stage:
    def __init__(self) -> None:
        self.due, self.limiter = DueRows(), Queues()
        self.numbers = [Number(1, 1, 1, "+12025550100", 1.0, 1)]
        ledger = cast("Ledger", self.due)  # the stager asks for due rows only
        self.stager = Stager(ledger, self.limiter, FakeClock(), lambda: self.numbers)


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """A stager that has had its first look."""
    made = Stage()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.stager.run)
        await wait_all_tasks_blocked()
        made.due.looks.clear()
        made.due.left_out.clear()
        yield made
        nursery.cancel_scope.cancel()


async def test_a_ring_shows_the_limiter_what_is_due(autojump_clock: MockClock) -> None:
    async with stage() as it:
        it.due.rows[1] = [5, 6]
        it.stager.ring([1])
        await wait_all_tasks_blocked()
        assert it.limiter.offered == [5, 6]


def grew(*rows: int) -> OutboxGrew:
    return OutboxGrew(frozenset({1}), tuple(Waiting(row, 1, 1, 1) for row in rows))


async def test_what_a_commit_tells_of_is_offered_without_a_look(autojump_clock: MockClock) -> None:
    async with stage() as it:
        it.stager.grew(grew(5, 6))
        assert it.limiter.offered == [5, 6]
        await wait_all_tasks_blocked()
        assert it.due.looks == []


async def test_nothing_is_shown_of_a_number_that_another_server_sends_for(autojump_clock: MockClock) -> None:
    async with stage() as it:
        it.limiter.others, it.due.rows[1] = {1}, [5]
        it.stager.grew(grew(6))
        it.stager.ring([1])
        await trio.sleep(3)
        assert (it.limiter.offered, it.due.looks) == ([], [])
        it.limiter.others = ()
        it.stager.grew(grew(6))
        assert it.limiter.offered == [], "the limiter has not been shown what waits before it"
        await wait_all_tasks_blocked()
        it.stager.grew(grew(7))
        assert it.limiter.offered == [5, 7]


async def test_what_a_commit_tells_of_waits_for_a_look_where_the_limiter_knows_of_nothing(
    autojump_clock: MockClock,
) -> None:
    async with stage() as it:
        it.due.rows[1] = [5]
        it.stager.ring_for_all()
        it.stager.grew(grew(6))
        assert it.limiter.offered == []
        it.due.rows[1] = [5, 6]
        await wait_all_tasks_blocked()
        assert it.limiter.offered == [5, 6]


async def test_what_a_commit_does_not_tell_of_is_looked_for(autojump_clock: MockClock) -> None:
    async with stage() as it:
        it.due.rows[1] = [5]
        it.stager.grew(OutboxGrew(frozenset({1})))
        await wait_all_tasks_blocked()
        assert it.limiter.offered == [5]


async def test_what_a_commit_tells_of_overtakes_none_that_the_limiter_has_not_been_shown(
    autojump_clock: MockClock,
) -> None:
    async with stage() as it:
        it.due.rows[1] = list(range(QUEUE_AHEAD + 1))
        it.stager.ring([1])
        await wait_all_tasks_blocked()
        it.due.looks.clear()
        it.limiter.depth = LOW_WATER
        it.stager.grew(grew(QUEUE_AHEAD + 1))
        await wait_all_tasks_blocked()
        assert QUEUE_AHEAD + 1 not in it.limiter.offered
        assert it.due.looks == [], "there is enough to do until the queue runs low"
        it.limiter.depth = LOW_WATER - 1
        it.stager.grew(grew(QUEUE_AHEAD + 2))
        await wait_all_tasks_blocked()
        assert QUEUE_AHEAD + 2 not in it.limiter.offered
        assert it.due.looks == [1]


async def test_a_queue_grows_no_longer_than_one_look_makes_it_and_is_read_again_when_it_is_low(
    autojump_clock: MockClock,
) -> None:
    async with stage() as it:
        it.limiter.depth = QUEUE_AHEAD
        it.stager.grew(grew(5))
        assert it.limiter.offered == []
        it.due.rows[1] = [5]
        it.limiter.depth = LOW_WATER - 1
        it.stager.ring_if_low(1)
        await wait_all_tasks_blocked()
        assert it.limiter.offered == [5]


async def test_what_is_told_during_a_look_is_not_forgotten_for_being_too_new_for_it(autojump_clock: MockClock) -> None:
    async with stage() as it:
        it.due.rows[1] = [4]
        it.stager.ring([1])
        it.due.begun, it.due.may_end = trio.Event(), trio.Event()
        await it.due.begun.wait()
        it.stager.grew(grew(5))
        assert it.due.looks == [], "it is under way"
        it.due.may_end.set()
        await wait_all_tasks_blocked()
        assert it.limiter.kept[-1] == (1, frozenset({4, 5}))
        it.stager.ring([1])
        await wait_all_tasks_blocked()
        assert it.limiter.kept[-1] == (1, frozenset({4})), "a later look sees whether it is due still"


async def test_the_limiter_hears_what_is_due_where_no_queue_was_passed_over(autojump_clock: MockClock) -> None:
    async with stage() as it:
        it.due.rows[1] = list(range(QUEUE_AHEAD))
        it.stager.ring([1])
        await wait_all_tasks_blocked()
        assert it.limiter.kept[-1] == (1, frozenset(range(QUEUE_AHEAD)))
        it.limiter.kept.clear()
        it.limiter.depth = LOW_WATER
        it.stager.ring([1])
        await wait_all_tasks_blocked()
        assert len(it.due.left_out[-1]) == 1
        assert not it.limiter.kept, "who was passed over is due all the same"


async def test_many_rings_are_one_look(autojump_clock: MockClock) -> None:
    async with stage() as it:
        for _ in range(100):
            it.stager.ring([1])
        await wait_all_tasks_blocked()
        assert len(it.due.looks) == 1


async def test_a_ring_during_a_look_brings_another_look(autojump_clock: MockClock) -> None:
    async with stage() as it:
        it.stager.ring([1])
        while not it.due.looks:
            await trio.lowlevel.checkpoint()
        it.stager.ring([1])
        await wait_all_tasks_blocked()
        assert len(it.due.looks) == 2


async def test_a_ring_for_one_number_brings_no_look_at_another(autojump_clock: MockClock) -> None:
    async with stage() as it:
        it.numbers.append(Number(2, 1, 1, "+12025550101", 1.0, 1))
        it.stager.ring([2])
        await wait_all_tasks_blocked()
        assert it.due.looks == [2]


async def test_a_limiter_that_knows_of_nothing_is_shown_every_number(autojump_clock: MockClock) -> None:
    async with stage() as it:
        it.numbers.append(Number(2, 1, 1, "+12025550101", 1.0, 1))
        it.stager.ring_for_all()
        await wait_all_tasks_blocked()
        assert it.due.looks == [1, 2]


async def test_a_long_queue_is_passed_over_by_rings_until_it_is_low_and_once_a_second_by_none(
    autojump_clock: MockClock,
) -> None:
    async with stage() as it:
        queue = StreamKey(1, 1, None, "")
        it.due.rows[1] = list(range(QUEUE_AHEAD + 1))
        it.limiter.depth = QUEUE_AHEAD
        for _ in range(3):
            it.stager.ring([1])
            await wait_all_tasks_blocked()
        it.limiter.depth = LOW_WATER - 1
        it.stager.ring([1])
        await wait_all_tasks_blocked()
        it.limiter.depth = QUEUE_AHEAD
        it.stager.ring([1])
        await wait_all_tasks_blocked()
        await trio.sleep(1.5)
        assert it.due.left_out == [[], [queue], [queue], [], [queue], []]


async def test_without_any_ring_it_looks_each_second(autojump_clock: MockClock) -> None:
    async with stage() as it:
        await trio.sleep(3.5)
        assert len(it.due.looks) == 3


async def test_it_looks_for_every_number_and_for_those_that_come_later(autojump_clock: MockClock) -> None:
    async with stage() as it:
        it.numbers.append(Number(2, 1, 1, "+12025550101", 1.0, 1))
        await trio.sleep(1.5)
        assert it.due.looks == [1, 2]


async def test_a_departure_rings_only_where_the_queue_runs_low(autojump_clock: MockClock) -> None:
    async with stage() as it:
        it.due.rows[1] = list(range(QUEUE_AHEAD + 1))
        it.stager.ring([1])
        await wait_all_tasks_blocked()
        it.due.looks.clear()
        it.limiter.depth = LOW_WATER
        it.stager.ring_if_low(1)
        await wait_all_tasks_blocked()
        assert it.due.looks == []
        it.limiter.depth = LOW_WATER - 1
        it.stager.ring_if_low(1)
        await wait_all_tasks_blocked()
        assert len(it.due.looks) == 1


async def test_a_departure_rings_nobody_where_all_that_is_due_has_been_shown(autojump_clock: MockClock) -> None:
    async with stage() as it:
        it.stager.ring_if_low(1)
        await wait_all_tasks_blocked()
        assert it.due.looks == []


async def test_an_outage_is_waited_out(autojump_clock: MockClock) -> None:
    async with stage() as it:
        it.due.away = True
        it.due.rows[1] = [5]
        await trio.sleep(10)
        assert it.limiter.offered == []
        it.due.away = False
        await trio.sleep(1.5)
        assert 5 in it.limiter.offered


async def test_a_ring_before_the_wait_is_not_lost(autojump_clock: MockClock) -> None:
    bell = Doorbell()
    bell.ring()
    before = trio.current_time()
    await bell.wait(60)
    assert trio.current_time() == before
    await bell.wait(60)
    assert trio.current_time() == before + 60
