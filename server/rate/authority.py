"""Who may grant on this node: holds the limiter while this node has the authority, and nothing while it has not.

The authority is one row of the database with an epoch that T3 checks, so a node that lost it without noticing cannot
send. Each epoch has a limiter of its own that starts as if the whole burst had just been spent: there is no moment with
two limits, and none without.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

import structlog
import trio

from server.ports import DueRow, Fleet, Grant, Number, StoreUnavailable
from server.rate.limiter import Limiter
from server.rate.pacer import Grant as PacedGrant
from server.rate.stats import LimiterStats

RENEWALS_PER_LEASE: Final = 3
NO_AUTHORITY: Final = -1
"""No epoch in the database is negative: T3 refuses it."""

log = structlog.get_logger(__name__)


class LimiterAuthority:
    """`ports.RateLimiter` over the limiter in force. Without the authority nothing is granted and nothing departs."""

    def __init__(
        self,
        fleet: Fleet,
        gen: int,
        numbers: Callable[[], Awaitable[Sequence[Number]]],
        *,
        lease_s: float,
        on_taken: Callable[[], None] = lambda: None,
        on_departed: Callable[[int], None] = lambda number_id: None,
    ) -> None:
        """`on_departed` is called with the number of each text whose first byte is about to leave."""
        self._fleet, self._gen, self._numbers, self._lease_s = fleet, gen, numbers, lease_s
        self._on_taken, self._on_departed = on_taken, on_departed
        self._limiter: Limiter | None = None
        self._until = 0.0
        self._changed = trio.Event()

    async def run(self) -> None:
        """Take it, keep it, take it again; hand nothing over but by letting the lease run out."""
        while True:
            asked_at = trio.current_time()
            try:
                taken = await self._fleet.take_limiter(self._gen, self._lease_s)
                rates = await self._numbers()
            except StoreUnavailable:
                taken, rates = None, ()
                log.warning("limiter_authority_not_renewed")
            epoch, wait_s = taken or (NO_AUTHORITY, 0.0)
            if taken is not None and not wait_s:
                self._hold(epoch, until=asked_at + self._lease_s, numbers=rates)
            elif trio.current_time() >= self._until:
                self._drop()
            await trio.sleep(min(wait_s or self._lease_s, self._lease_s / RENEWALS_PER_LEASE))

    @property
    def holds(self) -> bool:
        return self._limiter is not None and trio.current_time() < self._until

    def _hold(self, epoch: int, *, until: float, numbers: Sequence[Number]) -> None:
        self._until = until
        if self._limiter is None or self._limiter.epoch != epoch:
            self._drop()
            self._limiter = Limiter(epoch)
            log.info("limiter_authority_taken", epoch=epoch)
            self._nudge()
        for number in numbers:
            self._limiter.set_rate(number.number_id, number.rate, number.burst)
        self._on_taken()

    def _drop(self) -> None:
        if self._limiter is not None:
            log.warning("limiter_authority_lost", epoch=self._limiter.epoch)
            self._limiter = None
            self._nudge()

    def _nudge(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    # ports.RateLimiter

    @property
    def epoch(self) -> int:
        return self._limiter.epoch if self._limiter is not None else NO_AUTHORITY

    def offer(self, rows: Sequence[DueRow]) -> int:
        return self._limiter.offer(rows) if self._limiter is not None else 0

    def withdraw(self, outbox_ids: Iterable[int]) -> None:
        if self._limiter is not None:
            self._limiter.withdraw(outbox_ids)

    def waiting(self, number_id: int) -> int:
        return self._limiter.waiting(number_id) if self._limiter is not None else 0

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
        paced = PacedGrant(grant.outbox_id, grant.number_id, grant.cost, grant.lane, grant.instant)
        wait_s = self._limiter.depart(paced, now)
        if wait_s == 0.0:
            self._on_departed(grant.number_id)
        return wait_s

    def throttled(self, number_id: int, retry_after_s: float | None) -> None:
        if self._limiter is not None:
            self._limiter.throttled(number_id, retry_after_s)

    def stats(self) -> LimiterStats | None:
        return self._limiter.stats() if self._limiter is not None else None


async def _cancel_on(event: trio.Event, scope: trio.CancelScope) -> None:
    await event.wait()
    scope.cancel()
