"""Several servers share the limits while they reach one book of leases; one grants alone as soon as any does not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import cast

import pytest
import trio
from trio.testing import MockClock

from server.domain.lease import MICRO, SLOW_S, WATCH_S
from server.domain.limits import Allowance, LimitScope
from server.ports import DueRow, Fleet, LimitBook, Number
from server.ports.leases import Ask, BookAway, BookLost, Cuts, Shared
from server.rate.authority import NO_AUTHORITY, LimiterAuthority
from server.rate.leased import LAPSES_S
from server.rate.leases import OPENS_AFTER_S
from tests.rate.leased_world import Book
from tests.rate.virtual import worst_excess

LEASE_S = 3.0
RATE = 20.0
BY_THEN_S = WATCH_S + LEASE_S + OPENS_AFTER_S + 1.0
"""After the start: the clock was watched, the holder has renewed, what was allowed has left."""
NOTICED_S = 3 * SLOW_S
ALONE_S = 6 * LEASE_S
"""After a loss, whoever has the authority by then."""


class Row:
    """The authority's row and the nodes', as the statements of the database keep them."""

    def __init__(self) -> None:
        self.epoch, self.gen, self.keeper, self.not_before, self.alone_till = 0, 0, "", 0.0, 0.0
        self.reaches: dict[int, str | None] = {}

    def _wait_s(self) -> float:
        return max(0.0, self.not_before - trio.current_time())

    def _becomes(self, gen: int, keeper: str, *, waits: bool) -> None:
        self.epoch, self.gen, self.keeper = self.epoch + 1, gen, keeper
        self.not_before = trio.current_time() + (OPENS_AFTER_S if waits else 0.0)

    async def take_limiter(self, gen: int, lease_s: float, *, alone: bool = True) -> tuple[int, float] | None:
        await trio.lowlevel.checkpoint()
        if self.gen not in (gen, 0) or (self.keeper and not alone):
            return None
        if self.gen != gen:
            if self.keeper:
                self.alone_till = trio.current_time() + ALONE_S
            self._becomes(gen, "", waits=bool(self.keeper))
        return self.epoch, self._wait_s()

    async def share_limiter(self, gen: int, epoch: int, keeper: str) -> int | None:
        await trio.lowlevel.checkpoint()
        if (self.gen, self.epoch) != (gen, epoch) or trio.current_time() < self.alone_till:
            return None
        if {*self.reaches.values()} != {keeper} or len(self.reaches) < 2:
            return None
        self._becomes(0, keeper, waits=True)
        return self.epoch

    async def join_limiter(self, gen: int, keeper: str | None) -> Shared | None:
        await trio.lowlevel.checkpoint()
        self.reaches[gen] = keeper
        if not self.keeper or self.keeper != keeper:
            return None
        gens = frozenset(each for each, reached in self.reaches.items() if reached == keeper)
        return Shared(self.epoch, self._wait_s(), gens)


class Keeper:
    """A `LeaseBook` with its faults. `away` for some: who cannot reach it."""

    def __init__(self) -> None:
        self.name, self.ahead_s, self.slow_s = "first", 1e6, 0.001
        self.books: dict[int, Book] = {}
        self.away: set[int] = set()

    def now(self) -> int:
        return int((trio.current_time() + self.ahead_s) * MICRO)

    def seen_by(self, gen: int) -> Reached:
        return Reached(self, gen)


class Reached:
    """The keeper, as one server reaches it."""

    def __init__(self, keeper: Keeper, gen: int) -> None:
        self.keeper, self._gen = keeper, gen

    async def _reach(self) -> None:
        await trio.sleep(self.keeper.slow_s)
        if self._gen in self.keeper.away:
            raise BookAway("away")

    async def look(self) -> tuple[str, int]:
        await self._reach()
        return self.keeper.name, self.keeper.now()

    async def open(self, keeper: str, epoch: int, wait_us: int) -> None:
        await self._reach()
        self.keeper.books[epoch] = Book(self.keeper.now() + wait_us)

    async def cut(self, keeper: str, epoch: int, asks: Sequence[Ask]) -> Cuts:
        await self._reach()
        if keeper != self.keeper.name or epoch not in self.keeper.books:
            raise BookLost("lost")
        cuts = self.keeper.books[epoch].cut(self.keeper.now(), asks)
        await trio.sleep(self.keeper.slow_s)
        return cuts


class Office:
    """Servers 1 and 2 with a number each and endless texts, under one account's limit. `left` is when texts left."""

    def __init__(self, keepers: Callable[[int], Reached]) -> None:
        self.row = Row()
        self.left: dict[int, list[tuple[float, int]]] = {1: [], 2: []}
        numbers = [Number(each, 1, 1, f"+1202555010{each}", RATE, 2) for each in (1, 2)]
        self.limits = LimitBook(numbers=numbers, accounts={1: Allowance(RATE, 2)})
        self.nodes = {
            gen: LimiterAuthority(
                cast("Fleet", self.row),  # three methods of it
                gen, self._read, lease_s=LEASE_S, wall=lambda: datetime(2026, 3, 10, tzinfo=UTC), leases=keepers(gen),
            )
            for gen in (1, 2)
        }  # fmt: skip

    async def _read(self) -> LimitBook:
        return self.limits

    async def send(self, gen: int) -> None:
        """Whatever is granted leaves at its instant, where T3 would still allow it."""
        node, serial = self.nodes[gen], gen * 1_000_000
        while True:
            for number in (1, 2):
                if node.sends_for(number):
                    serial += 10
                    node.offer([DueRow(serial + each, number, 1, 1, None) for each in range(10)])
            with trio.move_on_after(0.1):
                for grant in await node.grants(1):
                    if node.epoch != self.row.epoch or self.row.not_before > trio.current_time():
                        node.withdraw([grant.outbox_id])
                        continue
                    await trio.sleep_until(grant.instant)
                    if node.depart(grant, trio.current_time()) == 0.0:
                        self.left[gen].append((trio.current_time(), 1))

    def since(self, at: float) -> list[int]:
        """How many left each server since then."""
        return [sum(when >= at for when, _ in self.left[gen]) for gen in (1, 2)]

    def holds(self) -> list[bool]:
        return [node.holds for node in self.nodes.values()]

    def is_never_above(self) -> None:
        both = sorted([*self.left[1], *self.left[2]])
        assert worst_excess(both, RATE, 2) <= 1e-6


