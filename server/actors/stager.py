"""The stager: shows the limiter which rows are due, so that they can be granted by name. Takes no locks.

It looks when something was queued (a doorbell), when a number's queue in the limiter runs low, and once a second in any
case, since doorbells may be lost. A number's queue is kept short: the order among rows that wait is the database's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import structlog
import trio

from server.ports import Clock, DueRow, Ledger, Number, RateLimiter, StoreUnavailable

QUEUE_AHEAD: Final = 256  # rows of one number that the limiter holds at most
LOW_WATER: Final = 128
LOOK_EVERY_S: Final = 1.0

log = structlog.get_logger(__name__)


class InHand(Protocol):
    """Whether the sender has a row already."""

    def __call__(self, outbox_id: int, /) -> bool: ...


class Doorbell:
    """Rings any number of times; the one who waits wakes once."""

    def __init__(self) -> None:
        self._event = trio.Event()

    def ring(self) -> None:
        self._event.set()

    async def wait(self, timeout_s: float) -> None:
        """Until it rings, or for `timeout_s`."""
        with trio.move_on_after(timeout_s):
            await self._event.wait()
        self._event = trio.Event()


class Stager:
    """`numbers` is asked anew at each look: numbers come and go while the server runs."""

    def __init__(
        self,
        ledger: Ledger,
        limiter: RateLimiter,
        clock: Clock,
        numbers: Callable[[], Sequence[Number]],
        in_hand: InHand,
    ) -> None:
        self._ledger, self._limiter, self._clock = ledger, limiter, clock
        self._numbers, self._in_hand = numbers, in_hand
        self.bell = Doorbell()

    async def run(self) -> None:
        while True:
            try:
                for number in self._numbers():
                    await self._look(number.number_id)
            except StoreUnavailable:
                log.warning("look_failed")
            await self.bell.wait(LOOK_EVERY_S)

    def ring_if_low(self, number_id: int) -> None:
        """Called with each departure."""
        if self._limiter.waiting(number_id) < LOW_WATER:
            self.bell.ring()

    async def _look(self, number_id: int) -> None:
        rows: Sequence[DueRow] = await self._ledger.due(number_id, self._clock.wall(), QUEUE_AHEAD)
        self._limiter.offer([row for row in rows if not self._in_hand(row.outbox_id)])
