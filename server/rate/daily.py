"""Owns what is left of a brand's day on this node: segments that the database has charged and that have not left yet.

They are charged in blocks, so that no text waits for a row that all texts share. What a crash leaves unused is lost for
the day; what leaves is therefore never more than what was charged, and that is never more than the cap.
"""

import math
from datetime import date
from typing import Final

from server.rate.order import Order
from server.rate.stats import DayStats
from server.rate.stream import LimitKey, Stream

BLOCK: Final = 100  # segments; a crash loses less than two of them
_LOW: Final = 50  # the next block is asked for before this one is used up


class DailyCap:
    """One brand on one day, which ends at the monotonic time *until*: another day is another object.

    `spent`: the database has no more for this day. `told`: because the carrier has said so. `cap` None: only because of
    that.
    """

    __slots__ = (
        "_touched", "asking", "cap", "day", "key", "left", "order", "planned_at", "spent", "told", "until", "used",
        "version", "written",
    )  # fmt: skip

    def __init__(self, brand_id: int, day: date, until: float) -> None:
        """Nothing is charged yet."""
        self.key, self.order = LimitKey("brand", brand_id), Order[Stream]()
        self.version, self.planned_at = 0, math.inf
        self.day, self.until = day, until
        self.cap: int | None = None
        self.left = self.used = 0
        self.spent = self.asking = self.told = self.written = False
        self._touched = False  # something has left on it: more will

    def wants(self, now: float) -> bool:
        """Whether a block should be charged now: some text needs it, or will soon."""
        if self.spent or self.asking or now >= self.until:
            return False
        head = self.order.head()
        return (self._touched and self.left < _LOW) or (head is not None and self.left < head.cost)

    def credit(self, segments: int, *, spent: bool) -> None:
        """A block was charged; *spent*: it was the last one."""
        self.left += segments
        self.used += segments
        self.spent, self.asking = spent or self.told, False
        if self.told:
            self.left = 0

    def spend(self, *, written: bool = False) -> None:
        """The carrier says that the day is used up, whatever we have counted; *written*: the database knows."""
        self.left, self.spent, self.told = 0, True, True
        self.written = self.written or written

    def take_rest(self) -> int:
        """What may be given back: nothing departs on it any more."""
        rest, self.left = self.left, 0
        return rest

    def instant(self, cost: int, now: float) -> float:
        return now if now < self.until and self.left >= cost else math.inf

    def reserve(self, cost: int, at: float) -> None:
        self.left -= cost
        self._touched = True

    def release(self, cost: int) -> None:
        self.left += cost

    def wait_s(self, cost: int, now: float) -> float:
        # Granted before midnight and late: it would be counted to a day that it was not charged to.
        return 0.0 if now < self.until else math.inf

    def depart(self, cost: int, now: float) -> None:
        """It was taken out of `left` when it was granted."""

    def catch_up(self) -> bool:
        return False

    def wanted(self, cost: int, now: float) -> bool:
        return True

    def recover(self, now: float) -> bool:
        return False

    def stats(self, now: float) -> DayStats:
        """The day as people are told."""
        more = 0 if self.spent or self.cap is None else max(0, self.cap - self.used)
        return DayStats(
            brand_id=self.key.id,
            cap=self.cap,
            used=max(0, self.used - self.left),
            left=self.left + more,
            spent=self.spent and self.left == 0,
            resets_in_s=max(0.0, self.until - now),
        )
