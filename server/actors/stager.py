"""The stager: shows the limiter which rows are due, so that they can be granted by name. Takes no locks.

What a commit tells of is offered as it was told, and not read again. It looks at a number when something was queued
for it that nobody told of, or when one of its queues in the limiter runs low, and at all of them once a second, since
rings may be lost. The limiter's queues are kept short: the order in them is the database's.
Where servers share the limits, other numbers are others' to show: they hear of the commit, too.
A queue that is long enough is passed over by a ring: else each text of a busy campaign would show the same rows again.
A look at all queues of a number also tells the limiter which of the rows that are first there are due no more; what
was told during it may be too new for it to see.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Final

import structlog
import trio

from server.domain.messages import OutboxGrew
from server.ports import Clock, DueRow, Ledger, Number, RateLimiter, StoreUnavailable, StreamKey

QUEUE_AHEAD: Final = 512  # rows of one stream that are shown to the limiter at a time
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
        self._bell = Doorbell()
        self._rung_for: set[int] = set()
        self._look_at_all_at = -math.inf
        self._cut_off: dict[int, list[StreamKey]] = {}  # streams of whose due rows the limiter has only the first
        self._shown: set[int] = set()  # numbers of which the limiter in force has what waits
        self._told: set[int] = set()  # rows that were offered since the last look began

    async def run(self) -> None:
        while True:
            rung_for, self._rung_for = self._rung_for, set()
            now = self._clock.monotonic()
            everything = now >= self._look_at_all_at
            if everything:
                self._look_at_all_at = now + LOOK_EVERY_S
            try:
                for number in self._numbers():
                    if not self._limiter.sends_for(number.number_id):
                        self._shown.discard(number.number_id)
                    elif everything or number.number_id in rung_for:
                        await self._look(number.number_id, () if everything else self._long(number.number_id))
            except StoreUnavailable:
                log.warning("look_failed")
            await self._bell.wait(max(0.0, self._look_at_all_at - self._clock.monotonic()))

    def ring(self, number_ids: Collection[int]) -> None:
        """Rows of these numbers may have become due."""
        self._rung_for.update(number_ids)
        self._bell.ring()

    def grew(self, work: OutboxGrew) -> None:
        """New rows are due, which may be known. None overtakes what the limiter has not been shown yet."""
        known = work.number_ids & self._shown if work.rows else frozenset()
        if known != work.number_ids:
            self.ring(work.number_ids - known)
        for row in work.rows:
            if row.number_id in known and self._limiter.sends_for(row.number_id):
                self._tell(DueRow(row.outbox_id, row.number_id, row.lane, row.cost, None, row.dest_carrier))

    def _tell(self, row: DueRow) -> None:
        """Behind all others of its stream, so only where the limiter has those."""
        waiting, cut_off = self._limiter.waiting(row.stream), self._cut_off.setdefault(row.number_id, [])
        if row.stream not in cut_off and waiting < QUEUE_AHEAD:
            self._told.add(row.outbox_id)
            self._limiter.offer([row])
            return
        if row.stream not in cut_off:
            cut_off.append(row.stream)
        if waiting < LOW_WATER:
            self.ring((row.number_id,))

    def ring_for_all(self) -> None:
        """The limiter knows of nothing yet."""
        self._shown.clear()
        self._look_at_all_at = -math.inf
        self._bell.ring()

    def ring_if_low(self, number_id: int) -> None:
        """Called with each departure. Where the last look showed all there was, there is nothing to look for."""
        if len(self._long(number_id)) < len(self._cut_off.get(number_id, ())):
            self.ring((number_id,))

    def _long(self, number_id: int) -> Sequence[StreamKey]:
        """Streams that need no more rows for now."""
        cut_off = self._cut_off.get(number_id, ())
        return [stream for stream in cut_off if self._limiter.waiting(stream) >= LOW_WATER]

    async def _look(self, number_id: int, besides: Sequence[StreamKey]) -> None:
        self._told.clear()
        rows = await self._ledger.due(number_id, self._clock.wall(), QUEUE_AHEAD, besides)
        shown = Counter(row.stream for row in rows)
        self._cut_off[number_id] = [*besides, *(stream for stream, count in shown.items() if count == QUEUE_AHEAD)]
        self._limiter.offer(rows)
        self._shown.add(number_id)
        if not besides:
            self._limiter.keep_only(number_id, {row.outbox_id for row in rows} | self._told)
