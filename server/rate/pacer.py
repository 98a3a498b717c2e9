"""Decides when each waiting text may leave: the limiter's whole decision, synchronous, with time passed in.

Waiters stand in priority queues, and an instant is reserved only once it lies within the next 20 ms: a reply overtakes
everything that is not on its way already. Instants and times are seconds on one monotonic scale.
"""

import heapq
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from server import ports
from server.ports import DueRow
from server.rate.pace import Pace
from server.rate.stats import LimiterStats

HORIZON_S: Final = 0.020  # what T3 may authorise ahead of its instant
GRANTS_AT_MOST: Final = 64  # the rows of one T3
FORGET_S: Final = 2.5  # a person's text may leave 2 s after its T3; a grant unused for longer was lost


@dataclass(frozen=True, slots=True)
class Grant:
    """The named row may leave at `instant`, and not before: a `ports.Grant`."""

    outbox_id: int
    number_id: int
    cost: int
    lane: int
    instant: float


class Pacer:
    """All numbers' paces under one authority's epoch."""

    def __init__(self, epoch: int) -> None:
        """Nobody waits, and no number is known: unknown numbers are paused until `set_rate`."""
        self.epoch = epoch
        self._paces: dict[int, Pace] = {}
        self._waiting: dict[int, DueRow] = {}
        self._granted: OrderedDict[int, Grant] = OrderedDict()
        self._schedule: list[tuple[float, int, int]] = []  # (instant, number, version); old versions are skipped

    def offer(self, rows: Iterable[DueRow], now: float) -> int:
        """Let *rows* wait, and return how many are new: one that waits or is on its way already is not taken again."""
        self._forget(now)
        touched: dict[int, Pace] = {}
        new = 0
        for row in rows:
            if row.outbox_id in self._waiting or row.outbox_id in self._granted:
                continue
            self._waiting[row.outbox_id] = row
            pace = touched[row.number_id] = self._pace(row.number_id, now)
            pace.lanes.add(row)
            new += 1
        for pace in touched.values():
            self._plan(pace, now)
        return new

    def withdraw(self, outbox_ids: Iterable[int], now: float) -> None:
        """Forget rows that are not to leave, waiting or granted; an instant that was reserved for one is lost."""
        touched: dict[int, Pace] = {}
        for outbox_id in outbox_ids:
            if row := self._waiting.pop(outbox_id, None):
                pace = touched[row.number_id] = self._paces[row.number_id]
                pace.lanes.remove(row)
            else:
                self._settle(outbox_id)
        for pace in touched.values():
            self._plan(pace, now)

    def due(
        self, now: float, at_most: int = GRANTS_AT_MOST, numbers: Callable[[int], bool] | None = None
    ) -> list[Grant]:
        """The grants whose instants lie before now + 20 ms, in the order of their instants for each number.

        *numbers* tells whose rows are asked for; None: everybody's.
        """
        grants: list[Grant] = []
        others: list[Pace] = []
        while len(grants) < at_most and (pace := self._next(now + HORIZON_S)) is not None:
            if numbers is not None and not numbers(pace.number_id):
                others.append(pace)
                continue
            pace.recover(now)
            if pace.next_instant(now) <= now + HORIZON_S:
                row, instant = pace.grant(now)
                del self._waiting[row.outbox_id]
                grant = Grant(row.outbox_id, row.number_id, row.cost, row.lane, instant)
                self._granted[row.outbox_id] = grant
                grants.append(grant)
            self._plan(pace, now)
        for pace in others:
            self._plan(pace, now)
        return grants

    def wake_at(self, numbers: Callable[[int], bool] | None = None) -> float | None:
        """When `due` has something next, where nothing changes until then; None: only a change will bring it."""
        if numbers is not None:
            instants = [entry[0] for entry in self._schedule if not self._is_old(entry) and numbers(entry[1])]
            return min(instants) - HORIZON_S if instants else None
        while self._schedule and self._is_old(self._schedule[0]):
            heapq.heappop(self._schedule)
        return self._schedule[0][0] - HORIZON_S if self._schedule else None

    def depart(self, grant: ports.Grant, now: float) -> float:
        """0.0: the first byte may be written now, and is charged. Else the seconds to wait before asking again.

        `inf` means not in the foreseeable future (paused, unknown number): void it. Whoever gives up calls `withdraw`.
        """
        pace = self._paces.get(grant.number_id)
        if pace is None:
            return math.inf
        wait_s = pace.depart(grant.cost, now)
        if wait_s == 0.0:
            self._settle(grant.outbox_id)
            if pace.catch_up():
                self._plan(pace, now)
        return wait_s

    def set_rate(self, number_id: int, rate: float, burst: float, now: float) -> None:
        """Set a number's pace in segments/s and segments; 0 pauses it. A new number starts with its burst spent."""
        if self._pace(number_id, now).set_rate(rate, burst, now):
            self._plan(self._paces[number_id], now)

    def throttled(self, number_id: int, retry_after_s: float | None, now: float) -> None:
        """The carrier answered 429 for this number."""
        pace = self._pace(number_id, now)
        pace.throttled(retry_after_s, now)
        self._plan(pace, now)

    def waiting(self, number_id: int) -> int:
        """How many rows of a number stand in its queues; granted ones do not."""
        pace = self._paces.get(number_id)
        return len(pace.lanes) if pace else 0

    def stats(self, now: float) -> LimiterStats:
        """A snapshot of every number."""
        return LimiterStats(self.epoch, tuple(pace.stats(now) for _, pace in sorted(self._paces.items())))

    def _pace(self, number_id: int, now: float) -> Pace:
        if number_id not in self._paces:
            self._paces[number_id] = Pace(number_id, rate=0.0, burst=1.0, now=now)
        return self._paces[number_id]

    def _plan(self, pace: Pace, now: float) -> None:
        pace.version += 1
        if len(pace.lanes) and pace.rate:
            heapq.heappush(self._schedule, (pace.next_instant(now), pace.number_id, pace.version))

    def _next(self, before: float) -> Pace | None:
        """Take the number whose next instant is the earliest off the schedule, where that is not after *before*."""
        wake_at = self.wake_at()
        if wake_at is None or self._schedule[0][0] > before:
            return None
        return self._paces[heapq.heappop(self._schedule)[1]]

    def _is_old(self, entry: tuple[float, int, int]) -> bool:
        return self._paces[entry[1]].version != entry[2]

    def _settle(self, outbox_id: int) -> None:
        if grant := self._granted.pop(outbox_id, None):
            self._paces[grant.number_id].settle(grant.cost)

    def _forget(self, now: float) -> None:
        while self._granted and next(iter(self._granted.values())).instant < now - FORGET_S:
            self._settle(next(iter(self._granted)))
