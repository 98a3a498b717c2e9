"""Who may grant: what is taken, kept, lost and taken again, and that nothing departs in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import cast

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from server.domain.limits import LimitScope
from server.ports import DueRow, Fleet, Grant, LimitBook, Number, StoreUnavailable, StreamKey
from server.rate.authority import NO_AUTHORITY, LimiterAuthority
from server.rate.pacer import Grant as PacedGrant

LEASE_S = 9.0
RATE = 10.0
NOON = datetime(2026, 3, 10, 19, tzinfo=UTC)


class OneRow:
    """The authority's row: its epoch, who has it, and how long a new holder must still wait."""

    def __init__(self) -> None:
        self.epoch, self.holder, self.not_before = 7, 1, 0.0
        self.asked: list[float] = []
        self.away = self.hangs = False

    def hand_to(self, gen: int, *, not_before: float = 0.0) -> None:
        self.holder, self.epoch, self.not_before = gen, self.epoch + 1, not_before

    async def take_limiter(self, gen: int, lease_s: float) -> tuple[int, float] | None:
        self.asked.append(trio.current_time())
        await trio.lowlevel.checkpoint()
        if self.hangs:
            await trio.sleep_forever()
        if self.away:
            raise StoreUnavailable("away")
        return (self.epoch, max(0.0, self.not_before - trio.current_time())) if self.holder == gen else None


class Office:
    """A node, generation 1, that wants the authority."""

    def __init__(self) -> None:
        self.row, self.rings, self.departed = OneRow(), 0, list[int]()
        self.numbers = [Number(1, 1, 1, "+12025550100", RATE, 1)]
        self.authority = LimiterAuthority(
            cast("Fleet", self.row),  # one method of it
            1,
            self._read_limits,
            lease_s=LEASE_S,
            wall=lambda: NOON,
            on_taken=self._ring,
            on_departed=self.departed.append,
        )

    async def _read_limits(self) -> LimitBook:
        return LimitBook(self.numbers)

    def _ring(self) -> None:
        self.rings += 1

    def offer(self, *ids: int) -> int:
        return self.authority.offer([DueRow(row, 1, 1, 1, None) for row in ids])

    def holds(self) -> bool:
        return self.authority.holds

    def waiting(self) -> int:
        return self.authority.waiting(StreamKey(1, 1, None, ""))

    async def next_grant(self, within_s: float = 5.0) -> Grant | None:
        with trio.move_on_after(within_s):
            return (await self.authority.grants(1))[0]
        return None


@asynccontextmanager
async def office(*, holder: int = 1, not_before: float = 0.0) -> AsyncIterator[Office]:
    made = Office()
    made.row.holder, made.row.not_before = holder, not_before
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.authority.run)
        await wait_all_tasks_blocked()
        yield made
        nursery.cancel_scope.cancel()


async def test_who_takes_it_grants_under_its_epoch_and_asks_for_what_is_due(autojump_clock: MockClock) -> None:
    async with office() as it:
        assert (it.holds(), it.authority.epoch, it.rings) == (True, 7, 1)
        it.offer(5)
        grant = await it.next_grant()
        assert grant is not None
        assert grant.outbox_id == 5
        assert it.authority.depart(grant, grant.instant) == 0.0
        assert it.departed == [1]


async def test_it_is_renewed_well_before_the_lease_ends(autojump_clock: MockClock) -> None:
    async with office() as it:
        await trio.sleep(100)
        assert it.holds()
        asked = it.row.asked
        assert max(later - earlier for earlier, later in pairwise(asked)) <= LEASE_S / 2


async def test_a_renewal_keeps_the_limiter_and_its_queue(autojump_clock: MockClock) -> None:
    async with office() as it:
        it.numbers[:] = [Number(1, 1, 1, "+12025550100", 0.0, 1)]
        await trio.sleep(LEASE_S)
        it.offer(5, 6)
        await trio.sleep(LEASE_S * 3)
        assert it.waiting() == 2


async def test_a_number_whose_rate_was_changed_has_it_with_the_next_renewal(autojump_clock: MockClock) -> None:
    async with office() as it:
        it.numbers[:] = [Number(1, 1, 1, "+12025550100", 3.0, 1)]
        await trio.sleep(LEASE_S / 2)
        stats = it.authority.stats()
        assert stats is not None
        assert [number.configured_rate for number in stats.numbers] == [3.0]


async def test_without_it_nothing_is_queued_granted_or_let_go(autojump_clock: MockClock) -> None:
    async with office() as other:
        other.offer(5)
        grant = await other.next_grant()
    assert grant is not None
    async with office(holder=2) as it:
        assert (it.holds(), it.authority.epoch, it.rings) == (False, NO_AUTHORITY, 0)
        assert it.offer(5) == 0
        assert await it.next_grant() is None
        assert it.authority.depart(grant, trio.current_time()) == float("inf")
        assert (it.waiting(), it.authority.stats(), it.departed) == (0, None, [])


