"""Who may grant on this node: holds the limiter while this node has the authority, and nothing while it has not.

The authority is one row of the database with an epoch that T3 checks, so a node that lost it without noticing cannot
send. Each epoch has a limiter of its own that starts as if the whole burst had just been spent: there is no moment with
two limits, and none without. Where a book of leases can be reached, who has the authority shares it with all who live;
each then grants within what it has leased, the rows of its own part of the numbers. Whoever loses the book takes the
authority alone again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

import structlog
import trio

from server.domain.limits import LimitScope
from server.domain.shards import wanted
from server.ports import DueRow, Fleet, Grant, LimitBook, StoreUnavailable, StreamKey
from server.ports.leases import LeaseBook
from server.rate.daily import BLOCK, DailyCap
from server.rate.leased import LeasedLimit
from server.rate.leases import Leases
from server.rate.limit import Limit
from server.rate.limiter import Limiter
from server.rate.stats import LimiterStats

RENEWALS_PER_LEASE: Final = 3
NO_AUTHORITY: Final = -1
"""No epoch in the database is negative: T3 refuses it."""
_RETRY_S: Final = 1.0
_GIVE_BACK_S: Final = 1.0  # what a stop may take to give the rest of a block back; a crash does not either

log = structlog.get_logger(__name__)


class LimiterAuthority:
    """`ports.RateLimiter` over the limiter in force. Without the authority nothing is granted and nothing departs."""

    def __init__(
        self,
        fleet: Fleet,
        gen: int,
        limits: Callable[[], Awaitable[LimitBook]],
        *,
        lease_s: float,
        wall: Callable[[], datetime],
        on_taken: Callable[[], None] = lambda: None,
        on_departed: Callable[[int], None] = lambda number_id: None,
        leases: LeaseBook | None = None,
    ) -> None:
        """`on_departed` is called with the number of each text whose first byte is about to leave."""
        self._leases = None if leases is None else Leases(leases, self._look_again)
        self._sharers: frozenset[int] | None = None  # None: it is not shared
        self._again = trio.Event()
        self._fleet, self._gen, self._limits, self._lease_s, self._wall = fleet, gen, limits, lease_s, wall
        self._on_taken, self._on_departed = on_taken, on_departed
        self._limiter: Limiter | None = None
        self._until = 0.0
        self._book = LimitBook()
        self._changed = trio.Event()
        self._wanted = trio.Event()

    async def run(self) -> None:
        """Take it, keep it, take it again; a clean end gives back what was charged to a day and will not be used."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._charge)
            if self._leases is not None:
                nursery.start_soon(self._leases.run)
            try:
                await self._keep()
            finally:
                with trio.move_on_after(_GIVE_BACK_S, shield=True):
                    if self.holds and self._limiter is not None:
                        await self._give_back(self._limiter)

    async def _keep(self) -> None:
        while True:
            asked_at = trio.current_time()
            taken: tuple[int, float] | None = None
            try:
                taken = await self._take()
                if taken is None or taken[0] != self.epoch:
                    self._drop()  # another node has it, or it is another authority: the database says so
                self._book = await self._limits()
            except StoreUnavailable:
                taken = None
                log.warning("limiter_authority_not_renewed")
            epoch, wait_s = taken or (NO_AUTHORITY, 0.0)
            if taken is not None and not wait_s:
                self._hold(epoch, until=asked_at + self._lease_s)
            elif trio.current_time() >= self._until:
                self._drop()
            with trio.move_on_after(
                min(wait_s or self._lease_s, self._lease_s / RENEWALS_PER_LEASE, self._day_ends_in_s())
            ):
                await self._again.wait()
            self._again = trio.Event()

    async def _take(self) -> tuple[int, float] | None:
        """Share it, where others do; else have it alone: (epoch, seconds to wait). None: another has it."""
        leases, gen = self._leases, self._gen
        if leases is None:
            return await self._fleet.take_limiter(gen, self._lease_s)
        if shared := await self._fleet.join_limiter(gen, leases.keeper):
            self._sharers = shared.gens
            return shared.epoch, shared.wait_s
        self._sharers = None
        alone = leases.keeper is None and not leases.waits
        taken = await self._fleet.take_limiter(gen, self._lease_s, alone=alone)
        if taken is None or taken[1] or leases.keeper is None:
            return taken
        epoch = await self._fleet.share_limiter(gen, taken[0], leases.keeper)
        if epoch is None:
            return taken
        log.info("limiter_authority_shared", epoch=epoch)
        limiter = self._limiter
        self._drop()
        await leases.open(epoch)
        if limiter is not None:
            await self._give_back(limiter)
        self._look_again()
        return None

    def _look_again(self) -> None:
        self._again.set()

    @property
    def holds(self) -> bool:
        return self._limiter is not None and trio.current_time() < self._until

    @property
    def book(self) -> LimitBook:
        """The limits as they were read last."""
        return self._book

    def _hold(self, epoch: int, *, until: float) -> None:
        self._until = until
        if self._limiter is None or self._limiter.epoch != epoch:
            self._drop()
            shared = self._sharers is not None
            self._limiter = Limiter(epoch, on_want=self._want, make=LeasedLimit if shared else Limit)
            if self._leases is not None and shared:
                self._leases.use(self._limiter)
            log.info("limiter_authority_taken", epoch=epoch, shared=shared)
            self._nudge()
        self._limiter.configure(self._book, self._day_ends_in_s())
        for number in self._book.numbers:
            if not self.sends_for(number.number_id):
                self._limiter.keep_only(number.number_id, ())
        self._on_taken()

    def _drop(self) -> None:
        if self._limiter is not None:
            log.warning("limiter_authority_lost", epoch=self._limiter.epoch)
            self._limiter = None
            if self._leases is not None:
                self._leases.use(None)
            self._nudge()

    def _nudge(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    def _day_ends_in_s(self) -> float:
        ends_at = self._book.day_ends_at
        # A moment later than midnight, so that whoever looks then finds the next day.
        return float("inf") if ends_at is None else max(0.0, (ends_at - self._wall()).total_seconds()) + 0.01

    # Days of brands

    def _want(self) -> None:
        self._wanted.set()
        if self._leases is not None:
            self._leases.want()

    async def _charge(self) -> None:
        """Charge blocks when they are wanted, and write down which days a carrier says are used up."""
        while True:
            await self._wanted.wait()
            self._wanted = trio.Event()
            try:
                if limiter := self._limiter:
                    for day in limiter.days():
                        if day.told and not day.written:
                            await self._fleet.spend_day(day.key.id, day.day)
                            day.written = True
                    for day in limiter.wants():
                        await self._charge_block(limiter, day)
            except StoreUnavailable:
                log.warning("daily_cap_not_charged")
                await trio.sleep(_RETRY_S)
                self._wanted.set()

    async def _charge_block(self, limiter: Limiter, day: DailyCap) -> None:
        try:
            charge = await self._fleet.charge_day(day.key.id, day.day, BLOCK, self._gen, limiter.epoch)
        finally:
            day.asking = False
        if charge is not None:
            limiter.credit(day, charge.segments, spent=charge.spent)

    async def _give_back(self, limiter: Limiter) -> None:
        """It grants nothing any more. What is charged and lost by a fault here is lost for the day, no more."""
        for day in limiter.days():
            if rest := day.take_rest():
                try:
                    await self._fleet.give_back_day(day.key.id, day.day, rest)
                except StoreUnavailable:
                    return

    # ports.RateLimiter

    @property
    def epoch(self) -> int:
        return self._limiter.epoch if self._limiter is not None else NO_AUTHORITY

    @property
    def lapses_after_s(self) -> float:
        return self._limiter.lapses_after_s if self._limiter is not None else float("inf")

    def sends_for(self, number_id: int) -> bool:
        """A number moves only where a node came or went. Where two disagree, T3 gives each row to one of them."""
        return self._sharers is None or wanted(str(number_id), self._sharers) == self._gen

    def offer(self, rows: Sequence[DueRow]) -> int:
        return self._limiter.offer(rows) if self._limiter is not None else 0

    def keep_only(self, number_id: int, outbox_ids: Collection[int]) -> None:
        if self._limiter is not None:
            self._limiter.keep_only(number_id, outbox_ids)

    def withdraw(self, outbox_ids: Iterable[int]) -> None:
        if self._limiter is not None:
            self._limiter.withdraw(outbox_ids)

    def waiting(self, stream: StreamKey) -> int:
        return self._limiter.waiting(stream) if self._limiter is not None else 0

    async def grants(self, at_most: int, numbers: Callable[[int], bool] | None = None) -> Sequence[Grant]:
        while True:
            while self._limiter is None:
                await self._changed.wait()
            limiter, found = self._limiter, None
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_cancel_on, self._changed, nursery.cancel_scope)
                found = await limiter.grants(at_most, numbers)
                nursery.cancel_scope.cancel()
            if found and limiter is self._limiter:
                return found

    def depart(self, grant: Grant, now: float) -> float:
        """Infinite without the authority: its grants are void."""
        if self._limiter is None or not self.holds:
            return float("inf")
        wait_s = self._limiter.depart(grant, now)
        if wait_s == 0.0:
            self._on_departed(grant.number_id)
        return wait_s

    def throttled(self, grant: Grant, retry_after_s: float | None, scope: LimitScope) -> None:
        if self._limiter is not None:
            self._limiter.throttled(grant, retry_after_s, scope)

    def day_spent(self, number_id: int) -> None:
        if self._limiter is not None:
            self._limiter.day_spent(number_id)

    def stats(self) -> LimiterStats | None:
        return self._limiter.stats() if self._limiter is not None else None


async def _cancel_on(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()