@asynccontextmanager
async def office(keepers: Callable[[int], Reached] | None = None) -> AsyncIterator[Office]:
    made = Office(keepers or Keeper().seen_by)
    async with trio.open_nursery() as nursery:
        for gen, node in made.nodes.items():
            nursery.start_soon(node.run)
            nursery.start_soon(made.send, gen)
        yield made
        nursery.cancel_scope.cancel()
    made.is_never_above()


async def test_all_send_at_once_where_they_reach_the_same_book(autojump_clock: MockClock) -> None:
    async with office() as it:
        await trio.sleep(WATCH_S - 1)
        assert it.holds().count(True) == 1, "until then one grants alone"
        await trio.sleep(BY_THEN_S)
        assert it.holds() == [True, True]
        assert {node.lapses_after_s for node in it.nodes.values()} == {LAPSES_S}
        at = trio.current_time()
        await trio.sleep(10)
        assert sum(it.since(at)) > 10 * RATE * 0.7
        assert min(it.since(at)) > 10 * RATE * 0.2, "each has one of the numbers, and a part of the account's pace"


FAULTS = ("flushed", "started again", "away for one", "away for all", "set forward", "set back", "slow")


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_book_that_is_lost_ends_the_epoch_and_one_grants_alone(autojump_clock: MockClock, fault: str) -> None:
    keeper = Keeper()
    async with office(keeper.seen_by) as it:
        await trio.sleep(BY_THEN_S)
        assert it.holds() == [True, True]
        epoch = it.row.epoch
        match fault:
            case "flushed":
                keeper.books.clear()
            case "started again":
                keeper.books.clear()
                keeper.name = "second"
            case "away for one":
                keeper.away = {2}
            case "away for all":
                keeper.away = {1, 2}
            case "set forward" | "set back":
                keeper.ahead_s += 1.0 if fault == "set forward" else -1.0
            case _:
                keeper.slow_s = 1.5 * SLOW_S
        await trio.sleep(NOTICED_S)
        assert it.row.epoch > epoch
        assert it.row.gen != 0
        await trio.sleep(OPENS_AFTER_S + LEASE_S)
        assert it.holds().count(True) == 1
        at = trio.current_time()
        await trio.sleep(5)
        assert sum(it.since(at)) > 0
        if fault == "away for all":
            keeper.away = set()
            await trio.sleep(ALONE_S + BY_THEN_S)
            assert it.holds() == [True, True], "and they share again"


async def test_servers_that_reach_different_books_do_not_share(autojump_clock: MockClock) -> None:
    two = {1: Keeper(), 2: Keeper()}
    two[2].name = "second"
    async with office(lambda gen: two[gen].seen_by(gen)) as it:
        await trio.sleep(3 * BY_THEN_S)
        assert it.holds().count(True) == 1


async def test_a_connection_that_comes_out_at_another_book_ends_the_epoch(autojump_clock: MockClock) -> None:
    """A replica that was promoted has the entries, too, as they were."""
    one, other = Keeper(), Keeper()
    other.name = "second"
    async with office(one.seen_by) as it:
        await trio.sleep(BY_THEN_S)
        epoch, other.books = it.row.epoch, one.books
        leases = it.nodes[2]._leases
        assert leases is not None
        cast("Reached", leases._book).keeper = other
        await trio.sleep(1)
        assert it.row.epoch > epoch
        assert it.row.gen != 0


async def test_a_server_that_comes_later_watches_first_and_does_not_disturb(autojump_clock: MockClock) -> None:
    keeper = Keeper()
    async with office(keeper.seen_by) as it:
        await trio.sleep(BY_THEN_S)
        epoch = it.row.epoch
        late = LimiterAuthority(
            cast("Fleet", it.row), 3, it._read, lease_s=LEASE_S, wall=lambda: datetime(2026, 3, 10, tzinfo=UTC),
            leases=keeper.seen_by(3),
        )  # fmt: skip
        async with trio.open_nursery() as nursery:
            nursery.start_soon(late.run)
            await trio.sleep(WATCH_S - 0.5)
            assert (late.epoch, it.row.epoch) == (NO_AUTHORITY, epoch)
            await trio.sleep(LEASE_S)
            assert (late.epoch, it.row.epoch) == (epoch, epoch)
            nursery.cancel_scope.cancel()


async def test_a_pause_that_a_carrier_asks_for_holds_for_all(autojump_clock: MockClock) -> None:
    async with office() as it:
        await trio.sleep(BY_THEN_S)
        sends = next(node for node in it.nodes.values() if node.sends_for(1))
        sends.offer([DueRow(5, 1, 0, 1, None)])
        [grant] = await sends.grants(1)
        sends.throttled(grant, 5.0, LimitScope.ACCOUNT)
        await trio.sleep(0.7)
        at = trio.current_time()
        await trio.sleep(3.5)
        assert sum(it.since(at)) == 0
        await trio.sleep(5)
        assert sum(it.since(at)) > 0