async def test_after_the_lease_nothing_departs_even_if_nobody_has_noticed(autojump_clock: MockClock) -> None:
    async with office() as it:
        it.offer(5)
        grant = await it.next_grant()
        assert grant is not None
        it.row.hangs = True
        await trio.sleep(LEASE_S - 0.1)
        assert it.holds()
        await trio.sleep(0.2)
        assert not it.holds()
        assert it.authority.depart(grant, trio.current_time()) == float("inf")


async def test_a_lease_counts_from_the_question_and_not_from_the_answer(autojump_clock: MockClock) -> None:
    """The database began it before its answer was on the way; a holder must not believe in it for longer."""
    made = Office()

    async def slow(gen: int, lease_s: float) -> tuple[int, float]:
        await trio.sleep(4)
        return 7, 0.0

    made.row.take_limiter = slow  # type: ignore[method-assign]  # a database that takes its time
    async with trio.open_nursery() as nursery:
        nursery.start_soon(made.authority.run)
        await trio.sleep(4.5)
        assert made.holds()
        made.row.take_limiter = made.row.__class__.take_limiter.__get__(made.row)  # type: ignore[method-assign]  # as it was
        made.row.away = True
        await trio.sleep(LEASE_S - 4.4)
        assert not made.holds()
        nursery.cancel_scope.cancel()


async def test_an_outage_shorter_than_the_lease_costs_nothing(autojump_clock: MockClock) -> None:
    async with office() as it:
        it.numbers[:] = [Number(1, 1, 1, "+12025550100", 0.0, 1)]
        await trio.sleep(LEASE_S)
        it.offer(5)
        it.row.away = True
        await trio.sleep(LEASE_S / 2)
        it.row.away = False
        await trio.sleep(LEASE_S / 2)
        assert (it.holds(), it.waiting()) == (True, 1)


async def test_another_node_that_took_it_ends_ours_and_its_grants(autojump_clock: MockClock) -> None:
    async with office() as it:
        it.row.hand_to(2)
        await trio.sleep(LEASE_S * 2)
        it.offer(5)
        assert (it.holds(), it.authority.epoch) == (False, NO_AUTHORITY)
        assert await it.next_grant() is None


async def test_a_new_epoch_has_a_limiter_of_its_own_whose_burst_is_spent(autojump_clock: MockClock) -> None:
    async with office() as it:
        it.numbers[:] = [Number(1, 1, 1, "+12025550100", 0.1, 1)]
        await trio.sleep(LEASE_S * 3)
        it.offer(5, 6)
        it.row.hand_to(1)
        await trio.sleep(LEASE_S / 2)
        assert (it.authority.epoch, it.waiting()) == (8, 0)
        began_at = trio.current_time()
        it.offer(7)
        grant = await it.next_grant(within_s=20)
        assert grant is not None
        assert (
            grant.instant - began_at > 4
        )  # one text costs ten seconds at this rate, and the limiter is 4.5 s old at most


async def test_who_takes_over_waits_before_the_first_grant(autojump_clock: MockClock) -> None:
    async with office(not_before=5.0) as it:
        assert (it.holds(), it.offer(5)) == (False, 0)
        await trio.sleep(4.9)
        assert not it.holds()
        await trio.sleep(0.2)
        assert it.holds()


async def test_whoever_waits_for_grants_gets_none_of_a_limiter_that_is_no_more(autojump_clock: MockClock) -> None:
    async with office() as it:
        got: list[Grant | None] = []
        async with trio.open_nursery() as nursery:

            async def wait() -> None:
                got.append(await it.next_grant(within_s=60))

            nursery.start_soon(wait)
            await wait_all_tasks_blocked()
            it.row.hand_to(1)
            await trio.sleep(LEASE_S / 2)
            assert it.authority.epoch == 8
            it.offer(5)
        assert [grant.outbox_id for grant in got if grant] == [5]


async def test_grants_of_a_limiter_that_was_replaced_are_void(autojump_clock: MockClock) -> None:
    """Even of a row that its successor has granted once more: only the newer grant may use that."""
    async with office() as it:
        it.offer(5, 6)
        old = [await it.next_grant(), await it.next_grant()]
        it.row.hand_to(1)
        await trio.sleep(LEASE_S / 2)
        assert it.authority.epoch == 8
        it.offer(6)
        new = await it.next_grant()
        assert [grant.outbox_id for grant in (*old, new) if grant] == [5, 6, 6]
        assert old[0] is not None
        assert new is not None
        await trio.sleep(1)
        assert it.authority.depart(old[0], trio.current_time()) == float("inf")
        assert it.authority.depart(new, trio.current_time()) == 0.0
        assert it.authority.depart(old[1] or new, trio.current_time()) == float("inf")
        assert it.departed == [1]


async def test_who_has_lost_it_to_another_does_not_wait_for_its_lease_to_end(autojump_clock: MockClock) -> None:
    async with office() as it:
        it.row.hand_to(2)
        await trio.sleep(LEASE_S / 3 + 0.1)
        assert not it.holds()


async def test_what_is_withdrawn_or_throttled_without_a_limiter_is_forgotten(autojump_clock: MockClock) -> None:
    async with office(holder=2) as it:
        it.authority.withdraw([5])
        it.authority.throttled(PacedGrant(5, 1, 1, 1, 0.0), 3.0, LimitScope.NUMBER)
        assert it.authority.stats() is None
