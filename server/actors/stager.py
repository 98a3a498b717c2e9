"""The stager: shows the limiter which rows are due, so that they can be granted by name. Takes no locks.

It looks when something was queued (a doorbell), when one of a number's queues in the limiter runs low, and once a
second in any case, since doorbells may be lost. The limiter's queues are kept short: the order within them is the
database's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import structlog
import trio

from server.ports import Clock, Ledger, Number, RateLimiter, StoreUnavailable, StreamKey

QUEUE_AHEAD: Final = 256  # rows of one stream that are shown to the limiter at a time
LOW_WATER: Final = 128
LOOK_EVERY_S: Final = 1.0

log = structlog.get_logger(__name__)


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
        self, ledger: Ledger, limiter: RateLimiter, clock: Clock, numbers: Callable[[], Sequence[Number]]
    ) -> None:
        self._ledger, self._limiter, self._clock, self._numbers = ledger, limiter, clock, numbers
        self.bell = Doorbell()
        self._cut_off: dict[int, list[StreamKey]] = {}  # streams of whose due rows the last look showed only the first

    async def run(self) -> None:
        while True:
            try:
                for number in self._numbers():
                    await self._look(number.number_id)
            except StoreUnavailable:
                log.warning("look_failed")
            await self.bell.wait(LOOK_EVERY_S)

    def ring_if_low(self, number_id: int) -> None:
        """Called with each departure. Where the last look showed all there was, there is nothing to look for."""
        cut_off = self._cut_off.get(number_id, ())
        if any(self._limiter.waiting(stream) < LOW_WATER for stream in cut_off):
            self.bell.ring()

    async def _look(self, number_id: int) -> None:
        rows = await self._ledger.due(number_id, self._clock.wall(), QUEUE_AHEAD)
        shown = Counter(row.stream for row in rows)
        self._cut_off[number_id] = [stream for stream, count in shown.items() if count == QUEUE_AHEAD]
        self._limiter.offer(rows)
