"""The limiter: the one place of this node that says when a text may leave. Everything it decides is the pacer's.

It has no task of its own: the claimer waits in `grants`, all else is immediate. It is told everything and loses nothing
that matters: rows that it forgets at a restart are still queued in the database and are offered again.
"""

import math
from collections.abc import Callable, Iterable

import trio

from server import ports
from server.ports import DueRow
from server.rate.pacer import GRANTS_AT_MOST, Grant, Pacer
from server.rate.stats import LimiterStats


class Limiter:
    """The `ports.RateLimiter` of one *epoch*; another authority means another limiter.

    *monotonic* is the clock of all instants.
    """

    def __init__(self, epoch: int, monotonic: Callable[[], float] = trio.current_time) -> None:
        """Starts as if every number's burst had just been spent."""
        self._pacer = Pacer(epoch)
        self._monotonic = monotonic
        self._changed = trio.Event()

    @property
    def epoch(self) -> int:
        """The authority's epoch; T3 checks it."""
        return self._pacer.epoch

    async def grants(self, at_most: int = GRANTS_AT_MOST, numbers: Callable[[int], bool] | None = None) -> list[Grant]:
        """Wait for rows whose instants lie within the next 20 ms and return them, from one to *at_most*.

        *numbers* tells whose rows are asked for; those of others stay for whoever asks for them. Cancelled while it
        waits, it loses none. A row that then cannot be claimed is to be withdrawn.
        """
        while True:
            await trio.lowlevel.checkpoint()
            now = self._monotonic()
            if grants := self._pacer.due(now, at_most, numbers):
                return grants
            wake_at = self._pacer.wake_at(numbers)
            with trio.move_on_after(math.inf if wake_at is None else max(0.0, wake_at - now)):
                await self._changed.wait()

    def offer(self, rows: Iterable[DueRow]) -> int:
        """Let due rows wait; idempotent by outbox id. Returns how many were new."""
        new = self._pacer.offer(rows, self._monotonic())
        if new:
            self._nudge()
        return new

    def withdraw(self, outbox_ids: Iterable[int]) -> None:
        """Forget rows that are not to leave now: cancelled, refused by the gate, voided."""
        self._pacer.withdraw(outbox_ids, self._monotonic())
        self._nudge()

    def waiting(self, number_id: int) -> int:
        """How many rows of a number stand in its queues."""
        return self._pacer.waiting(number_id)

    def depart(self, grant: ports.Grant, now: float) -> float:
        """Ask just before the first byte. 0.0: write it now, it is charged. Else wait so many seconds and ask again."""
        return self._pacer.depart(grant, now)  # it only pushes instants back: nobody has to look again

    def set_rate(self, number_id: int, rate: float, burst: float) -> None:
        """Set a number's pace: segments/s (0 pauses) and segments."""
        self._pacer.set_rate(number_id, rate, burst, self._monotonic())
        self._nudge()

    def throttled(self, number_id: int, retry_after_s: float | None) -> None:
        """The carrier refused a text of this number for its pace alone."""
        self._pacer.throttled(number_id, retry_after_s, self._monotonic())
        self._nudge()

    def stats(self) -> LimiterStats:
        """A snapshot for the API."""
        return self._pacer.stats(self._monotonic())

    def _nudge(self) -> None:
        """Let whoever waits in `grants` look again."""
        self._changed.set()
        self._changed = trio.Event()
