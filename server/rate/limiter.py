"""The limiter: the one place of this node that says when a text may leave. Everything it decides is the pacer's.

It has no task of its own: the claimer waits in `grants`, all else is immediate. It is told everything and loses nothing
that matters: rows that it forgets at a restart are still queued in the database and are offered again.
"""

import math
from collections.abc import Callable, Collection, Iterable

import trio

from server import ports
from server.domain.limits import LimitScope
from server.ports import DueRow, LimitBook, StreamKey
from server.rate.daily import DailyCap
from server.rate.leased import LAPSES_S, LeasedLimit
from server.rate.limit import Limit
from server.rate.pacer import GRANTS_AT_MOST, Grant, Pacer
from server.rate.shelf import MakeLimit
from server.rate.stats import LimiterStats


class Limiter:
    """The `ports.RateLimiter` of one *epoch*; another authority means another limiter.

    *monotonic* is the clock of all instants. *on_want* is called when `wants` may have something.
    """

    def __init__(
        self,
        epoch: int,
        monotonic: Callable[[], float] = trio.current_time,
        on_want: Callable[[], None] = lambda: None,
        make: MakeLimit = Limit,
    ) -> None:
        """Starts as if every burst had just been spent. *make* makes its limits."""
        self._pacer = Pacer(epoch, on_want, make)
        self._monotonic = monotonic
        self.lapses_after_s = LAPSES_S if make is LeasedLimit else math.inf
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
            wake_at = self._pacer.wake_at(now, numbers)
            with trio.move_on_after(math.inf if wake_at is None else max(0.0, wake_at - now)):
                await self._changed.wait()

    def sends_for(self, number_id: int) -> bool:
        """It takes all that it is shown. What is another server's to show, the authority knows."""
        return True

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

    def keep_only(self, number_id: int, outbox_ids: Collection[int]) -> None:
        """Forget rows that stand first in their queues and are due no more: taken back, or put off."""
        if self._pacer.keep_only(number_id, outbox_ids, self._monotonic()):
            self._nudge()

    def waiting(self, stream: StreamKey) -> int:
        """How many rows stand in this queue."""
        return self._pacer.waiting(stream)

    def depart(self, grant: ports.Grant, now: float) -> float:
        """Ask just before the first byte. 0.0: write it now, it is charged. Else wait so many seconds and ask again."""
        return self._pacer.depart(grant, now)  # it only pushes instants back: nobody has to look again

    def configure(self, book: LimitBook, day_ends_in_s: float) -> None:
        """Take over all limits; the book's day ends so much later."""
        self._pacer.configure(book, self._monotonic(), day_ends_in_s)
        self._nudge()

    def set_rate(self, number_id: int, rate: float, burst: float) -> None:
        """Set a number's pace: segments/s (0 pauses) and segments."""
        self._pacer.set_rate(number_id, rate, burst, self._monotonic())
        self._nudge()

    def throttled(self, grant: ports.Grant, retry_after_s: float | None, scope: LimitScope = LimitScope.NUMBER) -> None:
        """The carrier refused this text for its pace alone."""
        self._pacer.throttled(grant.number_id, retry_after_s, self._monotonic(), scope, grant.dest_carrier)
        self._nudge()

    # A brand's day

    def wants(self) -> list[DailyCap]:
        """The days for which a block is to be charged now; each is given once until it is credited."""
        return self._pacer.wants(self._monotonic())

    def credit(self, day: DailyCap, segments: int, *, spent: bool) -> None:
        """The database charged so much to *day*."""
        self._pacer.credit(day, segments, self._monotonic(), spent=spent)
        self._nudge()

    def day_spent(self, number_id: int) -> None:
        """The carrier said that the day of this number's brand is used up: what counts towards it waits."""
        self._pacer.day_spent(number_id, self._monotonic())

    def days(self) -> list[DailyCap]:
        """Every brand's day."""
        return list(self._pacer.shelf.days.values())

    # Limits that are shared

    def asks(self) -> list[LeasedLimit]:
        """The limits that lack a stretch in which a row that waits could leave."""
        return self._pacer.asks()

    def answered(self, limits: Iterable[Limit]) -> None:
        """These were asked for."""
        self._pacer.answered(limits, self._monotonic())
        self._nudge()

    def stats(self) -> LimiterStats:
        """A snapshot for the API."""
        return self._pacer.stats(self._monotonic())

    def _nudge(self) -> None:
        """Let whoever waits in `grants` look again."""
        self._changed.set()
        self._changed = trio.Event()
